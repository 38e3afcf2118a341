package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Commit records outcomes in one transaction: ids, base, state, journal, the end of an open intent, and the end of the
// pending change, unless it was marked again since the claim or the outcome asks for one more pass. Committing an
// outcome twice is harmless. It fails, with nothing changed, with record.ErrFenced where one of the links is not held
// under the token any more, and with *record.AlreadyLinkedError where an outcome names another link's record.
func (s *Store) Commit(ctx context.Context, token int64, origin record.Origin, outcomes []record.Outcome) error {
	sc, err := s.scope(ctx, origin.Connection, origin.Kind)
	if err != nil || len(outcomes) == 0 {
		return err
	}
	all, err := outcomesByColumn(outcomes)
	if err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		open, err := uncommitted(ctx, tx, sc, token, outcomes, all.ids)
		if err != nil || len(open) == 0 {
			return err
		}
		columns, err := outcomesByColumn(open)
		if err != nil {
			return err
		}
		if err := columns.freeRecords(ctx, tx, sc); err != nil {
			return err
		}
		if err := wakeBereaved(ctx, tx, sc, open); err != nil {
			return err
		}
		if err := columns.updateLinks(ctx, tx, sc); err != nil {
			return err
		}
		if err := columns.endPending(ctx, tx, token); err != nil {
			return err
		}
		if err := settleReviews(ctx, tx, sc, open); err != nil {
			return err
		}
		if err := rememberContacts(ctx, tx, sc, open); err != nil {
			return err
		}
		if err := wakeBelongings(ctx, tx, sc, columns.ids); err != nil {
			return err
		}
		if err := dropLinks(ctx, tx, sc, open); err != nil {
			return err
		}
		return writeJournal(ctx, tx, sc, origin, open)
	})
	if err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	return nil
}

// uncommitted returns the outcomes whose links are held under the token. The others must be committed already.
func uncommitted(
	ctx context.Context, tx pgx.Tx, sc scope, token int64, outcomes []record.Outcome, ids []int64,
) ([]record.Outcome, error) {
	held, released, err := holdings(ctx, tx, token, ids)
	if err != nil {
		return nil, err
	}
	var open, rest []record.Outcome
	var restIDs []int64
	for _, o := range outcomes {
		// A commit releases into the bulk lane; into the other, the link was handed over without an outcome.
		lane, done := released[o.LinkID]
		switch {
		case held[o.LinkID]:
			open = append(open, o)
		case !done || lane != laneBulk:
			rest = append(rest, o)
			restIDs = append(restIDs, o.LinkID)
		}
	}
	if len(rest) == 0 {
		return open, nil
	}
	rows, err := tx.Query(ctx, `
		SELECT `+linkColumns+` FROM `+linkTables+`
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = ANY($3)
		  AND NOT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id AND p.token IS NOT NULL)`,
		sc.number, sc.kind, restIDs)
	if err != nil {
		return nil, err
	}
	links, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Link, error) {
		var r linkRow
		err := row.Scan(r.targets()...)
		return r.link(""), err
	})
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]record.Link, len(links))
	for _, l := range links {
		byID[l.ID] = l
	}
	for _, o := range rest {
		if l, ok := byID[o.LinkID]; ok && !reached(l, o) || !ok && !o.Drop {
			return nil, record.ErrFenced
		}
	}
	return open, nil
}

// reached tells whether a link is as the outcome leaves it.
func reached(l record.Link, o record.Outcome) bool {
	return l.State == o.State && l.Problem == o.Problem && l.Intent == nil &&
		(o.GoHighLevelID == "" || o.Forget == record.GoHighLevel || o.GoHighLevelID == l.GoHighLevelID) &&
		(o.SalesforceID == "" || o.Forget == record.Salesforce || o.SalesforceID == l.SalesforceID) &&
		(o.Forget == "" || l.RecordID(o.Forget) == "") &&
		(o.Base == nil || bytes.Equal(o.Base, l.Base))
}

// outcomeColumns are outcomes by columns, for one statement each.
type outcomeColumns struct {
	ids                     []int64
	states                  []int16
	gohighlevel, salesforce []*string
	bases                   [][]byte
	problems                []string
	forget                  []int16 // the side whose record is gone, 0 for none
	again                   []int64 // the links that stay pending
}

