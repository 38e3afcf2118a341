package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// cityRule is a world in which conflicts over the city are settled by a rule.
func cityRule(rule string) setting {
	return setting{editRules: func(file string) string { return file + "    city: {conflict: " + rule + "}\n" }}
}

// contestCity has both sides change the city, and each something else as well.
func (w *world) contestCity(g, s string) {
	w.t.Helper()
	require.NoError(w.t, w.ghl.Edit(g, map[string]any{"city": "Leeds", "firstName": "Augusta"}))
	require.NoError(w.t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York", "MailingState": "NY"}))
}

func TestUnderAskOnlyWhatIsContestedWaits(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for _, c := range []struct {
			name    string
			verdict record.Verdict
			city    string
			lost    string
			loser   record.Side
		}{
			{"GoHighLevel wins", record.Verdict{Choice: record.ChooseGoHighLevel}, "Leeds", "York", record.Salesforce},
			{"Salesforce wins", record.Verdict{Choice: record.ChooseSalesforce}, "York", "Leeds", record.GoHighLevel},
			{"the field is decided by itself", record.Verdict{Choice: record.ChooseSalesforce,
				Fields: map[record.Field]record.Side{record.City: record.GoHighLevel}}, "Leeds", "York", record.Salesforce},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t, cityRule("ask"))
				g, s := w.couple("Lovelace", "ada@example.com")
				link := w.linkOf(record.GoHighLevel, g)
				w.contestCity(g, s)
				w.hear(by, inGoHighLevel(g), inSalesforce(s))
				require.Equal(t, "Augusta", w.row(s)["FirstName"])
				require.Equal(t, "NY", w.contact(g).State)
				require.Equal(t, "Leeds", w.contact(g).City)
				require.Equal(t, "York", w.row(s)["MailingCity"])
				review := w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewConflict)
				require.Equal(t, []record.Field{record.City}, review.Fields)
				require.Equal(t, fmt.Sprintf("contact/acme/%d", link.ID), review.WorkflowID)
				require.InDelta(t, (14 * 24 * time.Hour).Hours(), review.DueAt.Sub(review.CreatedAt).Hours(), 0.01)

				// What else changes goes through while it waits.
				require.NoError(t, w.ghl.Edit(g, map[string]any{"firstName": "Ada Augusta"}))
				w.hear(by, inGoHighLevel(g))
				require.Equal(t, "Ada Augusta", w.row(s)["FirstName"])
				require.Equal(t, review.ID, w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewConflict).ID)

				w.decideContact(link.ID, c.verdict)
				require.Equal(t, c.city, w.contact(g).City)
				require.Equal(t, c.city, w.row(s)["MailingCity"])
				require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
				require.Empty(t, w.reviews())
				lost := w.lastWrite(link.ID, c.loser, record.City)
				require.Equal(t, reconcile.CauseVerdict, lost.Cause)
				require.Equal(t, c.lost, lost.Before.Text())
				require.Equal(t, c.city, lost.After.Text())
				decided, err := w.store.GetReview(t.Context(), acme, review.ID)
				require.NoError(t, err)
				require.Equal(t, c.verdict.Choice, decided.Choice)
				require.Equal(t, "a person", decided.DecidedBy)
				w.silent(by, inGoHighLevel(g), inSalesforce(s))
			})
		}
	})
}

func TestAConflictThatPeopleSettleThemselvesWaitsNoMore(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, cityRule("ask"))
		g, s := w.couple("Lovelace", "ada@example.com")
		w.contestCity(g, s)
		w.hear(by, inGoHighLevel(g), inSalesforce(s))
		w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewConflict)
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
		w.hear(by, inGoHighLevel(g))
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
		require.Empty(t, w.reviews())
	})
}

