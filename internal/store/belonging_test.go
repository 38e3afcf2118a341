package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// tell marks records of a kind and turns the marks into pending changes.
func tell(t require.TestingT, s *store.Store, kind record.Kind, marks ...record.Mark) record.ChangesPlan {
	_, err := s.MarkChanged(context.Background(), acme, kind, marks)
	require.NoError(t, err)
	return plan(t, s, 100)
}

// belongs says whom a record belongs to.
func belongs(side record.Side, id, contact string) record.Mark {
	return record.Mark{Side: side, RecordID: id, ContactID: contact}
}

func kindLink(t require.TestingT, s *store.Store, kind record.Kind, side record.Side, id string) record.Link {
	l, err := s.FindLink(context.Background(), acme, kind, side, id)
	require.NoError(t, err)
	require.NotNil(t, l)
	return *l
}

// syncKind lets a run bring a link of a kind to an outcome.
func syncKind(t require.TestingT, s *store.Store, kind record.Kind, o record.Outcome) {
	o1 := origin
	o1.Kind = kind
	c := claimLink(t, s, o.LinkID, fmt.Sprintf("sync/%d", o.LinkID))
	require.NoError(t, s.Commit(context.Background(), c.Token, o1, []record.Outcome{o}))
}

func TestWhomARecordBelongsToIsRemembered(t *testing.T) {
	for _, kind := range record.Kinds[1:] {
		t.Run(string(kind), func(t *testing.T) {
			s, _ := newLiveStore(t)
			tell(t, s, kind, belongs(record.GoHighLevel, "r1", "ada"))
			link := kindLink(t, s, kind, record.GoHighLevel, "r1")
			require.Equal(t, [2]string{"ada", ""}, [2]string{link.GoHighLevelContact, link.SalesforceContact}, "as it was announced")
			tell(t, s, kind, belongs(record.GoHighLevel, "r1", ""))
			require.Equal(t, "ada", kindLink(t, s, kind, record.GoHighLevel, "r1").GoHighLevelContact, "who says nothing takes nothing away")
			tell(t, s, kind, belongs(record.GoHighLevel, "r1", "grace"))
			require.Equal(t, "grace", kindLink(t, s, kind, record.GoHighLevel, "r1").GoHighLevelContact, "it has moved")

			syncKind(t, s, kind, record.Outcome{LinkID: link.ID, State: record.LinkInStep, SalesforceID: "s1", SalesforceContact: "003g"})
			link = kindLink(t, s, kind, record.Salesforce, "s1")
			require.Equal(t, [2]string{"grace", "003g"}, [2]string{link.GoHighLevelContact, link.SalesforceContact}, "as a sync saw it")
		})
	}
}

func TestAMarkThatIsRepeatedWithoutItsContactKeepsIt(t *testing.T) {
	s, _ := newLiveStore(t)
	marks := []record.Mark{belongs(record.GoHighLevel, "t1", "ada"), belongs(record.GoHighLevel, "t1", "")}
	for _, m := range marks {
		_, err := s.MarkChanged(t.Context(), acme, record.Task, []record.Mark{m})
		require.NoError(t, err)
	}
	plan(t, s, 10)
	require.Equal(t, "ada", kindLink(t, s, record.Task, record.GoHighLevel, "t1").GoHighLevelContact)
}

