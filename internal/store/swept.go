package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// SweptPage stores what one page of a sweep brought, all of it or nothing. Ring tells that the connection's bell was
// silent before: then whoever called must wake the connection's SyncChanges. It fails with record.ErrFenced where another
// lease was taken. Safe to repeat, but for the counts of Heard.
func (s *Store) SweptPage(ctx context.Context, sweep record.Sweep, page record.SweptPage) (ring bool, err error) {
	sc, side, err := s.sweepScope(ctx, sweep.SweepKey)
	if err != nil {
		return false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		ring = false
		tag, err := tx.Exec(ctx, `
			UPDATE sweeps
			SET swept_to = greatest(swept_to, $5), deleted_to = greatest(deleted_to, $6),
			    compared_at = coalesce($7, compared_at), compared_after = coalesce($8, compared_after)
			WHERE connection = $1 AND kind = $2 AND side = $3 AND last_at = $4`,
			sc.number, sc.kind, side, sweep.Began, nilTime(page.SweptTo), nilTime(page.DeletedTo), nilTime(page.ComparedAt), page.ComparedAfter)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return record.ErrFenced
		}
		if len(page.Marks) > 0 {
			if ring, err = announce(ctx, tx, sc, page.Marks); err != nil {
				return err
			}
		}
		if len(page.Notes) > 0 {
			rang, err := markNotes(ctx, tx, sc.number, page.Notes)
			if err != nil {
				return err
			}
			ring = ring || rang
		}
		if err := remember(ctx, tx, sc, side, page); err != nil {
			return err
		}
		if err := hear(ctx, tx, sc, side, page.Heard); err != nil {
			return err
		}
		return setReadings(ctx, tx, sc, side, page.Readings)
	})
	if err != nil {
		return false, fmt.Errorf("store: store a page of a sweep: %w", err)
	}
	return ring, nil
}

