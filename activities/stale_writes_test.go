package activities_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// failing lets the next write to a side fail for a moment: it is refused, or it is carried out and its answer lost.
func (w *world) failing(side record.Side, method, kind string) {
	if side == record.Salesforce {
		w.sf.SetFaults([]salesforcetest.Fault{{Kind: kind, Path: method + " ", Count: 1}})
		return
	}
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: kind, Method: method, Count: 1}})
}

// Between a write that fails and the next attempt hours may pass, in which a person changes the very field.
func TestAWriteThatFailedIsDecidedAnewByWhatAPersonTypedMeanwhile(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("in "+string(side), func(t *testing.T) {
			w := newWorld(t, cityRule(string(side)))
			g, s := w.couple("Lovelace", "ada@example.com")
			edit := map[record.Side]func(city string){
				record.GoHighLevel: func(city string) { require.NoError(t, w.ghl.Edit(g, map[string]any{"city": city})) },
				record.Salesforce:  func(city string) { require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": city})) },
			}
			edit[side.Other()]("Springfield")
			w.announce(inGoHighLevel(g), inSalesforce(s))
			w.plan()
			method, refused := http.MethodPut, "503"
			if side == record.Salesforce {
				method, refused = http.MethodPatch, "500"
			}
			w.failing(side, method, refused)
			claims := 0
			out := w.contactSync(w.linkOf(record.GoHighLevel, g).ID, justBeforeOnce("ClaimContact", func() bool {
				claims++
				return claims == 2
			}, func() { edit[side]("Shelbyville") }))
			require.Equal(t, record.LinkInStep, out.State)
			require.GreaterOrEqual(t, claims, 2)
			require.Equal(t, "Shelbyville", w.contact(g).City)
			require.Equal(t, "Shelbyville", w.row(s)["MailingCity"])
			require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
		})
	}
}

// A write whose answer is lost may have been carried out. What it wrote is no edit of anybody's then, so that nothing is in
// conflict with it, and a rule for conflicts that favours its side does not undo what a person types next.
func TestWhatAPersonTypesAfterAWriteWhoseAnswerWasLostIsNoConflictWithIt(t *testing.T) {
	for _, side := range record.Sides {
		inBothLanes(t, func(t *testing.T, by lane) {
			w := newWorld(t, cityRule(string(side)))
			g, s := w.couple("Lovelace", "ada@example.com")
			edit := map[record.Side]func(city string){
				record.GoHighLevel: func(city string) { require.NoError(t, w.ghl.Edit(g, map[string]any{"city": city})) },
				record.Salesforce:  func(city string) { require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": city})) },
			}
			held := map[record.Side]func() any{
				record.GoHighLevel: func() any { return w.contact(g).City },
				record.Salesforce:  func() any { return w.row(s)["MailingCity"] },
			}
			edit[side.Other()]("Springfield")
			w.announce(inGoHighLevel(g), inSalesforce(s))
			w.plan()
			method := map[record.Side]string{record.GoHighLevel: http.MethodPut, record.Salesforce: http.MethodPatch}[side]
			w.failing(side, method, "cut_after")
			arrived := func() bool { return held[side]() == "Springfield" }
			if by == bulkLane {
				_, err := w.trySync()
				require.Error(t, err)
				require.True(t, arrived())
				edit[side.Other()]("Shelbyville")
				w.persist()
			} else {
				w.contactSync(w.linkOf(record.GoHighLevel, g).ID, justBeforeOnce("ClaimContact", arrived, func() { edit[side.Other()]("Shelbyville") }))
			}
			w.hear(by, inGoHighLevel(g), inSalesforce(s))
			require.Equal(t, "Shelbyville", w.contact(g).City)
			require.Equal(t, "Shelbyville", w.row(s)["MailingCity"])
			for _, write := range w.journal(w.linkOf(record.GoHighLevel, g).ID) {
				require.NotEqual(t, reconcile.CauseConflict, write.Cause)
			}
		})
	}
}

// Where one side takes its half of an update and the other refuses it for now, the first half is agreed on.
func TestWhatAPersonTypesAfterHalfOfAnUpdateIsNoConflictWithThatHalf(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, cityRule("salesforce"))
		g, s := w.couple("Lovelace", "ada@example.com")
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Springfield"}))
		require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingPostalCode": "98052"}))
		w.announce(inGoHighLevel(g), inSalesforce(s))
		w.plan()
		w.failing(record.GoHighLevel, http.MethodPut, "503")
		half := func() bool { return w.row(s)["MailingCity"] == "Springfield" }
		typed := func() { require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Shelbyville"})) }
		if by == bulkLane {
			_, err := w.trySync()
			require.Error(t, err)
			require.True(t, half())
			typed()
			w.persist()
		} else {
			w.contactSync(w.linkOf(record.GoHighLevel, g).ID, justBeforeOnce("ClaimContact", half, typed))
		}
		w.hear(by, inGoHighLevel(g), inSalesforce(s))
		require.Equal(t, "Shelbyville", w.contact(g).City)
		require.Equal(t, "Shelbyville", w.row(s)["MailingCity"])
		require.Equal(t, "98052", w.contact(g).PostalCode)
	})
}