func TestARecordThatWaitsForItsContactIsWokenOnceThatIsInStep(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("known by "+string(side), func(t *testing.T) {
			s, conn := newLiveStore(t)
			contact := map[record.Side]string{record.GoHighLevel: "ada", record.Salesforce: "003a"}[side]
			tell(t, s, record.Task, belongs(side, "t1", contact), belongs(side, "t2", "somebody else"), belongs(side, "t3", contact), belongs(side, "t4", contact))
			waits := kindLink(t, s, record.Task, side, "t1")
			for id, o := range map[string]record.Outcome{
				"t1": {State: record.LinkExcluded, Problem: record.ProblemNoContact}, "t2": {State: record.LinkExcluded, Problem: record.ProblemNoContact},
				"t3": {State: record.LinkExcluded}, "t4": {State: record.LinkFailed, Problem: "Rejected"},
			} {
				o.LinkID = kindLink(t, s, record.Task, side, id).ID
				syncKind(t, s, record.Task, o)
			}
			require.Empty(t, plan(t, s, 10).Others)
			ada := half(t, s, record.GoHighLevel, "ada")
			sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkFailed, Problem: "Rejected"})
			require.Empty(t, plan(t, s, 10).Others, "its contact is not in step")
			exec(t, conn, `DELETE FROM bells`)

			sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkInStep, SalesforceID: "003a", Base: []byte("base")})
			require.Equal(t, 1, number(t, conn, `SELECT count(*) FROM bells`), "somebody must come and see")
			require.Equal(t, []record.LinkRef{{Kind: record.Task, LinkID: waits.ID}}, plan(t, s, 10).Others, "what waits for other reasons sleeps on")

			syncKind(t, s, record.Task, record.Outcome{LinkID: waits.ID, State: record.LinkInStep})
			sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkInStep})
			require.Empty(t, plan(t, s, 10).Others, "it waits no longer")
		})
	}
}

func TestWhatBelongsToAContactIsLookedAtOnceAHalfOfThatIsDeleted(t *testing.T) {
	for name, gone := range map[string]record.Side{
		"in gohighlevel": record.GoHighLevel, "in salesforce": record.Salesforce, "and made anew in gohighlevel": "", "and another one's in salesforce": "",
	} {
		t.Run(name, func(t *testing.T) {
			another := record.Side("")
			if gone == "" {
				another = map[bool]record.Side{true: record.GoHighLevel, false: record.Salesforce}[strings.HasSuffix(name, "gohighlevel")]
			}
			s, _ := newLiveStore(t)
			contact := half(t, s, record.GoHighLevel, "ada")
			sync1(t, s, record.Outcome{LinkID: contact, State: record.LinkInStep, SalesforceID: "003a"})
			sync1(t, s, record.Outcome{LinkID: half(t, s, record.GoHighLevel, "grace"), State: record.LinkInStep, SalesforceID: "003g"})
			for _, kind := range record.Kinds[1:] {
				tell(t, s, kind, belongs(record.GoHighLevel, "r "+string(kind), "ada"))
				link := kindLink(t, s, kind, record.GoHighLevel, "r "+string(kind))
				syncKind(t, s, kind, record.Outcome{LinkID: link.ID, State: record.LinkInStep, SalesforceID: "s " + string(kind), SalesforceContact: "003a"})
			}
			tell(t, s, record.Task, belongs(record.GoHighLevel, "another", "grace"))
			syncKind(t, s, record.Task, record.Outcome{
				LinkID: kindLink(t, s, record.Task, record.GoHighLevel, "another").ID, State: record.LinkInStep, SalesforceID: "s2", SalesforceContact: "003g",
			})
			require.Empty(t, plan(t, s, 10).Others)
			sync1(t, s, record.Outcome{LinkID: contact, State: record.LinkInStep, GoHighLevelID: "ada", SalesforceID: "003a"})
			require.Empty(t, plan(t, s, 10).Others, "the contact is as it was")
			went := record.Outcome{LinkID: contact, State: record.LinkDeleted, Forget: gone}
			switch another {
			case record.GoHighLevel:
				went = record.Outcome{LinkID: contact, State: record.LinkInStep, GoHighLevelID: "ada2"}
			case record.Salesforce:
				went = record.Outcome{LinkID: contact, State: record.LinkInStep, SalesforceID: "003b"}
			}
			sync1(t, s, went)
			var kinds []record.Kind
			for _, ref := range plan(t, s, 10).Others {
				kinds = append(kinds, ref.Kind)
			}
			require.ElementsMatch(t, record.Kinds[1:], kinds, "a vendor takes them with the contact, and tells nobody; another contact's stay")
		})
	}
}

