package assembly_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// ages is a ledger of connections with their ages.
type ages struct {
	list []record.ConnectionAge
	read int
}

func (a *ages) ConnectionAges(context.Context) ([]record.ConnectionAge, error) { return a.list, nil }

func (a *ages) GetConnection(_ context.Context, id string) (store.Connection, error) {
	a.read++
	return store.Connection{ID: id, RulesVersion: 1, Rules: fmt.Sprintf(
		"connection: %s\ngohighlevel: {location: ve9EPM428h8vShlRW1KT}\nsalesforce: {org: 00D5g00000TandmEAB}\n", id)}, nil
}

func TestConnectionsWithoutASuccessForLongerThanTheirRulesHaveItAreStale(t *testing.T) {
	metrics, err := platform.NewMetrics()
	require.NoError(t, err)
	source := &ages{list: []record.ConnectionAge{
		{Connection: "acme", RulesVersion: 1, Age: time.Minute}, {Connection: "beta", RulesVersion: 1, Age: 61 * time.Minute},
	}}
	staleness, err := assembly.NewStaleness(source, metrics.Meter())
	require.NoError(t, err)
	for range 3 {
		n, err := staleness.Count(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n, "the rules' default is an hour")
	}
	require.Equal(t, 2, source.read, "rules are read once per version")
	source.list[1].Age = time.Minute
	n, err := staleness.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}
