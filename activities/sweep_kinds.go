package activities

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// taskPage is the largest page of GoHighLevel's task search.
	taskPage = 500
	// notedContacts is of how many contacts a poll reads the notes: each takes a call.
	notedContacts = 25
)

// nameContacts finds out on which contacts enhanced notes are shown: their rows do not say so.
func (s *sweeper) nameContacts(ctx context.Context, object string, found []sighting) error {
	if object != noteObject || !s.synced() { // whoever makes tasks of notes reads them whole
		return nil
	}
	at := map[string]int{}
	for i, f := range found {
		if !f.deleted {
			at[f.id] = i
		}
	}
	ids := map[string]bool{}
	for id := range at {
		ids[id] = true
	}
	if len(ids) == 0 {
		return nil
	}
	shown, err := s.shown(ctx, ids)
	for id, contacts := range shown {
		if i, ok := at[id]; ok && found[i].contact == "" {
			found[i].contact = contacts[0]
		}
	}
	return err
}

// goHighLevelTasks reads all tasks of the location, a page at a time: no webhook tells of an edited task, and the search
// cannot be asked for what changed. What a whole pass does not show was deleted, or its sync will find that it was not.
func (s *sweeper) goHighLevelTasks(ctx context.Context) (done bool, err error) {
	pass := s.sweep.Readings[record.ReadChanges]
	if pass.Epoch.IsZero() {
		pass.Epoch = s.sweep.Began.Add(-s.Rules.GoHighLevel.IndexLag)
	}
	s.again = s.from(pass.Epoch)
	whole, shown := pass.Cursor == "", map[string]bool{}
	for over := spell(ctx); ; {
		got, err := s.taskPage(ctx, pass.Cursor)
		if err != nil {
			return false, err
		}
		found, err := s.sightAll(got.Tasks)
		if err != nil {
			return false, err
		}
		for _, f := range found {
			shown[f.id] = true
		}
		page, err := s.weigh(ctx, found)
		if err != nil {
			return false, err
		}
		if done = len(got.SearchAfter) == 0; done {
			s.endPass(&page, pass)
			if whole {
				if err := s.markAbsent(ctx, &page, shown); err != nil {
					return false, err
				}
			}
		} else {
			if pass.Cursor, err = searchCursor(got.SearchAfter); err != nil {
				return false, err
			}
			page.Readings[record.ReadChanges] = pass
		}
		if err := s.store(ctx, page); err != nil || done || over() {
			return done, err
		}
	}
}

// markAbsent marks the records that links hold and that were not shown. One that is younger than the index's lag may not be
// in it yet.
func (s *sweeper) markAbsent(ctx context.Context, page *record.SweptPage, shown map[string]bool) error {
	if err := s.markAbsentOfNotes(ctx, page, shown); err != nil || !s.synced() {
		return err
	}
	for after := ""; ; {
		held, err := s.ledger.OpenRecords(ctx, s.sweep.SweepKey, after, salesforcePage)
		if err != nil {
			return err
		}
		for _, k := range held {
			after = k.RecordID
			if !shown[k.RecordID] && !k.Pending && k.SyncedAt.Before(s.sweep.Began.Add(-s.Rules.GoHighLevel.IndexLag)) && k.State == record.LinkInStep {
				s.mark(page, sighting{id: k.RecordID, deleted: true}, k)
			}
		}
		if len(held) < salesforcePage {
			return nil
		}
	}
}

// sightAll reads documents with the vendor's own time of their last change, where they have one.
func (s *sweeper) sightAll(docs []crm.Document) ([]sighting, error) {
	found := make([]sighting, len(docs))
	for i, doc := range docs {
		delete(doc, "searchAfter") // belongs to the search, not to the record
		f, err := s.sight(doc, time.Unix(0, 0).UTC())
		if err != nil {
			return nil, err
		}
		if f.searched = false; f.record != nil {
			if !f.record.ModifiedAt.IsZero() {
				f.stamp = f.record.ModifiedAt
			}
			f.deleted = f.record.Has(record.TraitDeleted)
		}
		found[i] = f
	}
	return found, nil
}

// sightNotes reads all notes of a contact. Parts of one are one.
func (s *sweeper) sightNotes(contact string, docs []crm.Document) ([]sighting, error) {
	docs, err := s.groupParts(record.GoHighLevel, docs)
	if err != nil {
		return nil, err
	}
	found := make([]sighting, len(docs))
	for i, doc := range docs {
		if found[i], err = s.sight(doc, time.Unix(0, 0).UTC()); err != nil {
			return nil, err
		}
		if r, err := s.readOf(record.Note, record.GoHighLevel, doc, false); err == nil {
			found[i].record = &r // a list shows them in full
		}
		found[i].searched, found[i].contact = false, contact
	}
	return found, nil
}

// goHighLevelNotes reads the notes of the next contacts: they can be read one contact at a time only, so that a round takes
// as many calls as there are contacts. Webhooks tell of most changes sooner.
func (s *sweeper) goHighLevelNotes(ctx context.Context) (done bool, err error) {
	contacts, err := s.ledger.OpenLinks(ctx, record.SweepKey{Connection: s.sweep.Connection, Kind: record.Contact, Side: record.GoHighLevel},
		s.sweep.ComparedAfter, notedContacts)
	if err != nil {
		return false, err
	}
	s.again = s.sweep.Began
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	after := s.sweep.ComparedAfter
	var failure error
	for _, contact := range contacts {
		one, err := s.notesOfContact(ctx, contact.RecordID)
		if err != nil {
			failure = err // what was read before it counts: else a round would never end where one call in some fails
			break
		}
		page.Marks, page.Seen, page.Notes = append(page.Marks, one.Marks...), append(page.Seen, one.Seen...), append(page.Notes, one.Notes...)
		for event, n := range one.Heard {
			page.Heard[event] += n
		}
		after = contact.LinkID
	}
	if failure == nil && len(contacts) < notedContacts {
		after = 0
		s.endPass(&page, record.Reading{Epoch: s.sweep.Began})
	}
	page.ComparedAfter = &after
	if err := s.store(ctx, page); err != nil {
		return false, err
	}
	s.advanced = after != s.sweep.ComparedAfter
	return failure == nil, failure
}

// notesOfContact reads the notes of a contact; none where the contact is gone, of which its own sync makes something.
func (s *sweeper) notesOfContact(ctx context.Context, contact string) (page record.SweptPage, err error) {
	s.calls++
	docs, err := s.GoHighLevel.ListNotes(ctx, contact)
	if crm.KindOf(err) == crm.NotFound {
		return page, nil
	}
	if err != nil {
		return page, err
	}
	found, err := s.sightNotes(contact, docs)
	if err != nil {
		return page, err
	}
	if page, err = s.weigh(ctx, found); err != nil {
		return page, err
	}
	return page, s.absentOf(ctx, &page, contact, found)
}

// absentOf marks the records that belong to a contact and that it does not have any more.
func (s *sweeper) absentOf(ctx context.Context, page *record.SweptPage, contact string, found []sighting) error {
	held, err := s.ledger.RecordsOf(ctx, s.sweep.SweepKey, contact)
	if err != nil {
		return err
	}
	for _, k := range held {
		if k.State == record.LinkInStep && !k.Pending && !slices.ContainsFunc(found, func(f sighting) bool { return f.id == k.RecordID }) {
			s.mark(page, sighting{id: k.RecordID, deleted: true}, k)
		}
	}
	return nil
}
