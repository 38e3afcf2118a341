package workflows

import (
	"errors"
	"fmt"
)

// NoteToTaskInput starts a NoteToTask, or continues one.
type NoteToTaskInput struct {
	Connection string `json:"connection"`
	// NoteID is the Salesforce note: a ContentNote's id, or a classic note's.
	NoteID string `json:"note_id"`

	// Looks and Lost are carried over when the run continues as a new one: how often it has looked so far, and how often in
	// a row the note belonged to no contact in step.
	Looks int `json:"looks,omitempty"`
	Lost  int `json:"lost,omitempty"`
}

// NoteToTaskID is the workflow id of the run that makes a note's tasks and follows them.
func NoteToTaskID(connection, note string) string {
	return fmt.Sprintf("note-to-task/%s/%s", connection, note)
}

// Validate names everything that is wrong with the input.
func (in NoteToTaskInput) Validate() error {
	err := needConnection(in.Connection)
	if in.NoteID == "" {
		err = errors.Join(err, errors.New("note_id is missing"))
	}
	return err
}

// NoteToTaskResult is what a note came to.
type NoteToTaskResult struct {
	// Reason is why it became no tasks, or has none any more; "" where all of them are done.
	Reason string `json:"reason,omitempty"`
	Tasks  int    `json:"tasks"` // things to do, without the parent
	Done   int    `json:"done"`
	// Created, Changed and Withdrawn count what this run did in GoHighLevel.
	Created   int `json:"created,omitempty"`
	Changed   int `json:"changed,omitempty"`
	Withdrawn int `json:"withdrawn,omitempty"`
}

// Why a note became no tasks; more reasons are those of packages notetask and activities.
const (
	ReasonNoContact = "no_contact" // its contact did not come into step in time
	ReasonOff       = "off"        // the rules do not want it
	ReasonHeld      = "held"       // a side refuses the connection: it is taken up once that is over
)
