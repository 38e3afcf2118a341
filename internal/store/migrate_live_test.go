package store_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/storetest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestADatabaseThatWasFilledUnderTheFirstVersionIsBroughtUpToDate(t *testing.T) {
	address := storetest.Empty(t)
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	db := stdlib.OpenDB(*config)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"))
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rules := map[string]string{
		"acme":   "# location: not-this\ngohighlevel:\n  location: ve9EPM428h8vShlRW1KT\nsalesforce:\n  org: 00D000000000001\n",
		"flow":   "gohighlevel: {location: ve9EPM428h8vShlRW1K2}\n",
		"quoted": "gohighlevel:\n    daily: 5\n    location: \"ve9EPM428h8vShlRW1K3\" # of the shop\n",
		"none":   "fields: {}\n",
	}
	for id, text := range rules {
		exec(t, conn, `INSERT INTO connections (id, rules, state, fingerprint_key) VALUES ($1, $2, 'new', 'x')`, id, text)
	}
	exec(t, conn, `
		INSERT INTO links (connection, kind, state, gohighlevel_id, salesforce_id, problem, base)
		SELECT number, 1, v.state, v.g, v.s, v.problem, v.base FROM connections CROSS JOIN (VALUES
			(2, 'in step', '001', '', 'base'::bytea), (3, 'one', NULL, 'ambiguous_match', NULL), (3, NULL, '003', 'ambiguous_match', NULL),
			(3, 'alone', NULL, 'duplicate_refused', NULL), (1, 'new', NULL, '', NULL), (5, 'out', NULL, '', NULL)) AS v (state, g, s, problem, base)
		WHERE id = 'acme'`)
	exec(t, conn, `
		INSERT INTO reviews (connection, kind, reason, link_ids)
		SELECT connection, 1, 'ambiguous_match', array_agg(id ORDER BY id) FROM links WHERE problem = 'ambiguous_match' GROUP BY connection`)
	exec(t, conn, `INSERT INTO pending (link_id, connection, kind) SELECT id, connection, kind FROM links WHERE state = 1`)
	exec(t, conn, `INSERT INTO journal (link_id, connection, rules_version, kind, side, operation, origin, run_id, sealed)
		SELECT id, connection, 1, 1, 1, 2, 'o', 'r', 'x' FROM links`)
	exec(t, conn, `INSERT INTO budget_windows (connection, side) SELECT number, 1 FROM connections`)

	s, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.CheckVersion(t.Context()))

	locations := map[string]string{}
	for id := range rules {
		var location *string
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT location FROM connections WHERE id = $1`, id).Scan(&location))
		if location != nil {
			locations[id] = *location
		}
	}
	require.Equal(t, map[string]string{
		"acme": "ve9EPM428h8vShlRW1KT", "flow": "ve9EPM428h8vShlRW1K2", "quoted": "ve9EPM428h8vShlRW1K3",
	}, locations)
	require.Len(t, links(t, s, acme), 6)
	open := openReviews(t, s)
	require.Len(t, open, 2, "what waited for a person still does, by itself or with others")
	require.Len(t, open[0].Links, 2)
	require.Equal(t, record.ReviewDuplicateRefused, open[1].Reason)
	require.Equal(t, "alone", open[1].Links[0].GoHighLevelID)

	exec(t, conn, `UPDATE connections SET state = 'active', live_since = now()`)
	require.NoError(t, decide(s, link(open[0], "one", "003")))
	require.NoError(t, decide(s, record.Verdict{ReviewID: open[1].ID, Choice: record.ChooseSeparate}))
	require.Len(t, plan(t, s, 10).Record, 3)
}
