package assembly_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
)

type refused map[record.Side]map[string]int

func (r refused) CountRefusals(context.Context) (map[record.Side]map[string]int, error) {
	return r, nil
}

func TestWhatIsRefusedIsMeasuredAndSoIsThatItIsOver(t *testing.T) {
	metrics, err := platform.NewMetrics()
	require.NoError(t, err)
	source := refused{record.GoHighLevel: {record.RefusalReconnect: 2}}
	refusals, err := assembly.NewRefusals(source, metrics.Meter())
	require.NoError(t, err)
	shown := func() string {
		require.NoError(t, refusals.Count(t.Context()))
		w := httptest.NewRecorder()
		metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		return w.Body.String()
	}
	text := shown()
	require.Contains(t, text, `tandem_connections_refused{side="gohighlevel",state="reconnect"} 2`)
	require.Contains(t, text, `tandem_connections_refused{side="salesforce",state="suspended"} 0`)
	clear(source)
	require.Contains(t, shown(), `tandem_connections_refused{side="gohighlevel",state="reconnect"} 0`)
}
