package gohighleveltest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *caller) createMany(n int) (ids []string) {
	for i := range n {
		ids = append(ids, c.fake.Create(Contact{FirstName: fmt.Sprint("P", i)}))
	}
	return ids
}

func TestADeliveryIsSignedOverItsRawBody(t *testing.T) {
	for which, want := range map[string][2]bool{"": {true, false}, SignCurrent: {true, false}, SignBoth: {true, true}, SignLegacy: {false, true}} {
		t.Run(which, func(t *testing.T) {
			c, x := listening(t, Options{WebhookFaults: WebhookFaults{Signatures: which}}, nil)
			c.fake.Create(Contact{FirstName: "Ada & <Bob>", LastName: "Zoë\u2028"})
			c.drain()
			got := x.got()[0]
			require.Contains(t, string(got.raw), "Ada & <Bob>", "as the vendor's JSON, not Go's")
			require.Equal(t, want, [2]bool{verified(t, c.fake, got), verifiedLegacy(t, c.fake, got)})
		})
	}
}

func TestOnlyA429IsTriedAgainUnderTheOlderRegime(t *testing.T) {
	c, x := listening(t, Options{}, func(_ received, n int) int { return []int{429, 429, 200}[n] })
	c.createMany(1)
	c.drain()
	require.Len(t, x.got(), 3)
	require.Equal(t, x.got()[0].raw, x.got()[2].raw)
	require.Equal(t, 2, c.fake.WebhookStats().Retried)
	require.Zero(t, c.fake.WebhookStats().GivenUp)

	for status, tries := range map[int]int{429: 7, 500: 1, 307: 1, 404: 1} {
		c, x := listening(t, Options{}, func(received, int) int { return status })
		c.createMany(1)
		c.drain()
		require.Len(t, x.got(), tries, status)
		require.Equal(t, 1, c.fake.WebhookStats().GivenUp)
		require.Equal(t, map[int]int{status: tries}, c.fake.WebhookStats().ByStatus)
	}
}

func TestAnyFailureIsTriedAgainUnderTheNewerRegime(t *testing.T) {
	quick := WebhookFaults{Retry: RetryNon2xx, Backoff: Duration(10 * time.Microsecond)}
	c, x := listening(t, Options{WebhookFaults: quick}, func(received, int) int { return 500 })
	c.createMany(1)
	c.drain()
	require.Len(t, x.got(), 13)
	require.Equal(t, 1, c.fake.WebhookStats().GivenUp)

	down := start(t, Options{WebhookFaults: quick})
	t.Cleanup(down.fake.Close)
	gone := receive(t, nil)
	require.NoError(t, down.fake.SetWebhookURL(gone.server.URL))
	gone.server.Close()
	down.createMany(1)
	down.drain()
	require.Equal(t, map[int]int{0: 13}, down.fake.WebhookStats().ByStatus)
}

func TestTheWaitsBetweenTriesAreTheVendors(t *testing.T) {
	wait, again := WebhookFaults{}.again(429, 6, 1)
	require.True(t, again)
	require.Equal(t, 15*time.Minute, wait)
	_, again = WebhookFaults{}.again(429, 7, 0)
	require.False(t, again)
	newer := WebhookFaults{Retry: RetryNon2xx, Backoff: Duration(time.Second)}
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: 64 * time.Second} {
		wait, again = newer.again(0, tries, 0)
		require.True(t, again)
		require.Equal(t, want, wait)
	}
	_, again = newer.again(0, 13, 0)
	require.False(t, again)
}

func TestDeliveriesAreLostDoubledAndShuffledAtTheirRates(t *testing.T) {
	faults := WebhookFaults{Drop: 0.2, Duplicate: 0.3, Reorder: Duration(50 * time.Millisecond)}
	c, x := listening(t, Options{Seed: 9, WebhookFaults: faults}, nil)
	ids := c.createMany(400)
	c.drain()
	s := c.fake.WebhookStats()
	require.Equal(t, 400, s.Events)
	require.InDelta(t, 80, s.Dropped, 30)
	require.InDelta(t, 120, s.Duplicated, 35)
	require.Equal(t, 400-s.Dropped+s.Duplicated, s.ByStatus[200])
	require.Len(t, x.got(), s.ByStatus[200])
	require.Zero(t, s.Pending)
	var order []int
	for _, r := range x.got() {
		order = append(order, slices.Index(ids, r.text("id")))
	}
	require.False(t, slices.IsSorted(order))
}

