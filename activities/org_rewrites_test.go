package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// polled is a world whose org lives by a clock of its own, with one contact in step.
type polled struct {
	*world
	clock *clock
	runs  int
}

func newPolled(t *testing.T, s setting) (w *polled, ghl, sf string) {
	t.Helper()
	w = &polled{clock: &clock{at: time.Now().UTC().Truncate(time.Second)}}
	s.Salesforce.Clock = w.clock.now
	w.world, ghl, sf = inStep(t, s)
	return w, ghl, sf
}

// later lets time pass: what is synced from here on is another run's than what was before.
func (w *polled) later() {
	w.t.Helper()
	w.clock.pass(2 * time.Second)
	w.runs++
	w.exec(`UPDATE journal SET run_id = $1 WHERE run_id NOT LIKE 'run %'`, fmt.Sprintf("run %d", w.runs))
}

// poll polls both sides and syncs what that tells of, until nothing is told any more. It returns how often something was.
func (w *polled) poll(by lane) (rounds int) {
	w.t.Helper()
	for ; rounds < 20; rounds++ {
		w.later()
		w.sweep()
		if w.announced() == 0 {
			return rounds
		}
		w.hear(by)
	}
	require.Fail(w.t, "the polls go on telling of changes")
	return rounds
}

func TestWhatTheOrgMakesOfAWriteIsReadByTheNextPollAndIsAnEditLikeAPersons(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for _, c := range []struct {
			fault salesforcetest.Fault
			kept  string
		}{
			{salesforcetest.Fault{Kind: "rewrite_field", Field: "MailingCity", Value: "LEEDS"}, "LEEDS"},
			{salesforcetest.Fault{Kind: "drop_field", Field: "MailingCity"}, "York"},
		} {
			t.Run(c.fault.Kind, func(t *testing.T) {
				w, g, s := newPolled(t, setting{})
				require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
				w.hear(by, inGoHighLevel(g))
				require.Zero(t, w.poll(by), "the write came back as it was sent")

				w.sf.SetFaults([]salesforcetest.Fault{c.fault})
				require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds", "firstName": "Augusta"}))
				w.resetStats()
				w.hear(by, inGoHighLevel(g))
				require.Equal(t, c.kept, w.row(s)["MailingCity"])
				require.Equal(t, "Leeds", w.contact(g).City, "nobody has been told yet")
				require.Equal(t, 1, w.poll(by))
				require.Equal(t, c.kept, w.contact(g).City)
				require.Equal(t, "Augusta", w.row(s)["FirstName"])
				require.Equal(t, 2, w.writes(), "one to each side, and never again")
				told := w.lastWrite(w.linkOf(record.GoHighLevel, g).ID, record.GoHighLevel, record.City)
				require.Equal(t, reconcile.CauseEdit, told.Cause)
				require.Equal(t, []string{"Leeds", c.kept}, []string{told.Before.Text(), told.After.Text()})
				w.silent(by, inGoHighLevel(g), inSalesforce(s))
			})
		}
	})
}

func TestWhatTheOrgMakesOfANewContactIsReadByTheNextPoll(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w, _, _ := newPolled(t, setting{})
		w.sf.SetFaults([]salesforcetest.Fault{
			{Kind: "rewrite_field", Field: "MailingCity", Value: "LEEDS"}, {Kind: "drop_field", Field: "MailingState"},
		})
		grace := contact("Hopperfield", "grace@example.com")
		grace.City, grace.State = "Leeds", "NY"
		g := w.addGoHighLevel(grace)
		w.hear(by, inGoHighLevel(g))
		require.Equal(t, 1, w.poll(by))
		require.Equal(t, []string{"LEEDS", ""}, []string{w.contact(g).City, w.contact(g).State})
		w.silent(by, inGoHighLevel(g), inSalesforce(w.linkOf(record.GoHighLevel, g).SalesforceID))
	})
}

func TestAFieldThatIsRestoredInVainIsLeftToAPersonWhoIsToldOnce(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for _, kind := range []string{"rewrite_field", "drop_field"} {
			t.Run(kind, func(t *testing.T) {
				w, g, s := newPolled(t, setting{editRules: func(file string) string {
					return file + "    city: {direction: to_salesforce, drift: restore}\n"
				}})
				require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
				w.poll(by)
				require.Empty(t, w.row(s)["MailingCity"], "what a person changes is restored")
				w.sf.SetFaults([]salesforcetest.Fault{{Kind: kind, Field: "MailingCity", Value: "LEEDS"}})
				require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
				w.resetStats()
				w.hear(by, inGoHighLevel(g))
				w.poll(by)
				link := w.linkOf(record.GoHighLevel, g)
				review := w.waits(link, record.ReviewPingPong)
				require.Equal(t, []record.Field{record.City}, review.Fields)
				require.Equal(t, "Leeds", w.contact(g).City)
				require.LessOrEqual(t, w.writes(), 3)
				w.nothingNew()
				w.silent(by, inGoHighLevel(g), inSalesforce(s))
				require.Equal(t, review.ID, w.openReview(link.ID).ID, "it is asked once")

				kept := w.row(s)["MailingCity"]
				w.decideContact(link.ID, record.Verdict{Choice: record.ChooseSalesforce})
				require.Equal(t, kept, w.row(s)["MailingCity"])
				require.Zero(t, w.poll(by))
				require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
				require.Equal(t, "Leeds", w.contact(g).City, "it travels the other way only")
				w.silent(by, inGoHighLevel(g), inSalesforce(s))
			})
		}
	})
}

func TestARestoreThatOneRunHasToTryAgainAndAgainIsNotInVain(t *testing.T) {
	w, g, s := newPolled(t, setting{editRules: func(file string) string {
		return file + "    city: {direction: to_salesforce, drift: restore}\n"
	}})
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
	w.hear(bulkLane, inGoHighLevel(g))
	w.later()
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "503", Path: "PATCH", Count: 6}})
	w.hear(bulkLane, inSalesforce(s))
	require.Equal(t, "Leeds", w.row(s)["MailingCity"])
	require.Empty(t, w.reviews())
	tries := 0
	for _, one := range w.journal(w.linkOf(record.GoHighLevel, g).ID) {
		if one.Cause == reconcile.CauseRestore {
			tries++
		}
	}
	require.Greater(t, tries, 2, "each was journaled before the call")
}
