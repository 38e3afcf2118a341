package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// keepAliveAfter is the age at which a grant is renewed that was not since. Salesforce may end one that lies idle for 30
	// days, GoHighLevel after a year.
	keepAliveAfter = 7 * 24 * time.Hour
	// reviewsPerMaintenance, orphansLookedAt, orphansWoken, linksAtOnce and entriesAtOnce bound what one maintenance does;
	// removals take up to removals turns.
	reviewsPerMaintenance = 100
	orphansLookedAt       = 20_000
	orphansWoken          = 200
	linksAtOnce           = 1000
	entriesAtOnce         = 2000
	removals              = 10
	// someIDs is how many ids a finding names at most.
	someIDs = 20
)

// tokens renews grants that would lie idle, of a paused connection too.
func (m *maintainer) tokens(ctx context.Context, n *record.MaintenanceCounts) error {
	var first error
	for _, side := range record.Sides {
		n.Looked++
		due, err := m.connections.KeepAlive(ctx, m.in.Connection, side, keepAliveAfter, m.in.DryRun)
		if err != nil && first != nil {
			m.failed(record.MaintainTokens, err)
			continue
		}
		if err != nil {
			first = err
		}
		if due {
			n.Renewed++
		}
	}
	return first
}

// reviews lets questions past their deadline be looked at again, whose run must have got lost, and closes those that are
// about nothing any more.
func (m *maintainer) reviews(ctx context.Context, n *record.MaintenanceCounts, live bool) error {
	closed, runs, err := m.ledger.CloseReviews(ctx, m.in.Connection, reviewsPerMaintenance, m.in.DryRun)
	if err != nil {
		return err
	}
	n.Looked, n.Closed, m.over = n.Looked+closed, closed, runs
	if !live {
		return nil
	}
	overdue, err := m.ledger.Overdue(ctx, m.in.Connection, reviewsPerMaintenance)
	if err != nil || len(overdue) == 0 {
		return err
	}
	f := record.MaintenanceFinding{Part: record.MaintainReviews, Found: record.FoundOverdue, Count: len(overdue)}
	for _, r := range overdue[:min(len(overdue), someIDs)] {
		f.IDs = append(f.IDs, r.ReviewID)
	}
	m.found(f)
	n.Looked, n.Marked = n.Looked+len(overdue), len(overdue)
	if m.in.DryRun {
		return nil
	}
	if err := m.ledger.RouseReviews(ctx, m.in.Connection, overdue); err != nil {
		return err
	}
	m.ring(ctx)
	return nil
}

// orphans lets what belongs to a contact that is not in step any more be synced: it waits for its contact from then on, or
// goes the way of the contact, which is for its sync to find out.
func (m *maintainer) orphans(ctx context.Context, n *record.MaintenanceCounts) error {
	woken := 0
	for _, kind := range m.others() {
		orphans, looked, next, err := m.ledger.Orphans(ctx, m.in.Connection, kind, orphansLookedAt)
		if err != nil {
			return err
		}
		n.Looked += looked
		if len(orphans) > orphansWoken {
			orphans, next = orphans[:orphansWoken], orphans[orphansWoken-1]
		}
		if n.Marked += len(orphans); len(orphans) > 0 {
			m.found(record.MaintenanceFinding{
				Part: record.MaintainOrphans, Found: record.FoundOrphans, Kind: kind, Count: len(orphans), IDs: orphans[:min(len(orphans), someIDs)],
			})
		}
		if m.in.DryRun {
			continue
		}
		if err := m.ledger.WakeOrphans(ctx, m.in.Connection, kind, orphans, next); err != nil {
			return err
		}
		woken += len(orphans)
	}
	if woken > 0 {
		m.ring(ctx)
	}
	return nil
}

// links forgets links whose records are deleted on both sides, once the retention is over and an earlier maintenance has
// listed them; and lists those that the next one is to forget. More than the rules let be deleted at once are held back
// until a person confirms.
func (m *maintainer) links(ctx context.Context, n *record.MaintenanceCounts) error {
	keep := m.Rules.Retention.Links
	if keep == 0 {
		return nil
	}
	now := m.begun.Began.Add(-keep)
	listed := m.listed(now)
	for _, kind := range record.Kinds {
		held := false
		if !listed.IsZero() {
			var err error
			if held, err = m.forget(ctx, n, kind, listed); err != nil {
				return err
			}
		}
		count, ids, err := m.ledger.LinksToNothing(ctx, m.in.Connection, kind, now, someIDs)
		if err != nil {
			return err
		}
		if n.Looked += count; count > 0 {
			m.report.Removable = now
		}
		if count > 0 && !held {
			m.found(record.MaintenanceFinding{Part: record.MaintainLinks, Found: record.FoundRemovable, Kind: kind, Count: count, IDs: ids})
		}
	}
	return nil
}

// listed is up to when links must have come to nothing that may go now, zero for none: those that an earlier maintenance has
// listed, under today's retention; where a person confirms, all that are past it.
func (m *maintainer) listed(now time.Time) time.Time {
	switch last := m.begun.Last; {
	case m.in.Confirm:
		return now
	case last == nil:
		return time.Time{}
	case last.Removable.After(now):
		return now
	default:
		return last.Removable
	}
}

// forget removes the links of a kind that came to nothing before a time, and tells whether they are held back.
func (m *maintainer) forget(ctx context.Context, n *record.MaintenanceCounts, kind record.Kind, before time.Time) (held bool, err error) {
	request := record.RemovalRequest{Connection: m.in.Connection, Kind: kind, Before: before, Most: linksAtOnce}
	if !m.in.Confirm {
		surge := m.deletions(kind).Surge
		request.Guard = &record.DeletionGuard{Count: surge.Count, Share: surge.Share}
	}
	if m.in.DryRun {
		request.Most = 0 // the guard says its word all the same
	}
	for range removals {
		removed, heldBack, err := m.ledger.RemoveLinks(ctx, request)
		if err != nil {
			return false, err
		}
		n.Looked += removed
		n.Removed += removed
		switch {
		case heldBack > 0:
			m.found(record.MaintenanceFinding{Part: record.MaintainLinks, Found: record.FoundHeldBack, Kind: kind, Count: heldBack})
			return true, nil
		case m.in.DryRun:
			would, _, err := m.ledger.LinksToNothing(ctx, m.in.Connection, kind, before, 0)
			n.Removed += would
			return false, err
		case removed < linksAtOnce:
			return false, nil
		}
	}
	return false, nil
}

// journal forgets entries that are past the retention.
func (m *maintainer) journal(ctx context.Context, n *record.MaintenanceCounts) (err error) {
	keep := m.Rules.Retention.Journal
	if keep == 0 {
		return nil
	}
	if m.in.DryRun {
		n.Removed, err = m.ledger.OldEntries(ctx, m.in.Connection, keep, removals*entriesAtOnce)
		n.Looked = n.Removed
		return err
	}
	for range removals {
		removed, err := m.ledger.PruneJournal(ctx, m.in.Connection, keep, entriesAtOnce)
		if err != nil {
			return err
		}
		n.Looked += removed
		if n.Removed += removed; removed < entriesAtOnce {
			return nil
		}
	}
	return nil
}
