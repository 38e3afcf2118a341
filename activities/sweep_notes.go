package activities

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// synced tells whether the rules sync the kind that is polled.
func (s *sweeper) synced() bool {
	return s.sweep.Kind == record.Contact || s.Kinds[s.sweep.Kind] != nil
}

// onlyForNotes tells whether a kind that is not synced is polled, because notes become tasks: Salesforce's notes, and
// GoHighLevel's tasks.
func (s *sweeper) onlyForNotes() bool { return s.followsNotes() || s.followsTasks() }

func (s *sweeper) followsNotes() bool {
	return s.NoteTasks != nil && s.sweep.Kind == record.Note && s.sweep.Side == record.Salesforce
}

func (s *sweeper) followsTasks() bool {
	return s.NoteTasks != nil && s.sweep.Kind == record.Task && s.sweep.Side == record.GoHighLevel
}

// notesToMark returns what says, of each record that a poll found, which note's tasks are to be looked at because of it. It
// goes its own way beside what is synced: a note that is in step may be new all the same to whoever makes tasks of it.
func (s *sweeper) notesToMark(ctx context.Context, ids []string) (func(sighting) []record.NoteMark, error) {
	switch {
	case s.followsNotes():
		since, err := s.ledger.NotesSince(ctx, s.ID)
		since = since.Truncate(time.Second) // as Salesforce keeps its stamps
		return func(f sighting) []record.NoteMark {
			if strings.HasPrefix(f.id, "00T") {
				return nil // by the rules a GoHighLevel note is kept as a task, and asks for none itself
			}
			return []record.NoteMark{{NoteID: f.id, OnlyFollowed: f.deleted || f.stamp.Before(since)}}
		}, err
	case s.followsTasks():
		followed, err := s.ledger.FollowedTasks(ctx, s.ID, ids)
		return func(f sighting) []record.NoteMark {
			t, known := followed[f.id]
			if !known || !f.deleted && slices.Equal(f.sums, t.Seen) {
				return nil // our own write that comes back, or what the note's run knows already
			}
			return []record.NoteMark{{NoteID: t.NoteID, OnlyFollowed: true}}
		}, err
	}
	return func(sighting) []record.NoteMark { return nil }, nil
}

// markAbsentOfNotes marks the notes of tasks that were not shown. One that was written within the index's lag may not be in
// it yet.
func (s *sweeper) markAbsentOfNotes(ctx context.Context, page *record.SweptPage, shown map[string]bool) error {
	if !s.followsTasks() {
		return nil
	}
	followed, err := s.ledger.FollowedTasks(ctx, s.ID, nil)
	if err != nil {
		return err
	}
	for id, t := range followed {
		if !shown[id] && t.WrittenAt.Before(s.sweep.Began.Add(-s.Rules.GoHighLevel.IndexLag)) {
			page.Notes = append(page.Notes, record.NoteMark{NoteID: t.NoteID, OnlyFollowed: true})
		}
	}
	return nil
}
