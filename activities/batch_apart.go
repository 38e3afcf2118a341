package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// setApart gives to the record lane what a person may have to decide: conflicts under ask, contacts that both sides keep
// rewriting, and contacts about to be created that the other side may hold already.
func (b *batch) setApart(ctx context.Context) error {
	var written []int64
	var creates []*pair
	for _, p := range b.pairs {
		switch {
		case !p.open():
		case len(p.decision.Contested()) > 0:
			p.single = true
		case p.decision.Create != "":
			if !p.staged {
				creates = append(creates, p)
			}
		case !p.decision.Nothing():
			written = append(written, p.link.ID)
		}
	}
	restless, err := b.restless(ctx, b.ledger, written)
	if err != nil {
		return err
	}
	for _, p := range b.pairs {
		p.single = p.single || restless[p.link.ID]
	}
	if len(creates) == 0 {
		return nil
	}
	if creates, err = b.ownOnes(ctx, creates); err != nil {
		return err
	}
	return b.lookFirst(ctx, creates)
}

// ownOnes sets apart the contacts whose record may be one that a create of ours has just made, and returns the others.
func (b *batch) ownOnes(ctx context.Context, creates []*pair) ([]*pair, error) {
	open := map[record.Side]bool{}
	for _, side := range record.Sides {
		var err error
		if open[side], err = b.ledger.OpenIntents(ctx, b.ID, record.Contact, side, time.Now().Add(clockSkew)); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(creates, func(p *pair) bool {
		p.single = the(p.ghl, p.sf).ExternalID != "" || open[p.decision.Create.Other()]
		return p.single
	}), nil
}

// lookupEmails is how many addresses, or last names, one query asks for: its text must fit into an address.
const lookupEmails = 100

// lookFirst looks for contacts that are about to be created and were not matched, which are those that came up since the
// onboarding: two people may have typed in the same person on both sides. GoHighLevel refuses a second contact of an
// identity by itself, unless the location allows it.
func (b *batch) lookFirst(ctx context.Context, creates []*pair) error {
	byEmail := map[string][]*pair{}
	byNumber := map[string][]*pair{}
	var inGoHighLevel []*pair
	for _, p := range creates {
		if p.decision.Create == record.GoHighLevel {
			if b.DuplicatesAllowed {
				inGoHighLevel = append(inGoHighLevel, p)
			}
			continue
		}
		if email := p.ghl.Fields[record.Email].Text(); email != "" {
			byEmail[email] = append(byEmail[email], p)
		} else if p.ghl.Fields[record.Phone].Text() != "" && p.ghl.Fields[record.LastName].Text() != "" {
			byNumber[numberAndName(p.ghl)] = append(byNumber[numberAndName(p.ghl)], p)
		}
	}
	if err := b.lookByNumber(ctx, byNumber); err != nil {
		return err
	}
	var emails []string
	for email, pairs := range byEmail {
		emails = append(emails, "'"+soqlEscape.Replace(email)+"'")
		for _, p := range pairs {
			p.single = len(pairs) > 1
		}
	}
	slices.Sort(emails)
	for chunk := range slices.Chunk(emails, lookupEmails) {
		page, err := b.Salesforce.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Email IN (%s)",
			strings.Join(b.Mapper.SalesforceFields(), ", "), contactObject, strings.Join(chunk, ",")))
		for {
			if err != nil {
				return err
			}
			if err := b.apart(page.Rows, byEmail); err != nil {
				return err
			}
			if page.Next == "" {
				break
			}
			page, err = b.Salesforce.QueryMore(ctx, page.Next)
		}
	}
	return b.each(ctx, inGoHighLevel, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		found, err := b.lookup(ctx, record.GoHighLevel, p.sf.Fields)
		p.single = p.single || len(found) > 0
		return err
	})
}

// lookByNumber looks in Salesforce for those who have no address, by their number and last name.
func (b *batch) lookByNumber(ctx context.Context, byNumber map[string][]*pair) error {
	if !slices.Contains(b.Rules.Contacts.Match, record.MatchPhoneAndName) {
		return nil
	}
	names := map[string]bool{}
	for _, pairs := range byNumber {
		for _, p := range pairs {
			p.single = len(pairs) > 1
			names[p.ghl.Fields[record.LastName].Text()] = true
		}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(names)), lookupEmails) {
		_, err := b.namesakes(ctx, chunk, func(r record.Record) bool {
			for _, p := range byNumber[numberAndName(&r)] {
				p.single = true
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// numberAndName is what tells people without an address apart.
func numberAndName(r *record.Record) string {
	return r.Fields[record.Phone].Text() + "|" + record.FoldName(r.Fields[record.LastName].Text())
}

// apart sets those apart for whom a row was found.
func (b *batch) apart(rows []crm.Document, byEmail map[string][]*pair) error {
	for _, row := range rows {
		r, err := b.read(record.Salesforce, row, false)
		if err != nil {
			return err
		}
		for _, p := range byEmail[r.Fields[record.Email].Text()] {
			p.single = true
		}
	}
	return nil
}
