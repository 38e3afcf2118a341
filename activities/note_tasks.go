package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// NoteLedger is what has to be remembered of notes that become tasks. All methods are safe to repeat and for concurrent use.
type NoteLedger interface {
	// FindLink returns the link of a record, nil when there is none.
	FindLink(ctx context.Context, connection string, kind record.Kind, side record.Side, id string) (*record.Link, error)
	// HeedNote takes in every mark of a note so far and returns what is remembered of it.
	HeedNote(ctx context.Context, connection, noteID string) (record.FollowedNote, error)
	// GetNote returns what is remembered of a note. It fails with record.ErrNoNote.
	GetNote(ctx context.Context, connection, noteID string) (record.FollowedNote, error)
	// ChangeNote lets change alter what is remembered of a note, all of it or nothing. Change may be called again, and must
	// have no effect but on its argument. It fails with record.ErrNoNote, and with what change fails with.
	ChangeNote(ctx context.Context, connection, noteID string, change func(*record.FollowedNote) error) (record.FollowedNote, error)
	// NotesTasks returns, by their ids, which of the given GoHighLevel tasks notes became, followed or not.
	NotesTasks(ctx context.Context, connection string, ids []string) (map[string]record.FollowedTask, error)
	// MarkNotes notes that notes may have changed. Ring tells that the connection must be woken.
	MarkNotes(ctx context.Context, connection string, marks []record.NoteMark) (ring bool, err error)
	// Live returns whether a connection is kept in step at the moment.
	Live(ctx context.Context, connection string) (record.Live, error)
}

// NoteTasks holds the steps of NoteToTask that are not one API call of their own. Customer data enters and leaves sealed.
type NoteTasks struct {
	Connections Connections
	Ledger      NoteLedger
}

// NoteTasksInput names one Salesforce note.
type NoteTasksInput struct {
	Connection string `json:"connection"`
	NoteID     string `json:"note_id"`
}

const (
	// purposeNotes is of what the ledger keeps of a note.
	purposeNotes = "note-tasks"
	// ReasonGone is why a note has no tasks that is not there any more; the other reasons are package notetask's.
	ReasonGone = "gone"
	// ReasonTooLong is why a document that somebody pasted has none.
	ReasonTooLong = "too_long"
	// ReasonOurs is why a note has no tasks that Tandem brought from GoHighLevel, and ReasonPrivate why a private one has none.
	ReasonOurs    = "from_gohighlevel"
	ReasonPrivate = "private"
)

// longestPlanned is how many bytes of a note are read for things to do: it passes through Temporal's history several times.
const longestPlanned = 256 << 10

// tooLong is the key by which a note's document says that it was longer.
const tooLong = "TooLong"

// notePlan is what the ledger keeps of a note, sealed.
type notePlan struct {
	Plan notetask.Plan `json:"plan"`
	// Done is how the tasks stood when the plan's parent was last told.
	Done notetask.Done `json:"done,omitempty"`
	// Read is a fingerprint of what the plan was read from.
	Read uint64 `json:"read,omitempty"`
	// DoneOn is the day on which the last task was done; "" while one is open.
	DoneOn notetask.Day `json:"done_on,omitempty"`
	// Line is the line that was written into the note; "" for none.
	Line string `json:"line,omitempty"`
}

func (c *Connection) openPlan(n record.FollowedNote) (p notePlan, err error) {
	if len(n.Sealed) > 0 {
		err = c.unseal(record.Salesforce, purposeNotes, n.Sealed, &p)
	}
	return p, err
}

func (c *Connection) sealPlan(n *record.FollowedNote, p notePlan) (err error) {
	n.Sealed, err = c.seal(record.Salesforce, purposeNotes, p)
	return err
}

// following tells whether something of a note is still to be done or to be followed.
func following(n record.FollowedNote) bool {
	return slices.ContainsFunc(n.Tasks, func(t record.NoteTask) bool {
		return t.State == record.NoteTaskThere || t.State == record.NoteTaskWanted || t.State == record.NoteTaskWithdrawn
	})
}

// release leaves every task of a note as it is, and follows none any more.
func release(n *record.FollowedNote) {
	kept := n.Tasks[:0]
	for _, t := range n.Tasks {
		if t.TaskID == "" && t.Intent.IsZero() {
			continue // it never came to be
		}
		if t.State != record.NoteTaskGone {
			t.State = record.NoteTaskReleased
		}
		t.Owed = nil
		kept = append(kept, t)
	}
	n.Tasks = kept
}

