package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhatIsGivenBackIsThereForTheNextOwner(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 5)
	one := claim(t, s, "one", 3)
	two := claim(t, s, "two", 10)
	require.Len(t, two.Work, 2)
	_, err := s.RecordIntents(t.Context(), one.Token, record.GoHighLevel, creates(one)[:1])
	require.NoError(t, err)

	require.NoError(t, s.Release(t.Context(), "two", one.Token), "of another's claim it gives back nothing")
	require.Empty(t, claim(t, s, "three", 10).Work)
	for range 2 {
		require.NoError(t, s.Release(t.Context(), "one", one.Token))
	}
	three := claim(t, s, "three", 10)
	require.ElementsMatch(t, ids(one), ids(three))
	earlier, err := s.RecordIntents(t.Context(), three.Token, record.GoHighLevel, creates(three))
	require.NoError(t, err)
	require.Contains(t, earlier, ids(one)[0], "an intent stays open for the next owner to settle")
	require.ErrorIs(t, s.ClearIntents(t.Context(), one.Token, ids(one)), record.ErrFenced)
}
