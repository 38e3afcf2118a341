package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// remembered is how long a webhook's key is kept: the vendor replays deliveries of the last 30 days.
const remembered = 30 * 24 * time.Hour

// forgottenAtOnce bounds how many keys one transaction of PurgeWebhooks deletes.
const forgottenAtOnce = 10_000

// TakeWebhooks notes, in one transaction, what a batch of webhooks tells: it marks their records as changed in every
// connection of their location, rings the bells of those connections, turns off the connections of locations that removed
// the app (only those that are active or paused), and counts all that in the meter. A webhook whose key is remembered has
// no effect, nor has one whose location no connection has. Safe to repeat. Where it fails nothing was taken, as a rule;
// but where the outcome is in doubt Rang is set all the same, since a bell that rang must not go unheard and waking a run
// in vain does no harm.
func (s *Store) TakeWebhooks(ctx context.Context, batch []record.Announced) (record.Taken, error) {
	var taken record.Taken
	if len(batch) == 0 {
		return taken, nil
	}
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var err error
		taken, err = takeWebhooks(ctx, tx, batch)
		return err
	})
	if err != nil {
		return record.Taken{Rang: taken.Rang}, fmt.Errorf("store: take webhooks: %w", err)
	}
	return taken, nil
}

// located is a connection of a location.
type located struct {
	number   int32
	id       string
	location string
}

// takeWebhooks locks in the same order as whatever else marks records: marks, bells, meter.
func takeWebhooks(ctx context.Context, tx pgx.Tx, batch []record.Announced) (record.Taken, error) {
	taken := record.Taken{Fates: make([]record.Fate, len(batch))}
	at, fresh, err := rememberWebhooks(ctx, tx, batch)
	if err != nil {
		return record.Taken{}, err
	}
	ids := map[int32]string{}
	var marks marksOf
	var leaving []string
	heard := meter{}
	for i, a := range batch {
		switch {
		case len(at[a.Location]) == 0:
			taken.Fates[i] = record.FateNowhere
			continue
		case !fresh[a.Key]:
			taken.Fates[i] = record.FateAgain
			continue
		}
		delete(fresh, a.Key) // the next of that key, in this batch, is a repetition
		if a.Uninstall {
			leaving = append(leaving, a.Location)
		}
		if a.Mark.RecordID == "" {
			continue
		}
		kind, err := kindCode(a.Kind)
		if err != nil {
			return record.Taken{}, err
		}
		for _, c := range at[a.Location] {
			ids[c.number] = c.id
			if err := marks.add(scope{number: c.number, kind: kind}, a.Mark); err != nil {
				return record.Taken{}, err
			}
			side := marks.sides[len(marks.sides)-1]
			heard[heardKey{connection: c.number, kind: kind, side: side, event: a.Event}]++
		}
	}
	if len(marks.ids) > 0 {
		rang, err := marks.announce(ctx, tx, heard.queue)
		if err != nil {
			return record.Taken{}, err
		}
		for _, n := range rang {
			taken.Rang = append(taken.Rang, ids[n])
		}
	}
	if len(leaving) > 0 {
		if taken.Uninstalled, err = uninstall(ctx, tx, leaving); err != nil {
			return record.Taken{}, err
		}
	}
	return taken, nil
}

