package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

var (
	noteStateCodes = map[record.NoteState]int16{
		record.NoteNew: 1, record.NoteOpen: 2, record.NoteDone: 3, record.NoteNothing: 4, record.NoteGone: 5,
	}
	noteStates         = inverse(noteStateCodes)
	noteTaskStateCodes = map[record.NoteTaskState]int16{
		record.NoteTaskWanted: 1, record.NoteTaskThere: 2, record.NoteTaskWithdrawn: 3, record.NoteTaskReleased: 4, record.NoteTaskGone: 5,
	}
	noteTaskStates = inverse(noteTaskStateCodes)
)

// HeedNote takes in every mark of a note so far and returns what is remembered of it. A note that nobody knows is new from
// then on. Safe to repeat.
func (s *Store) HeedNote(ctx context.Context, connection, noteID string) (record.FollowedNote, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return record.FollowedNote{}, err
	}
	var note record.FollowedNote
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			INSERT INTO note_tasks AS n (connection, note_id, heeded) VALUES ($1, $2, 1)
			ON CONFLICT (connection, note_id) DO UPDATE SET heeded = n.marked`, n, noteID); err != nil {
			return err
		}
		note, err = readNote(ctx, tx, n, noteID)
		return err
	})
	if err != nil {
		return record.FollowedNote{}, fmt.Errorf("store: heed a note: %w", err)
	}
	return note, nil
}

// GetNote returns what is remembered of a note. It fails with record.ErrNoNote where nothing is.
func (s *Store) GetNote(ctx context.Context, connection, noteID string) (record.FollowedNote, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return record.FollowedNote{}, err
	}
	var note record.FollowedNote
	// Both statements see the same.
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		note, err = readNote(ctx, tx, n, noteID)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return record.FollowedNote{}, fmt.Errorf("store: %w: %s", record.ErrNoNote, noteID)
	}
	if err != nil {
		return record.FollowedNote{}, fmt.Errorf("store: read a note: %w", err)
	}
	return note, nil
}

// ChangeNote lets change alter what is remembered of a note, and stores all of it, what it journals with it, or nothing. Two changes of one note come
// one after the other; change may be called again, and must have no effect but on its argument. It fails with
// record.ErrNoNote where nothing is remembered, and with what change fails with.
func (s *Store) ChangeNote(ctx context.Context, connection, noteID string, change func(*record.FollowedNote) error) (record.FollowedNote, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return record.FollowedNote{}, err
	}
	var note record.FollowedNote
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var state int16
		err := tx.QueryRow(ctx, `SELECT state FROM note_tasks WHERE connection = $1 AND note_id = $2 FOR UPDATE`, n, noteID).Scan(&state)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %s", record.ErrNoNote, noteID)
		}
		if err != nil {
			return err
		}
		if note, err = readNote(ctx, tx, n, noteID); err != nil {
			return err
		}
		if err := change(&note); err != nil {
			return err
		}
		return writeNote(ctx, tx, n, note)
	})
	if err != nil {
		return record.FollowedNote{}, fmt.Errorf("store: change a note: %w", err)
	}
	return note, nil
}

const noteTaskColumns = `i.key, coalesce(i.task_id, ''), i.state, i.completed, i.intent_at, i.owed, i.written, i.seen, i.written_at`

func noteTaskTargets(t *record.NoteTask, state *int16, intent, written **time.Time) []any {
	return []any{&t.Key, &t.TaskID, state, &t.Completed, intent, &t.Owed, &t.Written, &t.Seen, written}
}

func readNote(ctx context.Context, tx pgx.Tx, connection int32, noteID string) (record.FollowedNote, error) {
	note := record.FollowedNote{NoteID: noteID}
	var state int16
	err := tx.QueryRow(ctx, `SELECT state, contact, sealed FROM note_tasks WHERE connection = $1 AND note_id = $2`, connection, noteID).
		Scan(&state, &note.Contact, &note.Sealed)
	if err != nil {
		return note, err
	}
	note.State = noteStates[state]
	rows, err := tx.Query(ctx, `SELECT `+noteTaskColumns+` FROM note_task_items i WHERE connection = $1 AND note_id = $2 ORDER BY key`,
		connection, noteID)
	if err != nil {
		return note, err
	}
	note.Tasks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t record.NoteTask, err error) {
		var state int16
		var intent, written *time.Time
		err = row.Scan(noteTaskTargets(&t, &state, &intent, &written)...)
		t.State, t.Intent, t.WrittenAt = noteTaskStates[state], orZero(intent), orZero(written)
		return t, err
	})
	return note, err
}

func writeNote(ctx context.Context, tx pgx.Tx, connection int32, note record.FollowedNote) error {
	state, known := noteStateCodes[note.State]
	if !known {
		return fmt.Errorf("unknown state of a note %q", note.State)
	}
	var batch pgx.Batch
	batch.Queue(`UPDATE note_tasks SET state = $3, contact = $4, sealed = $5 WHERE connection = $1 AND note_id = $2`,
		connection, note.NoteID, state, note.Contact, note.Sealed)
	batch.Queue(`DELETE FROM note_task_items WHERE connection = $1 AND note_id = $2`, connection, note.NoteID)
	for _, t := range note.Tasks {
		state, known := noteTaskStateCodes[t.State]
		if !known {
			return fmt.Errorf("unknown state of a note's task %q", t.State)
		}
		batch.Queue(`
			INSERT INTO note_task_items (connection, note_id, key, task_id, state, completed, intent_at, owed, written, seen, written_at)
			VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8, $9, $10, $11)`,
			connection, note.NoteID, t.Key, t.TaskID, state, t.Completed, nilTime(t.Intent), append([]string{}, t.Owed...), t.Written, t.Seen, nilTime(t.WrittenAt))
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	for _, e := range note.Journal {
		if err := journalRecord(ctx, tx, connection, e); err != nil {
			return err
		}
	}
	return nil
}

// FollowedTasks returns, by their ids, which of the given GoHighLevel tasks notes became and that are followed; all of them
// where ids is nil.
func (s *Store) FollowedTasks(ctx context.Context, connection string, ids []string) (map[string]record.FollowedTask, error) {
	return s.noteTasks(ctx, connection, ids, []int16{noteTaskStateCodes[record.NoteTaskThere], noteTaskStateCodes[record.NoteTaskWithdrawn]})
}

// NotesTasks returns, by their ids, which of the given GoHighLevel tasks notes became, followed or not.
func (s *Store) NotesTasks(ctx context.Context, connection string, ids []string) (map[string]record.FollowedTask, error) {
	return s.noteTasks(ctx, connection, append([]string{}, ids...), slices.Collect(maps.Keys(noteTaskStates)))
}

func (s *Store) noteTasks(ctx context.Context, connection string, ids []string, states []int16) (map[string]record.FollowedTask, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT i.note_id, `+noteTaskColumns+` FROM note_task_items i
		WHERE i.connection = $1 AND i.task_id IS NOT NULL AND ($2::text[] IS NULL OR i.task_id = ANY ($2)) AND i.state = ANY ($3)`,
		n, ids, states)
	if err != nil {
		return nil, fmt.Errorf("store: look up the tasks of notes: %w", err)
	}
	out := map[string]record.FollowedTask{}
	var t record.FollowedTask
	var state int16
	var intent, written *time.Time
	_, err = pgx.ForEachRow(rows, append([]any{&t.NoteID}, noteTaskTargets(&t.NoteTask, &state, &intent, &written)...), func() error {
		t.State, t.Intent, t.WrittenAt = noteTaskStates[state], orZero(intent), orZero(written)
		one := t
		one.Owed, one.Written, one.Seen = slices.Clone(t.Owed), slices.Clone(t.Written), slices.Clone(t.Seen)
		out[t.TaskID] = one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: look up the tasks of notes: %w", err)
	}
	return out, nil
}

// CountNotes counts what the notes of a connection became.
func (s *Store) CountNotes(ctx context.Context, connection string) (c record.NoteCounts, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return c, err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM note_tasks WHERE connection = $1 AND state IN (2, 3)),
		       (SELECT count(*) FROM note_tasks WHERE connection = $1 AND state = 2),
		       count(*), count(*) FILTER (WHERE completed)
		FROM note_task_items WHERE connection = $1 AND state = 2`, n).Scan(&c.Notes, &c.Open, &c.Tasks, &c.Completed)
	if err != nil {
		return c, fmt.Errorf("store: count notes: %w", err)
	}
	return c, nil
}
