package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// roundOfRecords is within which time every record is looked at once.
const roundOfRecords = 7 * 24 * time.Hour

// turn is how the next records of a side are looked at.
type turn struct {
	// least and most are how many one maintenance looks at, at is how many at a time.
	least, most, at int
	read            func(ctx context.Context, s *sweeper, held []record.KnownRecord) (record.SweptPage, error)
}

// records looks at the next records by their ids, and marks those that are not as their link has them, or are gone: what
// a sweep that was cut off did not come to, and deletions that a vendor has forgotten before they were asked for. What
// sweeps compare by ids themselves, GoHighLevel's contacts, notes and appointments, is left to them.
func (m *maintainer) records(ctx context.Context, n *record.MaintenanceCounts) error {
	var problems []error // what fails for one kind may be well with the others
	for _, kind := range append([]record.Kind{record.Contact}, m.others()...) {
		err := m.round(ctx, n, kind, record.Salesforce, turn{least: salesforceBatch, most: 20 * salesforceBatch, at: salesforceBatch, read: m.inSalesforce})
		if err == nil && kind == record.Task {
			err = m.round(ctx, n, kind, record.GoHighLevel, turn{least: 25, most: 200, at: 25, read: m.tasks})
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// round looks at so many records that all have had their turn within a round.
func (m *maintainer) round(ctx context.Context, n *record.MaintenanceCounts, kind record.Kind, side record.Side, l turn) error {
	key := record.SweepKey{Connection: m.in.Connection, Kind: kind, Side: side}
	after, last, err := m.ledger.Round(ctx, key)
	if err != nil {
		return err
	}
	total, err := m.ledger.CountOpen(ctx, key)
	if err != nil {
		return err
	}
	due := l.most
	if !last.IsZero() && !m.byHand {
		due = min(max(int(float64(total)*float64(m.begun.Began.Sub(last))/float64(roundOfRecords)), l.least), l.most)
	}
	for due > 0 && total > 0 {
		held, err := m.ledger.OpenLinks(ctx, key, after, min(due, l.at))
		if err != nil {
			return err
		}
		over := len(held) < min(due, l.at)
		s := &sweeper{reader: reader{Connection: m.Connection, kind: key.Kind}, sweep: record.Sweep{SweepKey: key, Began: m.begun.Began}}
		page, err := l.read(ctx, s, held)
		if err != nil {
			return err
		}
		n.Looked += len(held)
		n.Marked += s.changes
		if after = 0; !over {
			after = held[len(held)-1].LinkID
		}
		if !m.in.DryRun {
			ring, err := m.ledger.TurnRound(ctx, key, after, page.Marks)
			if err != nil {
				return err
			}
			if ring {
				m.ring(ctx)
			}
		}
		if due -= l.at; over {
			return nil
		}
	}
	return nil
}

// inSalesforce reads records by their ids, those in the bin too. One that is not shown at all was purged, or is hidden: its
// sync finds out. Where more are not shown than the rules let be deleted at once, access is likelier to be the cause, and
// they are only told of.
func (m *maintainer) inSalesforce(ctx context.Context, s *sweeper, held []record.KnownRecord) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}}
	shown := map[string]sighting{}
	for _, object := range s.objects() {
		ids := map[string]bool{}
		for _, k := range held {
			if s.sweep.Kind != record.Note || noteObjectOf(k.RecordID) == object {
				ids[k.RecordID] = true
			}
		}
		if len(ids) == 0 {
			continue
		}
		rows, _, err := s.allRows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s)", s.columns(object), object, soqlList(ids)))
		if err != nil {
			return page, err
		}
		for _, row := range rows {
			found, err := s.sightRow(object, row)
			if err != nil {
				return page, err
			}
			shown[found.id] = found
		}
	}
	var invisible []record.KnownRecord
	for _, k := range held {
		found, known := shown[k.RecordID]
		switch {
		case k.Pending || k.Announced:
		case !known && k.SyncedAt.After(m.begun.Began.Add(-visibilityLag)): // what was just written may become visible late
		case !known:
			invisible = append(invisible, k)
		case found.deleted || found.record == nil || m.differs(s, found.record, k):
			s.mark(&page, found, k)
		}
	}
	if len(invisible) > m.deletions(s.sweep.Kind).Surge.Count {
		f := record.MaintenanceFinding{Part: record.MaintainRecords, Found: record.FoundInvisible, Kind: s.sweep.Kind, Side: record.Salesforce, Count: len(invisible)}
		for _, k := range invisible[:min(len(invisible), someIDs)] {
			f.IDs = append(f.IDs, k.LinkID)
		}
		m.found(f)
		return page, nil
	}
	for _, k := range invisible {
		s.mark(&page, sighting{id: k.RecordID, deleted: true}, k)
	}
	return page, nil
}

// differs tells whether a record is otherwise than was agreed. What waits for its contact or for a person, or is left out,
// has nothing to be compared with but contacts, of which the filter tells.
func (m *maintainer) differs(s *sweeper, r *record.Record, k record.KnownRecord) bool {
	if k.State != record.LinkInStep && (k.State != record.LinkExcluded || s.sweep.Kind != record.Contact) {
		return false
	}
	return m.compareWithBase(s.sweep.Kind, r, k).differs
}

// tasks reads GoHighLevel's tasks one by one: the poll of tasks notices a deletion only where one spell reads them all.
func (m *maintainer) tasks(ctx context.Context, s *sweeper, held []record.KnownRecord) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}}
	for _, k := range held {
		if k.Pending || k.Announced {
			continue
		}
		work, err := m.ledger.Links(ctx, m.in.Connection, record.Task, k.LinkID-1, 1)
		if err != nil {
			return page, err
		}
		if len(work) == 0 || work[0].Link.ID != k.LinkID || work[0].Link.GoHighLevelContact == "" {
			continue // it is gone meanwhile, or nobody has said by whom it is read
		}
		contact := work[0].Link.GoHighLevelContact
		doc, err := s.GoHighLevel.GetTask(ctx, contact, k.RecordID)
		if crm.KindOf(err) == crm.NotFound {
			s.mark(&page, sighting{id: k.RecordID, deleted: true, contact: contact}, k)
			continue
		}
		if err != nil {
			return page, err
		}
		r, err := s.readOf(record.Task, record.GoHighLevel, doc, false)
		if err != nil || m.differs(s, &r, k) {
			s.mark(&page, sighting{id: k.RecordID, contact: contact}, k)
		}
	}
	return page, nil
}