func TestADeletionThatFailedIsNotCarriedOutOnceAPersonHasRestoredTheOtherHalf(t *testing.T) {
	w := newWorld(t, deleting("propagate"))
	g, s := w.couple("Lovelace", "ada@example.com")
	link := w.linkOf(record.GoHighLevel, g).ID
	w.announce(w.remove(record.Salesforce, g, s))
	w.plan()
	w.failing(record.GoHighLevel, http.MethodDelete, "503")
	claims := 0
	w.contactSync(link, justBeforeOnce("ClaimContact", func() bool {
		claims++
		return claims == 2
	}, func() { require.NoError(t, w.sf.Undelete("Contact", s)) }))
	require.GreaterOrEqual(t, claims, 2)
	require.Equal(t, [2]int{1, 1}, w.counts())
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
}

// What passes by itself is no failure that anybody has to look at.
func TestARecordWhoseWriteFailsForNowStaysPendingAndHasNotFailed(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Springfield"}))
	w.announce(inGoHighLevel(g))
	w.plan()
	w.failing(record.Salesforce, http.MethodPatch, "500")
	link, claims := w.linkOf(record.GoHighLevel, g).ID, 0
	w.contactSync(link, justBeforeOnce("ClaimContact", func() bool {
		claims++
		return claims == 2
	}, func() {
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
		require.Equal(t, []int64{link}, w.pending())
	}))
	require.GreaterOrEqual(t, claims, 2)
	require.Equal(t, "Springfield", w.row(s)["MailingCity"])
	require.Empty(t, w.pending())
}

func TestACreateThatIsRepeatedByItsExternalIDLeavesWhatAPersonTypedMeanwhile(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, setting{})
		w.couple("Lovelace", "ada@example.com")
		g := w.addGoHighLevel(contact("Byron", "george@example.com"))
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Harrow"}))
		w.announce(inGoHighLevel(g))
		w.plan()
		w.failing(record.Salesforce, http.MethodPatch, "cut_after")
		link := w.linkOf(record.GoHighLevel, g).ID
		made := func() string {
			for _, row := range w.sf.All("Contact") {
				if row["LastName"] == "Byron" {
					return row["Id"].(string)
				}
			}
			return ""
		}
		typed := func() { require.NoError(t, w.sf.Edit("Contact", made(), map[string]any{"MailingCity": "Missolonghi"})) }
		if by == bulkLane {
			_, err := w.trySync()
			require.Error(t, err)
			typed()
			w.persist()
			for _, link := range w.pending() {
				w.contactSync(link, w.aging)
			}
		} else {
			w.contactSync(link, justBeforeOnce("UpsertSalesforceRecord", func() bool { return made() != "" }, typed))
		}
		require.Equal(t, made(), w.linkOf(record.GoHighLevel, g).SalesforceID)
		require.Equal(t, "Missolonghi", w.row(made())["MailingCity"])
		w.hear(by, inSalesforce(made()))
		require.Equal(t, "Missolonghi", w.contact(g).City)
		require.Equal(t, [2]int{2, 2}, w.counts())
	})
}
