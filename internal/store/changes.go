package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// admitted is how many announced changes one transaction turns into pending ones. Webhooks about the same records wait for
// that transaction, and their vendor with them.
const admitted = 250

// PlanChanges silences the connection's bell, turns everything announced into pending changes, and says what is to be
// synced in which lane. The links of a kind go as single records where no more than most of them are pending, else the bulk
// lane takes all but what it has handed over, of which no more than most are named. It takes one kind at a time, in the order
// of the kinds: what belongs to contacts comes after these. What was announced of a kind that is not asked for has no effect.
// Links that somebody works on, and busy ones, are left
// out. While the connection is not live, nothing is turned or planned, what is announced stays, and its bell stays rung:
// whoever turns it live wakes the run. Safe to repeat.
func (s *Store) PlanChanges(ctx context.Context, connection string, others []record.Kind, most int, busy []int64) (record.ChangesPlan, error) {
	sc, err := s.scope(ctx, connection, record.Contact)
	if err != nil {
		return record.ChangesPlan{}, err
	}
	live, err := s.Live(ctx, connection)
	if err != nil || !live.On() {
		return record.ChangesPlan{}, err
	}
	// The bell first: what is announced from here on rings again.
	if _, err := s.pool.Exec(ctx, `DELETE FROM bells WHERE connection = $1`, sc.number); err != nil {
		return record.ChangesPlan{}, fmt.Errorf("store: silence a bell: %w", err)
	}
	of := []int16{sc.kind}
	for _, kind := range others {
		code, err := kindCode(kind)
		if err != nil {
			return record.ChangesPlan{}, err
		}
		of = append(of, code)
	}
	if err := s.inTx(ctx, func(tx pgx.Tx) error { return dropAnnounced(ctx, tx, sc, of) }); err != nil {
		return record.ChangesPlan{}, fmt.Errorf("store: plan changes: %w", err)
	}
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT kind FROM announced WHERE connection = $1 ORDER BY kind`, sc.number)
	var announced []int16
	if err == nil {
		announced, err = pgx.CollectRows(rows, pgx.RowTo[int16])
	}
	if err != nil {
		return record.ChangesPlan{}, fmt.Errorf("store: plan changes: %w", err)
	}
	for _, kind := range announced { // contacts first, whom the others belong to
		for more := true; more; {
			if more, err = s.admitChanges(ctx, scope{number: sc.number, kind: kind}); err != nil {
				return record.ChangesPlan{}, fmt.Errorf("store: turn announced changes into pending ones: %w", err)
			}
		}
	}
	busy = append([]int64{}, busy...) // no list at all would be unequal to nothing
	plan := record.ChangesPlan{Live: true, Whole: true}
	for _, kind := range of {
		if err := s.planKind(ctx, scope{number: sc.number, kind: kind}, most, busy, &plan); err != nil {
			return record.ChangesPlan{}, fmt.Errorf("store: plan changes: %w", err)
		}
	}
	return plan, nil
}

// unheld are pending links that nobody holds, or whose claim has run out, and that are not busy.
const unheld = `(token IS NULL OR claimed_until < clock_timestamp()) AND link_id <> ALL ($4)`

// planKind adds what is pending of a kind to a plan.
func (s *Store) planKind(ctx context.Context, sc scope, most int, busy []int64, plan *record.ChangesPlan) error {
	kind := kindOf(sc.kind)
	// Up to one more than fits.
	rows, err := s.pool.Query(ctx, `
		SELECT link_id FROM pending WHERE connection = $1 AND kind = $2 AND `+unheld+`
		ORDER BY lane DESC, link_id LIMIT $3`, sc.number, sc.kind, most+1, busy)
	links, err := collectIDs(rows, err)
	if err != nil {
		return err
	}
	if len(links) > most {
		plan.Whole = false
		if plan.Bulk == 0 {
			err = s.pool.QueryRow(ctx, `
				SELECT count(*) FROM (SELECT FROM pending WHERE connection = $1 AND kind = $2 AND lane = 0 AND `+unheld+` LIMIT $3) a`,
				sc.number, sc.kind, leftCounted, busy).Scan(&plan.Bulk)
			if err != nil {
				return err
			}
			if plan.Bulk > 0 && kind != record.Contact {
				plan.BulkKind = kind
			}
		}
		rows, err = s.pool.Query(ctx, `
			SELECT link_id FROM pending WHERE connection = $1 AND kind = $2 AND lane = 1 AND `+unheld+`
			ORDER BY link_id LIMIT $3`, sc.number, sc.kind, most, busy)
		if links, err = collectIDs(rows, err); err != nil {
			return err
		}
	}
	if kind == record.Contact {
		plan.Record = links
		return nil
	}
	for _, id := range links {
		plan.Others = append(plan.Others, record.LinkRef{Kind: kind, LinkID: id})
	}
	return nil
}

// dropAnnounced forgets what was announced of kinds that are not asked for. A task may be one that a note became all the
// same.
func dropAnnounced(ctx context.Context, tx pgx.Tx, sc scope, of []int16) error {
	rows, err := tx.Query(ctx, `
		WITH dropped AS (DELETE FROM announced WHERE connection = $1 AND kind <> ALL ($2) RETURNING kind, side, record_id)
		SELECT record_id FROM dropped WHERE kind = $3 AND side = $4`, sc.number, of, kindCodes[record.Task], codeGoHighLevel)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return stirNotes(ctx, tx, sc.number, ids)
}

// admitChanges turns some announced changes into pending ones: records that no link holds get one, and the link is made
// pending. It tells whether there may be more.
func (s *Store) admitChanges(ctx context.Context, sc scope) (more bool, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		// Waits for another attempt that turns the same rows, rather than skip them: its plan may never be carried out, and
		// this one is to have all that the bell was rung for.
		rows, err := tx.Query(ctx, `
			SELECT side, record_id, only_linked FROM announced WHERE connection = $1 AND kind = $2
			ORDER BY side, record_id LIMIT $3 FOR UPDATE`, sc.number, sc.kind, admitted)
		if err != nil {
			return err
		}
		ids, fresh := map[int16][]string{}, map[int16][]string{}
		var side int16
		var id string
		var only bool
		tag, err := pgx.ForEachRow(rows, []any{&side, &id, &only}, func() error {
			ids[side] = append(ids[side], id)
			if !only {
				fresh[side] = append(fresh[side], id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		more = tag.RowsAffected() == admitted
		for _, code := range []int16{codeGoHighLevel, codeSalesforce} {
			left := ids[code]
			for tries := 0; len(left) > 0 && tries < attempts; tries++ {
				if left, err = admitSide(ctx, tx, sc, code, left, fresh[code]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return more, err
}

// admitSide makes links for the fresh records, makes pending what links hold of the records, and forgets that they were
// announced. A record that is gone for good and was taken off its link stays without effect. It returns the records that are
// still announced: a link of theirs was there, and went between two statements.
func admitSide(ctx context.Context, tx pgx.Tx, sc scope, side int16, ids, fresh []string) (left []string, err error) {
	own := recordColumn[sideOf(side)]
	if len(fresh) > 0 {
		_, err := tx.Exec(ctx, `
			INSERT INTO links (connection, kind, state, `+own+`)
			SELECT $1, $2, 1, id FROM unnest($3::text[]) AS u (id) ORDER BY id
			ON CONFLICT (connection, `+own+`) WHERE `+own+` IS NOT NULL DO NOTHING`, sc.number, sc.kind, fresh)
		if err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT l.id, l.connection, l.kind, a.at FROM announced a
		JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.`+own+` = a.record_id
		WHERE a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = ANY($4) ORDER BY l.id
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = greatest(p.changed_at, excluded.changed_at)`,
		sc.number, sc.kind, side, ids)
	if err != nil {
		return nil, err
	}
	if sc.kind != kindCodes[record.Contact] {
		// Whom the records belong to; where another link has come to hold one, that is said of its link.
		_, err = tx.Exec(ctx, `
			INSERT INTO contact_of AS o (link_id, connection, kind, `+own+`)
			SELECT l.id, l.connection, l.kind, a.contact FROM announced a
			JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.`+own+` = a.record_id
			WHERE a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = ANY($4) AND a.contact <> '' ORDER BY l.id
			ON CONFLICT (link_id) DO UPDATE SET `+own+` = excluded.`+own,
			sc.number, sc.kind, side, ids)
		if err != nil {
			return nil, err
		}
	}
	if sc.kind == kindCodes[record.Task] && side == codeGoHighLevel {
		if err := stirNotes(ctx, tx, sc.number, ids); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, `
		DELETE FROM announced a WHERE a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = ANY($4)
		  AND (a.only_linked OR EXISTS (
		    SELECT FROM links l JOIN pending p ON p.link_id = l.id WHERE l.connection = $1 AND l.kind = $2 AND l.`+own+` = a.record_id))
		RETURNING a.record_id`, sc.number, sc.kind, side, ids)
	if err != nil {
		return nil, err
	}
	done := map[string]bool{}
	var id string
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		done[id] = true
		return nil
	}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return done[id] }), nil
}