func TestTheSameSeedHasTheSameFate(t *testing.T) {
	fate := func(seed uint64) (names []string) {
		c, x := listening(t, Options{Seed: seed, WebhookFaults: WebhookFaults{Drop: 0.3, Duplicate: 0.3, Forge: 0.3, Parallel: 1}}, nil)
		c.createMany(60)
		c.drain()
		for _, r := range x.got() {
			names = append(names, string(r.raw)+r.header.Get("X-GHL-Signature"))
		}
		slices.Sort(names)
		return names
	}
	require.Equal(t, fate(1), fate(1))
	require.NotEqual(t, fate(1), fate(2))
}

func TestForgedDeliveriesCarryNoValidSignature(t *testing.T) {
	for _, which := range []string{SignCurrent, SignLegacy, SignBoth} {
		t.Run(which, func(t *testing.T) {
			real := map[string]bool{}
			var mu sync.Mutex
			var c *caller
			c, x := listening(t, Options{Seed: 2, WebhookFaults: WebhookFaults{Forge: 0.5, Signatures: which}}, func(r received, _ int) int {
				if !verified(t, c.fake, r) && !verifiedLegacy(t, c.fake, r) {
					return http.StatusUnauthorized
				}
				mu.Lock()
				defer mu.Unlock()
				real[r.text("id")] = true
				return http.StatusOK
			})
			ids := c.createMany(60)
			c.drain()
			s := c.fake.WebhookStats()
			require.InDelta(t, 30, s.Forged, 15)
			require.Equal(t, map[int]int{401: s.Forged}, s.ForgedByStatus)
			require.Equal(t, map[int]int{200: 60}, s.ByStatus)
			require.Len(t, real, len(ids))
			kinds := map[string]int{}
			for _, r := range x.got() {
				switch {
				case r.header.Get("X-GHL-Signature")+r.header.Get("X-WH-Signature") == "":
					kinds["unsigned"]++
				case r.text("type") == AppUninstalled:
					kinds["another key"]++
				case !slices.Contains(ids, r.text("id")):
					kinds["another body"]++
				}
			}
			require.Len(t, kinds, 3, "each kind of forgery occurs")
		})
	}
}

func TestOlderAppsGetNoWebhookID(t *testing.T) {
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{NoWebhookID: true}}, nil)
	c.createMany(1)
	c.drain()
	require.NotContains(t, x.got()[0].body, "webhookId")
}

func TestNoMoreThanSoManyAreDeliveredAtOnceAndTheAPIDoesNotWait(t *testing.T) {
	var mu sync.Mutex
	open, most := 0, 0
	release := make(chan struct{})
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{Parallel: 3}}, func(received, int) int {
		mu.Lock()
		open++
		most = max(most, open)
		mu.Unlock()
		<-release
		mu.Lock()
		open--
		mu.Unlock()
		return 200
	})
	for i := range 20 {
		c.create(object{"firstName": fmt.Sprint(i)}) // comes back although no delivery does
	}
	require.Eventually(t, func() bool { return len(x.got()) == 3 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 20, c.fake.WebhookStats().Pending)
	close(release)
	c.drain()
	require.Len(t, x.got(), 20)
	require.Equal(t, 3, most)
}

func TestTheQueueIsBounded(t *testing.T) {
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{Delay: Duration(time.Hour)}}, nil)
	c.fake.webhooks.maxQueue = 5
	c.createMany(8)
	require.Equal(t, 3, c.fake.WebhookStats().Overflowed)
	require.Equal(t, 5, c.fake.WebhookStats().Pending)
	c.fake.Close()
	require.Empty(t, x.got())
}

func TestCloseCutsDeliveriesOffAndForgetsTheQueue(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{Parallel: 1}}, func(received, int) int { <-hang; return 200 })
	c.createMany(5)
	require.Eventually(t, func() bool { return len(x.got()) == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.fake.DrainWebhooks(ctx), context.Canceled)
	c.fake.Close()
	c.fake.Close()
	c.drain()
	c.createMany(1)
	c.fake.Install()
	require.Zero(t, c.fake.Replay(time.Time{}))
	require.Zero(t, c.fake.WebhookStats().Pending)
	require.Len(t, x.got(), 1)
}

