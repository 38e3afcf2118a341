package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// slicesPerSweep is how many slices of the rotating comparison one sweep reads at most.
const slicesPerSweep = 10

// rotate compares the next links with what GoHighLevel holds, so that every link has its turn once within the rules'
// time. It finds deletions, which no search for changes shows, and edits that were missed otherwise. Each slice takes one
// search; slices are read as seldom as that allows.
func (s *sweeper) rotate(ctx context.Context) error {
	round := s.Rules.Live.Sweeps.Compare
	if round <= 0 {
		return nil
	}
	last := s.sweep.Readings[record.ReadRotation].Epoch
	due := 1
	if !last.IsZero() {
		links, err := s.ledger.CountOpen(ctx, s.sweep.SweepKey)
		if err != nil || links == 0 {
			return err
		}
		slices := (links + goHighLevelPage - 1) / goHighLevelPage
		due = int(s.sweep.Began.Sub(last) / max(round/time.Duration(slices), 1))
	}
	s.confirmations = confirmationsPerSweep
	over := spell(ctx)
	for range min(due, slicesPerSweep) {
		if more, err := s.slice(ctx); err != nil || !more || over() {
			return err
		}
	}
	return nil
}

// slice compares one slice of links; more is false where the round ended, or where the rest of the slice must wait for the
// next sweep.
func (s *sweeper) slice(ctx context.Context) (more bool, err error) {
	held, err := s.ledger.OpenLinks(ctx, s.sweep.SweepKey, s.sweep.ComparedAfter, goHighLevelPage)
	if err != nil {
		return false, err
	}
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	after, complete, err := s.compare(ctx, &page, held)
	if err != nil {
		return false, err
	}
	switch {
	case complete && len(held) < goHighLevelPage:
		after, page.ComparedAt = 0, s.sweep.Began
		page.Readings[record.ReadRotation] = record.Reading{Epoch: s.sweep.Began}
	case complete:
		page.Readings[record.ReadRotation] = record.Reading{Epoch: s.sweep.Began}
		more = true
	}
	page.ComparedAfter = &after
	if err := s.store(ctx, page); err != nil {
		return false, err
	}
	s.sweep.ComparedAfter = after
	return more, nil
}

// compare looks at links up to the one it returns; complete is false where those after it must wait.
func (s *sweeper) compare(ctx context.Context, page *record.SweptPage, held []record.KnownRecord) (after int64, complete bool, err error) {
	after = s.sweep.ComparedAfter
	if len(held) == 0 {
		return after, true, nil
	}
	shown, err := s.contactsOf(ctx, held)
	if err != nil {
		return after, false, err
	}
	for _, k := range held {
		doc := shown[k.RecordID]
		if doc == nil && k.Asked {
			after = k.LinkID // that it is gone is no news
			continue
		}
		if doc == nil {
			// Absence from the index proves nothing.
			if s.confirmations == 0 {
				return after, false, nil
			}
			if doc, err = s.confirm(ctx, page, k); err != nil {
				return after, false, err
			}
		}
		if doc != nil {
			if err := s.compareContact(page, doc, k); err != nil {
				return after, false, err
			}
		}
		after = k.LinkID
	}
	return after, true, nil
}

// contactsOf searches for the contacts of links. Where the vendor refuses to search by a list of ids it finds none, and
// each is read by itself.
func (s *sweeper) contactsOf(ctx context.Context, held []record.KnownRecord) (map[string]crm.Document, error) {
	ids := make([]string, len(held))
	for i, k := range held {
		ids[i] = k.RecordID
	}
	s.calls++
	found, err := s.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{
		PageLimit: goHighLevelPage, Filters: []crm.SearchGroup{{Field: "id", Operator: "eq", Value: ids}},
	})
	if kind := crm.KindOf(err); kind == crm.Invalid || kind == crm.Rejected {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	shown := make(map[string]crm.Document, len(found.Contacts))
	for _, doc := range found.Contacts {
		id, _ := doc["id"].(string)
		shown[id] = doc
	}
	return shown, nil
}

// confirm reads a contact that a search did not show; one that is gone is marked.
func (s *sweeper) confirm(ctx context.Context, page *record.SweptPage, k record.KnownRecord) (crm.Document, error) {
	s.confirmations--
	s.calls++
	doc, err := s.GoHighLevel.GetContact(ctx, k.RecordID)
	if crm.KindOf(err) == crm.NotFound {
		if !k.Pending {
			s.mark(page, sighting{id: k.RecordID, deleted: true, stamp: s.sweep.Began}, k)
		}
		return nil, nil
	}
	return doc, err
}

// compareContact marks a contact that is not as its link has it. A link that waits, or that a vendor refuses, has nothing
// to compare with.
func (s *sweeper) compareContact(page *record.SweptPage, doc crm.Document, k record.KnownRecord) error {
	if k.Pending || k.Announced || k.State != record.LinkInStep && k.State != record.LinkExcluded {
		return nil
	}
	found, err := s.sightContact(doc)
	if err != nil {
		return err
	}
	if found.record == nil {
		s.mark(page, found, k)
		return nil
	}
	if s.compareWithBase(record.Contact, found.record, k).differs {
		s.mark(page, found, k)
	}
	return nil
}
