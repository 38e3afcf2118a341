package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// MarkChanged notes that records may have changed, and rings the connection's bell. Ring tells that the bell was silent
// before: then whoever called must wake the connection's SyncChanges. Marks coalesce per record; a mark that concerns
// linked records only is widened by one that does not, never the other way round. Safe to repeat.
func (s *Store) MarkChanged(ctx context.Context, connection string, kind record.Kind, marks []record.Mark) (ring bool, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil || len(marks) == 0 {
		return false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		ring, err = announce(ctx, tx, sc, marks)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: mark changed: %w", err)
	}
	return ring, nil
}

// announce does what MarkChanged does, within a transaction.
func announce(ctx context.Context, tx pgx.Tx, sc scope, marks []record.Mark) (ring bool, err error) {
	var b marksOf
	for _, m := range marks {
		if err := b.add(sc, m); err != nil {
			return false, err
		}
	}
	rang, err := b.announce(ctx, tx)
	return len(rang) > 0, err
}

// ringBells returns the bells that were silent. A bell that was rung before is held until the transaction ends, though
// nothing is written to it: else a run could clear the bell and look before the marks can be seen, and they would lie there
// without a bell.
const ringBells = `
	INSERT INTO bells AS b (connection) SELECT DISTINCT c FROM unnest($1::integer[]) AS c ORDER BY c
	ON CONFLICT (connection) DO UPDATE SET rung_at = b.rung_at WHERE false
	RETURNING connection`

// marksOf collects the marks of several connections, column by column.
type marksOf struct {
	connections []int32
	kinds       []int16
	sides       []int16
	ids         []string
	contacts    []string
	onlyLinked  []bool
}

func (b *marksOf) add(sc scope, m record.Mark) error {
	side, err := sideCode(m.Side)
	if err != nil {
		return err
	}
	b.connections, b.kinds = append(b.connections, sc.number), append(b.kinds, sc.kind)
	b.sides, b.ids, b.onlyLinked = append(b.sides, side), append(b.ids, m.RecordID), append(b.onlyLinked, m.OnlyLinked)
	b.contacts = append(b.contacts, m.ContactID)
	return nil
}

// announce writes the marks and rings the bells, and returns the connections whose bell was silent. What then queues goes
// along after that, in the same message to the database.
func (b *marksOf) announce(ctx context.Context, tx pgx.Tx, then ...func(*pgx.Batch)) (rang []int32, err error) {
	var batch pgx.Batch
	// In the order of the key: transactions that mark the same records must not wait for each other in a circle.
	batch.Queue(`
		INSERT INTO announced AS a (connection, kind, side, record_id, only_linked, contact)
		SELECT m.connection, m.kind, m.side, m.id, bool_and(m.only_linked), max(m.contact)
		FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::text[], $5::boolean[], $6::text[])
			AS m (connection, kind, side, id, only_linked, contact)
		GROUP BY m.connection, m.kind, m.side, m.id ORDER BY m.connection, m.kind, m.side, m.id COLLATE "C"
		ON CONFLICT (connection, kind, side, record_id) DO UPDATE
		SET only_linked = a.only_linked AND excluded.only_linked, at = excluded.at, contact = coalesce(nullif(excluded.contact, ''), a.contact)`,
		b.connections, b.kinds, b.sides, b.ids, b.onlyLinked, b.contacts)
	batch.Queue(ringBells, b.connections).Query(func(rows pgx.Rows) (err error) {
		rang, err = pgx.CollectRows(rows, pgx.RowTo[int32])
		return err
	})
	for _, queue := range then {
		queue(&batch)
	}
	return rang, tx.SendBatch(ctx, &batch).Close()
}
