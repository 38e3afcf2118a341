package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// noteLinks looks which enhanced notes are shown on the contacts that are kept in step, some contacts at a time, so that
// each has its turn once within the rules' time. A note that was shown on a contact later has not changed by that, and
// Salesforce cannot be asked for new links.
func (s *sweeper) noteLinks(ctx context.Context) error {
	round := s.Rules.Live.Sweeps.Compare
	if s.sweep.Kind != record.Note || !s.synced() || round <= 0 || !slices.Contains(s.objects(), noteObject) {
		return nil
	}
	contacts := record.SweepKey{Connection: s.sweep.Connection, Kind: record.Contact, Side: record.Salesforce}
	due := 1
	if last := s.sweep.Readings[record.ReadRotation].Epoch; !last.IsZero() {
		n, err := s.ledger.CountOpen(ctx, contacts)
		if err != nil || n == 0 {
			return err
		}
		turns := (n + salesforceBatch - 1) / salesforceBatch
		due = int(s.sweep.Began.Sub(last) / max(round/time.Duration(turns), 1))
	}
	over := spell(ctx)
	for range min(due, slicesPerSweep) {
		held, err := s.ledger.OpenLinks(ctx, contacts, s.sweep.ComparedAfter, salesforceBatch)
		if err != nil {
			return err
		}
		page, err := s.shownNotes(ctx, held)
		if err != nil {
			return err
		}
		after := int64(0)
		if len(held) == salesforceBatch {
			after = held[len(held)-1].LinkID
		} else {
			page.ComparedAt = s.sweep.Began
		}
		page.ComparedAfter = &after
		page.Readings[record.ReadRotation] = record.Reading{Epoch: s.sweep.Began}
		if err := s.store(ctx, page); err != nil || after == 0 || over() {
			return err
		}
		s.sweep.ComparedAfter = after
	}
	return nil
}

// shownNotes marks the notes of contacts that no link holds, and those that wait for a contact: they may have got one.
func (s *sweeper) shownNotes(ctx context.Context, held []record.KnownRecord) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	if len(held) == 0 {
		return page, nil
	}
	contacts := map[string]bool{}
	for _, k := range held {
		contacts[k.RecordID] = true
	}
	s.calls++
	links, err := s.rows(ctx, fmt.Sprintf("SELECT ContentDocumentId, LinkedEntityId FROM %s WHERE LinkedEntityId IN (%s) ORDER BY Id", noteLinkObject, soqlList(contacts)))
	if err != nil {
		return page, err
	}
	shownOn := map[string]string{}
	for _, link := range links {
		id, _ := link["ContentDocumentId"].(string)
		if contact, _ := link["LinkedEntityId"].(string); strings.HasPrefix(id, "069") && shownOn[id] == "" {
			shownOn[id] = contact
		}
	}
	known, err := s.ledger.Known(ctx, s.sweep.SweepKey, slices.Collect(maps.Keys(shownOn)))
	if err != nil {
		return page, err
	}
	var strange []string
	for _, id := range slices.Sorted(maps.Keys(shownOn)) {
		if k := known[id]; !k.Pending && (k.LinkID == 0 || k.State == record.LinkExcluded) {
			strange = append(strange, id)
		}
	}
	for chunk := range slices.Chunk(strange, salesforceBatch) {
		asked := map[string]bool{}
		for _, id := range chunk {
			asked[id] = true
		}
		s.calls++
		// Files are shown on contacts by the same links, under the same kind of ids.
		notes, err := s.rows(ctx, fmt.Sprintf("SELECT Id FROM %s WHERE Id IN (%s) AND IsDeleted = false", noteObject, soqlList(asked)))
		if err != nil {
			return page, err
		}
		for _, row := range notes {
			id, _ := row["Id"].(string)
			s.mark(&page, sighting{id: id, stamp: s.sweep.Began, contact: shownOn[id]}, known[id])
		}
	}
	return page, nil
}
