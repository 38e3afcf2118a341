package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// clockSkew is how far the ledger's and a vendor's clocks may be apart.
const clockSkew = 2 * time.Minute

// visibilityLag is how long a row committed in Salesforce may stay invisible to queries.
const visibilityLag = 30 * time.Second

// settling is the question what became of a create whose outcome is unknown.
type settling struct {
	*Connection
	ledger Ledger
	side   record.Side
	link   record.Link
	want   record.Fields
	// taken are records that other creates of the same batch were found to have made.
	taken map[string]bool
}

// settle finds out what became of a create whose outcome is unknown: it returns the record that the create made, or
// nil when it made none and may be begun again. Where the vendor's look-ups lag behind its writes, it fails with kind
// Busy until their answer can be trusted.
func (c *Connection) settle(ctx context.Context, ledger Ledger, side record.Side, link record.Link, d reconcile.Decision, taken map[string]bool) (*record.Record, error) {
	s := &settling{Connection: c, ledger: ledger, side: side, link: link, want: record.Fields{}, taken: taken}
	for _, w := range d.Writes(side) {
		s.want[w.Field] = w.After
	}
	if side == record.Salesforce {
		return s.inSalesforce(ctx)
	}
	return s.inGoHighLevel(ctx)
}

func (s *settling) inGoHighLevel(ctx context.Context) (*record.Record, error) {
	email, phone := s.want[record.Email].Text(), s.want[record.Phone].Text()
	for _, lookup := range []crm.DuplicateLookup{{Email: email}, {Phone: phone}} {
		if lookup.Email == "" && lookup.Phone == "" {
			continue
		}
		doc, err := s.GoHighLevel.FindDuplicateContact(ctx, lookup)
		if err != nil {
			return nil, err
		}
		if found, err := s.ours(ctx, doc, false); found != nil || err != nil {
			return found, err
		}
	}
	if !s.DuplicatesAllowed && (email != "" || phone != "") {
		// GoHighLevel itself refuses a second contact of this identity, so another create cannot double it.
		return nil, nil
	}
	if err := trusted(record.GoHighLevel, s.link.Intent.At, s.Rules.GoHighLevel.IndexLag); err != nil {
		return nil, err
	}
	search := crm.ContactSearch{
		PageLimit: goHighLevelPage, Sort: []crm.SearchSort{{Field: "dateAdded", Direction: "asc"}},
		Filters: []crm.SearchGroup{{Field: "dateAdded", Operator: "range", Value: map[string]any{"gte": s.link.Intent.At.Add(-clockSkew).UnixMilli()}}},
	}
	for {
		page, err := s.GoHighLevel.SearchContacts(ctx, search)
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Contacts {
			if found, err := s.ours(ctx, doc, true); found != nil || err != nil {
				return found, err
			}
		}
		if search.SearchAfter = page.SearchAfter; len(search.SearchAfter) == 0 {
			return nil, nil
		}
	}
}

func (s *settling) inSalesforce(ctx context.Context) (*record.Record, error) {
	if err := trusted(record.Salesforce, s.link.Intent.At, visibilityLag); err != nil {
		return nil, err
	}
	soql := fmt.Sprintf("SELECT %s FROM %s WHERE CreatedDate >= %s ORDER BY CreatedDate, Id", strings.Join(s.Mapper.SalesforceFields(), ", "),
		contactObject, s.link.Intent.At.Add(-clockSkew).UTC().Format(time.RFC3339))
	page, err := s.Salesforce.Query(ctx, soql)
	for {
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Rows {
			if found, err := s.ours(ctx, doc, false); found != nil || err != nil {
				return found, err
			}
		}
		if page.Next == "" {
			return nil, nil
		}
		page, err = s.Salesforce.QueryMore(ctx, page.Next)
	}
}

// trusted fails with kind Busy while a look-up may not yet show what was created at a time.
func trusted(side record.Side, begun time.Time, lag time.Duration) error {
	if wait := time.Until(begun.Add(lag)); wait > 0 {
		e := fault(side, crm.Busy, "settle a create", "its look-ups may not show the record yet")
		e.RetryAfter = wait
		return e
	}
	return nil
}

// identity are the fields that tell whether two contacts are the same person. Others may be stored otherwise than they
// were written.
var identity = []record.Field{record.FirstName, record.LastName, record.Email, record.Phone}

// ours tells whether a document is the record that the create made: it carries our marker, or where there is none, it
// came into being since, belongs to no link but half of one, and is the same person.
func (s *settling) ours(ctx context.Context, doc crm.Document, searched bool) (*record.Record, error) {
	if doc == nil {
		return nil, nil
	}
	r, err := s.read(s.side, doc, searched)
	if err != nil {
		return nil, err
	}
	if s.taken[r.ID] || r.CreatedAt.Before(s.link.Intent.At.Add(-clockSkew)) {
		return nil, nil
	}
	if r.ExternalID != "" || s.Mapper.Marks(s.side) {
		if r.ExternalID != s.link.RecordID(s.side.Other()) {
			return nil, nil
		}
	} else {
		for _, field := range identity {
			if record.FoldName(r.Fields[field].Text()) != record.FoldName(s.want[field].Text()) {
				return nil, nil
			}
		}
	}
	linked, err := s.ledger.LinkedRecords(ctx, s.link.Connection, s.link.Kind, s.side, []string{r.ID})
	if err != nil {
		return nil, err
	}
	if free, err := isHalf(ctx, s.ledger, s.link.Connection, s.link.Kind, s.side, linked[r.ID]); err != nil || !free {
		return nil, err
	}
	return &r, nil
}