func outcomesByColumn(outcomes []record.Outcome) (*outcomeColumns, error) {
	var c outcomeColumns
	links := make(map[int64]bool, len(outcomes))
	records := make(map[[2]string]int64, 2*len(outcomes))
	for _, o := range outcomes {
		if links[o.LinkID] {
			return nil, fmt.Errorf("link %d has two outcomes", o.LinkID)
		}
		links[o.LinkID] = true
		for side, id := range map[record.Side]string{record.GoHighLevel: o.GoHighLevelID, record.Salesforce: o.SalesforceID} {
			key := [2]string{string(side), id}
			if other, taken := records[key]; taken {
				return nil, &record.AlreadyLinkedError{LinkID: o.LinkID, Side: side, OtherID: other}
			}
			if id != "" {
				records[key] = o.LinkID
			}
		}
		state, err := stateCode(o.State)
		if err != nil {
			return nil, err
		}
		c.ids = append(c.ids, o.LinkID)
		c.states = append(c.states, state)
		c.gohighlevel = append(c.gohighlevel, nilText(o.GoHighLevelID))
		c.salesforce = append(c.salesforce, nilText(o.SalesforceID))
		c.bases = append(c.bases, o.Base)
		c.problems = append(c.problems, o.Problem)
		forget := int16(0)
		if o.Forget != "" {
			if forget, err = sideCode(o.Forget); err != nil {
				return nil, err
			}
		}
		c.forget = append(c.forget, forget)
		if o.Again {
			c.again = append(c.again, o.LinkID)
		}
	}
	return &c, nil
}

// checkRecordsAreFree finds the link that stands in the way before the unique indexes do, which could not name it.
func (c *outcomeColumns) checkRecordsAreFree(ctx context.Context, tx pgx.Tx, sc scope) error {
	for _, side := range []struct {
		name record.Side
		ids  []*string
		sql  string
	}{
		{record.GoHighLevel, c.gohighlevel, `l.gohighlevel_id`},
		{record.Salesforce, c.salesforce, `l.salesforce_id`},
	} {
		taken := &record.AlreadyLinkedError{Side: side.name}
		err := tx.QueryRow(ctx, `
			SELECT o.link_id, l.id FROM unnest($3::bigint[], $4::text[]) AS o (link_id, record_id)
			JOIN links l ON l.connection = $1 AND l.kind = $2 AND `+side.sql+` = o.record_id AND l.id <> o.link_id
			WHERE `+side.sql+` = ANY($4)
			ORDER BY o.link_id LIMIT 1`, sc.number, sc.kind, c.ids, side.ids).Scan(&taken.LinkID, &taken.OtherID)
		if err == nil {
			return taken
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	return nil
}

func (c *outcomeColumns) updateLinks(ctx context.Context, tx pgx.Tx, sc scope) error {
	tag, err := tx.Exec(ctx, `
		UPDATE links l
		SET state = o.state, base = coalesce(o.base, l.base), problem = o.problem,
		    gohighlevel_id = CASE WHEN o.forget <> 1 THEN coalesce(o.gohighlevel_id, l.gohighlevel_id) END,
		    salesforce_id = CASE WHEN o.forget <> 2 THEN coalesce(o.salesforce_id, l.salesforce_id) END,
		    synced_at = clock_timestamp()
		FROM unnest($3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::smallint[])
		     AS o (link_id, state, gohighlevel_id, salesforce_id, base, problem, forget)
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = o.link_id AND l.id = ANY($3)`,
		sc.number, sc.kind, c.ids, c.states, c.gohighlevel, c.salesforce, c.bases, c.problems, c.forget)
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(len(c.ids)) {
		return fmt.Errorf("%w: an outcome's link is of another connection or kind", record.ErrNoLink)
	}
	if _, err = tx.Exec(ctx, `DELETE FROM intents WHERE link_id = ANY($1)`, c.ids); err != nil {
		return err
	}
	// What was decided about a deletion holds for that one, not for the next.
	_, err = tx.Exec(ctx, `
		DELETE FROM deletions d USING unnest($1::bigint[], $2::smallint[]) AS o (link_id, state)
		WHERE d.link_id = o.link_id AND o.state = 2`, c.ids, c.states)
	return err
}

// endPending ends the pending changes that the claim saw. What was marked since stays, back in the bulk lane.
func (c *outcomeColumns) endPending(ctx context.Context, tx pgx.Tx, token int64) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM pending WHERE token = $1 AND link_id = ANY($2) AND marked = claimed_mark AND link_id <> ALL($3)`,
		token, c.ids, notNilIDs(c.again))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE pending SET lane = 0, token = NULL, claimed_by = NULL, claimed_mark = NULL, claimed_until = NULL,
		                   released_token = $1
		WHERE token = $1 AND link_id = ANY($2)`, token, c.ids)
	return err
}

// notNilIDs turns nil into no ids, where null would make the comparison unknown.
func notNilIDs(ids []int64) []int64 {
	if ids == nil {
		return []int64{}
	}
	return ids
}