func TestTheValueThatLosesAConflictIsInTheJournal(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for _, c := range []struct {
			rule  string
			newer record.Side
			city  string
			lost  string
			loser record.Side
		}{
			{"gohighlevel", record.Salesforce, "Leeds", "York", record.Salesforce},
			{"salesforce", record.GoHighLevel, "York", "Leeds", record.GoHighLevel},
			{"newest", record.GoHighLevel, "Leeds", "York", record.Salesforce},
			{"newest", record.Salesforce, "York", "Leeds", record.GoHighLevel},
		} {
			t.Run(c.rule+" with "+string(c.newer)+" the newer", func(t *testing.T) {
				// Salesforce keeps times by the second: the sides' clocks are set apart by hours instead of waiting.
				s := cityRule(c.rule)
				var ahead time.Duration
				if c.newer == record.GoHighLevel {
					ahead = time.Hour
				} else {
					ahead = -time.Hour
				}
				s.GoHighLevel.Clock = func() time.Time { return time.Now().Add(ahead) }
				w := newWorld(t, s)
				g, sf := w.couple("Lovelace", "ada@example.com")
				link := w.linkOf(record.GoHighLevel, g)
				w.contestCity(g, sf)
				w.hear(by, inGoHighLevel(g), inSalesforce(sf))
				require.Equal(t, c.city, w.contact(g).City)
				require.Equal(t, c.city, w.row(sf)["MailingCity"])
				require.Equal(t, "Augusta", w.row(sf)["FirstName"])
				lost := w.lastWrite(link.ID, c.loser, record.City)
				require.Equal(t, reconcile.CauseConflict, lost.Cause)
				require.Equal(t, c.rule, string(lost.Rule))
				require.Equal(t, c.lost, lost.Before.Text())
				require.Equal(t, reconcile.CauseEdit, w.lastWrite(link.ID, record.Salesforce, record.FirstName).Cause)
				w.silent(by, inGoHighLevel(g), inSalesforce(sf))
			})
		}
	})
}

// restless is a world in which four writes within ten minutes are worth a look.
func restless() setting {
	s := setting{}
	s.rules.Extra = "live:\n  breaker: {writes: 4, window: 10m}\n"
	return s
}

func TestAutomationsThatRewriteEachOtherAreParted(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, restless())
		g, s := w.couple("Lovelace", "ada@example.com")
		link := w.linkOf(record.GoHighLevel, g)
		rounds := 0
		for w.linkOf(record.GoHighLevel, g).State == record.LinkInStep {
			require.Less(t, rounds, 10, "the breaker does not trip")
			if rounds%2 == 0 {
				require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
				w.hear(by, inGoHighLevel(g))
			} else {
				require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
				w.hear(by, inSalesforce(s))
			}
			rounds++
		}
		require.Equal(t, 5, rounds, "four writes, and the next one is not made")
		review := w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewPingPong)
		require.Equal(t, []record.Field{record.City}, review.Fields)
		require.Equal(t, "Leeds", w.contact(g).City)
		require.Equal(t, "York", w.row(s)["MailingCity"])

		w.decideContact(link.ID, record.Verdict{Choice: record.ChooseResume})
		require.Equal(t, "Leeds", w.row(s)["MailingCity"])
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
		for _, city := range []string{"Hull", "Bath"} {
			require.NoError(t, w.ghl.Edit(g, map[string]any{"city": city}))
			w.hear(by, inGoHighLevel(g))
			require.Equal(t, city, w.row(s)["MailingCity"])
		}
		require.Empty(t, w.reviews())
	})
}

func TestManyEditsToNewValuesAreNoPingPong(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, restless())
		g, s := w.couple("Lovelace", "ada@example.com")
		for i := range 10 {
			city := fmt.Sprintf("City %d", i)
			require.NoError(t, w.ghl.Edit(g, map[string]any{"city": city}))
			w.hear(by, inGoHighLevel(g))
			require.Equal(t, city, w.row(s)["MailingCity"])
		}
		require.Empty(t, w.reviews())
	})
}
