package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAnAnswerIsReceivedOnceAndTakenOnce(t *testing.T) {
	s, conn := newStore(t)
	a := s.Authorisations(newRotating(t).Vault)
	ctx := t.Context()
	const state = "Q7PLANTEDSTATE"
	for _, connection := range []string{acme, "not-stored-yet"} {
		require.NoError(t, a.Await(ctx, connection, record.GoHighLevel, state, time.Hour))
		got, err := a.Take(ctx, state)
		require.NoError(t, err)
		require.Nil(t, got, "nothing has come yet")
		answer := oauth.Answer{Code: "PLANTEDCODE"}
		awaited, err := a.Answer(ctx, state, answer)
		require.NoError(t, err)
		require.True(t, awaited)
		awaited, err = a.Answer(ctx, state, oauth.Answer{Code: "another"})
		require.NoError(t, err)
		require.False(t, awaited, "a state is good for one answer")

		var row string
		require.NoError(t, conn.QueryRow(ctx, `SELECT row_to_json(a)::text || encode(answer, 'escape') FROM authorisations a`).Scan(&row))
		require.NotContains(t, row, "PLANTED")

		var takers errgroup.Group
		took := make(chan oauth.Answer, 8)
		for range cap(took) {
			takers.Go(func() error {
				got, err := a.Take(ctx, state)
				if got != nil {
					took <- *got
				} else if err != oauth.ErrNotAwaited {
					return err
				}
				return nil
			})
		}
		require.NoError(t, takers.Wait())
		close(took)
		require.Equal(t, answer, <-took)
		require.Empty(t, took, "an answer is good for one taker")
		awaited, err = a.Answer(ctx, state, answer)
		require.NoError(t, err)
		require.False(t, awaited, "a replay is nobody's")
	}
}

func TestAStateThatIsUnknownForgottenOrOverIsNotAwaited(t *testing.T) {
	s, conn := newStore(t)
	a := s.Authorisations(newRotating(t).Vault)
	ctx := t.Context()
	require.NoError(t, a.Await(ctx, acme, record.Salesforce, "over", time.Hour))
	_, err := conn.Exec(ctx, `UPDATE authorisations SET expires_at = now() - interval '1 second'`)
	require.NoError(t, err)
	_, err = a.Take(ctx, "over")
	require.ErrorIs(t, err, oauth.ErrNotAwaited)
	awaited, err := a.Answer(ctx, "over", oauth.Answer{Code: "c"})
	require.NoError(t, err)
	require.False(t, awaited)
	require.NoError(t, a.Await(ctx, acme, record.Salesforce, "forgotten", time.Hour))
	purged, err := s.PurgeAuthorisations(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, purged, "what is over is not kept, and what is awaited is")
	require.NoError(t, a.Forget(ctx, "forgotten"))
	for _, state := range []string{"forgotten", "never asked", "", strings.Repeat("x", 1<<16), "\x00\xff"} {
		awaited, err := a.Answer(ctx, state, oauth.Answer{Code: "c"})
		require.NoError(t, err)
		require.False(t, awaited)
		_, err = a.Take(ctx, state)
		require.ErrorIs(t, err, oauth.ErrNotAwaited)
	}
}

func TestAnAnswerThatWasMovedToAnotherStateDoesNotOpen(t *testing.T) {
	s, conn := newStore(t)
	a := s.Authorisations(newRotating(t).Vault)
	ctx := t.Context()
	for _, state := range []string{"mine", "theirs"} {
		require.NoError(t, a.Await(ctx, acme, record.Salesforce, state, time.Hour))
		_, err := a.Answer(ctx, state, oauth.Answer{Code: state})
		require.NoError(t, err)
	}
	var answers [][]byte
	require.NoError(t, conn.QueryRow(ctx, `SELECT array_agg(answer ORDER BY state) FROM authorisations`).Scan(&answers))
	require.False(t, bytes.Equal(answers[0], answers[1]))
	_, err := conn.Exec(ctx, `
		UPDATE authorisations a SET answer = (SELECT b.answer FROM authorisations b WHERE b.state <> a.state)`)
	require.NoError(t, err)
	got, err := a.Take(ctx, "mine")
	require.Error(t, err)
	require.Nil(t, got)
}