func TestARecordThatIsAboutToWaitForItsContactIsWokenByTheContact(t *testing.T) {
	s, conn := newLiveStore(t)
	tell(t, s, record.Task, belongs(record.GoHighLevel, "t1", "ada"), record.Mark{Side: record.GoHighLevel, RecordID: "t2"})
	waits := record.Outcome{State: record.LinkExcluded, Problem: record.ProblemNoContact, GoHighLevelContact: "ada"}
	ada := half(t, s, record.GoHighLevel, "ada")
	o := origin
	o.Kind = record.Task
	for id, known := range map[string]bool{"t1": true, "t2": false} {
		waits.LinkID = kindLink(t, s, record.Task, record.GoHighLevel, id).ID
		claim := claimLink(t, s, waits.LinkID, "sync/"+id)
		// Its run has seen a contact that is not in step, which comes into step before the run says so.
		sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkInStep, SalesforceID: "003a", Base: []byte("base")})
		require.NoError(t, s.Commit(t.Context(), claim.Token, o, []record.Outcome{waits}))
		pending := `SELECT count(*) FROM pending WHERE token IS NULL AND link_id = $1`
		require.Equal(t, 1, number(t, conn, pending, waits.LinkID), "whom it belongs to was known before: %t", known)

		syncKind(t, s, record.Task, waits)
		require.Zero(t, number(t, conn, pending, waits.LinkID), "it is not woken for what it has seen")
	}
}

// A record's run has seen its contact in step, which goes before the run says so: nobody else would look at the record again.
func TestARecordThatComesIntoStepWhileItsContactGoesIsLookedAtOnceMore(t *testing.T) {
	for _, gone := range record.Sides {
		s, conn := newLiveStore(t)
		tell(t, s, record.Note, belongs(record.GoHighLevel, "n1", "ada"), record.Mark{Side: record.GoHighLevel, RecordID: "n2"})
		ada := half(t, s, record.GoHighLevel, "ada")
		sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkInStep, SalesforceID: "003a", Base: []byte("base")})
		o := origin
		o.Kind = record.Note
		claims := map[string]record.Claimed{}
		for _, id := range []string{"n1", "n2"} {
			claims[id] = claimLink(t, s, kindLink(t, s, record.Note, record.GoHighLevel, id).ID, "sync/"+id)
		}
		sync1(t, s, record.Outcome{LinkID: ada, State: record.LinkDeleted, Forget: gone})
		for id, known := range map[string]bool{"n1": true, "n2": false} {
			link := kindLink(t, s, record.Note, record.GoHighLevel, id).ID
			came := record.Outcome{LinkID: link, State: record.LinkInStep, SalesforceID: "s" + id, GoHighLevelContact: "ada", SalesforceContact: "003a"}
			require.NoError(t, s.Commit(t.Context(), claims[id].Token, o, []record.Outcome{came}))
			pending := `SELECT count(*) FROM pending WHERE token IS NULL AND link_id = $1`
			require.Equal(t, 1, number(t, conn, pending, link), "gone in %s, whom it belongs to was known before: %t", gone, known)
		}
	}
}

