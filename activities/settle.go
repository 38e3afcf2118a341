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

// settle finds out what became of a create whose outcome is unknown: it returns the record that the create made, or
// nil when it made none and may be begun again. Where the vendor's look-ups lag behind its writes, it fails with kind
// Busy until their answer can be trusted.
func (c *Connection) settle(ctx context.Context, ledger Ledger, side record.Side, link record.Link, d reconcile.Decision) (*record.Record, error) {
	want := record.Fields{}
	for _, w := range d.Writes(side) {
		want[w.Field] = w.After
	}
	if side == record.Salesforce {
		return c.settleSalesforce(ctx, ledger, link, want)
	}
	return c.settleGoHighLevel(ctx, ledger, link, want)
}

func (c *Connection) settleGoHighLevel(ctx context.Context, ledger Ledger, link record.Link, want record.Fields) (*record.Record, error) {
	email, phone := want[record.Email].Text(), want[record.Phone].Text()
	for _, lookup := range []crm.DuplicateLookup{{Email: email}, {Phone: phone}} {
		if lookup.Email == "" && lookup.Phone == "" {
			continue
		}
		doc, err := c.GoHighLevel.FindDuplicateContact(ctx, lookup)
		if err != nil {
			return nil, err
		}
		if found, err := c.ours(ctx, ledger, record.GoHighLevel, link, want, doc, false); found != nil || err != nil {
			return found, err
		}
	}
	if !c.DuplicatesAllowed && (email != "" || phone != "") {
		// GoHighLevel itself refuses a second contact of this identity, so another create cannot double it.
		return nil, nil
	}
	if err := trusted(record.GoHighLevel, link.Intent.At, c.Rules.GoHighLevel.IndexLag); err != nil {
		return nil, err
	}
	search := crm.ContactSearch{
		PageLimit: goHighLevelPage, Sort: []crm.SearchSort{{Field: "dateAdded", Direction: "asc"}},
		Filters: []crm.SearchGroup{{Field: "dateAdded", Operator: "range", Value: map[string]any{"gte": link.Intent.At.Add(-clockSkew).UnixMilli()}}},
	}
	for {
		page, err := c.GoHighLevel.SearchContacts(ctx, search)
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Contacts {
			if found, err := c.ours(ctx, ledger, record.GoHighLevel, link, want, doc, true); found != nil || err != nil {
				return found, err
			}
		}
		if search.SearchAfter = page.SearchAfter; len(search.SearchAfter) == 0 {
			return nil, nil
		}
	}
}

func (c *Connection) settleSalesforce(ctx context.Context, ledger Ledger, link record.Link, want record.Fields) (*record.Record, error) {
	if err := trusted(record.Salesforce, link.Intent.At, visibilityLag); err != nil {
		return nil, err
	}
	soql := fmt.Sprintf("SELECT %s FROM %s WHERE CreatedDate >= %s ORDER BY CreatedDate, Id", strings.Join(c.Mapper.SalesforceFields(), ", "),
		contactObject, link.Intent.At.Add(-clockSkew).UTC().Format(time.RFC3339))
	page, err := c.Salesforce.Query(ctx, soql)
	for {
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Rows {
			if found, err := c.ours(ctx, ledger, record.Salesforce, link, want, doc, false); found != nil || err != nil {
				return found, err
			}
		}
		if page.Next == "" {
			return nil, nil
		}
		page, err = c.Salesforce.QueryMore(ctx, page.Next)
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

// ours tells whether a document is the record that a create under an intent made: it carries our marker, or where there
// is none, it came into being since, belongs to no link, and is the same person.
func (c *Connection) ours(ctx context.Context, ledger Ledger, side record.Side, link record.Link, want record.Fields, doc crm.Document, searched bool) (*record.Record, error) {
	if doc == nil {
		return nil, nil
	}
	r, err := c.read(side, doc, searched)
	if err != nil {
		return nil, err
	}
	if link.Intent == nil || r.CreatedAt.Before(link.Intent.At.Add(-clockSkew)) {
		return nil, nil
	}
	if r.ExternalID != "" || c.marks(side) {
		if r.ExternalID != link.RecordID(side.Other()) {
			return nil, nil
		}
	} else {
		for _, field := range identity {
			if record.FoldName(r.Fields[field].Text()) != record.FoldName(want[field].Text()) {
				return nil, nil
			}
		}
	}
	linked, err := ledger.LinkedRecords(ctx, link.Connection, link.Kind, side, []string{r.ID})
	if err != nil || linked[r.ID] != 0 {
		return nil, err
	}
	return &r, nil
}

// marks tells whether what Tandem creates on a side carries the id of its other half.
func (c *Connection) marks(side record.Side) bool {
	if side == record.GoHighLevel {
		return c.Rules.GoHighLevel.ExternalIDField != ""
	}
	return c.Rules.Salesforce.ExternalIDField != ""
}
