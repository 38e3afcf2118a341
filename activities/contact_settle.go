package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// SettleContactInput is a contact about to be created on a side.
type SettleContactInput struct {
	Claim ContactClaim `json:"claim"`
	Side  record.Side  `json:"side"`
	Plan  Sealed       `json:"plan"`
}

// SettledContact says what was found before a create.
type SettledContact struct {
	// RecordID is the record that is the contact's other half after all; "" when there is none and it may be created.
	RecordID string `json:"record_id,omitempty"`
	// Review is why a person must look first, as one of the reasons of package record; "" when nobody must.
	Review string `json:"review,omitempty"`
}

// SettleContact records the intent to create a contact, and looks first whether it is there already: made by an
// attempt whose outcome is unknown, or by somebody else. Safe to repeat.
func (a *Contacts) SettleContact(ctx context.Context, in SettleContactInput) (SettledContact, error) {
	c, err := a.Connections.Open(ctx, in.Claim.Connection)
	if err != nil {
		return SettledContact{}, err
	}
	var d reconcile.Decision
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Plan, &d); err != nil {
		return SettledContact{}, err
	}
	earlier, err := a.Ledger.RecordIntents(ctx, in.Claim.Token, in.Side, []int64{in.Claim.LinkID})
	if err != nil {
		return SettledContact{}, err
	}
	link := record.Link{
		ID: in.Claim.LinkID, Connection: in.Claim.Connection, Kind: record.Contact,
		GoHighLevelID: in.Claim.GoHighLevelID, SalesforceID: in.Claim.SalesforceID,
	}
	if intent, begun := earlier[link.ID]; begun {
		link.Intent = &intent
		found, err := c.settle(ctx, a.Ledger, in.Side, link, d, nil)
		if err != nil {
			return SettledContact{}, err
		}
		if found != nil {
			return SettledContact{RecordID: found.ID}, nil
		}
	}
	want := record.Fields{}
	for _, w := range d.Writes(in.Side) {
		want[w.Field] = w.After
	}
	candidates, err := c.lookup(ctx, in.Side, want)
	if err != nil || len(candidates) == 0 {
		return SettledContact{}, err
	}
	return a.judge(ctx, link, in.Side, want, candidates)
}

// lookup finds the records of a side that share an identity with a contact.
func (c *Connection) lookup(ctx context.Context, side record.Side, want record.Fields) ([]record.Record, error) {
	email, phone := want[record.Email].Text(), want[record.Phone].Text()
	var docs []crm.Document
	if side == record.GoHighLevel {
		for _, lookup := range []crm.DuplicateLookup{{Email: email}, {Phone: phone}} {
			if lookup.Email == "" && lookup.Phone == "" {
				continue
			}
			doc, err := c.GoHighLevel.FindDuplicateContact(ctx, lookup)
			if err != nil {
				return nil, err
			}
			if doc != nil {
				docs = append(docs, doc)
			}
		}
	} else if email != "" {
		page, err := c.Salesforce.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Email = '%s' ORDER BY Id LIMIT 10",
			strings.Join(c.Mapper.SalesforceFields(), ", "), contactObject, soqlEscape.Replace(email)))
		if err != nil {
			return nil, err
		}
		docs = page.Rows
	}
	var out []record.Record
	seen := map[string]bool{}
	for _, doc := range docs {
		r, err := c.read(side, doc, false)
		if err != nil {
			return nil, err
		}
		if !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, r)
		}
	}
	return out, nil
}

// soqlEscape escapes what has a meaning inside a SOQL string literal.
var soqlEscape = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// judge accepts the one candidate that is the same person and belongs to nobody else; anything else is for a person.
func (a *Contacts) judge(ctx context.Context, link record.Link, side record.Side, want record.Fields, candidates []record.Record) (SettledContact, error) {
	if len(candidates) > 1 {
		return SettledContact{Review: record.ReviewAmbiguousMatch}, nil
	}
	found := candidates[0]
	linked, err := a.Ledger.LinkedRecords(ctx, link.Connection, link.Kind, side, []string{found.ID})
	if err != nil {
		return SettledContact{}, err
	}
	if other := linked[found.ID]; other != 0 && other != link.ID {
		return SettledContact{Review: record.ReviewDuplicateRefused}, nil
	}
	email := want[record.Email]
	if !email.Empty() && found.Fields[record.Email].Equal(email) {
		return SettledContact{RecordID: found.ID}, nil
	}
	for _, field := range []record.Field{record.LastName, record.FirstName} {
		ours, theirs := record.FoldName(want[field].Text()), record.FoldName(found.Fields[field].Text())
		if ours != theirs && (field == record.LastName || ours != "" && theirs != "") {
			return SettledContact{Review: record.ReviewNamesakes}, nil
		}
	}
	return SettledContact{RecordID: found.ID}, nil
}
