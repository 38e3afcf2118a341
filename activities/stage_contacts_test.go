package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// crowd puts n people into GoHighLevel.
func (w *world) crowd(n int) []string {
	all := make([]gohighleveltest.Contact, n)
	for i := range all {
		all[i] = contact(fmt.Sprintf("Crowd-%05d", i), fmt.Sprintf("crowd%05d@example.com", i))
		all[i].DateAdded = earlier.Add(time.Duration(i/7) * time.Second) // ties are normal
	}
	return w.ghl.Load(all)
}

// linked returns how many links hold each record of a side.
func (w *world) linked(side record.Side) map[string]int {
	out := map[string]int{}
	for _, link := range w.links() {
		if id := link.RecordID(side); id != "" {
			out[id]++
		}
	}
	return out
}

func TestEveryContactOfBothSidesIsReadOnceOverAllPages(t *testing.T) {
	w := newWorld(t, setting{})
	inGHL := w.crowd(1203)
	rows := make([]map[string]any, 2103)
	for i := range rows {
		rows[i] = map[string]any{"LastName": fmt.Sprintf("Row-%05d", i), "Email": fmt.Sprintf("row%05d@example.com", i)}
	}
	inSF := w.sf.Load("Contact", rows)
	w.ghl.ResetStats()
	w.sf.ResetStats()

	counts := w.match()
	require.Equal(t, record.MatchCounts{OnlyGoHighLevel: 1203, OnlySalesforce: 2103, Pending: 3306}, counts)
	for side, ids := range map[record.Side][]string{record.GoHighLevel: inGHL, record.Salesforce: inSF} {
		seen := w.linked(side)
		require.Len(t, seen, len(ids))
		for _, id := range ids {
			require.Equal(t, 1, seen[id])
		}
	}
	require.LessOrEqual(t, w.ghl.Stats().ByOperation["POST /contacts/search"], 4, "three pages of 500, and at most one to find the end")
	require.Zero(t, w.writes())
}

func TestAReadingGoesOnWhereACutOffOneStopped(t *testing.T) {
	w := newWorld(t, setting{})
	w.crowd(1203)
	in := activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "e1"}
	w.connection()
	w.ghl.ResetStats()
	stop := make(chan struct{})
	close(stop)
	env := w.env()
	env.SetWorkerStopChannel(stop)
	encoded, err := env.ExecuteActivity(onContacts.StageContacts, in)
	require.NoError(t, err)
	var first activities.StageContactsResult
	require.NoError(t, encoded.Get(&first))
	require.Equal(t, 500, first.Read, "a stopping worker hands back after the page that it has")
	require.Equal(t, 1203, first.Total)
	require.False(t, first.Done)

	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Path: "/contacts/search", Count: 1}})
	_, err = w.try(onContacts.StageContacts, in)
	require.Equal(t, crm.Unavailable, kindOf(t, err))
	last := do[activities.StageContactsResult](w, onContacts.StageContacts, in)
	require.True(t, last.Done)
	require.Equal(t, 1203, last.Read)
	require.LessOrEqual(t, w.ghl.Stats().ByOperation["POST /contacts/search"], 5, "no page is read twice but the one that was cut")

	again := do[activities.StageContactsResult](w, onContacts.StageContacts, in)
	require.True(t, again.Done)
	require.Equal(t, 1203, again.Read, "a reading that is done is not begun anew")
}

func TestASalesforceReadingGoesOnById(t *testing.T) {
	w := newWorld(t, setting{})
	rows := make([]map[string]any, 2103)
	for i := range rows {
		rows[i] = map[string]any{"LastName": fmt.Sprintf("Row-%05d", i)}
	}
	ids := w.sf.Load("Contact", rows)
	in := activities.StageContactsInput{Connection: acme, Side: record.Salesforce, Epoch: "e1"}
	w.connection()
	stop := make(chan struct{})
	close(stop)
	env := w.env()
	env.SetWorkerStopChannel(stop)
	_, err := env.ExecuteActivity(onContacts.StageContacts, in)
	require.NoError(t, err)
	// What vanishes from the pages already read, and what is added, moves no other record.
	require.NoError(t, w.sf.Delete("Contact", ids[3]))
	added := w.addSalesforce(map[string]any{"LastName": "Late"})
	out := do[activities.StageContactsResult](w, onContacts.StageContacts, in)
	require.True(t, out.Done)
	require.Equal(t, 2104, out.Read)
	do[activities.StageContactsResult](w, onContacts.StageContacts, activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "e1"})
	do[record.MatchCounts](w, onContacts.MatchContacts, activities.MatchContactsInput{Connection: acme, Epoch: "e1"})
	require.Equal(t, 1, w.linked(record.Salesforce)[added])
}

func TestMatchingBeforeBothSidesAreReadIsRefused(t *testing.T) {
	w := newWorld(t, setting{})
	w.crowd(1)
	do[activities.StageContactsResult](w, onContacts.StageContacts, activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "e1"})
	_, err := w.try(onContacts.MatchContacts, activities.MatchContactsInput{Connection: acme, Epoch: "e1"})
	require.Equal(t, crm.Invalid, kindOf(t, err))
	require.Empty(t, w.links())
}

func TestWhatTheIndexDoesNotShowYetIsFoundByTheNextReading(t *testing.T) {
	now := time.Now()
	w := newWorld(t, setting{Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: time.Minute, Clock: func() time.Time { return now }}}})
	w.crowd(3)
	late := w.ghl.Create(contact("Late", "late@example.com"))
	require.Equal(t, 3, w.match().OnlyGoHighLevel)
	require.Zero(t, w.linked(record.GoHighLevel)[late])
	now = now.Add(2 * time.Minute)
	counts := do[record.MatchCounts](w, onContacts.MatchContacts, activities.MatchContactsInput{Connection: acme, Epoch: w.stage(), NewOnly: true})
	require.Equal(t, 4, counts.OnlyGoHighLevel)
	require.Equal(t, 1, counts.Pending, "only what is new waits")
	require.Equal(t, 1, w.linked(record.GoHighLevel)[late])
}

func TestARowThatSalesforceShowsLateIsFoundByTheNextReading(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	w := newWorld(t, setting{Options: sandbox.Options{Salesforce: salesforcetest.Options{VisibilityLag: 10 * time.Second, Clock: clock}}})
	id := w.sf.Create("Contact", map[string]any{"LastName": "Late"})
	require.Zero(t, w.match().OnlySalesforce)
	now = now.Add(time.Minute)
	require.Equal(t, 1, w.match().OnlySalesforce)
	require.Equal(t, 1, w.linked(record.Salesforce)[id])
}

func TestWhatIsStagedIsSealedAndForgotten(t *testing.T) {
	w := newWorld(t, setting{})
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.match()
	work, err := w.store.Links(t.Context(), acme, record.Contact, 0, 10)
	require.NoError(t, err)
	require.NotNil(t, work[0].GoHighLevel)
	require.NotEmpty(t, work[0].GoHighLevel.Body)
	require.Empty(t, w.exposed(string(work[0].GoHighLevel.Body)))

	do[any](w, onContacts.UnstageContacts, activities.ConnectionInput{Connection: acme})
	work, err = w.store.Links(t.Context(), acme, record.Contact, 0, 10)
	require.NoError(t, err)
	require.Nil(t, work[0].GoHighLevel)
}
