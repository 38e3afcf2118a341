package activities

import (
	"context"
	"reflect"
	"slices"
	"time"

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

// alternating returns the fields that are not to be written once more: those that are restored on a side where that has
// proved to be in vain, and, of a restless link, those to which the same values were written again and again. There are none
// for a link that is merely edited a lot.
func (c *Connection) alternating(ctx context.Context, ledger Ledger, link int64, d reconcile.Decision) ([]record.Field, error) {
	vain, err := c.inVain(ctx, ledger, map[int64]reconcile.Decision{link: d})
	if err != nil || len(vain[link]) > 0 {
		return vain[link], err
	}
	restless, err := c.restless(ctx, ledger, []int64{link})
	if err != nil || !restless[link] {
		return nil, err
	}
	history, err := c.updatesOf(ctx, ledger, link)
	if err != nil {
		return nil, err
	}
	var all []reconcile.Write
	for _, u := range history {
		all = append(all, u.writes...)
	}
	return reconcile.Alternating(all), nil
}

// update is what was written to one record at once.
type update struct {
	side   record.Side
	run    string
	writes []reconcile.Write
}

// updatesOf reads the updates of a link's records in the journal, oldest first.
func (c *Connection) updatesOf(ctx context.Context, ledger Ledger, link int64) (out []update, err error) {
	rows, err := ledger.Journal(ctx, c.ID, link)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Operation != record.Update {
			continue
		}
		u := update{side: row.Side, run: row.RunID}
		if err := c.unseal(row.Side, purposeJournal, row.Sealed, &u.writes); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// everUpdated is how far back restores are counted; the journal is not kept for longer.
const everUpdated = 10 * 365 * 24 * time.Hour

// inVain returns, of decisions by link, the fields that are to be restored though that has proved to be in vain. However
// rarely a side is polled, what an automation there undoes at once is not written for ever.
func (c *Connection) inVain(ctx context.Context, ledger Ledger, due map[int64]reconcile.Decision) (map[int64][]record.Field, error) {
	var links []int64
	for link, d := range due {
		if slices.ContainsFunc(slices.Concat(d.GoHighLevel, d.Salesforce), func(w reconcile.Write) bool { return w.Cause == reconcile.CauseRestore }) {
			links = append(links, link)
		}
	}
	if len(links) == 0 {
		return nil, nil
	}
	counts, err := ledger.RecentUpdates(ctx, c.ID, links, everUpdated)
	if err != nil {
		return nil, err
	}
	out := map[int64][]record.Field{}
	for link, n := range counts {
		history, err := c.updatesOf(ctx, ledger, link)
		if err != nil {
			return nil, err
		}
		history = history[max(len(history)-n, 0):] // since a person let it go on
		for _, side := range record.Sides {
			out[link] = append(out[link], reconcile.InVain(onSide(history, side), due[link].Writes(side))...)
		}
	}
	return out, nil
}

// onSide returns what was written to a side. What one run wrote twice over it has tried twice: the journal is written before
// the call.
func onSide(history []update, side record.Side) (out []reconcile.Write) {
	var last update
	for _, u := range history {
		if u.side != side {
			continue
		}
		if u.run != last.run || !reflect.DeepEqual(u.writes, last.writes) {
			out = append(out, u.writes...)
		}
		last = u
	}
	return out
}
