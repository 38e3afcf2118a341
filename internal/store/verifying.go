package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Unlinked returns up to n staged records of a side that no link holds, in the order of their ids, byte by byte, after an
// id. The links in what it returns have no id. Pending tells that a record is announced. What belongs to a contact that is
// not in step is among them.
func (s *Store) Unlinked(ctx context.Context, connection string, kind record.Kind, side record.Side, after string, n int) ([]record.Work, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	code, err := sideCode(side)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT st.record_id, st.body, st.external_keys, st.email_keys, st.phone_name_keys, st.first_name_key, st.excluded,
		       st.modified_at, st.read_at, st.contact, a.record_id IS NOT NULL
		FROM staged st
		LEFT JOIN announced a ON a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = st.record_id
		WHERE st.connection = $1 AND st.kind = $2 AND st.side = $3 AND st.record_id > $4
		  AND NOT EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.`+recordColumn[side]+` = st.record_id)
		ORDER BY st.record_id LIMIT $5`, sc.number, sc.kind, code, after, n)
	if err != nil {
		return nil, fmt.Errorf("store: list what no link holds: %w", err)
	}
	work, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Work, error) {
		var st stagedRow
		var contact string
		w := record.Work{Link: record.Link{Connection: connection, Kind: kind, State: record.LinkNew}}
		if err := row.Scan(append(st.targets(), &contact, &w.Pending)...); err != nil {
			return record.Work{}, err
		}
		if side == record.GoHighLevel {
			w.GoHighLevel = st.staged(side, 0)
			w.Link.GoHighLevelID, w.Link.GoHighLevelContact = w.GoHighLevel.ID, contact
		} else {
			w.Salesforce = st.staged(side, 0)
			w.Link.SalesforceID, w.Link.SalesforceContact = w.Salesforce.ID, contact
		}
		return w, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: list what no link holds: %w", err)
	}
	return work, nil
}

// Underway counts what of a kind is announced, or pending and waits for no person.
func (s *Store) Underway(ctx context.Context, connection string, kind record.Kind) (int, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return 0, err
	}
	var n int
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM announced WHERE connection = $1 AND kind = $2)
		     + (SELECT count(*) FROM pending p JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.id = p.link_id
		        WHERE p.connection = $1 AND p.kind = $2 AND l.state <> 3)`, sc.number, sc.kind).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count what is under way: %w", err)
	}
	return n, nil
}
