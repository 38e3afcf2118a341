package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// restless returns which of the links were written so often lately that it is worth a look whether both sides' automations
// keep rewriting each other.
func (c *Connection) restless(ctx context.Context, ledger Ledger, links []int64) (map[int64]bool, error) {
	rule := c.Rules.Live.Breaker
	if rule.Writes <= 0 || len(links) == 0 {
		return nil, nil
	}
	counts, err := ledger.RecentUpdates(ctx, c.ID, links, rule.Window)
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	for link, n := range counts {
		if n >= rule.Writes {
			out[link] = true
		}
	}
	return out, nil
}

// alternating returns the fields of a restless link to which the same values were written again and again; none for a link
// that is merely edited a lot.
func (c *Connection) alternating(ctx context.Context, ledger Ledger, link int64) ([]record.Field, error) {
	restless, err := c.restless(ctx, ledger, []int64{link})
	if err != nil || !restless[link] {
		return nil, err
	}
	rows, err := ledger.Journal(ctx, c.ID, link)
	if err != nil {
		return nil, err
	}
	var history []reconcile.Write
	for _, row := range rows {
		if row.Operation != record.Update {
			continue
		}
		var writes []reconcile.Write
		if err := c.unseal(row.Side, purposeJournal, row.Sealed, &writes); err != nil {
			return nil, err
		}
		history = append(history, writes...)
	}
	return reconcile.Alternating(history), nil
}
