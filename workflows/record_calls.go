package workflows

import (
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// reading waits for a reading that is under way. It fails with kind NotFound where there is no such record.
type reading func() (activities.Sealed, error)

// calls are the activities by which a kind is synced.
type calls struct {
	claim, decide, settle, absence, commit any
	// byContact tells that GoHighLevel's records are read by way of their contact.
	byContact bool
	// defaults tells that Salesforce gives records values of its own, which are read after a create.
	defaults bool

	readGoHighLevel, readSalesforce func(workflow.Context, *recordSync) reading
	// writeGoHighLevel creates or updates a record and returns its id and what GoHighLevel holds now, empty where it was not
	// asked; removeGoHighLevel deletes it.
	writeGoHighLevel  func(workflow.Context, *recordSync, record.Operation) (id string, stored activities.Sealed, err error)
	removeGoHighLevel func(workflow.Context, *recordSync) workflow.Future
}

var vendorCalls = map[record.Kind]calls{
	record.Contact: {
		claim: contacts.ClaimContact, decide: contacts.DecideContact, settle: contacts.SettleContact,
		absence: contacts.SettleAbsence, commit: contacts.CommitContact,
		readGoHighLevel: readGoHighLevelContact, readSalesforce: readSalesforceRecord,
		writeGoHighLevel: writeGoHighLevelContact, removeGoHighLevel: removeGoHighLevelContact,
	},
	record.Task:        recordCalls(true, true, readGoHighLevelTask, readSalesforceRecord, writeGoHighLevelTask, removeGoHighLevelTask),
	record.Note:        recordCalls(true, false, readGoHighLevelNote, readSalesforceNote, writeGoHighLevelNote, removeGoHighLevelNote),
	record.Appointment: recordCalls(false, true, readGoHighLevelAppointment, readSalesforceRecord, writeGoHighLevelAppointment, removeGoHighLevelAppointment),
}

func recordCalls(
	byContact, defaults bool,
	readGHL, readSF func(workflow.Context, *recordSync) reading,
	write func(workflow.Context, *recordSync, record.Operation) (string, activities.Sealed, error),
	remove func(workflow.Context, *recordSync) workflow.Future,
) calls {
	return calls{
		claim: records.ClaimRecord, decide: records.DecideRecord, settle: records.SettleRecord,
		absence: records.SettleRecordAbsence, commit: records.CommitRecord, byContact: byContact, defaults: defaults,
		readGoHighLevel: readGHL, readSalesforce: readSF, writeGoHighLevel: write, removeGoHighLevel: remove,
	}
}

// object is the Salesforce object that the link's record is in, or is to be created in.
func (s *recordSync) object() string {
	switch {
	case s.kind == record.Contact:
		return "Contact"
	case s.kind == record.Task:
		return "Task"
	case s.kind == record.Appointment:
		return "Event"
	case strings.HasPrefix(s.claim.SalesforceID, "00T"):
		return "Task"
	case strings.HasPrefix(s.claim.SalesforceID, "002"):
		return "Note"
	case s.claim.SalesforceID == "":
		return s.decision.SalesforceObject
	}
	return "ContentNote"
}

func readSalesforceRecord(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read Salesforce "+string(s.kind)+" "+s.claim.SalesforceID), salesforce.GetSalesforceRecord,
		activities.SalesforceRecordInput{Connection: s.in.Connection, Object: s.object(), ID: s.claim.SalesforceID})
	return func() (activities.Sealed, error) {
		var out activities.SealedDocument
		err := call.Get(ctx, &out)
		return out.Document, err
	}
}

func readSalesforceNote(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read Salesforce note "+s.claim.SalesforceID), records.ReadSalesforceNote,
		activities.SalesforceNoteInput{Connection: s.in.Connection, ID: s.claim.SalesforceID})
	return func() (activities.Sealed, error) {
		var out activities.SealedDocument
		err := call.Get(ctx, &out)
		return out.Document, err
	}
}

// writeSalesforce creates or updates the Salesforce half and returns its id.
func (s *recordSync) writeSalesforce(ctx workflow.Context, op record.Operation) (string, error) {
	in := activities.SalesforceWriteInput{
		Connection: s.in.Connection, Object: s.object(), ID: s.claim.SalesforceID, Record: s.decision.Salesforce,
		Field: s.decision.SalesforceField, Value: s.decision.SalesforceValue,
	}
	var call workflow.Future
	switch {
	case op == record.Update:
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Update Salesforce: "+fieldNames(s.decision.SalesforceFields)), salesforce.UpdateSalesforceRecord, in)
	case in.Field != "":
		call = workflow.ExecuteActivity(vendorCall(ctx, "Create in Salesforce, by external id"), salesforce.UpsertSalesforceRecord, in)
	case in.Object == "ContentNote":
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Create in Salesforce, on the contact"), salesforce.CreateSalesforceNote,
			activities.SalesforceNewNoteInput{Connection: in.Connection, LinkTo: []string{s.claim.SalesforceContact}, Record: in.Record})
	default:
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Create in Salesforce"), salesforce.CreateSalesforceRecord, in)
	}
	var saved activities.SalesforceSaved
	err := call.Get(ctx, &saved)
	return saved.ID, err
}