// NoteTasksBegun says whether a note is to be looked at.
type NoteTasksBegun struct {
	// Off tells that the rules do not want notes to become tasks any more: what there was is followed no more.
	Off bool `json:"off,omitempty"`
}

// BeginNoteTasks takes in that a note has changed, before it is read. Safe to repeat.
func (a *NoteTasks) BeginNoteTasks(ctx context.Context, in NoteTasksInput) (NoteTasksBegun, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return NoteTasksBegun{}, err
	}
	if _, err := a.Ledger.HeedNote(ctx, in.Connection, in.NoteID); err != nil || c.NoteTasks != nil {
		return NoteTasksBegun{}, err
	}
	return NoteTasksBegun{Off: true}, a.leave(ctx, in, record.NoteNothing)
}

// NoteHeld is why a note waits for its connection.
type NoteHeld struct {
	// Refusal is what a side refuses the connection; nil where neither does.
	Refusal *record.Refusal `json:"refusal,omitempty"`
}

// HoldNote lets a note that could not be looked at, or whose tasks could not be written, be taken up again once no side
// refuses the connection any more. It does nothing where none does. Safe to repeat.
func (a *NoteTasks) HoldNote(ctx context.Context, in NoteTasksInput) (NoteHeld, error) {
	live, err := a.Ledger.Live(ctx, in.Connection)
	if err != nil || len(live.Refusals) == 0 {
		return NoteHeld{}, err
	}
	// It need not ring: nobody works before the refusal is over, and then all that is marked is seen.
	_, err = a.Ledger.MarkNotes(ctx, in.Connection, []record.NoteMark{{NoteID: in.NoteID}})
	return NoteHeld{Refusal: &live.Refusals[0]}, err
}

// LeaveNote lets go of the tasks of a note that is not there any more: they stay as they are. Safe to repeat.
func (a *NoteTasks) LeaveNote(ctx context.Context, in NoteTasksInput) error {
	return a.leave(ctx, in, record.NoteGone)
}

// leave keeps the plan: where the note comes back, no key is given out twice.
func (a *NoteTasks) leave(ctx context.Context, in NoteTasksInput, state record.NoteState) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	_, err = a.Ledger.ChangeNote(ctx, in.Connection, in.NoteID, func(n *record.FollowedNote) error {
		release(n)
		n.State = state
		p, err := c.openPlan(*n)
		if err != nil {
			return err
		}
		return c.sealPlan(n, notePlan{Plan: notetask.Plan{Used: p.Plan.Used}})
	})
	return err
}

// ReadNoteToPlan reads a note as a whole, with its author, which takes three calls for an enhanced one. It fails with kind
// NotFound where the note is gone, or cannot be seen. Safe to repeat.
func (a *NoteTasks) ReadNoteToPlan(ctx context.Context, in NoteTasksInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil || c.NoteTasks == nil { // the next step makes something of that
		return SealedDocument{}, err
	}
	doc, err := c.readNote(ctx, in.NoteID, "CreatedById", "CreatedBy.Email")
	for _, content := range []string{"Content", "Body"} {
		if len(asText(doc[content])) > longestPlanned {
			doc[content], doc[tooLong] = "", true
		}
	}
	return c.sealDocument(record.Salesforce, doc, err)
}

// NoteToPlan is a note as it is now.
type NoteToPlan struct {
	NoteTasksInput
	Note Sealed `json:"note"` // a crm.Document
}

