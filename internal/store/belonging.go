package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// rememberContacts notes whom the records of outcomes were seen to belong to. What turns out only now to be a contact's own
// stays pending where that contact came into step while it was to wait for it, or went while it was brought into step: the
// contact could not wake what nobody knew to be its own.
func rememberContacts(ctx context.Context, tx pgx.Tx, sc scope, outcomes []record.Outcome) error {
	var links []int64
	waits := map[int64]bool{}
	var ghl, sf []string
	for _, o := range outcomes {
		if o.GoHighLevelContact != "" || o.SalesforceContact != "" {
			links, ghl, sf = append(links, o.LinkID), append(ghl, o.GoHighLevelContact), append(sf, o.SalesforceContact)
			if o.State == record.LinkInStep || o.State == record.LinkExcluded && o.Problem == record.ProblemNoContact {
				waits[o.LinkID] = o.State != record.LinkInStep
			}
		}
	}
	if len(links) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO contact_of AS o (link_id, connection, kind, gohighlevel_id, salesforce_id)
		SELECT l.id, l.connection, l.kind, n.ghl, n.sf FROM unnest($3::bigint[], $4::text[], $5::text[]) AS n (id, ghl, sf)
		JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.id = n.id ORDER BY l.id
		ON CONFLICT (link_id) DO UPDATE SET gohighlevel_id = coalesce(nullif(excluded.gohighlevel_id, ''), o.gohighlevel_id),
		                                    salesforce_id = coalesce(nullif(excluded.salesforce_id, ''), o.salesforce_id)
		WHERE excluded.gohighlevel_id NOT IN ('', o.gohighlevel_id) OR excluded.salesforce_id NOT IN ('', o.salesforce_id)
		RETURNING link_id`,
		sc.number, sc.kind, links, ghl, sf)
	if err != nil {
		return err
	}
	learned, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	learned = slices.DeleteFunc(learned, func(id int64) bool { _, asked := waits[id]; return !asked })
	if len(learned) == 0 {
		return nil
	}
	// The lock keeps such a contact's own commit from passing by unseen.
	rows, err = tx.Query(ctx, `
		SELECT o.link_id, c.state = $4 AND c.gohighlevel_id IS NOT NULL AND c.salesforce_id IS NOT NULL,
		       c.state NOT IN (6, 7) AND c.gohighlevel_id IS NOT NULL AND c.salesforce_id IS NOT NULL
		FROM contact_of o JOIN links c ON c.connection = o.connection AND c.kind = $2
		  AND (c.gohighlevel_id = o.gohighlevel_id OR c.salesforce_id = o.salesforce_id)
		WHERE o.connection = $1 AND o.link_id = ANY ($3)
		FOR SHARE OF c`, sc.number, kindCodes[record.Contact], learned, stateCodes[record.LinkInStep])
	if err != nil {
		return err
	}
	var wake []int64
	var link int64
	var inStep, whole bool
	came, stays := map[int64]bool{}, map[int64]bool{}
	if _, err := pgx.ForEachRow(rows, []any{&link, &inStep, &whole}, func() error {
		came[link], stays[link] = came[link] || inStep, stays[link] || whole
		return nil
	}); err != nil {
		return err
	}
	for _, id := range learned {
		if waits[id] && came[id] || !waits[id] && !stays[id] {
			wake = append(wake, id)
		}
	}
	if len(wake) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT DISTINCT id, $1::integer, $2::smallint, clock_timestamp() FROM unnest($3::bigint[]) AS w (id) ORDER BY 1
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1`, sc.number, sc.kind, wake)
	return err
}

