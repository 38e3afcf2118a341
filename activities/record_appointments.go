package activities

import (
	"context"
	"maps"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// withdrawn tells whether the rules want no event of a GoHighLevel record.
func withdrawn(kind rules.KindMapper, r record.Record) bool {
	appointments, ok := kind.(*rules.AppointmentMapper)
	return ok && appointments.Withdrawn(r)
}

// withdraws tells whether the appointment, once it is written as decided, is one of which the rules want no event. While a
// person is asked about it the event stays.
func withdraws(kind rules.KindMapper, ghl *record.Record, d reconcile.Decision) bool {
	if ghl == nil || len(d.Contested()) > 0 {
		return false
	}
	after := *ghl
	after.Fields = maps.Clone(ghl.Fields)
	for _, w := range d.GoHighLevel {
		after.Fields[w.Field] = w.After
	}
	return withdrawn(kind, after)
}

// withholds tells whether the event of an appointment that does not take place stays for now, as more of them are to go at
// once than the rules let pass, or for good, as a person decided. A withdrawal counts as a deletion in GoHighLevel.
func (a *steps) withholds(ctx context.Context, c *Connection, link record.Link) (review string, kept bool, err error) {
	if link.State == record.LinkParted && link.Problem == record.ProblemKept {
		return "", true, nil
	}
	surge := c.deletions(link.Kind).Surge
	leaves, err := a.Ledger.NoteDeletions(ctx, c.ID, link.Kind, record.GoHighLevel, []int64{link.ID},
		record.DeletionGuard{Count: surge.Count, Share: surge.Share, Window: surge.Window})
	switch leave := leaves[link.ID]; {
	case err != nil:
		return "", false, err
	case leave.Held:
		return record.ReviewDeletionWave, false, nil
	default:
		return "", leave.Choice != "" && leave.Choice != record.ChooseDelete, nil
	}
}

// withdrawal is the decision to delete the event; nil for none. What comes after it is agreed on anew.
func withdrawal(d reconcile.Decision, event *record.Record) reconcile.Decision {
	out := reconcile.Decision{GoHighLevel: d.GoHighLevel, Next: reconcile.Base{}}
	if event != nil {
		out.Salesforce = deletion(record.Salesforce, event).Salesforce
	}
	return out
}

// foldWidth is by how much a local time may be off that was taken for the other one of two that a clock shows twice.
const foldWidth = time.Hour

// appointmentsOf reads a contact's appointments. The list has local times, of which two are the same in the hour that a
// clock shows twice: those that may be the one that is wanted are read by themselves.
func (c *Connection) appointmentsOf(ctx context.Context, contact string, want record.Fields) ([]crm.Document, error) {
	docs, err := c.GoHighLevel.ListContactAppointments(ctx, contact)
	if err != nil {
		return nil, err
	}
	start, _ := record.ParseInstant(want[record.Start].Text(), time.UTC)
	for i, doc := range docs {
		listed, err := c.readOf(record.Appointment, record.GoHighLevel, doc, false)
		if err != nil {
			return nil, err
		}
		at, ok := record.ParseInstant(listed.Fields[record.Start].Text(), time.UTC)
		if !ok || at.Sub(start).Abs() > foldWidth || !listed.Fields[record.Title].Equal(want[record.Title]) {
			continue
		}
		whole, err := c.GoHighLevel.GetAppointment(ctx, listed.ID)
		if crm.KindOf(err) == crm.NotFound {
			doc["deleted"] = true // since it was listed
			continue
		}
		if err != nil {
			return nil, err
		}
		docs[i] = whole
	}
	return docs, nil
}