// Live returns whether a connection is kept in step at the moment.
func (s *Store) Live(ctx context.Context, connection string) (record.Live, error) {
	var live record.Live
	var since *time.Time
	var refusals refusalRows
	err := s.pool.QueryRow(ctx, `SELECT live_since, state, `+refusalsOf+` FROM connections WHERE id = $1`, connection).
		Scan(&since, &live.State, (*[]byte)(&refusals))
	if errors.Is(err, pgx.ErrNoRows) {
		return live, fmt.Errorf("store: %w: %q", record.ErrNoConnection, connection)
	}
	if err != nil {
		return live, fmt.Errorf("store: read a connection: %w", err)
	}
	if since != nil {
		live.Since = *since
	}
	live.Refusals, err = refusals.refusals()
	return live, err
}

// LinkStanding returns whether a link is pending (again), and the open review of this one link, nil for none. It fails
// with record.ErrNoLink.
func (s *Store) LinkStanding(ctx context.Context, connection string, kind record.Kind, linkID int64) (pending bool, review *record.Review, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return false, nil, err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id) FROM links l
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = $3`, sc.number, sc.kind, linkID).Scan(&pending)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil, fmt.Errorf("store: %w: %d", record.ErrNoLink, linkID)
	}
	if err != nil {
		return false, nil, fmt.Errorf("store: read a link: %w", err)
	}
	all, err := s.Reviews(ctx, connection, ReviewFilter{LinkID: linkID, alone: true})
	if err != nil {
		return false, nil, err
	}
	for i := range all {
		if all[i].Reason != record.ReviewDeletionWave {
			review = &all[i]
		}
	}
	return pending, review, nil
}
