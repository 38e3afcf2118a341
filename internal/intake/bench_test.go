package intake_test

import (
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var (
	rate      = flag.Int("rate", 500, "webhooks per second in BenchmarkAcknowledge")
	locations = flag.Int("locations", 20, "how many locations they come from")
)

var _ intake.Inbox = (*store.Store)(nil)

// BenchmarkAcknowledge delivers signed webhooks at a steady rate over HTTP, to a receiver over a Postgres that syncs to
// disk, and measures how long each takes to be acknowledged. A late start of a delivery counts as waiting.
func BenchmarkAcknowledge(b *testing.B) {
	ledger := postgres(b)
	for i := range *locations {
		_, err := ledger.AddConnection(b.Context(), store.Connection{
			ID: fmt.Sprintf("c%d", i), Rules: "x", State: record.ConnectionActive, Location: fmt.Sprintf("loc%d", i), FingerprintKey: []byte("x"),
		})
		require.NoError(b, err)
	}
	vendor := newSigner(b)
	receiver, err := intake.New(intake.Config{
		Keys: intake.Keys{Current: []ed25519.PublicKey{vendor.public}}, Inbox: ledger, Doorbell: &doorbell{},
		Log: zap.NewNop(), Meter: noop.Meter{},
	})
	require.NoError(b, err)
	server := httptest.NewServer(receiver.Mux())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	bodies := make([]string, b.N)
	for i := range bodies {
		bodies[i] = event(i, "ContactUpdate", fmt.Sprintf("loc%d", i%*locations), fmt.Sprintf("contact%d", i%5000))
	}

	took, statuses := make([]time.Duration, b.N), make([]int, b.N)
	var group sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for i, body := range bodies {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(*rate))
		time.Sleep(time.Until(due))
		group.Go(func() {
			statuses[i] = post(client, server.URL+intake.Path, body, vendor)
			took[i] = time.Since(due)
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	b.StopTimer()

	require.NoError(b, receiver.Close(context.Background()))
	kept := int64(0)
	for i := range *locations {
		heard, err := ledger.Heard(b.Context(), fmt.Sprintf("c%d", i))
		require.NoError(b, err)
		for _, h := range heard {
			kept += h.Announced
		}
	}
	acknowledged := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			acknowledged++
		}
	}
	require.GreaterOrEqual(b, kept, int64(acknowledged), "what was acknowledged was kept")
	slices.Sort(took)
	at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1000 }
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(b.N-acknowledged), "refused")
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "webhooks/s")
}

func post(client *http.Client, url, body string, vendor signer) int {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set(current, vendor.sign(body))
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // a few bytes
	return response.StatusCode
}

// postgres starts a server with a migrated database, for one benchmark.
func postgres(b *testing.B) *store.Store {
	b.Helper()
	dir, err := devstack.NewTempDataDir()
	require.NoError(b, err)
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := devstack.StartPostgres(b.Context(), devstack.PostgresOptions{DataDir: dir})
	require.NoError(b, err)
	b.Cleanup(func() { _ = server.Stop(context.Background()) })
	ledger, err := store.Open(b.Context(), server.URL())
	require.NoError(b, err)
	b.Cleanup(ledger.Close)
	require.NoError(b, ledger.Migrate(b.Context()))
	return ledger
}