func TestTheRecordsOfAContactAreFoundByEitherHalf(t *testing.T) {
	s, _ := newLiveStore(t)
	tell(t, s, record.Task, belongs(record.GoHighLevel, "t1", "ada"), belongs(record.Salesforce, "00T2", "003a"), belongs(record.GoHighLevel, "t3", "grace"))
	tell(t, s, record.Appointment, belongs(record.GoHighLevel, "a1", "ada"))
	tell(t, s, record.Note, belongs(record.GoHighLevel, "n1", "ada"))
	ada := record.Link{GoHighLevelID: "ada", SalesforceID: "003a"}
	ids := func(kind record.Kind) (out []string) {
		links, err := s.Belongings(t.Context(), acme, kind, ada)
		require.NoError(t, err)
		for _, l := range links {
			out = append(out, l.GoHighLevelID+l.SalesforceID)
		}
		return out
	}
	require.Equal(t, []string{"t1", "00T2"}, ids(record.Task))
	require.Equal(t, []string{"a1"}, ids(record.Appointment))
	require.Equal(t, []string{"t1", "00T2", "a1", "n1"}, ids(""))
	none, err := s.Belongings(t.Context(), acme, "", record.Link{})
	require.NoError(t, err)
	require.Empty(t, none, "records of no contact are nobody's")

	known, err := s.RecordsOf(t.Context(), record.SweepKey{Connection: acme, Kind: record.Task, Side: record.GoHighLevel}, "ada")
	require.NoError(t, err)
	require.Len(t, known, 1)
	require.Equal(t, "t1", known[0].RecordID)
	require.True(t, known[0].Pending)
	known, err = s.RecordsOf(t.Context(), record.SweepKey{Connection: acme, Kind: record.Task, Side: record.Salesforce}, "ada")
	require.NoError(t, err)
	require.Empty(t, known)
}

func TestAPlanNamesTheOtherKindsRecordsOneByOne(t *testing.T) {
	s, _ := newLiveStore(t)
	var marks []record.Mark
	for i := range 5 {
		marks = append(marks, belongs(record.GoHighLevel, fmt.Sprint("t", i), "ada"))
	}
	_, err := s.MarkChanged(t.Context(), acme, record.Appointment, []record.Mark{belongs(record.GoHighLevel, "a0", "ada")})
	require.NoError(t, err)
	p := tell(t, s, record.Task, marks...)
	require.Len(t, p.Others, 6)
	require.True(t, p.Whole)
	require.Equal(t, record.Task, p.Others[0].Kind)
	require.Equal(t, record.Appointment, p.Others[5].Kind)
	require.Empty(t, p.Record)

	require.Zero(t, p.Bulk)
	require.Equal(t, p.Others[1:], plan(t, s, 4, p.Others[0].LinkID).Others, "a busy one is left out")
	_, ok, err := s.ClaimLink(t.Context(), acme, p.Others[1].LinkID, "a run", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, plan(t, s, 10).Others, 5, "one that is held is left out")
}

func TestManyRecordsOfAKindGoInBulkOneKindAtATimeAndAfterTheContacts(t *testing.T) {
	s, _ := newLiveStore(t)
	for kind, prefix := range map[record.Kind]string{record.Contact: "c", record.Task: "t", record.Note: "n", record.Appointment: "a"} {
		var marks []record.Mark
		for i := range 4 {
			marks = append(marks, belongs(record.GoHighLevel, fmt.Sprint(prefix, i), "ada"))
		}
		if kind == record.Appointment {
			marks = marks[:2]
		}
		_, err := s.MarkChanged(t.Context(), acme, kind, marks)
		require.NoError(t, err)
	}
	inBulk := func() record.ChangesPlan {
		p := plan(t, s, 3)
		require.Empty(t, p.Record)
		require.False(t, p.Whole)
		require.Equal(t, 4, p.Bulk)
		for _, ref := range p.Others {
			require.Equal(t, record.Appointment, ref.Kind, "few records are synced one by one meanwhile")
		}
		require.Len(t, p.Others, 2)
		return p
	}
	for _, kind := range []record.Kind{"", record.Task, record.Note} {
		require.Equal(t, kind, inBulk().BulkKind)
		if kind == "" {
			kind = record.Contact
		}
		claimed, err := s.Claim(t.Context(), record.ClaimRequest{Connection: acme, Kind: kind, Owner: "a batch", Limit: 10, Lease: time.Hour})
		require.NoError(t, err)
		require.Len(t, claimed.Work, 4)
	}
	require.Zero(t, plan(t, s, 3).Bulk)
}

