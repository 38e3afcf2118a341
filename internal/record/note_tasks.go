package record

import "time"

// FollowedNote is what is remembered of a Salesforce note and of the GoHighLevel tasks that it became.
type FollowedNote struct {
	NoteID string
	State  NoteState
	// Contact is the GoHighLevel contact that the tasks were made for; "" while there are none.
	Contact string
	// Sealed is what the note said when it was last read, and how its tasks stood; nil before the first time.
	Sealed []byte
	Tasks  []NoteTask // in the order of their keys
	// Journal is what a change of all this writes into the journal with it; it is never read back.
	Journal []NoteEntry
}

// NoteEntry is an entry of the journal about a record that no link needs to hold: one of a note's tasks, or the note.
type NoteEntry struct {
	Origin   Origin
	RecordID string
	JournalEntry
}

// NoteState is how a note stands. It is stored and printed: never rename one.
type NoteState string

// The states of a note.
const (
	NoteNew     NoteState = "new"     // nobody has read it yet
	NoteOpen    NoteState = "open"    // some of its tasks are not done
	NoteDone    NoteState = "done"    // all of its tasks are done
	NoteNothing NoteState = "nothing" // it has no tasks
	NoteGone    NoteState = "gone"    // it was deleted, or cannot be seen any more
)

// NoteTask is a GoHighLevel task that a note became, or is about to become.
type NoteTask struct {
	// Key names it within its note.
	Key string
	// TaskID is GoHighLevel's; "" while it is not known to be there.
	TaskID string
	State  NoteTaskState
	// Completed tells how it stood when it was last looked at.
	Completed bool
	// Intent is when a create was begun whose outcome is not recorded; zero for none.
	Intent time.Time
	// Owed are the fields that are to be written, and are not yet.
	Owed []string
	// Written are keyed fingerprints of what was last written, one for each field; nil before the first time.
	Written []int64
	// Seen are those of all that was last seen of it, whoever wrote it.
	Seen []int64
	// WrittenAt is when it was last written, by the ledger's clock.
	WrittenAt time.Time
}

// NoteTaskState is how a note's task stands. It is stored: never rename one.
type NoteTaskState string

// The states of a note's task.
const (
	NoteTaskWanted    NoteTaskState = "wanted"    // it is to be created
	NoteTaskThere     NoteTaskState = "there"     // it is followed
	NoteTaskWithdrawn NoteTaskState = "withdrawn" // its item is gone, and it is to be deleted
	NoteTaskReleased  NoteTaskState = "released"  // it stays as it is, and is followed no more
	NoteTaskGone      NoteTaskState = "gone"      // somebody deleted it in GoHighLevel
)

// FollowedTask is a GoHighLevel task that a note became, with its note.
type FollowedTask struct {
	NoteID string
	NoteTask
}

// NoteMark tells that a Salesforce note, or one of the tasks that it became, may have changed. It is a hint and never data.
type NoteMark struct {
	NoteID string
	// OnlyFollowed leaves the mark without effect where no tasks of the note are open.
	OnlyFollowed bool
}

// NoteCounts counts what the notes of a connection became.
type NoteCounts struct {
	Notes     int `json:"notes"`     // with tasks
	Open      int `json:"open"`      // of those, with a task that is not done
	Tasks     int `json:"tasks"`     // that are followed, the parents with them
	Completed int `json:"completed"` // of those
}
