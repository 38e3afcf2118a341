package activities

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// DoneLineInput is the line that a note is to have; "" for none.
type DoneLineInput struct {
	NoteTasksInput
	Line string `json:"line,omitempty"`
}

// WriteDoneLine writes into a note that its tasks are done, or takes that out again. It reads the note first, so that the
// line is never doubled and nobody's words are lost; a note that is gone needs none. It is journaled once. Safe to repeat.
func (a *NoteTasks) WriteDoneLine(ctx context.Context, in DoneLineInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil || c.NoteTasks == nil {
		return err
	}
	doc, err := c.readNote(ctx, in.NoteID, "CreatedById", "CreatedBy.Email")
	if crm.KindOf(err) == crm.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if body, changed := withLine(c, doc, in.Line); changed {
		if err := c.writeNoteBody(ctx, in.NoteID, body); err != nil {
			return err
		}
	}
	_, err = a.Ledger.ChangeNote(ctx, in.Connection, in.NoteID, func(n *record.FollowedNote) error {
		p, err := c.openPlan(*n)
		if err != nil {
			return err
		}
		if p.Line != in.Line {
			write := reconcile.Write{Field: doneLine, Before: lineValue(p.Line), After: lineValue(in.Line), Cause: reconcile.CauseNote}
			entry, err := c.noteEntry(ctx, record.Note, record.Salesforce, in.NoteID, record.Update, []reconcile.Write{write})
			if err != nil {
				return err
			}
			n.Journal = append(n.Journal, entry)
		}
		p.Line = in.Line
		return c.sealPlan(n, p)
	})
	return err
}

func lineValue(line string) record.Value {
	if line == "" {
		return nil
	}
	return record.Scalar(line)
}

// withLine returns a note's body with the line, or without one where it is "", and whether that is a change.
func withLine(c *Connection, doc crm.Document, line string) (body string, changed bool) {
	note, _ := c.noteOf(doc)
	if line == "" {
		body = notetask.WithoutDoneLine(note.Body, note.HTML)
	} else {
		body = notetask.WithDoneLine(note.Body, note.HTML, line)
	}
	return body, body != note.Body
}

// writeNoteBody replaces what a note says.
func (c *Connection) writeNoteBody(ctx context.Context, id, body string) error {
	if strings.HasPrefix(id, "002") {
		return c.Salesforce.UpdateRecord(ctx, "Note", id, crm.Document{"Body": body})
	}
	return c.Salesforce.UpdateRecord(ctx, noteObject, id, crm.Document{"Content": base64.StdEncoding.EncodeToString([]byte(body))})
}
