package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// leftCounted is how far Claimed.Left counts.
const leftCounted = 10_000

// Claim takes up to c.Limit pending links for c.Owner until c.Lease is over, or gives the owner again what it took
// before and has not committed, under a new token. Links of the record lane are left alone. A staged copy that may be
// older than a change that was marked, or than a write that was committed, is not handed out: that side must be read.
// Without anything to claim, the work is empty and the token 0.
func (s *Store) Claim(ctx context.Context, c record.ClaimRequest) (record.Claimed, error) {
	sc, err := s.scope(ctx, c.Connection, c.Kind)
	if err != nil {
		return record.Claimed{}, err
	}
	if c.Owner == "" || c.Limit <= 0 || c.Lease <= 0 {
		return record.Claimed{}, errors.New("store: a claim needs an owner, a limit and a lease")
	}
	var claimed record.Claimed
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		claimed = record.Claimed{}
		err := tx.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM (
			            SELECT FROM pending WHERE connection = $1 AND kind = $2 AND lane = 0 AND token IS NULL LIMIT $3) a)
			     + (SELECT count(*) FROM (
			            SELECT FROM pending WHERE connection = $1 AND kind = $2 AND lane = 0 AND token IS NOT NULL
			                   AND claimed_until < statement_timestamp() LIMIT $3) b)`,
			sc.number, sc.kind, leftCounted).Scan(&claimed.Left)
		if err != nil {
			return err
		}
		claimed.Left = min(claimed.Left, leftCounted)
		ids, err := claimable(ctx, tx, sc, c)
		if err != nil || len(ids) == 0 {
			return err
		}
		err = tx.QueryRow(ctx, `
			WITH t AS MATERIALIZED (SELECT nextval('claim_tokens') AS token),
			     u AS (UPDATE pending SET token = t.token, claimed_by = $2, claimed_mark = marked,
			                              claimed_until = clock_timestamp() + $3::interval
			           FROM t WHERE link_id = ANY($1))
			SELECT token FROM t`, ids, c.Owner, c.Lease).Scan(&claimed.Token)
		if err != nil {
			return err
		}
		claimed.Work, err = loadClaimed(ctx, tx, c.Connection, sc, ids)
		return err
	})
	if err != nil {
		return record.Claimed{}, fmt.Errorf("store: claim: %w", err)
	}
	return claimed, nil
}

// claimable locks and returns what the owner holds already; else what leases that ran out left behind, then what
// nobody holds.
func claimable(ctx context.Context, tx pgx.Tx, sc scope, c record.ClaimRequest) ([]int64, error) {
	ids, err := collectIDs(tx.Query(ctx, `
		SELECT link_id FROM pending
		WHERE claimed_by = $3 AND token IS NOT NULL AND connection = $1 AND kind = $2
		ORDER BY link_id FOR UPDATE`, sc.number, sc.kind, c.Owner))
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	ids, err = collectIDs(tx.Query(ctx, `
		SELECT link_id FROM pending
		WHERE connection = $1 AND kind = $2 AND lane = 0 AND token IS NOT NULL AND claimed_until < statement_timestamp()
		ORDER BY claimed_until, link_id LIMIT $3 FOR UPDATE SKIP LOCKED`, sc.number, sc.kind, c.Limit))
	if err != nil || len(ids) == c.Limit {
		return ids, err
	}
	unclaimed, err := collectIDs(tx.Query(ctx, `
		SELECT link_id FROM pending
		WHERE connection = $1 AND kind = $2 AND lane = 0 AND token IS NULL
		ORDER BY connection, kind, link_id >> 12, link_id & 31, link_id LIMIT $3 FOR UPDATE SKIP LOCKED`, sc.number, sc.kind, c.Limit-len(ids)))
	return append(ids, unclaimed...), err
}

// ClaimLink takes one link for owner, whether it is pending or not and in whichever lane; ok is false while another
// owner's lease runs. Until it is committed or handed over, the link counts as pending. It fails with
// record.ErrNoLink where the connection has no such link.
func (s *Store) ClaimLink(
	ctx context.Context, connection string, linkID int64, owner string, lease time.Duration,
) (c record.Claimed, ok bool, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return record.Claimed{}, false, err
	}
	if owner == "" || lease <= 0 {
		return record.Claimed{}, false, errors.New("store: a claim needs an owner and a lease")
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		c, ok = record.Claimed{}, false
		sc := scope{number: n}
		err := tx.QueryRow(ctx, `SELECT kind FROM links WHERE connection = $1 AND kind = ANY($2) AND id = $3`,
			n, allKinds, linkID).Scan(&sc.kind)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %d", record.ErrNoLink, linkID)
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `
			INSERT INTO pending AS p (link_id, connection, kind, token, claimed_by, claimed_mark, claimed_until)
			SELECT id, connection, kind, nextval('claim_tokens'), $4, 1, clock_timestamp() + $5::interval
			FROM links WHERE connection = $1 AND kind = $2 AND id = $3
			ON CONFLICT (link_id) DO UPDATE
			SET token = excluded.token, claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until,
			    claimed_mark = p.marked
			WHERE p.token IS NULL OR p.claimed_by = excluded.claimed_by OR p.claimed_until < clock_timestamp()
			RETURNING token`, sc.number, sc.kind, linkID, owner, lease).Scan(&c.Token)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		c.Work, err = loadClaimed(ctx, tx, connection, sc, []int64{linkID})
		return err
	})
	if err != nil {
		return record.Claimed{}, false, fmt.Errorf("store: claim a link: %w", err)
	}
	return c, ok, nil
}

// HandOver makes links of the claim pending for the record lane: nobody's claim, and skipped by Claim until a Commit
// of theirs. It fails with record.ErrFenced; links that this token handed over already are left as they are.
func (s *Store) HandOver(ctx context.Context, token int64, linkIDs []int64) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		held, released, err := holdings(ctx, tx, token, linkIDs)
		if err != nil {
			return err
		}
		for _, id := range linkIDs {
			if _, done := released[id]; !held[id] && !done {
				return record.ErrFenced
			}
		}
		_, err = tx.Exec(ctx, `
			UPDATE pending SET lane = 1, token = NULL, claimed_by = NULL, claimed_mark = NULL, claimed_until = NULL,
			                   released_token = $1
			WHERE token = $1 AND link_id = ANY($2)`, token, linkIDs)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: hand over: %w", err)
	}
	return nil
}

// HandedOver returns up to n links that wait in the record lane, in the order of their ids: those that nobody claimed,
// or whose claim has run out.
func (s *Store) HandedOver(ctx context.Context, connection string, kind record.Kind, n int) ([]int64, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT link_id FROM pending
		WHERE connection = $1 AND kind = $2 AND lane = 1 AND (token IS NULL OR claimed_until < clock_timestamp())
		ORDER BY link_id LIMIT $3`, sc.number, sc.kind, n)
	ids, err := collectIDs(rows, err)
	if err != nil {
		return nil, fmt.Errorf("store: list the record lane: %w", err)
	}
	return ids, nil
}

