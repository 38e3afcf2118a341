package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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

func (s *sweeper) changedContacts(ctx context.Context, cursor string) (crm.ContactPage, error) {
	search := crm.ContactSearch{
		PageLimit: goHighLevelPage,
		Filters: []crm.SearchGroup{{
			Field: "dateUpdated", Operator: "range", Value: map[string]any{"gte": s.from(s.sweep.SweptTo).UnixMilli()},
		}},
		Sort: []crm.SearchSort{{Field: "dateUpdated", Direction: "asc"}},
	}
	var err error
	if search.SearchAfter, err = searchAfter(cursor); err != nil {
		return crm.ContactPage{}, err
	}
	s.calls++
	return s.GoHighLevel.SearchContacts(ctx, search)
}

// searchCursor keeps where a search goes on, and searchAfter reads it: nothing for its beginning.
func searchCursor(after []any) (string, error) {
	cursor, err := json.Marshal(after)
	if err != nil {
		return "", fmt.Errorf("encode the cursor: %w", err)
	}
	return string(cursor), nil
}

func searchAfter(cursor string) (after []any, err error) {
	if cursor == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(cursor))
	decoder.UseNumber() // a number must leave as it came
	if err := decoder.Decode(&after); err != nil {
		return nil, fmt.Errorf("stored cursor: %w", err)
	}
	return after, nil
}

func (s *sweeper) sightContact(doc crm.Document) (sighting, error) {
	delete(doc, "searchAfter") // belongs to the search, not to the contact
	found, err := s.sight(doc, time.Unix(0, 0).UTC())
	if err == nil && found.record != nil && !found.record.ModifiedAt.IsZero() {
		found.stamp = found.record.ModifiedAt
	}
	return found, err
}