// rememberWebhooks returns the connections of each location in the batch, and which keys are new. It stores the keys of
// those webhooks that concern somebody.
func rememberWebhooks(ctx context.Context, tx pgx.Tx, batch []record.Announced) (at map[string][]located, fresh map[[16]byte]bool, err error) {
	keys, locations := make([][]byte, len(batch)), make([]string, len(batch))
	for i, a := range batch {
		keys[i], locations[i] = a.Key[:], a.Location
	}
	// In the order of the key: two batches that hold the same webhooks must not wait for each other in a circle.
	rows, err := tx.Query(ctx, `
		WITH known AS MATERIALIZED (
			SELECT number, id, location FROM connections WHERE location = ANY ($2::text[])
		), fresh AS (
			INSERT INTO webhooks (key)
			SELECT DISTINCT w.key FROM unnest($1::bytea[], $2::text[]) AS w (key, location)
			WHERE w.location IN (SELECT location FROM known) ORDER BY w.key
			ON CONFLICT DO NOTHING RETURNING key
		)
		SELECT number, id, location, NULL FROM known UNION ALL SELECT 0, '', '', key FROM fresh`, keys, locations)
	if err != nil {
		return nil, nil, err
	}
	at, fresh = map[string][]located{}, map[[16]byte]bool{}
	var c located
	var key []byte
	_, err = pgx.ForEachRow(rows, []any{&c.number, &c.id, &c.location, &key}, func() error {
		if key == nil {
			at[c.location] = append(at[c.location], c)
		} else {
			fresh[[16]byte(key)] = true
		}
		return nil
	})
	return at, fresh, err
}

// uninstall turns off the connections of locations and returns how many.
func uninstall(ctx context.Context, tx pgx.Tx, locations []string) (int, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE connections SET state = $2, updated_at = now() WHERE number IN (
			SELECT number FROM connections WHERE location = ANY ($1::text[]) AND state IN ($3, $4, $5)
			ORDER BY number FOR NO KEY UPDATE)`,
		locations, record.ConnectionUninstalled, record.ConnectionActive, record.ConnectionPaused, record.ConnectionUnchecked)
	return int(tag.RowsAffected()), err
}

// heardKey is a row of the meter, but for the day.
type heardKey struct {
	connection int32
	kind, side int16
	event      string
}

// meter counts what webhooks told of.
type meter map[heardKey]int64

// queue adds the counts to the current day (UTC).
func (m meter) queue(batch *pgx.Batch) {
	var connections []int32
	var kinds, sides []int16
	var events []string
	var counts []int64
	for k, n := range m {
		connections, kinds, sides = append(connections, k.connection), append(kinds, k.kind), append(sides, k.side)
		events, counts = append(events, k.event), append(counts, n)
	}
	batch.Queue(`
		INSERT INTO heard AS h (day, connection, kind, side, event, announced)
		SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date, c.connection, c.kind, c.side, c.event, c.n
		FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::text[], $5::bigint[]) AS c (connection, kind, side, event, n)
		ORDER BY c.connection, c.kind, c.side, c.event
		ON CONFLICT (connection, day, kind, side, event) DO UPDATE SET announced = h.announced + excluded.announced`,
		connections, kinds, sides, events, counts)
}

// PurgeWebhooks forgets the webhooks that were taken more than 30 days ago, and returns how many. It is to be called now
// and then. Safe to repeat, and at the same time.
func (s *Store) PurgeWebhooks(ctx context.Context) (int64, error) {
	var total int64
	for {
		tag, err := s.pool.Exec(ctx, `
			DELETE FROM webhooks WHERE key IN (
				SELECT key FROM webhooks WHERE at < clock_timestamp() - $1::interval LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			remembered, forgottenAtOnce)
		if err != nil {
			return total, fmt.Errorf("store: purge webhooks: %w", err)
		}
		total += tag.RowsAffected()
		if tag.RowsAffected() < forgottenAtOnce {
			return total, nil
		}
	}
}

// Heard returns a connection's meter, by day (UTC), side and event: how many changes webhooks told of, and how many a
// sweep found that no webhook had told of.
func (s *Store) Heard(ctx context.Context, connection string) ([]record.Heard, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT day, side, event, sum(announced)::bigint, sum(swept)::bigint FROM heard
		WHERE connection = $1 GROUP BY day, side, event ORDER BY day, side, event`, number)
	if err != nil {
		return nil, fmt.Errorf("store: read the meter: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Heard, error) {
		var h record.Heard
		var side int16
		err := row.Scan(&h.Day, &side, &h.Event, &h.Announced, &h.Swept)
		h.Side = sideOf(side)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the meter: %w", err)
	}
	return list, nil
}
