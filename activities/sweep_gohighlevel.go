package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// goHighLevel polls the location: what changed, and the next slice of the rotating comparison.
func (s *sweeper) goHighLevel(ctx context.Context) (done bool, err error) {
	if done, err = s.goHighLevelChanges(ctx); err != nil {
		return false, err
	}
	return done, s.rotate(ctx)
}

// goHighLevelChanges reads what changed since the last pass, in the order of dateUpdated. The index lags behind by up to
// the rules' index_lag, so a pass counts only up to that before it began.
func (s *sweeper) goHighLevelChanges(ctx context.Context) (done bool, err error) {
	pass := s.sweep.Readings[record.ReadChanges]
	if pass.Epoch.IsZero() {
		pass.Epoch = s.sweep.Began.Add(-s.Rules.GoHighLevel.IndexLag)
	}
	s.again = s.from(pass.Epoch)
	for over := spell(ctx); ; {
		got, err := s.changedContacts(ctx, pass.Cursor)
		if err != nil {
			return false, err
		}
		found := make([]sighting, len(got.Contacts))
		for i, doc := range got.Contacts {
			if found[i], err = s.sightContact(doc); err != nil {
				return false, err
			}
		}
		page, err := s.weigh(ctx, found)
		if err != nil {
			return false, err
		}
		if done = len(got.SearchAfter) == 0; done {
			s.endPass(&page, pass)
		} else {
			cursor, err := json.Marshal(got.SearchAfter)
			if err != nil {
				return false, fmt.Errorf("encode the cursor: %w", err)
			}
			pass.Cursor = string(cursor)
			page.Readings[record.ReadChanges] = pass
		}
		if err := s.store(ctx, page); err != nil || done || over() {
			return done, err
		}
	}
}

func (s *sweeper) changedContacts(ctx context.Context, cursor string) (crm.ContactPage, error) {
	search := crm.ContactSearch{
		PageLimit: goHighLevelPage,
		Filters: []crm.SearchGroup{{
			Field: "dateUpdated", Operator: "range", Value: map[string]any{"gte": s.from(s.sweep.SweptTo).UnixMilli()},
		}},
		Sort: []crm.SearchSort{{Field: "dateUpdated", Direction: "asc"}},
	}
	if cursor != "" {
		decoder := json.NewDecoder(bytes.NewReader([]byte(cursor)))
		decoder.UseNumber()
		if err := decoder.Decode(&search.SearchAfter); err != nil {
			return crm.ContactPage{}, fmt.Errorf("stored cursor: %w", err)
		}
	}
	s.calls++
	return s.GoHighLevel.SearchContacts(ctx, search)
}

func (s *sweeper) sightContact(doc crm.Document) (sighting, error) {
	delete(doc, "searchAfter") // belongs to the search, not to the contact
	found, err := s.sight(doc, time.Unix(0, 0).UTC())
	if err == nil && found.record != nil && !found.record.ModifiedAt.IsZero() {
		found.stamp = found.record.ModifiedAt
	}
	return found, err
}
