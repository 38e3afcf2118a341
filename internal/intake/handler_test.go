package intake_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAnEventMarksItsContactAndNothingElseIsKept(t *testing.T) {
	for name, onlyLinked := range map[string]bool{
		"ContactCreate": false, "ContactUpdate": false, "ContactTagUpdate": false, "ContactDndUpdate": false, "ContactDelete": true,
	} {
		w := newWorld(t, nil)
		require.Equal(t, 200, w.deliver(event(7, name, "loc1", "contact7")))
		require.Equal(t, []record.Announced{{
			Key:   [16]byte{0x3f, 0x25, 0x04, 0xe0, 0x4f, 0x89, 0x41, 0xd3, 0x9a, 0x0c, 0, 0, 0, 0, 0, 7},
			Event: name, Location: "loc1", Kind: record.Contact,
			Mark: record.Mark{Side: record.GoHighLevel, RecordID: "contact7", OnlyLinked: onlyLinked},
		}}, w.inbox.all())
		require.Equal(t, map[string]int64{name: 1}, w.count("tandem_webhook_events"))
		require.NotContains(t, w.logged(), "Ann")
	}
}

func TestABodyIsReadLeniently(t *testing.T) {
	for what, c := range map[string]struct {
		body      string
		contact   string // "" where nothing may be kept
		countedAs string
	}{
		"with a data wrapper":             {`{"type":"ContactUpdate","locationId":"loc1","data":{"id":"a"}}`, "a", "accepted"},
		"all of it wrapped":               {`{"data":{"type":"ContactUpdate","locationId":"loc1","id":"a"}}`, "a", "accepted"},
		"an event id outside the wrapper": {`{"id":"evt","type":"ContactUpdate","locationId":"loc1","data":{"id":"a"}}`, "a", "accepted"},
		"fields of odd types":             {`{"type":"ContactUpdate","locationId":"loc1","id":"a","webhookId":7,"timestamp":{},"data":[1]}`, "a", "accepted"},
		"an odd webhook id":               {`{"type":"ContactUpdate","locationId":"loc1","id":"a","webhookId":"x\u0000y"}`, "a", "accepted"},
		"an unknown location":             {`{"type":"ContactUpdate","locationId":"loc9","id":"a"}`, "a", "unknown_location"},
		"no JSON":                         {`type=ContactUpdate`, "", "unreadable"},
		"no object":                       {`[]`, "", "unreadable"},
		"nothing":                         {``, "", "unreadable"},
		"null":                            {`null`, "", "unreadable"},
		"no type":                         {`{"locationId":"loc1","id":"a"}`, "", "unreadable"},
		"no record":                       {`{"type":"ContactUpdate","locationId":"loc1"}`, "", "unreadable"},
		"no location":                     {`{"type":"ContactUpdate","id":"a"}`, "", "unreadable"},
		"an id that no database takes":    {`{"type":"ContactUpdate","locationId":"loc1","id":"a\u0000"}`, "", "unreadable"},
		"an id that is none":              {`{"type":"ContactUpdate","locationId":"loc1","id":"` + strings.Repeat("a", 200) + `"}`, "", "unreadable"},
		"cut off":                         {`{"type":"ContactUpdate","locationId":"loc1","id":"a"`, "", "unreadable"},
		"an event of no use to us":        {`{"type":"OpportunityCreate","locationId":"loc1","id":"a"}`, "", "accepted"},
		"an event that nobody documented": {`{"type":"Surprise","locationId":"loc1","id":"a"}`, "", "accepted"},
		"older than deliveries are known": {`{"type":"ContactUpdate","locationId":"loc1","id":"a","timestamp":"2020-01-01T00:00:00Z"}`, "", "stale"},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, nil)
			require.Equal(t, 200, w.deliver(c.body), "what cannot be made use of would only be sent again")
			require.Equal(t, map[string]int64{c.countedAs: 1}, w.outcomes())
			if c.contact == "" {
				require.Empty(t, w.inbox.all())
				return
			}
			require.Len(t, w.inbox.all(), 1)
			require.Equal(t, c.contact, w.inbox.all()[0].Mark.RecordID)
		})
	}
}

