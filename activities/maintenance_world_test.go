package activities_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

var onMaintenance *activities.Maintenance

// maintain maintains the connection as a person would let it, and returns the report.
func (w *world) maintain(in activities.MaintainConnectionInput) *record.MaintenanceReport {
	w.t.Helper()
	in.Connection = acme
	out := do[activities.MaintenanceResult](w, onMaintenance.MaintainConnection, in)
	require.NotNil(w.t, out.Report)
	return out.Report
}

// calmly is maintain where no part may fail.
func (w *world) calmly() *record.MaintenanceReport {
	w.t.Helper()
	report := w.maintain(activities.MaintainConnectionInput{})
	for _, part := range report.Parts {
		require.Empty(w.t, part.Problem, "%s", part.Part)
	}
	return report
}

// part returns what one part came to.
func part(r *record.MaintenanceReport, name record.MaintenancePart) record.MaintenanceCounts {
	for _, p := range r.Parts {
		if p.Part == name {
			return p
		}
	}
	return record.MaintenanceCounts{}
}

// findings returns what was found of a sort.
func findings(r *record.MaintenanceReport, found record.MaintenanceFindingKind) (out []record.MaintenanceFinding) {
	for _, f := range r.Findings {
		if f.Found == found {
			out = append(out, f)
		}
	}
	return out
}

// exec changes the ledger behind everybody's back.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err)
}

// number reads one number from the ledger.
func (w *world) number(sql string, args ...any) int {
	w.t.Helper()
	var n int
	require.NoError(w.t, w.db.QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

// ledgerNow is what the ledger holds, by table.
func (w *world) ledgerNow() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, table := range []string{"announced", "bells", "cursors", "credentials", "deletions", "journal", "links", "maintenance", "pending", "reviews"} {
		var sum string
		require.NoError(w.t, w.db.QueryRow(w.t.Context(),
			`SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM `+table+` t`).Scan(&sum))
		out[table] = sum
	}
	return out
}

// aged lets all links have been synced an hour ago.
func (w *world) aged() {
	w.t.Helper()
	w.exec(`UPDATE links SET synced_at = synced_at - interval '1 hour'`)
}

// ended makes n links of contacts whose records were deleted on both sides so long ago.
func (w *world) ended(n int, ago time.Duration) (links []int64) {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `
		INSERT INTO links (connection, kind, state, gohighlevel_id, synced_at, base)
		SELECT c.number, 1, 6, 'ended' || nextval('claim_tokens'), clock_timestamp() - $2::interval, 'base'
		FROM connections c, generate_series(1, $1) RETURNING id`, n, ago)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(w.t, rows.Scan(&id))
		links = append(links, id)
	}
	require.NoError(w.t, rows.Err())
	return links
}

// remain counts which of the links are still there.
func (w *world) remain(links []int64) int {
	w.t.Helper()
	return w.number(`SELECT count(*) FROM links WHERE id = ANY ($1)`, links)
}

// granted changes the credential of a side.
func (w *world) granted(side record.Side, change func(*oauth.Credential)) {
	w.t.Helper()
	credentials := w.store.Credentials(w.vault)
	c, err := credentials.LoadCredential(w.t.Context(), acme, side)
	require.NoError(w.t, err)
	change(c)
	require.NoError(w.t, credentials.PutCredential(w.t.Context(), acme, side, c))
}

// generation is how often the credential of a side was renewed.
func (w *world) generation(side record.Side) int {
	w.t.Helper()
	c, err := w.store.Credentials(w.vault).LoadCredential(w.t.Context(), acme, side)
	require.NoError(w.t, err)
	return c.Generation
}
