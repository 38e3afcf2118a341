package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// settling is how long a vendor's index may lag behind writes: a reading that began sooner than this after a change
// may show the record as it was before.
const settling = time.Minute

// linkColumns are selected from linkTables.
const (
	linkColumns = `l.id, l.kind, l.gohighlevel_id, l.salesforce_id, l.state, l.base, l.problem, i.side, i.at, i.base, o.gohighlevel_id, o.salesforce_id`
	linkTables  = `links l LEFT JOIN intents i ON i.link_id = l.id LEFT JOIN contact_of o ON o.link_id = l.id`
)

// linkRow is a row of links with the nulls that it may hold.
type linkRow struct {
	id          int64
	kind, state int16
	gohighlevel *string
	salesforce  *string
	base        []byte
	problem     string
	intentSide  *int16
	intentAt    *time.Time
	intentBase  []byte
	ofGHL, ofSF *string
}

func (r *linkRow) targets() []any {
	return []any{
		&r.id, &r.kind, &r.gohighlevel, &r.salesforce, &r.state, &r.base, &r.problem, &r.intentSide, &r.intentAt, &r.intentBase, &r.ofGHL, &r.ofSF,
	}
}

func (r *linkRow) link(connection string) record.Link {
	l := record.Link{
		ID: r.id, Connection: connection, Kind: kindOf(r.kind), State: states[r.state], Base: r.base,
		GoHighLevelID: text(r.gohighlevel), SalesforceID: text(r.salesforce), Problem: r.problem,
		GoHighLevelContact: text(r.ofGHL), SalesforceContact: text(r.ofSF),
	}
	if r.intentSide != nil && r.intentAt != nil {
		l.Intent = &record.Intent{Side: sideOf(*r.intentSide), At: *r.intentAt, Base: r.intentBase}
	}
	return l
}

// stagedRow is a row of staged as an outer join gives it.
type stagedRow struct {
	id                           *string
	body                         []byte
	external, emails, phoneNames []int64
	firstName                    *int64
	excluded                     *bool
	modifiedAt, readAt           *time.Time
}

func (r *stagedRow) targets() []any {
	return []any{
		&r.id, &r.body, &r.external, &r.emails, &r.phoneNames, &r.firstName, &r.excluded, &r.modifiedAt, &r.readAt,
	}
}

func (r *stagedRow) staged(side record.Side, link int64) *record.Staged {
	if r.id == nil {
		return nil
	}
	s := &record.Staged{
		Side: side, ID: *r.id, LinkID: link, Body: r.body, Excluded: *r.excluded, ReadAt: *r.readAt,
		Keys: record.MatchKeys{External: r.external, Emails: r.emails, PhoneNames: r.phoneNames, FirstName: *r.firstName},
	}
	if r.modifiedAt != nil {
		s.ModifiedAt = *r.modifiedAt
	}
	return s
}

// workQuery selects links with what is staged of their records. Under claim, it leaves out a staged copy that may be
// older than a change that was marked, or than a write that was committed.
func workQuery(claim bool, where string) string {
	freshGoHighLevel, freshSalesforce := "", ""
	joins := `
		LEFT JOIN pending p ON p.link_id = l.id`
	if claim {
		joins += `
		LEFT JOIN cursors cg ON cg.connection = l.connection AND cg.kind = l.kind AND cg.side = 1 AND cg.purpose = 'stage'
		LEFT JOIN cursors cs ON cs.connection = l.connection AND cs.kind = l.kind AND cs.side = 2 AND cs.purpose = 'stage'`
		const last = `coalesce(greatest(p.changed_at, l.synced_at), '-infinity')`
		freshGoHighLevel = ` AND ` + last + ` < cg.begun_at - $3::interval`
		freshSalesforce = ` AND ` + last + ` < cs.begun_at - $3::interval`
	}
	return `
		SELECT ` + linkColumns + `, p.link_id IS NOT NULL,
		       g.record_id, g.body, g.external_keys, g.email_keys, g.phone_name_keys, g.first_name_key, g.excluded,
		       g.modified_at, g.read_at,
		       s.record_id, s.body, s.external_keys, s.email_keys, s.phone_name_keys, s.first_name_key, s.excluded,
		       s.modified_at, s.read_at
		FROM ` + linkTables + joins + `
		LEFT JOIN staged g ON g.connection = l.connection AND g.kind = l.kind AND g.side = 1
		                  AND g.record_id = l.gohighlevel_id` + freshGoHighLevel + `
		LEFT JOIN staged s ON s.connection = l.connection AND s.kind = l.kind AND s.side = 2
		                  AND s.record_id = l.salesforce_id` + freshSalesforce + `
		WHERE l.connection = $1 AND l.kind = $2 AND ` + where
}

var (
	claimedWork = workQuery(true, `l.id = ANY($4) ORDER BY l.id`)
	linksAfter  = workQuery(false, `l.id > $3 ORDER BY l.id LIMIT $4`)
)

func collectWork(connection string, rows pgx.Rows, err error) ([]record.Work, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Work, error) {
		var l linkRow
		var g, s stagedRow
		var pending bool
		if err := row.Scan(slices.Concat(l.targets(), []any{&pending}, g.targets(), s.targets())...); err != nil {
			return record.Work{}, err
		}
		return record.Work{
			Link:        l.link(connection),
			Pending:     pending,
			GoHighLevel: g.staged(record.GoHighLevel, l.id),
			Salesforce:  s.staged(record.Salesforce, l.id),
		}, nil
	})
}

func loadClaimed(ctx context.Context, tx pgx.Tx, connection string, sc scope, ids []int64) ([]record.Work, error) {
	rows, err := tx.Query(ctx, claimedWork, sc.number, sc.kind, settling, ids)
	return collectWork(connection, rows, err)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func nilText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
