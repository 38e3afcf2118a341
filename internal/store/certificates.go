package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// certificatesKept is how many certificates of a connection are kept.
const certificatesKept = 100

// KeepCertificate keeps a certificate, with the ledger's time as that of its end, and forgets the connection's oldest. A
// run's certificate is kept once: the same again returns the one that is kept.
func (s *Store) KeepCertificate(ctx context.Context, c record.Certificate) (record.Certificate, error) {
	n, err := s.number(ctx, c.Connection)
	if err != nil {
		return c, err
	}
	body, err := json.Marshal(c)
	if err != nil {
		return c, fmt.Errorf("store: keep a certificate: %w", err)
	}
	var kept record.Certificate
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO certificates (connection, run_id, body) VALUES ($1, $2, $3) ON CONFLICT (connection, run_id) DO NOTHING`,
			n, c.RunID, body)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			DELETE FROM certificates WHERE connection = $1 AND id NOT IN (
				SELECT id FROM certificates WHERE connection = $1 ORDER BY id DESC LIMIT $2)`, n, certificatesKept)
		if err != nil {
			return err
		}
		kept, err = certificate(tx.QueryRow(ctx, `SELECT body, finished_at FROM certificates WHERE connection = $1 AND run_id = $2`, n, c.RunID))
		return err
	})
	if err != nil {
		return c, fmt.Errorf("store: keep a certificate: %w", err)
	}
	return kept, nil
}

func certificate(row pgx.Row) (c record.Certificate, err error) {
	var body []byte
	var finished time.Time
	if err = row.Scan(&body, &finished); err == nil {
		err = json.Unmarshal(body, &c)
	}
	c.FinishedAt = finished.UTC()
	return c, err
}

// Certificates returns a connection's last n certificates, the newest first.
func (s *Store) Certificates(ctx context.Context, connection string, n int) ([]record.Certificate, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `SELECT body, finished_at FROM certificates WHERE connection = $1 ORDER BY id DESC LIMIT $2`, number, n)
	if err != nil {
		return nil, fmt.Errorf("store: list certificates: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Certificate, error) { return certificate(row) })
	if err != nil {
		return nil, fmt.Errorf("store: list certificates: %w", err)
	}
	return list, nil
}

// LastVerified returns when the live connections of a shard were compared last, in the order of their ids, after an id, up
// to n of them. Those of which a side is being read at the moment, for an onboarding or a comparison, are left out: two
// readings would take each other's records away.
func (s *Store) LastVerified(ctx context.Context, shard, shards int, after string, n int) ([]record.LastVerified, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id, clock_timestamp() - greatest(c.live_since, (SELECT max(v.finished_at) FROM certificates v WHERE v.connection = c.number))
		FROM connections c
		WHERE c.number % $2 = $1 AND `+live+` AND c.id > $3
		  AND NOT EXISTS (SELECT FROM cursors k WHERE k.connection = c.number AND k.purpose = $5 AND k.begun_at > clock_timestamp() - interval '1 day')
		ORDER BY c.id LIMIT $4`, shard, shards, after, n, purposeStage)
	if err != nil {
		return nil, fmt.Errorf("store: list when connections were verified: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v record.LastVerified, err error) {
		err = row.Scan(&v.Connection, &v.Age)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list when connections were verified: %w", err)
	}
	return list, nil
}
