package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	webhookRate = 500 // a second
	webhookTime = 30 * time.Second
)

// BenchmarkWebhooks prints how a worker takes webhooks under load while it syncs what they tell of, with the target beside
// each figure. It runs once, whatever b.N is.
func BenchmarkWebhooks(b *testing.B) {
	contacts := contactsFromEnv("TANDEM_BENCH_LOADED_CONTACTS", 3000)
	s := onboarded(b, sandbox.Options{}, sandbox.People{Both: contacts, Seed: 8}, "", withoutPolls)
	links := s.inStep(b, contacts)
	events := s.edits(b, links, webhookRate*int(webhookTime/time.Second))
	before := s.kept(b)

	var out answers
	var over time.Time
	load := s.spend(b, func() {
		out = deliver(s.WebhookURLs()[0], events)
		over = time.Now()
	})
	drained := load.began.Add(load.took).Sub(over)
	acknowledged := out.byStatus[http.StatusOK]
	forgotten, lost := max(0, acknowledged-(s.kept(b)-before)), s.lost(links)
	distinct := min(contacts, len(events))

	t := newFigureTable(fmt.Sprintf("%d webhooks, %d/s, about %d contacts", len(events), webhookRate, distinct))
	t.row("acknowledged, p50", ms(percentile(out.took, 0.5)), "")
	t.row("p99", ms(percentile(out.took, 0.99)), "10 ms")
	t.row("slowest", ms(percentile(out.took, 1)), "")
	t.row("acknowledged, of these not kept, contacts that were not synced", fmt.Sprintf("%d, %d, %d", acknowledged, forgotten, lost), "all, 0, 0")
	t.row("asked to come again (429), other answers", fmt.Sprintf("%d, %d", out.byStatus[http.StatusTooManyRequests],
		len(events)-acknowledged-out.byStatus[http.StatusTooManyRequests]), "0, 0")
	t.row("signals to SyncChanges", fmt.Sprintf("%d, one for %.0f webhooks", load.sync.Signals, float64(len(events))/float64(max(1, load.sync.Signals))), "")
	t.row("until all had arrived and been recorded, after the last webhook", drained.Round(10*time.Millisecond).String(), "")
	t.row("actions per webhook", load.breakdown(len(events)), "0.02")
	t.row("API calls per webhook, GoHighLevel and Salesforce", per(load.ghl, len(events))+" + "+per(load.sf, len(events)), "")
	t.print(b)
	if forgotten+lost > 0 {
		b.Fatal("something was lost")
	}
}

// signed is a webhook as the vendor sends it.
type signed struct {
	header http.Header
	body   []byte
}

// edits makes n edits in GoHighLevel, contact by contact and over again, and returns the vendor's webhooks about them,
// which reach nobody.
func (s *system) edits(b *testing.B, links []record.Link, n int) []signed {
	b.Helper()
	var mu sync.Mutex
	events := make([]signed, 0, n)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the vendor gives it up, and the count below tells
		}
		mu.Lock()
		defer mu.Unlock()
		events = append(events, signed{r.Header.Clone(), body})
	}))
	defer sink.Close()
	if err := s.Sandbox.GoHighLevel.SetWebhookURL(sink.URL); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := s.editGoHighLevel(links[i%len(links)], fmt.Sprintf("Load %d", i/len(links))); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Sandbox.GoHighLevel.DrainWebhooks(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := s.Sandbox.GoHighLevel.SetWebhookURL(s.State.WebhookURL); err != nil {
		b.Fatal(err)
	}
	if len(events) != n {
		b.Fatalf("%d webhooks tell of %d edits", len(events), n)
	}
	return events
}

// answers are how deliveries were answered.
type answers struct {
	took     []time.Duration
	byStatus map[int]int // 0 is no answer
}

// deliver sends webhooks at a steady rate, however long the answers take. A late start of a delivery counts as waiting.
func deliver(url string, events []signed) answers {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	took, statuses := make([]time.Duration, len(events)), make([]int, len(events))
	var group sync.WaitGroup
	began := time.Now()
	for i, e := range events {
		due := began.Add(time.Duration(i) * time.Second / webhookRate)
		time.Sleep(time.Until(due))
		group.Go(func() {
			statuses[i] = post(client, url, e)
			took[i] = time.Since(due)
		})
	}
	group.Wait()
	out := answers{took: took, byStatus: map[int]int{}}
	for _, status := range statuses {
		out.byStatus[status]++
	}
	return out
}

func post(client *http.Client, url string, e signed) int {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(e.body))
	if err != nil {
		return 0
	}
	request.Header = e.header
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }() // read below as far as it can be
	_, _ = io.Copy(io.Discard, response.Body)    // the status is what counts
	return response.StatusCode
}

// kept is how many webhooks the ledger has kept.
func (s *system) kept(b *testing.B) int {
	b.Helper()
	days, err := s.Store.Heard(b.Context(), connection)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, d := range days {
		n += int(d.Announced)
	}
	return n
}