// wakeBelongings makes pending what waited for the contacts of these links to come into step, and what is being worked on
// just now, which may be about to wait; and rings the bell.
func wakeBelongings(ctx context.Context, tx pgx.Tx, sc scope, contacts []int64) error {
	if sc.kind != kindCodes[record.Contact] {
		return nil
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT DISTINCT l.id, l.connection, l.kind, clock_timestamp()
		FROM links c
		JOIN contact_of o ON o.connection = c.connection AND (o.gohighlevel_id = c.gohighlevel_id OR o.salesforce_id = c.salesforce_id)
		JOIN links l ON l.connection = o.connection AND l.kind = o.kind AND l.id = o.link_id
		WHERE c.connection = $1 AND c.kind = $2 AND c.id = ANY ($3) AND c.state = $4
		  AND c.gohighlevel_id IS NOT NULL AND c.salesforce_id IS NOT NULL
		  AND (l.state = $5 AND l.problem = $6 OR EXISTS (SELECT FROM pending h WHERE h.link_id = l.id AND h.token IS NOT NULL))
		ORDER BY 1
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1`,
		sc.number, sc.kind, contacts, stateCodes[record.LinkInStep], stateCodes[record.LinkExcluded], record.ProblemNoContact)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	_, err = tx.Exec(ctx, ringBells, []int32{sc.number})
	return err
}

// wakeBereaved makes pending what is in step, or about to be, and belongs to a contact of which a half goes with these
// outcomes, or another one takes its place: the vendor takes away with a contact what belongs to it, and tells nobody. It
// must come before the links forget their records.
func wakeBereaved(ctx context.Context, tx pgx.Tx, sc scope, outcomes []record.Outcome) error {
	if sc.kind != kindCodes[record.Contact] {
		return nil
	}
	var links []int64
	var ghl, sf []string
	var gone []bool
	for _, o := range outcomes {
		links, ghl, sf = append(links, o.LinkID), append(ghl, o.GoHighLevelID), append(sf, o.SalesforceID)
		gone = append(gone, o.State == record.LinkDeleted || o.Forget != "")
	}
	rows, err := tx.Query(ctx, `
		SELECT c.id FROM unnest($3::bigint[], $4::text[], $5::text[], $6::boolean[]) AS n (id, ghl, sf, gone)
		JOIN links c ON c.connection = $1 AND c.kind = $2 AND c.id = n.id
		WHERE n.gone OR n.ghl NOT IN ('', c.gohighlevel_id) OR n.sf NOT IN ('', c.salesforce_id)`,
		sc.number, sc.kind, links, ghl, sf, gone)
	if err != nil {
		return err
	}
	contacts, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(contacts) == 0 {
		return err
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT DISTINCT l.id, l.connection, l.kind, clock_timestamp()
		FROM links c
		JOIN contact_of o ON o.connection = c.connection AND (o.gohighlevel_id = c.gohighlevel_id OR o.salesforce_id = c.salesforce_id)
		JOIN links l ON l.connection = o.connection AND l.kind = o.kind AND l.id = o.link_id
		WHERE c.connection = $1 AND c.kind = $2 AND c.id = ANY ($3)
		  AND (l.state = $4 OR EXISTS (SELECT FROM pending h WHERE h.link_id = l.id AND h.token IS NOT NULL))
		ORDER BY 1
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1`, sc.number, sc.kind, contacts, stateCodes[record.LinkInStep])
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	_, err = tx.Exec(ctx, ringBells, []int32{sc.number})
	return err
}

// ContactOf returns the link of the contact that a record of a side belongs to, nil where there is none. A contact that
// was merged into another one is found under that one, once its link says so.
func (s *Store) ContactOf(ctx context.Context, connection string, side record.Side, contactID string) (*record.Link, error) {
	if contactID == "" {
		return nil, nil
	}
	return s.FindLink(ctx, connection, record.Contact, side, contactID)
}

// Belongings returns the links of a kind whose records belong to a contact on either side, in the order of their ids; of
// all kinds but contacts where kind is "".
func (s *Store) Belongings(ctx context.Context, connection string, kind record.Kind, contact record.Link) ([]record.Link, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	of := allKinds[1:]
	if kind != "" {
		code, err := kindCode(kind)
		if err != nil {
			return nil, err
		}
		of = []int16{code}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+linkColumns+` FROM `+linkTables+`
		WHERE l.connection = $1 AND l.kind = ANY ($2)
		  AND (o.gohighlevel_id = nullif($3, '') OR o.salesforce_id = nullif($4, ''))
		ORDER BY l.id`, n, of, contact.GoHighLevelID, contact.SalesforceID)
	if err != nil {
		return nil, fmt.Errorf("store: read what belongs to a contact: %w", err)
	}
	links, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Link, error) {
		var r linkRow
		err := row.Scan(r.targets()...)
		return r.link(connection), err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read what belongs to a contact: %w", err)
	}
	return links, nil
}

// RecordsOf returns the records of a side that links hold and that belong to a contact, in the order of the links.
func (s *Store) RecordsOf(ctx context.Context, k record.SweepKey, contactID string) ([]record.KnownRecord, error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return nil, err
	}
	column := `l.` + recordColumn[k.Side]
	list, err := collectKnown(s.pool.Query(ctx, `
		WITH l AS MATERIALIZED (
			SELECT l.* FROM contact_of o JOIN links l ON l.connection = o.connection AND l.kind = o.kind AND l.id = o.link_id
			WHERE o.connection = $1 AND o.kind = $2 AND o.`+recordColumn[k.Side]+` = $4 AND `+column+` IS NOT NULL)
		SELECT `+column+`, `+knownColumns+` FROM l`+knownTables(column)+` ORDER BY l.id`,
		sc.number, sc.kind, side, contactID))
	if err != nil {
		return nil, fmt.Errorf("store: list what belongs to a contact: %w", err)
	}
	return list, nil
}