func TestNoSenderDecidesHowManySeriesThereAre(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 50 {
		require.Equal(t, 200, w.deliver(fmt.Sprintf(`{"type":"Surprise%d","locationId":"loc1"}`, i)))
	}
	require.Equal(t, 200, w.deliver(`{"type":"TaskCreate","locationId":"loc1"}`))
	require.Equal(t, 200, w.deliver(`{"type":"INSTALL","appId":"app","locationId":"loc1"}`))
	require.Equal(t, map[string]int64{"other": 50, "TaskCreate": 1, "AppInstall": 1}, w.count("tandem_webhook_events"))
	require.Empty(t, w.inbox.all())
}

func TestAnUninstallReachesTheInbox(t *testing.T) {
	w := newWorld(t, func(c *intake.Config) { c.AppID = "ours" })
	require.Equal(t, 200, w.deliver(`{"type":"UNINSTALL","appId":"ours","locationId":"loc1"}`))
	require.Equal(t, 200, w.deliver(`{"type":"UNINSTALL","appId":"theirs","locationId":"loc1"}`))
	require.Equal(t, 200, w.deliver(`{"type":"UNINSTALL","appId":"ours","companyId":"agency"}`))
	require.Len(t, w.inbox.all(), 1)
	require.True(t, w.inbox.all()[0].Uninstall)
	require.Equal(t, "loc1", w.inbox.all()[0].Location)
	require.Equal(t, map[string]int64{"accepted": 1, "other_app": 1, "unknown_location": 1}, w.outcomes())
	require.Equal(t, map[string]int64{"": 2}, w.count("tandem_webhook_uninstalled_connections"))
	require.Empty(t, w.bell.rings)
}

func TestAWebhookThatIsDeliveredAgainIsAnsweredLikeTheFirst(t *testing.T) {
	for what, body := range map[string]string{
		"by its id":                  event(1, "ContactUpdate", "loc1", "a"),
		"by an id of another form":   `{"type":"ContactUpdate","locationId":"loc1","id":"a","webhookId":"7"}`,
		"by its body":                fmt.Sprintf(`{"type":"ContactUpdate","locationId":"loc1","id":"a","timestamp":%q}`, time.Now().Format(time.RFC3339Nano)),
		"by its body, for uninstall": `{"type":"UNINSTALL","locationId":"loc1"}`,
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, nil)
			require.Equal(t, 200, w.deliver(body))
			require.Equal(t, 200, w.deliver(body))
			require.Equal(t, map[string]int64{"accepted": 1, "duplicate": 1}, w.outcomes())
		})
	}
}

func TestABodyThatNamesNeitherItselfNorATimeIsHeardAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		body := `{"type":"ContactUpdate","locationId":"loc1","id":"a","phone":"+15550100"}`
		require.Equal(t, 200, w.deliver(body))
		require.Equal(t, 200, w.deliver(body))
		time.Sleep(time.Hour)
		require.Equal(t, 200, w.deliver(body), "the contact may have changed to and fro")
		require.Equal(t, map[string]int64{"accepted": 2, "duplicate": 1}, w.outcomes())
	})
}

func TestOtherMethodsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, httptest.NewRequest(method, intake.Path, nil))
		require.Equal(t, 405, recorder.Code)
		require.Equal(t, http.MethodPost, recorder.Header().Get("Allow"))
	}
	for _, path := range []string{"/", "/metrics", "/webhooks", intake.Path + "/x"} {
		recorder := httptest.NewRecorder()
		w.Mux().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, path, nil))
		require.Equal(t, 404, recorder.Code, path)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	largest := fmt.Sprintf(`{"type":"ContactUpdate","locationId":"loc1","id":"a","x":%q}`, strings.Repeat("x", 256<<10-80))
	require.Equal(t, 200, w.deliver(largest))
	tooLarge := largest + strings.Repeat(" ", 80)
	require.Equal(t, 413, w.deliver(tooLarge))
	request := httptest.NewRequest(http.MethodPost, intake.Path, strings.NewReader(tooLarge))
	request.Header.Set(current, w.vendor.sign(tooLarge))
	request.ContentLength = -1 // chunked
	require.Equal(t, 413, w.serve(request))
	require.Equal(t, map[string]int64{"accepted": 1, "too_large": 2}, w.outcomes())
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestABodyThatDoesNotArriveIsAskedForAgain(t *testing.T) {
	w := newWorld(t, nil)
	request := httptest.NewRequest(http.MethodPost, intake.Path, broken{})
	request.Header.Set(current, w.vendor.sign(""))
	require.Equal(t, 429, w.serve(request))
	require.Equal(t, map[string]int64{"interrupted": 1}, w.outcomes())
}

