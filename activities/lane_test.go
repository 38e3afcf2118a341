package activities_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// earlier is when people did what they did before a test began.
var earlier = time.Now().Add(-24 * time.Hour).Truncate(time.Second)

// contact is somebody in GoHighLevel.
func contact(last, email string) gohighleveltest.Contact {
	return gohighleveltest.Contact{FirstName: "Ada", LastName: last, Email: email, DateAdded: earlier, DateUpdated: earlier}
}

// row is somebody in Salesforce.
func row(last, email string) map[string]any {
	return map[string]any{"FirstName": "Ada", "LastName": last, "Email": email, "CreatedDate": earlier, "LastModifiedDate": earlier}
}

// with returns a copy with more fields.
func with(row map[string]any, field string, value any) map[string]any {
	row[field] = value
	return row
}

func (w *world) addGoHighLevel(c gohighleveltest.Contact) string {
	return w.ghl.Load([]gohighleveltest.Contact{c})[0]
}

func (w *world) addSalesforce(fields map[string]any) string {
	return w.sf.Load("Contact", []map[string]any{fields})[0]
}

// stage reads both sides to the end under a new epoch and returns it.
func (w *world) stage() string {
	w.t.Helper()
	w.readings++
	epoch := fmt.Sprintf("e%d", w.readings)
	for _, side := range record.Sides {
		done := false
		for range 100 {
			if done = do[activities.StageContactsResult](w, onContacts.StageContacts,
				activities.StageContactsInput{Connection: acme, Side: side, Epoch: epoch}).Done; done {
				break
			}
		}
		require.True(w.t, done, "reading %s does not end", side)
	}
	return epoch
}

// match reads both sides and links what they have in common.
func (w *world) match() record.MatchCounts {
	w.t.Helper()
	return do[record.MatchCounts](w, onContacts.MatchContacts, activities.MatchContactsInput{Connection: acme, Epoch: w.stage()})
}

// trySync executes one attempt at the current batch.
func (w *world) trySync() (activities.SyncRecordsResult, error) {
	w.t.Helper()
	encoded, err := w.try(onContacts.SyncContacts, activities.SyncRecordsInput{
		Connection: acme, Batch: fmt.Sprintf("batch-%d", w.batches), Size: 200, Origin: "onboarding",
	})
	var out activities.SyncRecordsResult
	if err == nil {
		require.NoError(w.t, encoded.Get(&out))
		w.batches++
	}
	return out, err
}

// sync syncs until nothing is pending in the bulk lane; nothing may fail.
func (w *world) sync() {
	w.t.Helper()
	for range 100 {
		out, err := w.trySync()
		require.NoError(w.t, err)
		if out.Claimed == 0 {
			return
		}
	}
	require.Fail(w.t, "the bulk lane does not come to an end")
}

// persist syncs until nothing is pending in the bulk lane, however often an attempt fails for now, as Temporal would.
func (w *world) persist() {
	w.t.Helper()
	w.persistWith(w.trySync)
}

// persistWith makes attempts until nothing is left to claim, however often one fails for now, as Temporal would.
func (w *world) persistWith(try func() (activities.SyncRecordsResult, error)) {
	w.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		out, err := try()
		if err == nil && out.Claimed == 0 {
			return
		}
		if err == nil {
			continue
		}
		var app *temporal.ApplicationError
		require.ErrorAs(w.t, err, &app)
		require.False(w.t, app.NonRetryable(), "the batch must not give up: %v", err)
		if pause := app.NextRetryDelay(); pause > 0 {
			timer := time.NewTimer(min(pause, 100*time.Millisecond))
			<-timer.C
		}
	}
	require.Fail(w.t, "the bulk lane does not come to an end")
}

// onboard reads, matches and syncs everything.
func (w *world) onboard() record.MatchCounts {
	w.t.Helper()
	counts := w.match()
	w.sync()
	return counts
}

// again reads everything and sees what is left to do: what a second run, or a verification, would find.
func (w *world) again() activities.VerifyContactsResult {
	w.t.Helper()
	w.stage()
	return w.verify()
}

func (w *world) verify() activities.VerifyContactsResult {
	w.t.Helper()
	return do[activities.VerifyContactsResult](w, onContacts.VerifyContacts, activities.VerifyContactsInput{Connection: acme, Size: 10_000})
}

// settled sees to it that both sides agree and that looking once more writes nothing.
func (w *world) settled() {
	w.t.Helper()
	w.ghl.ResetStats()
	w.sf.ResetStats()
	counts := w.onboard()
	require.Equal(w.t, counts.Linked, counts.Pending, "every linked contact is looked at once more")
	require.Zero(w.t, w.writes(), "looking once more must write nothing")
	require.Zero(w.t, w.again().Differing)
}

// writes is how many records were changed through the two APIs since the statistics were reset.
func (w *world) writes() int {
	g, s := w.ghl.Stats(), w.sf.Stats()
	return g.Created + g.Updated + g.Deleted + s.Creates + s.Updates + s.Deletes
}

func (w *world) links() []record.Link {
	w.t.Helper()
	work, err := w.store.Links(w.t.Context(), acme, record.Contact, 0, 10_000)
	require.NoError(w.t, err)
	out := make([]record.Link, len(work))
	for i, one := range work {
		out[i] = one.Link
	}
	return out
}

// linkOf returns the link of a record.
func (w *world) linkOf(side record.Side, id string) record.Link {
	w.t.Helper()
	link, err := w.store.FindLink(w.t.Context(), acme, record.Contact, side, id)
	require.NoError(w.t, err)
	require.NotNil(w.t, link)
	return *link
}

// handedOver returns the links that wait in the record lane.
func (w *world) handedOver() []int64 {
	w.t.Helper()
	return do[[]int64](w, onContacts.ListRecordLane, activities.RecordLaneInput{Connection: acme, Limit: 1000})
}

func (w *world) contact(id string) gohighleveltest.Contact {
	w.t.Helper()
	c, ok := w.ghl.Get(id)
	require.True(w.t, ok, "the GoHighLevel contact is gone")
	return c
}

func (w *world) row(id string) map[string]any {
	w.t.Helper()
	r, ok := w.sf.Get("Contact", id)
	require.True(w.t, ok, "the Salesforce contact is gone")
	return r
}

// onlyContact returns the one contact of the location.
func (w *world) onlyContact() gohighleveltest.Contact {
	w.t.Helper()
	require.Equal(w.t, 1, w.ghl.Count())
	for c := range w.ghl.All() {
		return c
	}
	panic("unreachable")
}

// onlyRow returns the one contact of the org.
func (w *world) onlyRow() map[string]any {
	w.t.Helper()
	rows := w.sf.All("Contact")
	require.Len(w.t, rows, 1)
	return rows[0]
}

func kindOf(t testing.TB, err error) crm.Kind {
	t.Helper()
	require.Error(t, err)
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	return activities.KindOf(err)
}

var (
	countInput   = activities.CountContactsInput{Connection: acme, Origin: "onboarding"}
	unstageInput = activities.ConnectionInput{Connection: acme}
)

// fieldID returns the id of a custom field of the location.
func (w *world) fieldID(key string) string {
	w.t.Helper()
	fields, err := w.connection().GoHighLevel.ListCustomFields(w.t.Context())
	require.NoError(w.t, err)
	for _, f := range fields {
		if f["fieldKey"] == key {
			return f["id"].(string)
		}
	}
	require.Fail(w.t, "no such custom field")
	return ""
}

func (w *world) planID() string { return w.fieldID(sandbox.PlanKey) }