func TestWhatTheBulkLaneHandedOverOfAKindIsNamed(t *testing.T) {
	s, _ := newLiveStore(t)
	var marks []record.Mark
	for i := range 6 {
		marks = append(marks, belongs(record.GoHighLevel, fmt.Sprint("t", i), "ada"))
	}
	tell(t, s, record.Task, marks...)
	claimed, err := s.Claim(t.Context(), record.ClaimRequest{Connection: acme, Kind: record.Task, Owner: "a batch", Limit: 2, Lease: time.Hour})
	require.NoError(t, err)
	over := []int64{claimed.Work[0].Link.ID, claimed.Work[1].Link.ID}
	require.NoError(t, s.HandOver(t.Context(), claimed.Token, over))
	p := plan(t, s, 3)
	require.Equal(t, []record.LinkRef{{Kind: record.Task, LinkID: over[0]}, {Kind: record.Task, LinkID: over[1]}}, p.Others)
	require.Equal(t, 4, p.Bulk)
	require.Equal(t, record.Task, p.BulkKind)
}

func TestWhatIsAnnouncedOfAKindThatIsNotSyncedHasNoEffect(t *testing.T) {
	s, conn := newLiveStore(t)
	for _, kind := range []record.Kind{record.Task, record.Appointment} {
		_, err := s.MarkChanged(t.Context(), acme, kind, []record.Mark{belongs(record.GoHighLevel, "r1", "ada")})
		require.NoError(t, err)
	}
	mark(t, s, ghl("ada")...)
	p, err := s.PlanChanges(t.Context(), acme, []record.Kind{record.Appointment}, 10, nil)
	require.NoError(t, err)
	require.Len(t, p.Record, 1)
	require.Len(t, p.Others, 1)
	require.Equal(t, record.Appointment, p.Others[0].Kind)
	require.Zero(t, number(t, conn, `SELECT count(*) FROM announced`), "it does not lie there for ever")
	link, err := s.FindLink(t.Context(), acme, record.Task, record.GoHighLevel, "r1")
	require.NoError(t, err)
	require.Nil(t, link)
}

// Whatever leaves a half out, its other half may be found, or the same thing would be there twice.
func TestAHalfThatIsLeftOutMakesWayForItsOtherHalf(t *testing.T) {
	for name, left := range map[string]record.Outcome{
		"which waited for its contact": {State: record.LinkExcluded, Problem: record.ProblemNoContact},
		"which the rules do not make":  {State: record.LinkExcluded},
		"whose event was withdrawn":    {State: record.LinkExcluded, Problem: record.ProblemWithdrawn, Base: []byte{1}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newLiveStore(t)
			tell(t, s, record.Appointment, belongs(record.GoHighLevel, "a1", "ada"), belongs(record.Salesforce, "00U1", "003a"))
			left.LinkID = kindLink(t, s, record.Appointment, record.GoHighLevel, "a1").ID
			syncKind(t, s, record.Appointment, left)
			other := kindLink(t, s, record.Appointment, record.Salesforce, "00U1").ID
			c := claimLink(t, s, other, "a run")
			require.NoError(t, s.JoinHalves(t.Context(), c.Token, other, record.GoHighLevel, "a1"))
			require.Equal(t, other, kindLink(t, s, record.Appointment, record.GoHighLevel, "a1").ID)
		})
	}
	s, _ := newLiveStore(t)
	sync1(t, s, record.Outcome{LinkID: half(t, s, record.GoHighLevel, "a1"), State: record.LinkExcluded})
	other := half(t, s, record.Salesforce, "0031")
	c := claimLink(t, s, other, "a run")
	var linked *record.AlreadyLinkedError
	require.ErrorAs(t, s.JoinHalves(t.Context(), c.Token, other, record.GoHighLevel, "a1"), &linked, "a contact whom the filter leaves out is another person's affair")
}
