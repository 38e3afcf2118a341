package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

const aNote = "069000000000001AAA"

// followed stores a note with one task in GoHighLevel.
func followed(t *testing.T, s *store.Store, connection, note, task string) {
	t.Helper()
	_, err := s.HeedNote(t.Context(), connection, note)
	require.NoError(t, err)
	_, err = s.ChangeNote(t.Context(), connection, note, func(n *record.FollowedNote) error {
		n.State, n.Contact, n.Sealed = record.NoteOpen, "ghl-1", []byte("sealed")
		n.Tasks = []record.NoteTask{{
			Key: "1", TaskID: task, State: record.NoteTaskThere, Completed: true, Owed: []string{"title"}, Written: []int64{1, -2, 3, 4, 5}, Seen: []int64{1, -2, 3, 4, 6},
			WrittenAt: time.UnixMilli(1_700_000_000_000).UTC(),
		}}
		return nil
	})
	require.NoError(t, err)
}

func TestWhatANoteBecameIsReadBackAsItWasStored(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.GetNote(t.Context(), acme, aNote)
	require.ErrorIs(t, err, record.ErrNoNote)
	fresh, err := s.HeedNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	require.Equal(t, record.FollowedNote{NoteID: aNote, State: record.NoteNew, Tasks: []record.NoteTask{}}, fresh)

	want := record.FollowedNote{
		NoteID: aNote, State: record.NoteDone, Contact: "ghl-1", Sealed: []byte("sealed"),
		Tasks: []record.NoteTask{
			{Key: "1", TaskID: "t1", State: record.NoteTaskThere, Completed: true, Owed: []string{"title", "due"}, Written: []int64{1, 2}, Seen: []int64{3, 4}, WrittenAt: time.UnixMilli(1_700_000_000_000).UTC()},
			{Key: "2", State: record.NoteTaskWanted, Intent: time.UnixMilli(1_700_000_001_000).UTC(), Owed: []string{}},
			{Key: "parent", TaskID: "t3", State: record.NoteTaskGone, Owed: []string{}},
		},
	}
	_, err = s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error { *n = want; return nil })
	require.NoError(t, err)
	got, err := s.GetNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	for i := range got.Tasks {
		got.Tasks[i].Intent, got.Tasks[i].WrittenAt = got.Tasks[i].Intent.UTC(), got.Tasks[i].WrittenAt.UTC()
	}
	require.Equal(t, want, got)
}

func TestAChangeOfANoteThatFailsChangesNothing(t *testing.T) {
	s, _ := newStore(t)
	followed(t, s, acme, aNote, "t1")
	refused := errors.New("no")
	_, err := s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error {
		n.Tasks = nil
		return refused
	})
	require.ErrorIs(t, err, refused)
	got, err := s.GetNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	require.Len(t, got.Tasks, 1)
	_, err = s.ChangeNote(t.Context(), acme, "069000000000002AAA", func(*record.FollowedNote) error { return nil })
	require.ErrorIs(t, err, record.ErrNoNote)
}

func TestChangesOfOneNoteAtOnceAreAllKept(t *testing.T) {
	s, _ := newStore(t)
	followed(t, s, acme, aNote, "t1")
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			_, err := s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error {
				n.Tasks[0].Written[0]++
				return nil
			})
			return err
		})
	}
	require.NoError(t, group.Wait())
	got, err := s.GetNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	require.EqualValues(t, 9, got.Tasks[0].Written[0])
}

func TestAMarkedNoteIsListedUntilARunHasTakenItsMarksIn(t *testing.T) {
	s, _ := newStore(t)
	other := "002000000000002AAA"
	ring, err := s.MarkNotes(t.Context(), acme, []record.NoteMark{{NoteID: aNote}, {NoteID: other}, {NoteID: "069unknown", OnlyFollowed: true}})
	require.NoError(t, err)
	require.True(t, ring)
	list := func(busy ...string) []string {
		ids, err := s.UnheededNotes(t.Context(), acme, 10, busy)
		require.NoError(t, err)
		return ids
	}
	require.Equal(t, []string{other, aNote}, list())
	require.Equal(t, []string{other}, list(aNote))
	_, err = s.HeedNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	require.Equal(t, []string{other}, list())
	ring, err = s.MarkNotes(t.Context(), acme, []record.NoteMark{{NoteID: aNote, OnlyFollowed: true}})
	require.NoError(t, err)
	require.False(t, ring, "the bell rings already")
	require.Equal(t, []string{other, aNote}, list(), "marked again, it is listed again")
}

func TestAMarkOfWhatIsFollowedLeavesANoteAloneThatHasNoTasks(t *testing.T) {
	s, _ := newStore(t)
	followed(t, s, acme, aNote, "t1")
	_, err := s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error {
		n.State = record.NoteGone
		return nil
	})
	require.NoError(t, err)
	ring, err := s.MarkNotes(t.Context(), acme, []record.NoteMark{{NoteID: aNote, OnlyFollowed: true}})
	require.NoError(t, err)
	require.False(t, ring)
	ids, err := s.UnheededNotes(t.Context(), acme, 10, nil)
	require.NoError(t, err)
	require.Empty(t, ids)
}

