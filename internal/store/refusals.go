package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// refusalsOf selects, of connections, what their sides refuse, as refusalRows.
const refusalsOf = `(
	SELECT json_agg(json_build_object('side', k.side, 'state', k.refused, 'reason', k.refused_reason, 'since', k.refused_at) ORDER BY k.side)
	FROM credentials k WHERE k.connection = connections.number AND k.refused IS NOT NULL)`

// refused is the condition under which a side of a connection c refuses Tandem a token.
const refused = `EXISTS (SELECT FROM credentials k WHERE k.connection = c.number AND k.refused IS NOT NULL)`

// refusalRows is what refusalsOf selects; null where nothing is refused.
type refusalRows []byte

func (r refusalRows) refusals() ([]record.Refusal, error) {
	if len(r) == 0 {
		return nil, nil
	}
	var rows []struct {
		Side   int16     `json:"side"`
		State  string    `json:"state"`
		Reason string    `json:"reason"`
		Since  time.Time `json:"since"`
	}
	if err := json.Unmarshal(r, &rows); err != nil {
		return nil, fmt.Errorf("store: read what is refused: %w", err)
	}
	out := make([]record.Refusal, len(rows))
	for i, row := range rows {
		out[i] = record.Refusal{Side: sideOf(row.Side), State: row.State, Reason: row.Reason, Since: row.Since}
	}
	return out, nil
}

// CountRefusals returns how many sides of active connections refuse Tandem a token, by side and by state of the refusal.
func (s *Store) CountRefusals(ctx context.Context) (map[record.Side]map[string]int, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT k.side, k.refused, count(*) FROM credentials k JOIN connections c ON c.number = k.connection
		WHERE c.state = $1 AND k.refused IS NOT NULL GROUP BY k.side, k.refused`, record.ConnectionActive)
	if err != nil {
		return nil, fmt.Errorf("store: count refusals: %w", err)
	}
	out := map[record.Side]map[string]int{record.GoHighLevel: {}, record.Salesforce: {}}
	var side int16
	var state string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&side, &state, &n}, func() error {
		out[sideOf(side)][state] = n
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: count refusals: %w", err)
	}
	return out, nil
}

// sweepSoon lets a connection be polled again at once whose polling failed: what kept it from that is over.
func sweepSoon(ctx context.Context, tx pgx.Tx, connection int32) error {
	_, err := tx.Exec(ctx, `UPDATE sweeps SET next_at = least(next_at, clock_timestamp()) WHERE connection = $1 AND failures > 0`, connection)
	return err
}