// remember notes what was seen, of a record that was seen twice the later, and forgets what is old.
func remember(ctx context.Context, tx pgx.Tx, sc scope, side int16, page record.SweptPage) error {
	last := make(map[string]record.Seen, len(page.Seen))
	for _, seen := range page.Seen {
		last[seen.RecordID] = seen
	}
	ids := slices.Sorted(maps.Keys(last))
	stamps, fingerprints := make([]time.Time, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		stamps[i], fingerprints[i] = last[id].Stamp, last[id].Fingerprint
	}
	if len(ids) > 0 {
		if _, err := tx.Exec(ctx, `
			INSERT INTO swept (connection, kind, side, record_id, stamp, fingerprint)
			SELECT $1, $2, $3, p.id, p.stamp, p.fingerprint
			FROM unnest($4::text[], $5::timestamptz[], $6::bigint[]) AS p (id, stamp, fingerprint)
			ON CONFLICT (connection, kind, side, record_id) DO UPDATE
			SET stamp = excluded.stamp, fingerprint = excluded.fingerprint`,
			sc.number, sc.kind, side, ids, stamps, fingerprints); err != nil {
			return err
		}
	}
	if page.ForgetBefore.IsZero() {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM swept WHERE connection = $1 AND kind = $2 AND side = $3 AND stamp < $4`,
		sc.number, sc.kind, side, page.ForgetBefore)
	return err
}

// hear counts what a sweep found that no webhook had announced.
func hear(ctx context.Context, tx pgx.Tx, sc scope, side int16, heard map[string]int) error {
	for _, event := range slices.Sorted(maps.Keys(heard)) {
		if _, err := tx.Exec(ctx, `
			INSERT INTO heard AS h (day, connection, kind, side, event, swept)
			VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, $1, $2, $3, $4, $5)
			ON CONFLICT (connection, day, kind, side, event) DO UPDATE SET swept = h.swept + excluded.swept`,
			sc.number, sc.kind, side, event, heard[event]); err != nil {
			return err
		}
	}
	return nil
}

func setReadings(ctx context.Context, tx pgx.Tx, sc scope, side int16, readings map[record.SweepReading]record.Reading) error {
	for _, purpose := range slices.Sorted(maps.Keys(readings)) {
		reading := readings[purpose]
		if !slices.Contains(sweepReadings, string(purpose)) {
			return errors.New("unknown reading " + string(purpose))
		}
		var err error
		if reading.Epoch.IsZero() {
			_, err = tx.Exec(ctx, `DELETE FROM cursors WHERE connection = $1 AND kind = $2 AND side = $3 AND purpose = $4`,
				sc.number, sc.kind, side, string(purpose))
		} else {
			_, err = tx.Exec(ctx, `
				INSERT INTO cursors (connection, kind, side, purpose, epoch, cursor) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (connection, kind, side, purpose) DO UPDATE SET epoch = excluded.epoch, cursor = excluded.cursor`,
				sc.number, sc.kind, side, string(purpose), reading.Epoch.UTC().Format(time.RFC3339Nano), reading.Cursor)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// knownColumns are selected for record.KnownRecord. Links are l; the others are joined by knownTables, on the record's id
// as it is called there.
const knownColumns = `l.id, l.state, l.base, l.synced_at, p.link_id IS NOT NULL, a.record_id IS NOT NULL, w.stamp, w.fingerprint,
	coalesce(CASE WHEN $3 = 1 THEN o.gohighlevel_id ELSE o.salesforce_id END, ''),
	CASE WHEN l.state = 3 THEN EXISTS (
		SELECT FROM reviews r WHERE r.link_ids @> ARRAY[l.id] AND r.connection = $1 AND r.kind = $2 AND r.side = $3 AND r.decided_at IS NULL
		   AND r.reason IN ('` + record.ReviewGone + `', '` + record.ReviewDeletion + `', '` + record.ReviewDeletionWave + `', '` + record.ReviewMerged + `'))
	ELSE false END`

func knownTables(id string) string {
	return `
		LEFT JOIN contact_of o ON o.link_id = l.id
		LEFT JOIN pending p ON p.link_id = l.id
		LEFT JOIN announced a ON a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = ` + id + `
		LEFT JOIN swept w ON w.connection = $1 AND w.kind = $2 AND w.side = $3 AND w.record_id = ` + id
}

func collectKnown(rows pgx.Rows, err error) ([]record.KnownRecord, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.KnownRecord, error) {
		var k record.KnownRecord
		var link, fingerprint *int64
		var state *int16
		var synced, stamp *time.Time
		err := row.Scan(&k.RecordID, &link, &state, &k.Base, &synced, &k.Pending, &k.Announced, &stamp, &fingerprint, &k.Contact, &k.Asked)
		if link != nil && state != nil {
			k.LinkID, k.State, k.SyncedAt = *link, states[*state], orZero(synced)
		}
		if stamp != nil && fingerprint != nil {
			k.Seen = record.Seen{RecordID: k.RecordID, Stamp: *stamp, Fingerprint: *fingerprint}
		}
		return k, err
	})
}

// Known returns what is known of records of a side, by their ids: of each id, whether a link holds it or not.
func (s *Store) Known(ctx context.Context, k record.SweepKey, ids []string) (map[string]record.KnownRecord, error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return nil, err
	}
	list, err := collectKnown(s.pool.Query(ctx, `
		SELECT i.id, `+knownColumns+`
		FROM (SELECT DISTINCT i COLLATE "C" AS id FROM unnest($4::text[]) AS u (i)) i
		LEFT JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.`+recordColumn[k.Side]+` = i.id`+knownTables(`i.id`),
		sc.number, sc.kind, side, ids))
	if err != nil {
		return nil, fmt.Errorf("store: look up records: %w", err)
	}
	known := make(map[string]record.KnownRecord, len(list))
	for _, one := range list {
		known[one.RecordID] = one
	}
	return known, nil
}

// open is the condition under which a link, as l, is still to follow what becomes of its records.
const open = `l.state NOT IN (6, 7)`

// OpenRecords returns up to n records of a side that links hold which are neither deleted nor parted, in the order of the
// records' ids, byte by byte, after an id.
func (s *Store) OpenRecords(ctx context.Context, k record.SweepKey, after string, n int) ([]record.KnownRecord, error) {
	return s.openRecords(ctx, k, `l.`+recordColumn[k.Side], after, n)
}

// OpenLinks is OpenRecords in the order of the links' ids, after a link.
func (s *Store) OpenLinks(ctx context.Context, k record.SweepKey, after int64, n int) ([]record.KnownRecord, error) {
	return s.openRecords(ctx, k, `l.id`, after, n)
}

func (s *Store) openRecords(ctx context.Context, k record.SweepKey, order string, after any, n int) ([]record.KnownRecord, error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return nil, err
	}
	column := `l.` + recordColumn[k.Side]
	list, err := collectKnown(s.pool.Query(ctx, `
		WITH l AS MATERIALIZED (
			SELECT l.* FROM links l
			WHERE l.connection = $1 AND l.kind = $2 AND `+open+` AND `+column+` IS NOT NULL AND `+order+` > $4
			ORDER BY `+order+` LIMIT $5)
		SELECT `+column+`, `+knownColumns+` FROM l`+knownTables(column)+` ORDER BY `+order,
		sc.number, sc.kind, side, after, n))
	if err != nil {
		return nil, fmt.Errorf("store: list linked records: %w", err)
	}
	return list, nil
}

// CountOpen counts the records that OpenRecords lists.
func (s *Store) CountOpen(ctx context.Context, k record.SweepKey) (int, error) {
	sc, _, err := s.sweepScope(ctx, k)
	if err != nil {
		return 0, err
	}
	var n int
	err = s.pool.QueryRow(ctx, `
		SELECT count(*) FROM links l
		WHERE l.connection = $1 AND l.kind = $2 AND `+open+` AND l.`+recordColumn[k.Side]+` IS NOT NULL`, sc.number, sc.kind).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count linked records: %w", err)
	}
	return n, nil
}