// MarkPending makes links pending, in the lane where they are, else in the bulk lane. Marking twice coalesces; ids of
// no link are ignored.
func (s *Store) MarkPending(ctx context.Context, connection string, kind record.Kind, linkIDs []int64) error {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil || len(linkIDs) == 0 {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO pending AS p (link_id, connection, kind, changed_at)
			SELECT id, connection, kind, clock_timestamp() FROM links
			WHERE connection = $1 AND kind = $2 AND id = ANY($3) ORDER BY id
			ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = excluded.changed_at`,
			sc.number, sc.kind, linkIDs)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: mark pending: %w", err)
	}
	return nil
}

// inClaim carries out fn in a transaction while all the links are held under the token.
func (s *Store) inClaim(ctx context.Context, token int64, linkIDs []int64, fn func(tx pgx.Tx, sc scope) error) error {
	if len(linkIDs) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var sc scope
		err := tx.QueryRow(ctx, `SELECT connection, kind FROM pending WHERE link_id = $1`, linkIDs[0]).
			Scan(&sc.number, &sc.kind)
		if errors.Is(err, pgx.ErrNoRows) {
			return record.ErrFenced
		}
		if err != nil {
			return err
		}
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		held, _, err := holdings(ctx, tx, token, linkIDs)
		if err != nil {
			return err
		}
		for _, id := range linkIDs {
			if !held[id] {
				return record.ErrFenced
			}
		}
		return fn(tx, sc)
	})
}

// holdings locks the links' pending rows and returns which of them are held under the token, and which it released
// into which lane.
func holdings(
	ctx context.Context, tx pgx.Tx, token int64, linkIDs []int64,
) (held map[int64]bool, released map[int64]int16, err error) {
	held, released = map[int64]bool{}, map[int64]int16{}
	rows, err := tx.Query(ctx, `
		SELECT link_id, lane, token, released_token FROM pending WHERE link_id = ANY($1) ORDER BY link_id FOR UPDATE`,
		linkIDs)
	if err != nil {
		return nil, nil, err
	}
	var id int64
	var lane int16
	var current, last *int64
	_, err = pgx.ForEachRow(rows, []any{&id, &lane, &current, &last}, func() error {
		switch {
		case current != nil && *current == token:
			held[id] = true
		case last != nil && *last == token:
			released[id] = lane
		}
		return nil
	})
	return held, released, err
}

func collectIDs(rows pgx.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
