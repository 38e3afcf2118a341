package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// deletionsKept is how long Salesforce remembers deletions, less an hour that a poll may take to come through.
	deletionsKept = 15*24*time.Hour - time.Hour
	// deletionsEvery is how often they are asked for at the most needed: whatever is not purged shows among the changes.
	deletionsEvery = 5 * time.Minute
	// deletionsWindow is the shortest window that Salesforce takes; it ignores the seconds of both ends.
	deletionsWindow = 3 * time.Minute
	// codeWindowRefused is Salesforce's for a window that reaches further back than it remembers.
	codeWindowRefused = "INVALID_REPLICATION_DATE"
)

// salesforceDeletions asks for the records that were deleted since the last time: those that were purged show nowhere
// else. Where the org has forgotten some of them, a census of all ids begins.
func (s *sweeper) salesforceDeletions(ctx context.Context, now time.Time) error {
	known := s.sweep.DeletedTo
	if known.IsZero() {
		return s.store(ctx, record.SweptPage{DeletedTo: now.Add(-deletionsWindow)}) // nothing was linked before
	}
	if now.Sub(known) < min(deletionsEvery, 3*s.Rules.Live.Sweeps.Fastest) {
		return nil
	}
	floor := now.Add(-deletionsKept)
	start, lost := s.from(known), known.Before(floor)
	if start.Before(floor) {
		start = floor
	}
	if now.Sub(start) < deletionsWindow {
		start = now.Add(-deletionsWindow)
	}
	var found []sighting
	covered := now
	for _, object := range s.objects() {
		s.calls++
		got, err := s.Salesforce.GetDeleted(ctx, deletedObject(object), start, now)
		var refused *crm.Error
		if errors.As(err, &refused) && refused.Code == codeWindowRefused {
			lost, err = true, nil
			got.CoveredUntil = now.Add(-deletionsWindow)
		}
		if err != nil {
			return err
		}
		lost = lost || got.EarliestAvailable.After(known)
		for _, one := range got.Records {
			if !one.DeletedAt.Before(start) { // the vendor begins with the whole minute
				found = append(found, s.gone(one.ID, one.DeletedAt, ""))
			}
		}
		if got.CoveredUntil.Before(covered) {
			covered = got.CoveredUntil
		}
	}
	for chunk := range slices.Chunk(found, salesforcePage) {
		page, err := s.weigh(ctx, chunk)
		if err != nil {
			return err
		}
		if err := s.store(ctx, page); err != nil {
			return err
		}
	}
	// Only now: a crash before repeats the window.
	page := record.SweptPage{DeletedTo: covered}
	if lost {
		census := record.Reading{Epoch: now}
		page.Readings = map[record.SweepReading]record.Reading{record.ReadCensus: census}
		s.sweep.Readings[record.ReadCensus] = census
	}
	return s.store(ctx, page)
}

// deletedObject is the object whose deletions are told of: an enhanced note is a document, and only that says so.
func deletedObject(object string) string {
	if object != noteObject {
		return object
	}
	return "ContentDocument"
}

// census compares all ids of the org with those that links hold, both in the order of the ids: a record that no link holds
// is a change, and so is one that a link holds and the org does not show; whether that was deleted, the sync finds out.
func (s *sweeper) census(ctx context.Context) (done bool, err error) {
	reading := s.sweep.Readings[record.ReadCensus]
	if reading.Epoch.IsZero() {
		return true, nil
	}
	for over := spell(ctx); ; {
		ids, err := s.idsAfter(ctx, reading.Cursor)
		if err != nil {
			return false, err
		}
		held, err := s.ledger.OpenRecords(ctx, s.sweep.SweepKey, reading.Cursor, salesforcePage)
		if err != nil {
			return false, err
		}
		// Both lists are complete up to the horizon; "" is without an end.
		horizon := ""
		if len(ids) == salesforcePage {
			horizon = ids[len(ids)-1]
		}
		if len(held) == salesforcePage && (horizon == "" || held[len(held)-1].RecordID < horizon) {
			horizon = held[len(held)-1].RecordID
		}
		page, err := s.difference(ctx, ids, held, horizon)
		if err != nil {
			return false, err
		}
		reading.Cursor = horizon
		if done = horizon == ""; done {
			page.Readings[record.ReadCensus] = record.Reading{}
		} else {
			page.Readings[record.ReadCensus] = reading
		}
		if err := s.store(ctx, page); err != nil || done || over() {
			return done, err
		}
	}
}

// idsAfter reads a page of the ids of the org's records.
func (s *sweeper) idsAfter(ctx context.Context, after string) ([]string, error) {
	// The bin and the archive go together: whoever is to see archived activities sees deleted ones.
	where := " WHERE IsDeleted = false"
	if after != "" {
		where += " AND Id > '" + after + "'"
	}
	var ids []string
	for _, object := range s.objects() { // in the order of their ids
		if len(ids) == salesforcePage {
			break
		}
		s.calls++
		page, err := s.Salesforce.QueryAll(ctx, fmt.Sprintf("SELECT Id FROM %s%s ORDER BY Id LIMIT %d", object, where, salesforcePage-len(ids)))
		for {
			if err != nil {
				return nil, err
			}
			for _, row := range page.Rows {
				id, _ := row["Id"].(string)
				ids = append(ids, id)
			}
			if page.Next == "" {
				break
			}
			s.calls++
			page, err = s.Salesforce.QueryMore(ctx, page.Next)
		}
	}
	if !slices.IsSorted(ids) || len(ids) > 0 && ids[0] <= after {
		return nil, fault(record.Salesforce, crm.Invalid, "GET /query", "the ids do not come in their order")
	}
	return ids, nil
}

// difference marks what only one of two ordered lists has, up to and with the horizon.
func (s *sweeper) difference(ctx context.Context, ids []string, held []record.KnownRecord, horizon string) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	within := func(id string) bool { return horizon == "" || id <= horizon }
	shown := make(map[string]bool, len(ids))
	for _, id := range ids {
		shown[id] = true
	}
	linked := make(map[string]bool, len(held))
	for _, k := range held {
		linked[k.RecordID] = true
		if within(k.RecordID) && !shown[k.RecordID] && !k.Pending && !k.Asked {
			s.mark(&page, sighting{id: k.RecordID, deleted: true}, k)
		}
	}
	var strange []string
	for _, id := range ids {
		if s.sweep.Kind == record.Note && noteObjectOf(id) == taskNoteObject {
			continue // of these only its text tells that one is a note; the changes show it
		}
		if within(id) && !linked[id] {
			strange = append(strange, id)
		}
	}
	if len(strange) == 0 {
		return page, nil
	}
	// Links that are deleted or parted were not listed, and hold their records all the same.
	known, err := s.ledger.Known(ctx, s.sweep.SweepKey, strange)
	if err != nil {
		return page, err
	}
	for _, id := range strange {
		if k := known[id]; k.LinkID == 0 {
			s.mark(&page, sighting{id: id}, k)
		}
	}
	return page, nil
}
