package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestACommitRecordsEverythingAboutAnOutcome(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003b", 2))
	match(t, s, acme, "e1")
	c := claim(t, s, "o", 10)
	a, b := c.Work[0].Link.ID, c.Work[1].Link.ID
	outcomes := []record.Outcome{
		{LinkID: a, State: record.LinkInStep, SalesforceID: "003a", Base: []byte("base"), Journal: []record.JournalEntry{
			{Side: record.Salesforce, Operation: record.Create, Sealed: []byte("sealed")},
			{Side: record.GoHighLevel, Operation: record.Update, Sealed: []byte("sealed too")},
		}},
		{LinkID: b, State: record.LinkFailed, Problem: "Rejected"},
	}
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, outcomes))
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, outcomes), "committing twice is harmless")

	require.Equal(t, []record.Link{
		{
			ID: a, Connection: acme, Kind: record.Contact, GoHighLevelID: "a", SalesforceID: "003a",
			State: record.LinkInStep, Base: []byte("base"),
		},
		{ID: b, Connection: acme, Kind: record.Contact, SalesforceID: "003b", State: record.LinkFailed, Problem: "Rejected"},
	}, links(t, s, acme))
	journal, err := s.Journal(t.Context(), acme, a)
	require.NoError(t, err)
	require.Len(t, journal, 2)
	require.Equal(t, outcomes[0].Journal[0], journal[0].JournalEntry)
	require.Equal(t, outcomes[0].Journal[1], journal[1].JournalEntry)
	require.Equal(t, origin, record.Origin{
		Connection: acme, Kind: journal[0].Kind, Origin: journal[0].Origin, RunID: journal[0].RunID,
		RulesVersion: journal[0].RulesVersion,
	})

	counts, err := s.Count(t.Context(), acme, record.Contact, origin.Origin)
	require.NoError(t, err)
	require.Equal(t, record.Counts{
		States: map[record.LinkState]int{record.LinkInStep: 1, record.LinkFailed: 1}, Linked: 1,
		Created: map[record.Side]int{record.Salesforce: 1}, Updated: map[record.Side]int{record.GoHighLevel: 1},
	}, counts)
}

func TestACommitIsRepeatedHarmlesslyWhileTheLinkStaysPending(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 1)
	c := claim(t, s, "o", 10)
	outcomes := inStep(ids(c)...)
	outcomes[0].Again = true
	outcomes[0].Journal = []record.JournalEntry{{Side: record.Salesforce, Operation: record.Update, Sealed: []byte("x")}}
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, outcomes))
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, outcomes))
	journal, err := s.Journal(t.Context(), acme, ids(c)[0])
	require.NoError(t, err)
	require.Len(t, journal, 1)

	next := claim(t, s, "p", 10)
	require.Equal(t, ids(c), ids(next))
	require.Nil(t, next.Work[0].Salesforce, "what was staged before the write is stale")
}

func TestACommitIsFencedOnceTheLinkWentOn(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 1)
	first := claim(t, s, "o", 10)
	require.NoError(t, s.Commit(t.Context(), first.Token, origin, inStep(ids(first)...)))
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, ids(first)))
	second := claim(t, s, "p", 10)
	require.ErrorIs(t, s.Commit(t.Context(), first.Token, origin, inStep(ids(first)...)), record.ErrFenced)
	changed := inStep(ids(first)...)
	changed[0].Base = []byte("newer base")
	require.NoError(t, s.Commit(t.Context(), second.Token, origin, changed))
	require.ErrorIs(t, s.Commit(t.Context(), first.Token, origin, inStep(ids(first)...)), record.ErrFenced)
	require.Equal(t, "newer base", string(links(t, s, acme)[0].Base))
}

func TestARecordOfAnotherLinkIsNamedAndNothingIsCommitted(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1",
		person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 2), person(record.Salesforce, "003", 3))
	match(t, s, acme, "e1")
	c := claim(t, s, "o", 10)
	a, b, other := c.Work[0].Link.ID, c.Work[1].Link.ID, c.Work[2].Link.ID
	// A mere half would give way.
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{{LinkID: other, State: record.LinkInStep, Base: []byte("base")}}))

	created := func(id int64, salesforceID string) record.Outcome {
		return record.Outcome{
			LinkID: id, State: record.LinkInStep, SalesforceID: salesforceID, Base: []byte("base"),
			Journal: []record.JournalEntry{{Side: record.Salesforce, Operation: record.Create, Sealed: []byte("x")}},
		}
	}
	for _, outcomes := range [][]record.Outcome{
		{created(a, "free"), created(b, "003")},
		{created(a, "same"), created(b, "same")},
	} {
		err := s.Commit(t.Context(), c.Token, origin, outcomes)
		var taken *record.AlreadyLinkedError
		require.ErrorAs(t, err, &taken)
		require.Equal(t, b, taken.LinkID)
		require.Equal(t, record.Salesforce, taken.Side)
		require.Contains(t, []int64{a, other}, taken.OtherID)
		require.NotContains(t, err.Error(), "003")
	}
	for _, l := range links(t, s, acme) {
		if l.ID != other {
			require.Equal(t, record.LinkNew, l.State)
		}
	}
	journal, err := s.Journal(t.Context(), acme, a)
	require.NoError(t, err)
	require.Empty(t, journal)
	require.Len(t, claim(t, s, "o", 10).Work, 2)
}

func TestAFencedLinkFailsTheWholeCommit(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 3)
	mine, others := claim(t, s, "mine", 2), claim(t, s, "others", 1)
	err := s.Commit(t.Context(), mine.Token, origin, inStep(append(ids(mine), ids(others)...)...))
	require.ErrorIs(t, err, record.ErrFenced)
	for _, l := range links(t, s, acme) {
		require.Equal(t, record.LinkNew, l.State)
	}
}

func TestACommitOfNonsenseFails(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 1)
	c := claim(t, s, "o", 10)
	id := ids(c)[0]
	require.Error(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{{LinkID: id, State: "odd"}}))
	require.Error(t, s.Commit(t.Context(), c.Token, origin, inStep(id, id)))
	addConnection(t, s, "other")
	foreign := origin
	foreign.Connection = "other"
	require.ErrorIs(t, s.Commit(t.Context(), c.Token, foreign, inStep(id)), record.ErrNoLink)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, nil))
}
