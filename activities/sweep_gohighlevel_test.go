package activities_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAContactThatIsCreatedOrEditedInGoHighLevelIsMarkedOnce(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	added := w.ghl.Create(gohighleveltest.Contact{LastName: "Hopperfield", Email: "grace@example.com"})
	require.Equal(t, 2, w.sweep().Changes)
	require.ElementsMatch(t, []mark{{record.GoHighLevel, ghl, false}, {record.GoHighLevel, added, false}}, w.takeAnnounced())
	require.Equal(t, []string{acme}, w.bell.rung)
	require.Equal(t, map[string]int{"ContactCreate": 1, "ContactUpdate": 1}, w.heard(record.GoHighLevel))
	require.Zero(t, w.sweep().Changes)
	require.Empty(t, w.takeAnnounced())
}

func TestContactsOfOneMomentAreAllMarked(t *testing.T) {
	w := newWorld(t, setting{})
	w.sweepFrom(time.Now())
	moment := time.Now().Truncate(time.Millisecond)
	all := make([]gohighleveltest.Contact, 1203)
	for i := range all {
		all[i] = contact(fmt.Sprintf("Crowd-%05d", i), fmt.Sprintf("crowd%05d@example.com", i))
		all[i].DateUpdated = moment
	}
	loaded := w.ghl.Load(all)
	w.sweep()
	require.ElementsMatch(t, loaded, ids(w.takeAnnounced(), record.GoHighLevel))
	w.sweep()
	require.Empty(t, w.takeAnnounced())
}

func TestAContactThatTheIndexShowsLateIsMarked(t *testing.T) {
	s := setting{}
	s.GoHighLevel.IndexLag = 1500 * time.Millisecond // longer than a sweep takes on a busy machine
	w := newWorld(t, s)
	w.sweepFrom(time.Now())
	added := w.ghl.Create(gohighleveltest.Contact{LastName: "Hopperfield", Email: "grace@example.com"})
	w.sweep()
	require.Empty(t, w.takeAnnounced(), "the index does not show it yet, or this proves nothing")
	require.Eventually(t, func() bool {
		w.sweep()
		return len(w.takeAnnounced()) == 1
	}, 10*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool { // by the lag behind the moment in which the index shows it, which may be this one
		w.sweep()
		return w.sweptTo(record.GoHighLevel).After(w.contact(added).DateUpdated)
	}, 10*time.Second, 50*time.Millisecond)
}

// What a search leaves out may be all that changed.
func TestAnEditOfWhatASearchDoesNotShowIsMarked(t *testing.T) {
	w := newWorld(t, setting{
		prepare: func(box *sandbox.Sandbox) { box.Salesforce.AddCustomField("Contact", "Website__c", "Text") },
		editRules: func(r string) string {
			return strings.Replace(r, "  fields:\n", "  fields:\n    website: {salesforce: Website__c}\n", 1)
		},
	})
	sf := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "Website__c", "https://engines.example.com"))
	begun := time.Now()
	w.onboard()
	ghl := w.linkOf(record.Salesforce, sf).GoHighLevelID
	w.sweepFrom(begun)
	w.sweep()
	require.Empty(t, w.takeAnnounced(), "our own write, whose website only the contact itself shows")
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"website": "https://looms.example.com"}))
	w.sweep()
	require.Equal(t, []mark{{record.GoHighLevel, ghl, false}}, w.takeAnnounced())
}

func TestAChangeThatAWebhookAnnouncedIsNotCountedAsHeardBySweep(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	_, err := w.store.MarkChanged(t.Context(), acme, record.Contact, []record.Mark{{Side: record.GoHighLevel, RecordID: ghl}})
	require.NoError(t, err)
	w.sweep()
	require.Empty(t, w.heard(record.GoHighLevel))
}

// compareNow lets the next slice of the rotating comparison be due.
func (w *world) compareNow() {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), `UPDATE cursors SET epoch = '2020-01-01T00:00:00Z' WHERE purpose = 'rotation'`)
	require.NoError(w.t, err)
}

func TestTheRotatingComparisonFindsADeletionWhoseWebhookWasLost(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	kept := w.addGoHighLevel(contact("Hopperfield", "grace@example.com"))
	w.onboard()
	w.sweep()
	w.takeAnnounced()
	require.NoError(t, w.ghl.Delete(ghl))
	w.sweep()
	require.Empty(t, w.takeAnnounced(), "the comparison is not due")
	w.compareNow()
	w.sweep()
	require.Equal(t, []mark{{record.GoHighLevel, ghl, true}}, w.takeAnnounced())
	require.Equal(t, 1, w.heard(record.GoHighLevel)["ContactDelete"])
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, kept).State)
}

func TestTheRotatingComparisonLeavesADeletionAloneThatAPersonWasAskedAbout(t *testing.T) {
	w, ghl, _ := inStep(t, setting{}) // the rules ask about deletions
	require.NoError(t, w.ghl.Delete(ghl))
	w.hear(recordLane, gone(inGoHighLevel(ghl)))
	require.Equal(t, record.LinkInReview, w.linkOf(record.GoHighLevel, ghl).State)
	w.takeAnnounced()
	w.ghl.ResetStats()
	w.compareNow()
	w.sweep()
	require.Empty(t, w.takeAnnounced(), "each time would wake the run that waits, to look at what it knows")
	require.Zero(t, w.ghl.Stats().ByOperation["GET /contacts/{contactId}"])
}