// NoteConsidered says what is to be done about a note.
type NoteConsidered struct {
	// Over tells that there is nothing to do and nothing to follow, and Reason why.
	Over   bool   `json:"over,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Contact is the GoHighLevel contact that its tasks belong to; "" where none is in step.
	Contact string `json:"contact,omitempty"`
	// Anew tells that the note says something else than when it was last read; Owner, that its tasks may go to the owner of
	// the contact.
	Anew  bool `json:"anew,omitempty"`
	Owner bool `json:"owner,omitempty"`
}

// ConsiderNote finds out whether a note has tasks, or had some, and for which contact. Safe to repeat.
func (a *NoteTasks) ConsiderNote(ctx context.Context, in NoteToPlan) (out NoteConsidered, err error) {
	c, doc, err := a.open(ctx, in)
	if err != nil {
		return out, err
	}
	if c.NoteTasks == nil {
		return NoteConsidered{Over: true, Reason: string(notetask.ReasonOff)}, a.leave(ctx, in.NoteTasksInput, record.NoteNothing)
	}
	known, err := a.Ledger.GetNote(ctx, in.Connection, in.NoteID)
	if err != nil {
		return out, err
	}
	p, err := c.openPlan(known)
	if err != nil {
		return out, err
	}
	note, reason, err := c.readToPlan(doc)
	if err != nil {
		return out, err
	}
	if out.Anew = p.Read != c.readSum(note); out.Anew && reason == "" {
		trial, err := notetask.Make(note, p.Plan, c.NoteTasks.Setting)
		if err != nil {
			return out, err
		}
		reason = string(trial.Reason)
	}
	none := reason != "" || !out.Anew && len(p.Plan.Tasks) == 0
	if none && !following(known) {
		out.Over, out.Reason = true, reason
		_, err := a.Ledger.ChangeNote(ctx, in.Connection, in.NoteID, func(n *record.FollowedNote) error {
			n.State = record.NoteNothing
			return c.sealPlan(n, notePlan{Plan: notetask.Plan{Used: p.Plan.Used}, Read: c.readSum(note)})
		})
		return out, err
	}
	out.Owner = out.Anew && slices.Contains(c.NoteTasks.Setting.Rules.Assign, rules.AssignOwner)
	out.Contact, err = a.contactOf(ctx, c, known, doc)
	return out, err
}

func (a *NoteTasks) open(ctx context.Context, in NoteToPlan) (*Connection, crm.Document, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil || c.NoteTasks == nil { // the rules may have changed since the run has begun
		return c, nil, err
	}
	var doc crm.Document
	err = c.unseal(record.Salesforce, purposeHistory, in.Note, &doc)
	return c, doc, err
}

// readToPlan returns what a note says, and why it becomes no task whatever that is; "" where it may.
func (c *Connection) readToPlan(doc crm.Document) (note notetask.Note, reason string, err error) {
	note, ours := c.noteOf(doc)
	r, err := c.NoteTasks.Notes.FromSalesforce(doc)
	switch {
	case err != nil:
		return note, "", err
	case doc[tooLong] == true:
		return note, ReasonTooLong, nil
	case ours:
		return note, ReasonOurs, nil
	case r.Has(record.TraitPrivate):
		return note, ReasonPrivate, nil
	}
	return note, "", nil
}

// readSum is a fingerprint of all that a plan is read from, but for the line that Tandem adds.
func (c *Connection) readSum(n notetask.Note) uint64 {
	return c.Fingerprints.Sum("note-task-read", fmt.Sprintf("%d\x00%s\x00%s", c.RulesVersion, n.Title, notetask.WithoutDoneLine(n.Body, n.HTML)))
}

// contactOf returns the GoHighLevel contact that a note's tasks belong to: the one that they were made for, for as long as
// it is in step, else the first in step that the note is shown on.
func (a *NoteTasks) contactOf(ctx context.Context, c *Connection, known record.FollowedNote, doc crm.Document) (string, error) {
	inStep := func(side record.Side, id string) (string, error) {
		link, err := a.Ledger.FindLink(ctx, c.ID, record.Contact, side, id)
		if err != nil || link == nil || link.GoHighLevelID == "" || link.SalesforceID == "" ||
			link.State == record.LinkParted || link.State == record.LinkDeleted {
			return "", err
		}
		return link.GoHighLevelID, nil
	}
	if known.Contact != "" {
		if id, err := inStep(record.GoHighLevel, known.Contact); err != nil || id != "" {
			return id, err
		}
	}
	r, err := c.NoteTasks.Notes.FromSalesforce(doc)
	if err != nil {
		return "", err
	}
	for _, contact := range r.ContactIDs {
		if id, err := inStep(record.Salesforce, contact); err != nil || id != "" {
			return id, err
		}
	}
	return "", nil
}

// dayOf is the day that it is at the location.
func (c *Connection) dayOf(t time.Time) notetask.Day {
	return notetask.DayOf(t.In(c.zone()))
}
