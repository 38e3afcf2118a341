package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// intentChunk is how many creates are begun before their outcomes are recorded: a lost worker leaves at most that many
// to be settled, each at the cost of a look-up.
const intentChunk = 25

// writeGoHighLevel does the batch's updates and creates in GoHighLevel, one call per record.
func (b *batch) writeGoHighLevel(ctx context.Context) error {
	var updates, creates []*pair
	for _, p := range b.pairs {
		switch {
		case !p.open():
		case p.decision.Create == record.GoHighLevel:
			creates = append(creates, p)
		case len(p.decision.GoHighLevel) > 0:
			updates = append(updates, p)
		}
	}
	for chunk := range slices.Chunk(updates, intentChunk) {
		if err := b.mayWrite(ctx); err != nil {
			return err
		}
		if err := b.noteUpdates(ctx, record.GoHighLevel, chunk); err != nil {
			return err
		}
		err := b.each(ctx, chunk, goHighLevelWriters, b.updateGoHighLevel)
		if commit := b.commitWritten(ctx, chunk); err == nil {
			err = commit
		}
		if err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(creates, intentChunk) {
		if err := b.mayWrite(ctx); err != nil {
			return err
		}
		if err := b.createGoHighLevel(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// commitWritten records the outcomes of those pairs of a chunk that were written to GoHighLevel.
func (b *batch) commitWritten(ctx context.Context, chunk []*pair) error {
	return b.commit(ctx, func(p *pair) bool { return slices.Contains(chunk, p) && slices.Contains(p.wrote, record.GoHighLevel) })
}

func (b *batch) updateGoHighLevel(ctx context.Context, p *pair) error {
	stored, err := b.updateIn(ctx, p.link, b.write(p, record.GoHighLevel))
	if crm.KindOf(err) == crm.NotFound {
		p.single = true // deleted since it was read
		return nil
	}
	if err != nil {
		return err
	}
	p.decision.Next = reconcile.Stored(p.decision.Next, record.GoHighLevel, stored, p.decision.GoHighLevel, b.Fingerprints.Value)
	return b.wrote(p, record.GoHighLevel, record.Update, p.decision.GoHighLevel)
}

// createGoHighLevel begins a chunk of creates: intents first, then the calls, then the outcomes.
func (b *batch) createGoHighLevel(ctx context.Context, chunk []*pair) error {
	pairs, err := b.intend(ctx, record.GoHighLevel, chunk)
	if err == nil {
		err = b.each(ctx, pairs, goHighLevelWriters, func(ctx context.Context, p *pair) error {
			doc, err := b.createIn(ctx, p.link, b.write(p, record.GoHighLevel))
			if err != nil {
				return b.createRefused(p, err)
			}
			created, err := b.readOf(kindOr(b.kind), record.GoHighLevel, doc, true)
			if err != nil {
				return err
			}
			return b.adopt(p, record.GoHighLevel, &created)
		})
	}
	var notBegun []int64
	for _, p := range pairs {
		if p.single || p.failure != nil && p.failure.Kind != crm.Ambiguous {
			notBegun = append(notBegun, p.link.ID)
		}
	}
	if len(notBegun) > 0 {
		if clear := b.ledger.ClearIntents(ctx, b.token, notBegun); err == nil {
			err = clear
		}
	}
	if commit := b.commitWritten(ctx, chunk); err == nil {
		err = commit
	}
	return err
}

// createRefused sorts out a refused create: a duplicate that matching did not see is looked at by itself.
func (b *batch) createRefused(p *pair, err error) error {
	if crm.KindOf(err) == crm.Duplicate {
		p.single = true
		return nil
	}
	return err
}