func TestNothingIsAcknowledgedThatCouldNotBeKept(t *testing.T) {
	w := newWorld(t, nil)
	down := atomic.Bool{}
	down.Store(true)
	w.inbox.before = func(context.Context, []record.Announced) error {
		if down.Load() {
			return errors.New("no connection to the database")
		}
		return nil
	}
	body := event(1, "ContactUpdate", "loc1", "a")
	for range 5 {
		require.Equal(t, 429, w.deliver(body))
	}
	require.Empty(t, w.bell.rings)
	require.Equal(t, 1, w.logs.Len(), "an outage does not fill the log")
	down.Store(false)
	require.Equal(t, 200, w.deliver(body))
	require.Equal(t, map[string]int64{"failed": 5, "accepted": 1}, w.outcomes())
}

// stuck makes every batch wait until it is released.
func (b *inbox) stuck() (release func()) {
	gate := make(chan struct{})
	b.before = func(ctx context.Context, _ []record.Announced) error {
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return sync.OnceFunc(func() { close(gate) })
}

// inParallel delivers n events at the same time and returns how often each status came, once all have.
func (w *world) inParallel(first, n int) func() map[int]int {
	statuses := make([]int, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { statuses[i] = w.deliver(event(first+i, "ContactUpdate", "loc1", fmt.Sprint("c", i))) })
	}
	return func() map[int]int {
		group.Wait()
		counts := map[int]int{}
		for _, s := range statuses {
			counts[s]++
		}
		return counts
	}
}

func TestWhoeverWaitsTooLongIsAskedToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *intake.Config) { c.Patience = 0 })
		release := w.inbox.stuck()
		defer release()
		began := time.Now()
		require.Equal(t, map[int]int{429: 50}, w.inParallel(0, 50)())
		require.LessOrEqual(t, time.Since(began), 2100*time.Millisecond)
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *intake.Config) { c.Queue, c.Batch = 10, 1 })
		release := w.inbox.stuck()
		finish := w.inParallel(0, 100)
		synctest.Wait() // all are decided, or wait in the queue and with the two committers
		require.Equal(t, map[string]int64{"overloaded": 100 - 10 - 2}, w.outcomes())
		release()
		require.Equal(t, map[int]int{200: 12, 429: 88}, finish())
		require.Len(t, w.inbox.all(), 12)
	})
}

func TestWhoeverGaveUpIsNotKeptInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *intake.Config) { c.Batch = 1 })
		gate := make(chan struct{})
		w.inbox.before = func(context.Context, []record.Announced) error { <-gate; return nil }
		require.Equal(t, map[int]int{429: 10}, w.inParallel(0, 10)())
		close(gate)
		synctest.Wait()
		require.Len(t, w.inbox.all(), 2, "only what the committers held already")
		require.Equal(t, map[int]int{200: 10}, w.inParallel(0, 10)(), "another delivery is recognised, or kept")
		require.Equal(t, map[string]int64{"overloaded": 10, "accepted": 8, "duplicate": 2}, w.outcomes())
	})
}

func TestStoppingFinishesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *intake.Config) { c.Batch = 3 })
		release := w.inbox.stuck()
		finish := w.inParallel(0, 20)
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- w.Close(context.Background()) }()
		synctest.Wait()
		require.Equal(t, 429, w.deliver(event(99, "ContactUpdate", "loc1", "late")))
		release()
		require.NoError(t, <-closed)
		require.Equal(t, map[int]int{200: 20}, finish())
		require.Len(t, w.inbox.all(), 20)
		require.Equal(t, map[string]int{"north": 1, "south": 1}, w.bell.rings)
	})
}

func TestStoppingDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.bell.fail = func(string, int) error { return errors.New("no connection to Temporal") }
		require.Equal(t, 200, w.deliver(event(1, "ContactUpdate", "loc1", "a")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, w.Close(ctx), context.DeadlineExceeded)
		synctest.Wait()
		require.Equal(t, map[string]int64{"": 2}, w.count("tandem_webhook_unheard_bells"))
	})
}

func TestOneTransactionKeepsManyWebhooksAndRingsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *intake.Config) { c.Batch = 40 })
		require.Equal(t, map[int]int{200: 200}, w.inParallel(0, 200)())
		require.Len(t, w.inbox.all(), 200)
		require.LessOrEqual(t, len(w.inbox.batches), 6)
		for _, batch := range w.inbox.batches {
			require.LessOrEqual(t, len(batch), 40)
		}
		synctest.Wait()
		require.Equal(t, map[string]int{"north": 1, "south": 1}, w.bell.rings)
	})
}

func TestAnAnswerDoesNotWaitForTheBell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.bell.fail = func(_ string, attempt int) error {
			if attempt < 4 {
				return errors.New("no connection to Temporal")
			}
			return nil
		}
		began := time.Now()
		require.Equal(t, 200, w.deliver(event(1, "ContactUpdate", "loc2", "a")))
		require.LessOrEqual(t, time.Since(began), 10*time.Millisecond)
		require.NoError(t, w.Close(t.Context()))
		require.Equal(t, map[string]int{"west": 4}, w.bell.rings)
		require.Empty(t, w.count("tandem_webhook_unheard_bells"))
	})
}

func TestABellThatCannotBeRungIsCountedAndLeftToTheSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.bell.fail = func(string, int) error { return errors.New("no connection to Temporal") }
		require.Equal(t, 200, w.deliver(event(1, "ContactUpdate", "loc2", "a")))
		require.NoError(t, w.Close(t.Context()))
		require.Equal(t, map[string]int{"west": 6}, w.bell.rings)
		require.Equal(t, map[string]int64{"": 1}, w.count("tandem_webhook_unheard_bells"))
		require.Contains(t, w.logged(), "west")
	})
}

func TestABellThatRangIsHeardThoughTheOutcomeIsInDoubt(t *testing.T) {
	w := newWorld(t, nil)
	w.inbox.after = errors.New("connection lost while committing")
	body := event(1, "ContactUpdate", "loc2", "a")
	require.Equal(t, 429, w.deliver(body))
	w.inbox.after = nil
	require.Equal(t, 200, w.deliver(body))
	require.NoError(t, w.Close(t.Context()))
	require.Equal(t, map[string]int{"west": 1}, w.bell.rings)
	require.Equal(t, map[string]int64{"failed": 1, "duplicate": 1}, w.outcomes())
}

func TestStoppingThatIsCutOffLeavesTheBellToTheSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		release := w.inbox.stuck()
		finish := w.inParallel(0, 3)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, w.Close(ctx), context.DeadlineExceeded)
		release()
		require.Equal(t, map[int]int{200: 3}, finish(), "it was kept all the same")
		synctest.Wait()
		require.Empty(t, w.bell.rings)
		require.Equal(t, map[string]int64{"": 2}, w.count("tandem_webhook_unheard_bells"))
	})
}

func TestTheReceiverMeasuresItself(t *testing.T) {
	w := newWorld(t, nil)
	require.Equal(t, 200, w.deliver(event(1, "ContactUpdate", "loc1", "a")))
	require.NoError(t, w.Close(t.Context()))
	var names []string
	for _, m := range w.metrics() {
		names = append(names, m.Name)
	}
	require.Subset(t, names, []string{
		"tandem_webhooks", "tandem_webhook_events", "tandem_webhook_acknowledgement", "tandem_webhook_batch", "tandem_webhook_queue",
	})
}
