package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// parts are what the decision says about a note on a side beyond its first part; nil for nothing.
func (s *recordSync) parts(side record.Side) *activities.NoteParts {
	if side == record.GoHighLevel {
		return s.decision.GoHighLevelParts
	}
	return s.decision.SalesforceParts
}

// dropParts deletes the parts that a note is not to have any more, before the rest of it is written: what is cut off in
// between lacks a part, by which the next sync knows that it must write it again.
func (s *recordSync) dropParts(ctx workflow.Context, side record.Side) error {
	parts := s.parts(side)
	if parts == nil || !parts.Whole || len(parts.Held) <= len(parts.Further) {
		return nil
	}
	for i, id := range parts.Held[len(parts.Further):] {
		summary := fmt.Sprintf("Delete part %d of the note, which has got shorter", len(parts.Further)+i+2)
		if err := s.deletePart(vendorWrite(ctx, summary), side, id).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// writeParts writes the parts of a note beyond the first, one after the other. What GoHighLevel holds of each goes by the
// answer to its own write: whoever reads it afterwards may read what a person has made of it meanwhile.
func (s *recordSync) writeParts(ctx workflow.Context, side record.Side) error {
	parts := s.parts(side)
	if parts == nil {
		return nil
	}
	for i, sealed := range parts.Further {
		var stored activities.Sealed
		var err error
		if i < len(parts.Held) {
			stored, err = s.updatePart(vendorWrite(ctx, fmt.Sprintf("Write part %d of the note", i+2)), side, parts.Held[i], sealed)
		} else {
			stored, err = s.createPart(ctx, side, i+2, sealed)
		}
		if err != nil {
			return err
		}
		if side == record.GoHighLevel {
			s.commit.GoHighLevelParts = append(s.commit.GoHighLevelParts, stored)
		}
	}
	return nil
}

func (s *recordSync) updatePart(ctx workflow.Context, side record.Side, id string, sealed activities.Sealed) (activities.Sealed, error) {
	if side == record.Salesforce {
		return nil, workflow.ExecuteActivity(ctx, salesforce.UpdateSalesforceRecord, activities.SalesforceWriteInput{
			Connection: s.in.Connection, Object: s.object(), ID: id, Record: sealed,
		}).Get(ctx, nil)
	}
	var stored activities.GoHighLevelNote
	err := workflow.ExecuteActivity(ctx, goHighLevel.UpdateGoHighLevelNote, activities.GoHighLevelNoteWriteInput{
		Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, NoteID: id, Note: sealed,
	}).Get(ctx, &stored)
	return stored.Note, err
}

func (s *recordSync) deletePart(ctx workflow.Context, side record.Side, id string) workflow.Future {
	if side == record.GoHighLevel {
		return workflow.ExecuteActivity(ctx, goHighLevel.DeleteGoHighLevelNote, activities.GoHighLevelNoteInput{
			Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, NoteID: id,
		})
	}
	return workflow.ExecuteActivity(ctx, salesforce.DeleteSalesforceRecord, activities.SalesforceRecordInput{
		Connection: s.in.Connection, Object: s.object(), ID: id,
	})
}

// createPart creates a part unless it is there. After an attempt whose outcome is unknown it looks only once the vendor's
// lists show what that may have created.
func (s *recordSync) createPart(ctx workflow.Context, side record.Side, number int, sealed activities.Sealed) (activities.Sealed, error) {
	in := activities.NotePartInput{Connection: s.in.Connection, Side: side, ContactID: s.claim.GoHighLevelContact, Note: sealed}
	if side == record.Salesforce {
		in.Object, in.ContactID = s.object(), s.claim.SalesforceContact
	}
	for {
		var part activities.NotePart
		err := workflow.ExecuteActivity(vendorWrite(ctx, fmt.Sprintf("Create part %d of the note, unless it is there", number)), records.CreateNotePart, in).Get(ctx, &part)
		if err == nil || !ambiguous(err) {
			return part.Note, err
		}
		wait := workflow.TimerOptions{Summary: "Before looking whether the part was created"}
		if err := workflow.NewTimerWithOptions(ctx, partPause, wait).Get(ctx, nil); err != nil {
			return nil, err
		}
	}
}

// removeParts deletes what is left of a note that is deleted, but for the part that the link holds, which goes last: on the
// side where it is to be deleted, and where it was deleted, of which only the first part may have been.
func (s *recordSync) removeParts(ctx workflow.Context, side record.Side) error {
	if s.kind != record.Note {
		return nil
	}
	for _, on := range []record.Side{side, side.Other()} {
		in := activities.NoteRemainsInput{Connection: s.in.Connection, Side: on, ContactID: s.claim.GoHighLevelContact, OtherID: s.id(on.Other()), Except: s.id(on)}
		if on == record.Salesforce {
			in.ContactID = s.claim.SalesforceContact
		}
		if in.ContactID == "" || in.OtherID == "" {
			continue
		}
		err := workflow.ExecuteActivity(vendorWrite(ctx, fmt.Sprintf("Delete what else there is of the note in %s", on)), records.DeleteNoteParts, in).Get(ctx, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