func TestTheRotatingComparisonComesRoundAndReadsNoMoreThanItMust(t *testing.T) {
	w := newWorld(t, setting{})
	w.crowd(1203)
	w.match()
	last := w.links()[1100].GoHighLevelID // links are compared in their order
	_, err := w.db.Exec(t.Context(), `DELETE FROM pending`)
	require.NoError(t, err)
	w.sweepFrom(time.Now().Add(time.Hour)) // nothing has changed since
	w.connection()
	searches := func() int {
		w.ghl.ResetStats()
		w.sweep()
		return w.ghl.Stats().ByOperation["POST /contacts/search"] - 1 // but the one for changes
	}
	round := func() (after int64, came bool) {
		require.NoError(t, w.db.QueryRow(t.Context(), `SELECT compared_after, compared_at IS NOT NULL FROM sweeps WHERE side = 1`).Scan(&after, &came))
		return after, came
	}
	require.Equal(t, 1, searches(), "the first slice")
	after, came := round()
	require.NotZero(t, after)
	require.False(t, came)
	require.Zero(t, searches(), "the next one is due in hours")
	require.NoError(t, w.ghl.Delete(last))
	w.compareNow()
	require.Equal(t, 2, searches(), "what is overdue is made up for, to the end of the round")
	require.Equal(t, []mark{{record.GoHighLevel, last, true}}, w.takeAnnounced())
	after, came = round()
	require.Zero(t, after)
	require.True(t, came)
}

func TestAbsenceFromTheIndexAloneProvesNothing(t *testing.T) {
	s := setting{}
	s.GoHighLevel.IndexLag = 5 * time.Minute
	w := newWorld(t, s)
	w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	require.Equal(t, 1, w.ghl.Count(), "it was created, and the index does not show it for minutes")
	w.sweepFrom(time.Now())
	w.sweep()
	require.Empty(t, w.takeAnnounced())
	require.NotZero(t, w.ghl.Stats().ByOperation["GET /contacts/{contactId}"])
}

func TestTheRotatingComparisonFindsAnEditThatNoPollShowed(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	_, err := w.db.Exec(t.Context(), `UPDATE sweeps SET swept_to = clock_timestamp() + interval '1 hour' WHERE side = 1`)
	require.NoError(t, err)
	w.sweep()
	require.Empty(t, w.takeAnnounced())
	w.compareNow()
	w.sweep()
	require.Equal(t, []mark{{record.GoHighLevel, ghl, false}}, w.takeAnnounced())
}

// holdsIDs tells whether a search asks for a list of ids, and leaves its body as it was.
func holdsIDs(t testing.TB, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte(`"field":"id"`))
}

func TestManySuspectsAreConfirmedOverSeveralSweeps(t *testing.T) {
	var refuseIDs atomic.Bool
	s := setting{notDescribed: true}
	s.between = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if refuseIDs.Load() && strings.HasSuffix(r.URL.Path, "/contacts/search") && holdsIDs(t, r) {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = rw.Write([]byte(`{"statusCode":422,"message":["Invalid Operator (eq) passed for field id"],"error":"Unprocessable Entity"}`))
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	for _, refuse := range []bool{false, true} {
		t.Run(fmt.Sprintf("search by ids refused: %v", refuse), func(t *testing.T) {
			refuseIDs.Store(false)
			w := newWorld(t, s)
			all := w.crowd(60)
			w.match()
			_, err := w.db.Exec(t.Context(), `DELETE FROM pending`)
			require.NoError(t, err)
			w.sweepFrom(time.Now().Add(time.Hour)) // nothing has changed since
			for _, id := range all {
				require.NoError(t, w.ghl.Delete(id))
			}
			refuseIDs.Store(refuse)
			sizes := []int{}
			for range 4 {
				w.sweep()
				sizes = append(sizes, len(w.takeAnnounced()))
			}
			require.Equal(t, []int{25, 25, 10, 0}, sizes)
		})
	}
}

func TestABellThatWasLostIsRungAgainWhateverThePollsFind(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	link := w.linkOf(record.GoHighLevel, ghl)
	_, err := w.store.MarkChanged(t.Context(), acme, record.Contact, []record.Mark{{Side: record.GoHighLevel, RecordID: ghl}})
	require.NoError(t, err)
	run := func() int { return do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Rung }
	require.Zero(t, run(), "whoever announced it has just rung")
	_, err = w.db.Exec(t.Context(), `UPDATE announced SET at = at - interval '1 minute'`)
	require.NoError(t, err)
	require.Equal(t, 1, run())
	require.Equal(t, []string{acme}, w.bell.rung)
	w.takeAnnounced()
	require.Zero(t, run())

	require.NoError(t, w.store.MarkPending(t.Context(), acme, record.Contact, []int64{link.ID}))
	require.Zero(t, run())
	_, err = w.db.Exec(t.Context(), `UPDATE pending SET changed_at = changed_at - interval '1 minute'`)
	require.NoError(t, err)
	require.Equal(t, 1, run())
	_, ok, err := w.store.ClaimLink(t.Context(), acme, link.ID, "somebody", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.Zero(t, run(), "somebody works on it")
}

func TestABrokenBellFailsNoSweep(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	w.bell.broken = true
	require.Equal(t, 1, w.sweep().Changes)
	require.Len(t, w.takeAnnounced(), 1)
}

func TestAPausedConnectionIsNeitherPolledNorWoken(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	require.NoError(t, w.store.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.Zero(t, w.sweep().Swept)
	require.NoError(t, w.store.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	require.Equal(t, 1, w.sweep().Changes)
}
