package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Links returns up to n links in the order of their ids, after an id, with what is staged of their records.
func (s *Store) Links(ctx context.Context, connection string, kind record.Kind, after int64, n int) ([]record.Work, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, linksAfter, sc.number, sc.kind, after, n)
	work, err := collectWork(connection, rows, err)
	if err != nil {
		return nil, fmt.Errorf("store: read links: %w", err)
	}
	return work, nil
}

// recordColumn holds the column of links in which a side's record is found.
var recordColumn = map[record.Side]string{record.GoHighLevel: "gohighlevel_id", record.Salesforce: "salesforce_id"}

// FindLink returns the link of a record, nil when there is none.
func (s *Store) FindLink(
	ctx context.Context, connection string, kind record.Kind, side record.Side, id string,
) (*record.Link, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	if _, err := sideCode(side); err != nil {
		return nil, err
	}
	var r linkRow
	err = s.pool.QueryRow(ctx, `
		SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.connection = $1 AND l.kind = $2 AND l.`+recordColumn[side]+` = $3`,
		sc.number, sc.kind, id).Scan(r.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: find a link: %w", err)
	}
	link := r.link(connection)
	return &link, nil
}

// FindLinks returns the links of records of a side, by the records' ids; those that no link holds are left out.
func (s *Store) FindLinks(
	ctx context.Context, connection string, kind record.Kind, side record.Side, ids []string,
) (map[string]record.Link, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	if _, err := sideCode(side); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.connection = $1 AND l.kind = $2 AND l.`+recordColumn[side]+` = ANY($3)`,
		sc.number, sc.kind, ids)
	if err != nil {
		return nil, fmt.Errorf("store: find links: %w", err)
	}
	found := map[string]record.Link{}
	var r linkRow
	if _, err := pgx.ForEachRow(rows, r.targets(), func() error {
		link := r.link(connection)
		found[link.RecordID(side)] = link
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: find links: %w", err)
	}
	return found, nil
}

// EnsureLink returns the link of a record; a record that has none gets one of one half, which is new and not pending.
func (s *Store) EnsureLink(
	ctx context.Context, connection string, kind record.Kind, side record.Side, id string,
) (record.Link, error) {
	if link, err := s.FindLink(ctx, connection, kind, side, id); err != nil {
		return record.Link{}, err
	} else if link != nil {
		return *link, nil
	}
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return record.Link{}, err
	}
	own := recordColumn[side]
	var r linkRow
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO links (connection, kind, state, `+own+`) VALUES ($1, $2, 1, $3)
			ON CONFLICT (connection, `+own+`) WHERE `+own+` IS NOT NULL DO NOTHING`, sc.number, sc.kind, id)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.connection = $1 AND l.kind = $2 AND l.`+own+` = $3`,
			sc.number, sc.kind, id).Scan(r.targets()...)
	})
	if err != nil {
		return record.Link{}, fmt.Errorf("store: ensure a link: %w", err)
	}
	return r.link(connection), nil
}

// LinkedRecords returns which of the given record ids of a side belong to a link, and to which.
func (s *Store) LinkedRecords(
	ctx context.Context, connection string, kind record.Kind, side record.Side, ids []string,
) (map[string]int64, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	if _, err := sideCode(side); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT l.`+recordColumn[side]+`, l.id FROM links l
		WHERE l.connection = $1 AND l.kind = $2 AND l.`+recordColumn[side]+` = ANY($3)`, sc.number, sc.kind, ids)
	if err != nil {
		return nil, fmt.Errorf("store: find links: %w", err)
	}
	found := map[string]int64{}
	var recordID string
	var link int64
	if _, err := pgx.ForEachRow(rows, []any{&recordID, &link}, func() error {
		found[recordID] = link
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: find links: %w", err)
	}
	return found, nil
}

// Count returns the links of a connection by state, how many hold both records, how many are pending in either lane,
// and the writes journaled under an origin. The numbers are of one moment.
func (s *Store) Count(ctx context.Context, connection string, kind record.Kind, origin string) (record.Counts, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return record.Counts{}, err
	}
	var c record.Counts
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		c = record.Counts{
			States:  map[record.LinkState]int{},
			Created: map[record.Side]int{},
			Updated: map[record.Side]int{},
		}
		rows, err := tx.Query(ctx, `
			SELECT state, count(*), count(*) FILTER (WHERE gohighlevel_id IS NOT NULL AND salesforce_id IS NOT NULL)
			FROM links WHERE connection = $1 AND kind = $2 GROUP BY state`, sc.number, sc.kind)
		if err != nil {
			return err
		}
		var code int16
		var links, linked int
		if _, err := pgx.ForEachRow(rows, []any{&code, &links, &linked}, func() error {
			c.States[states[code]] = links
			c.Linked += linked
			return nil
		}); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT count(*) FROM pending WHERE connection = $1 AND kind = $2`, sc.number, sc.kind).
			Scan(&c.Pending)
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			SELECT side, operation, count(*) FROM journal
			WHERE connection = $1 AND kind = $2 AND origin = $3 GROUP BY side, operation`, sc.number, sc.kind, origin)
		if err != nil {
			return err
		}
		var side, operation int16
		var writes int
		_, err = pgx.ForEachRow(rows, []any{&side, &operation, &writes}, func() error {
			switch operations[operation] {
			case record.Create:
				c.Created[sideOf(side)] = writes
			case record.Update:
				c.Updated[sideOf(side)] = writes
			}
			return nil
		})
		return err
	})
	if err != nil {
		return record.Counts{}, fmt.Errorf("store: count: %w", err)
	}
	return c, nil
}

// Figures is what the links take at rest, over all connections.
type Figures struct {
	Links        int64
	BytesPerLink float64 // of the table with its indexes
}

// Figures measures what the links take at rest.
func (s *Store) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	var bytes int64
	err := s.pool.QueryRow(ctx, `SELECT count(*), pg_total_relation_size('links') FROM links`).Scan(&f.Links, &bytes)
	if err != nil {
		return Figures{}, fmt.Errorf("store: measure the links: %w", err)
	}
	if f.Links > 0 {
		f.BytesPerLink = float64(bytes) / float64(f.Links)
	}
	return f, nil
}
