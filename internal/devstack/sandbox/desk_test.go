package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestPeopleAddSeeChangeAndDeleteContactsInEitherCRM(t *testing.T) {
	for _, side := range record.Sides {
		t.Run(string(side), func(t *testing.T) {
			s := sandbox.New(sandbox.Options{})
			card := sandbox.Card{
				record.FirstName: "Ada", record.LastName: "Lovelace", record.Email: "ada@example.com", record.Phone: "+12127300142",
				record.Street: "1 Main St", record.City: "Boston", record.BirthDate: "1990-12-10", record.Tags: "lead,vip", sandbox.Plan: "pro",
			}
			id := s.Add(side, card)
			seen, there := s.Look(side, id)
			require.True(t, there)
			require.Equal(t, card, seen)
			require.Equal(t, "Ada Lovelace", seen.Name())
			found, there := s.Find(side, "ADA@example.com")
			require.True(t, there)
			require.Equal(t, id, found)

			require.NoError(t, s.Change(side, id, sandbox.Card{record.City: "", record.Tags: "vip", sandbox.Plan: "agency"}))
			seen, _ = s.Look(side, id)
			require.Empty(t, seen[record.City])
			require.Equal(t, "vip", seen[record.Tags])
			require.Equal(t, "agency", seen[sandbox.Plan])
			require.Equal(t, "1 Main St", seen[record.Street])

			require.NoError(t, s.Remove(side, id))
			_, there = s.Look(side, id)
			require.False(t, there)
			_, there = s.Find(side, "ada@example.com")
			require.False(t, there)
			require.Error(t, s.Remove(side, id))
			require.Error(t, s.Change(side, id, sandbox.Card{record.City: "York"}))
		})
	}
}