func TestAnAnnouncedTaskMarksItsNoteWhetherTasksAreSyncedOrNot(t *testing.T) {
	for name, kinds := range map[string][]record.Kind{"synced": {record.Task}, "not synced": nil} {
		t.Run(name, func(t *testing.T) {
			s, conn := newStore(t)
			require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, nil))
			require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
			followed(t, s, acme, aNote, "t1")
			_, err := s.MarkChanged(t.Context(), acme, record.Task, []record.Mark{
				{Side: record.GoHighLevel, RecordID: "t1"}, {Side: record.GoHighLevel, RecordID: "somebody else's"},
			})
			require.NoError(t, err)
			_, err = s.PlanChanges(t.Context(), acme, kinds, 50, nil)
			require.NoError(t, err)
			ids, err := s.UnheededNotes(t.Context(), acme, 10, nil)
			require.NoError(t, err)
			require.Equal(t, []string{aNote}, ids)
			_, err = s.PlanChanges(t.Context(), acme, kinds, 50, nil)
			require.NoError(t, err)
			var marked int
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT marked FROM note_tasks`).Scan(&marked))
			require.Equal(t, 2, marked, "one announcement marks once")
		})
	}
}

func TestAMarkedNoteThatNobodyTakesInIsUnanswered(t *testing.T) {
	s, _ := newStore(t)
	require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, nil))
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	unanswered := func() []string {
		ids, err := s.Unanswered(t.Context(), 0, 1, 0)
		require.NoError(t, err)
		return ids
	}
	require.Empty(t, unanswered())
	_, err := s.MarkNotes(t.Context(), acme, []record.NoteMark{{NoteID: aNote}})
	require.NoError(t, err)
	require.Equal(t, []string{acme}, unanswered())
	_, err = s.HeedNote(t.Context(), acme, aNote)
	require.NoError(t, err)
	require.Empty(t, unanswered())
}

func TestATaskIsFoundByItsIDWithinItsConnection(t *testing.T) {
	s, _ := newStore(t)
	addConnection(t, s, "other")
	followed(t, s, acme, aNote, "t1")
	followed(t, s, "other", aNote, "t1")
	all, err := s.FollowedTasks(t.Context(), acme, nil)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, aNote, all["t1"].NoteID)
	require.Equal(t, []int64{1, -2, 3, 4, 5}, all["t1"].Written)
	none, err := s.FollowedTasks(t.Context(), acme, []string{"t2"})
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error {
		n.Tasks[0].State = record.NoteTaskReleased
		return nil
	})
	require.NoError(t, err)
	all, err = s.FollowedTasks(t.Context(), acme, nil)
	require.NoError(t, err)
	require.Empty(t, all, "what was let go is not followed")
	all, err = s.NotesTasks(t.Context(), acme, []string{"t1"})
	require.NoError(t, err)
	require.Len(t, all, 1, "but it still comes from a note")
}

func TestNotesBecomeTasksSinceTheRulesThatTurnedItOn(t *testing.T) {
	s, conn := newStore(t)
	var applied time.Time
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT applied_at FROM connection_rules`).Scan(&applied))
	since, err := s.NotesSince(t.Context(), acme)
	require.NoError(t, err)
	require.True(t, applied.Equal(since))
	_, err = s.UpdateRules(t.Context(), acme, "fields: {a: b}\n", "")
	require.NoError(t, err)
	again, err := s.NotesSince(t.Context(), acme)
	require.NoError(t, err)
	require.True(t, again.Equal(since), "later rules move nothing")
}

func TestNotesAndTheirTasksAreCounted(t *testing.T) {
	s, _ := newStore(t)
	followed(t, s, acme, aNote, "t1")
	_, err := s.HeedNote(t.Context(), acme, "069000000000009AAA")
	require.NoError(t, err)
	counts, err := s.CountNotes(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, record.NoteCounts{Notes: 1, Open: 1, Tasks: 1, Completed: 1}, counts)
}

func TestWhatNotesBecameIsErasedWithTheConnection(t *testing.T) {
	s, conn := newStore(t)
	followed(t, s, acme, aNote, "t1")
	_, err := conn.Exec(t.Context(), `DELETE FROM connections WHERE id = $1`, acme)
	require.NoError(t, err)
	var left int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM note_tasks) + (SELECT count(*) FROM note_task_items)`).Scan(&left))
	require.Zero(t, left)
}

func TestWhatAChangeOfANoteJournalsIsStoredWithItOrNotAtAll(t *testing.T) {
	s, _ := newStore(t)
	followed(t, s, acme, aNote, "t1")
	entry := record.NoteEntry{
		Origin:   record.Origin{Connection: acme, Kind: record.Task, Origin: "note-to-task/acme/1", RunID: "run", RulesVersion: 3},
		RecordID: "t1", JournalEntry: record.JournalEntry{Side: record.GoHighLevel, Operation: record.Update, Sealed: []byte("sealed")},
	}
	change := func(fails error) error {
		_, err := s.ChangeNote(t.Context(), acme, aNote, func(n *record.FollowedNote) error {
			n.Journal = append(n.Journal, entry)
			return fails
		})
		return err
	}
	no := errors.New("no")
	require.ErrorIs(t, change(no), no)
	task := record.Link{Connection: acme, Kind: record.Task, GoHighLevelID: "t1"}
	rows, err := s.History(t.Context(), task)
	require.NoError(t, err)
	require.Empty(t, rows)

	require.NoError(t, change(nil))
	rows, err = s.History(t.Context(), task)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, entry.JournalEntry, rows[0].JournalEntry)
	require.Equal(t, []any{"note-to-task/acme/1", "run", 3, int64(0)}, []any{rows[0].Origin, rows[0].RunID, rows[0].RulesVersion, rows[0].LinkID})
	for _, other := range []record.Link{
		{Connection: acme, Kind: record.Note, GoHighLevelID: "t1"}, {Connection: acme, Kind: record.Task, SalesforceID: "t1"}, {Connection: acme, Kind: record.Task},
	} {
		rows, err = s.History(t.Context(), other)
		require.NoError(t, err)
		require.Empty(t, rows, "%+v is another record", other)
	}
}
