package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// rememberContacts notes whom the records of outcomes were seen to belong to.
func rememberContacts(ctx context.Context, tx pgx.Tx, sc scope, outcomes []record.Outcome) error {
	var links []int64
	var ghl, sf []string
	for _, o := range outcomes {
		if o.GoHighLevelContact != "" || o.SalesforceContact != "" {
			links, ghl, sf = append(links, o.LinkID), append(ghl, o.GoHighLevelContact), append(sf, o.SalesforceContact)
		}
	}
	if len(links) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO contact_of AS o (link_id, connection, kind, gohighlevel_id, salesforce_id)
		SELECT l.id, l.connection, l.kind, n.ghl, n.sf FROM unnest($3::bigint[], $4::text[], $5::text[]) AS n (id, ghl, sf)
		JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.id = n.id ORDER BY l.id
		ON CONFLICT (link_id) DO UPDATE SET gohighlevel_id = coalesce(nullif(excluded.gohighlevel_id, ''), o.gohighlevel_id),
		                                    salesforce_id = coalesce(nullif(excluded.salesforce_id, ''), o.salesforce_id)`,
		sc.number, sc.kind, links, ghl, sf)
	return err
}

// wakeBelongings makes pending what waited for the contacts of these links to come into step, and rings the bell.
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
		  AND l.state = $5 AND l.problem = $6
		ORDER BY 1
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1`,
		sc.number, sc.kind, contacts, stateCodes[record.LinkInStep], stateCodes[record.LinkExcluded], record.ProblemNoContact)
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