func TestAReplayDeliversWhatWasLoggedOnceMore(t *testing.T) {
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{Drop: 1}}, nil)
	old := c.createMany(2)
	c.clock.advance(time.Minute)
	since := c.clock.Now()
	fresh := c.createMany(3)
	require.NoError(t, c.fake.SetWebhookFaults(WebhookFaults{}))
	require.Equal(t, 3, c.fake.Replay(since))
	c.drain()
	first := x.got()
	require.Len(t, first, 3)
	for _, r := range first {
		require.Contains(t, fresh, r.text("id"))
		require.True(t, verified(t, c.fake, r))
	}
	require.Equal(t, 5, c.fake.Replay(time.Time{}))
	c.drain()
	ids := map[string]bool{}
	for _, r := range x.got() {
		ids[r.text("webhookId")] = true
	}
	require.Len(t, ids, len(old)+len(fresh), "webhookIds are the old ones")
	require.Equal(t, 8, c.fake.WebhookStats().Replayed)
}

func TestASnapshotKeepsTheWebhookSettingsOfTheFakeThatRestoresIt(t *testing.T) {
	c, _ := listening(t, Options{Seed: 1}, nil)
	id := c.fake.Create(Contact{FirstName: "Ada"})
	c.drain()
	var saved bytes.Buffer
	require.NoError(t, c.fake.Save(&saved))
	d, y := listening(t, Options{Seed: 1}, nil)
	require.NoError(t, d.fake.Restore(&saved))
	d.drain()
	require.Empty(t, y.got(), "restoring is no change")
	require.NoError(t, d.fake.Edit(id, map[string]any{"city": "Rome"}))
	d.drain()
	require.Equal(t, []string{ContactUpdate + " " + id}, y.names())
}

func TestAnotherProcessCanSetWebhooksUp(t *testing.T) {
	c, x := start(t, Options{}), receive(t, nil)
	t.Cleanup(c.fake.Close)
	c.want(200, "POST", "/__admin/webhooks", object{"url": x.server.URL})
	c.want(200, "POST", "/__admin/webhooks", object{"url": x.server.URL + "/tags", "events": []string{ContactTagUpdate}})
	c.want(400, "POST", "/__admin/webhooks", object{"url": "http://example.com"})
	c.want(400, "POST", "/__admin/webhooks/faults", object{"drop": 2})
	c.want(400, "POST", "/__admin/webhooks/faults", object{"retry": "never"})
	c.want(200, "POST", "/__admin/webhooks/faults", object{"duplicate": 1, "delay": "1ms", "retry": RetryNon2xx})
	settings := c.want(200, "GET", "/__admin/webhooks", nil).body
	require.Equal(t, c.fake.WebhookPublicKey(), settings["publicKey"])
	require.Equal(t, c.fake.WebhookLegacyPublicKey(), settings["legacyPublicKey"])
	require.Equal(t, []any{object{"url": x.server.URL}, object{"url": x.server.URL + "/tags", "events": []any{ContactTagUpdate}}}, settings["endpoints"])
	c.want(200, "POST", "/__admin/contacts", []object{{"firstName": "L"}})
	c.want(200, "POST", "/__admin/contacts?announce", []object{{"firstName": "I"}})
	c.want(200, "POST", "/__admin/install", nil)
	c.want(200, "POST", "/__admin/uninstall", nil)
	c.drain()
	require.Len(t, x.got(), 6)
	require.EqualValues(t, 3, c.want(200, "POST", "/__admin/webhooks/replay", object{"since": "2026-01-01T00:00:00Z"}).body["events"])
	c.drain()
	stats := c.want(200, "GET", "/__admin/stats", nil).body["webhooks"].(object)
	require.EqualValues(t, 3, stats["events"])
	require.EqualValues(t, 9, stats["byStatus"].(object)["200"])
	c.want(200, "DELETE", "/__admin/stats", nil)
	require.Zero(t, c.fake.WebhookStats().Events)
}

func TestManyAtOnceAreAllDelivered(t *testing.T) {
	c, x := listening(t, Options{WebhookFaults: WebhookFaults{Reorder: Duration(time.Millisecond)}}, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for _, id := range c.createMany(25) {
				_ = c.fake.Edit(id, map[string]any{"city": "Rome"})
				_ = c.fake.SetWebhookFaults(WebhookFaults{Parallel: 4})
				c.fake.WebhookStats()
			}
		}()
	}
	wg.Wait()
	c.drain()
	require.Len(t, x.got(), 400)
	require.Equal(t, map[int]int{200: 400}, c.fake.WebhookStats().ByStatus)
}
