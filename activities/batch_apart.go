package activities

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// setApart gives to the record lane what a person may have to decide: conflicts under ask, records that both sides keep
// rewriting, and records about to be created that the other side may hold already. So it does notes that take more than one
// document.
func (b *batch) setApart(ctx context.Context) error {
	var written []int64
	due := map[int64]reconcile.Decision{}
	var creates []*pair
	for _, p := range b.pairs {
		switch {
		case !p.open():
		case len(p.decision.Contested()) > 0, b.takesParts(p):
			p.single = true
		case p.decision.Create != "" && !b.ofContacts() && p.link.Intent != nil:
			p.single = p.link.Intent.Side != p.decision.Create // else it is an upsert that was begun, and looked for before
		case p.decision.Create != "":
			if !b.lookedFor(p) {
				creates = append(creates, p)
			}
		case !p.decision.Nothing():
			written = append(written, p.link.ID)
			due[p.link.ID] = p.decision
		}
	}
	restless, err := b.restless(ctx, b.ledger, written)
	if err != nil {
		return err
	}
	vain, err := b.inVain(ctx, b.ledger, due)
	if err != nil {
		return err
	}
	for _, p := range b.pairs {
		p.single = p.single || restless[p.link.ID] || len(vain[p.link.ID]) > 0
	}
	if len(creates) == 0 {
		return nil
	}
	if !b.ofContacts() {
		if creates, err = b.ownBelongings(ctx, creates); err != nil {
			return err
		}
		return b.lookForTwins(ctx, creates)
	}
	if creates, err = b.ownOnes(ctx, creates); err != nil {
		return err
	}
	return b.lookFirst(ctx, creates)
}

// takesParts tells whether a note is too long to be written as one.
func (b *batch) takesParts(p *pair) bool {
	if b.kind != record.Note {
		return false
	}
	for _, side := range record.Sides {
		if len(p.decision.Writes(side)) > 0 && len(b.write(p, side).Further) > 0 {
			return true
		}
	}
	return false
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

// ownBelongings sets apart what may be what an open create for the same contact has made, and returns the others.
func (b *batch) ownBelongings(ctx context.Context, creates []*pair) ([]*pair, error) {
	for _, side := range record.Sides {
		var from []*pair
		for _, p := range creates {
			if p.decision.Create.Other() == side {
				from = append(from, p)
			}
		}
		if len(from) == 0 {
			continue
		}
		beside, err := b.ledger.IntentsBeside(ctx, b.ID, b.kind, side, linksIn(from))
		if err != nil {
			return nil, err
		}
		for _, p := range from {
			p.single = mayComeOf(beside, p.link.ID, the(p.ghl, p.sf).CreatedAt)
		}
	}
	return slices.DeleteFunc(creates, func(p *pair) bool { return p.single }), nil
}

// lookFirst looks for contacts that are about to be created and were not matched, which are those that came up since the
// onboarding: two people may have typed in the same person on both sides. GoHighLevel refuses a second contact of an
// identity by itself, unless the location allows it.
func (b *batch) lookFirst(ctx context.Context, creates []*pair) error {
	var wanted []record.Fields
	alike := map[string][]*pair{} // by identity
	var inGoHighLevel []*pair
	for _, p := range creates {
		if p.decision.Create == record.GoHighLevel {
			if b.DuplicatesAllowed {
				inGoHighLevel = append(inGoHighLevel, p)
			}
			continue
		}
		wanted = append(wanted, p.ghl.Fields)
		for _, identity := range b.identities(p.ghl.Fields) {
			alike[identity] = append(alike[identity], p)
		}
	}
	for _, pairs := range alike {
		for _, p := range pairs {
			p.single = p.single || len(pairs) > 1
		}
	}
	err := b.lookalikes(ctx, wanted, func(want record.Fields, _ record.Record) {
		for _, identity := range b.identities(want) {
			for _, p := range alike[identity] {
				p.single = true
			}
		}
	})
	if err != nil {
		return err
	}
	return b.each(ctx, inGoHighLevel, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		found, err := b.lookup(ctx, record.GoHighLevel, p.sf.Fields)
		p.single = p.single || len(found) > 0
		return err
	})
}
