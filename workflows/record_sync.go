package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// ContactSync brings one contact into step, one activity per API call: claim it, read both sides as they are now,
// decide, write, commit. A create is settled first: the contact is looked for, and so again after every attempt whose
// outcome is unknown. What only a person can decide waits in this run, for as long as it takes; the rest of the contact
// goes through before, and what changes meanwhile is synced meanwhile. What a vendor refuses for good fails the run with a
// typed error; the same run, reset or started again, takes the contact up as it is then.
func ContactSync(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
	return syncRecord(ctx, record.Contact, in)
}

// TaskSync brings one task into step, as ContactSync does a contact: title, text, due date, priority, assignee, and whether
// it is done. It waits for its contact to come into step first.
func TaskSync(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
	return syncRecord(ctx, record.Task, in)
}

// NoteSync brings one note into step, as ContactSync does a contact. It waits for its contact to come into step first.
func NoteSync(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
	return syncRecord(ctx, record.Note, in)
}

// AppointmentSync brings one appointment and its Salesforce event into step, as ContactSync does a contact. It waits for its
// contact to come into step first.
func AppointmentSync(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
	return syncRecord(ctx, record.Appointment, in)
}

// RecordSyncs are the workflows that bring one record into step, by kind.
var RecordSyncs = map[record.Kind]func(workflow.Context, RecordSyncInput) (RecordSyncResult, error){
	record.Contact: ContactSync, record.Task: TaskSync, record.Note: NoteSync, record.Appointment: AppointmentSync,
}

func syncRecord(ctx workflow.Context, kind record.Kind, in RecordSyncInput) (RecordSyncResult, error) {
	s := &recordSync{in: in, kind: kind, calls: vendorCalls[kind], waiting: waiting{connection: in.Connection}}
	if err := s.setup(ctx); err != nil {
		return RecordSyncResult{}, err
	}
	err := s.run(ctx)
	for again := true; err != nil && again; {
		if again, err = s.fail(ctx, err); again {
			err = s.run(ctx)
		}
	}
	if end := s.waiting.end(ctx); err == nil {
		err = end
	}
	return s.result, err
}

type recordSync struct {
	in       RecordSyncInput
	kind     record.Kind
	calls    calls
	claim    activities.RecordClaim // with the ids learned on the way
	ghl, sf  activities.Sealed      // both records as they are now
	gone     []record.Side          // sides that lack the record which the link names
	lost     string                 // the record that is to be created again, because it is gone
	decision activities.RecordDecision
	commit   activities.CommitRecordInput // what was done so far
	standing activities.RecordCommitted   // how the contact stands after it
	base     []byte                       // what the sides agreed on, while the ledger does not say so
	decided  *record.Verdict              // what a person said, until it is carried out
	asked    []record.Field               // what the person was asked about
	waiting  waiting
	parked   bool
	vanished bool // what was to be written to is gone since it was read
	refused  bool // a side said once that it must be connected again
	looks    int  // how often it was looked at again for that
	setbacks int  // how often a write failed in a way that may pass
	result   RecordSyncResult
}

func (s *recordSync) setup(ctx workflow.Context) error {
	if err := s.in.Validate(); err != nil {
		return invalidInput(err)
	}
	s.result.Fields = map[string]string{}
	return s.waiting.listen(ctx)
}

// run syncs the contact, and again as long as it changes meanwhile, and waits where a person has to decide. It starts over
// whenever another run took the contact over, which it may once a claim is old.
func (s *recordSync) run(ctx workflow.Context) error {
	woken := workflow.GetInfo(ctx).ParentWorkflowExecution != nil || s.result.LinkID != 0
	for ; ; woken = true {
		s.claim, s.commit, s.standing = activities.RecordClaim{}, activities.CommitRecordInput{}, activities.RecordCommitted{}
		s.vanished, s.base = false, nil
		s.waiting.heed()
		err := s.attempt(ctx)
		switch {
		case activities.KindOf(err) == activities.TypeFenced:
			workflow.GetLogger(ctx).Info("another run took the contact over; starting over", "link", s.claim.LinkID)
			continue
		case woken && s.claim.LinkID == 0 && activities.KindOf(err) == crm.NotFound:
			return nil // since it was said to be pending, it was joined with its other half, or nothing was left of it
		case err != nil:
			return err
		case s.standing.Held != nil:
			s.hold(ctx)
			return nil
		case s.standing.Again || s.waiting.changed():
			continue
		case s.standing.Waiting == nil:
			return nil
		}
		if s.decided, err = s.ask(ctx); err != nil {
			return err
		}
	}
}

// ask waits for a person, or for a change. Whoever started this run need not wait with it.
func (s *recordSync) ask(ctx workflow.Context) (*record.Verdict, error) {
	if parent := workflow.GetInfo(ctx).ParentWorkflowExecution; parent != nil && !s.parked {
		s.parked = true
		if err := workflow.SignalExternalWorkflow(ctx, parent.ID, "", SignalParked, s.result.LinkID).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Info("nobody is there to be told that this run waits", "link", s.result.LinkID)
		}
	}
	s.asked = s.standing.Waiting.Review.Fields
	verdict, err := s.waiting.wait(ctx, s.standing.Waiting)
	if err != nil {
		s.claim = activities.RecordClaim{} // let go of before the wait: there is nothing to record
	}
	return verdict, err
}

func (s *recordSync) attempt(ctx workflow.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	if s.claim.Ignored || s.decided != nil && s.decided.Choice == record.ChooseIgnore {
		return s.finish(ctx, record.LinkParted, record.ProblemIgnored)
	}
	if s.claim.Held != "" {
		return s.finish(ctx, record.LinkInReview, s.claim.Held)
	}
	if s.calls.byContact && s.claim.GoHighLevelID != "" && s.claim.GoHighLevelContact == "" {
		return s.finish(ctx, record.LinkExcluded, record.ProblemNoContact)
	}
	for {
		if err := s.read(ctx); err != nil {
			return err
		}
		if len(s.gone) > 0 {
			if again, err := s.absent(ctx); err != nil || !again {
				return err
			}
			if len(s.gone) > 0 {
				continue // another record has taken its place
			}
		}
		if err := s.decide(ctx); err != nil {
			return err
		}
		if s.decision.Part {
			s.commit.Drop = true
			return s.finish(ctx, record.LinkDeleted, "")
		}
		if s.decision.NoContact {
			return s.finish(ctx, record.LinkExcluded, record.ProblemNoContact)
		}
		if s.decision.Excluded {
			return s.finish(ctx, record.LinkExcluded, s.exclusion())
		}
		if len(s.decision.Alternating) > 0 {
			s.commit.Fields = s.decision.Alternating
			return s.finish(ctx, record.LinkInReview, record.ReviewPingPong)
		}
		if s.decision.Review != "" {
			s.commit.Side = record.GoHighLevel
			return s.finish(ctx, record.LinkInReview, s.decision.Review)
		}
		if s.decision.Kept {
			return s.finish(ctx, record.LinkParted, record.ProblemKept)
		}
		if s.decision.Withdrawn {
			return s.withdraw(ctx)
		}
		if s.decision.Create == "" {
			break
		}
		found, review, err := s.create(ctx, s.decision.Create)
		if errors.Is(err, errContactGone) {
			return s.finish(ctx, record.LinkExcluded, record.ProblemNoContact)
		}
		if err != nil {
			return err
		}
		if review != "" {
			return s.finish(ctx, record.LinkInReview, review)
		}
		if !found {
			return s.finish(ctx, record.LinkInStep, "")
		}
	}
	if refused, err := s.update(ctx); activities.KindOf(err) == crm.Duplicate {
		s.commit.Side, s.commit.Partial = refused, true
		return s.finish(ctx, record.LinkInReview, record.ReviewIdentity)
	} else if err != nil {
		return err
	}
	if len(s.decision.Contested) > 0 {
		s.commit.Fields = s.decision.Contested
		return s.finish(ctx, record.LinkInReview, record.ReviewConflict)
	}
	return s.finish(ctx, record.LinkInStep, "")
}

// exclusion tells, of a contact outside the filter, whether it was in step before.
func (s *recordSync) exclusion() string {
	if s.claim.GoHighLevelID != "" && s.claim.SalesforceID != "" {
		return record.ProblemLeftFilter
	}
	return ""
}

func (s *recordSync) take(ctx workflow.Context) error {
	in := activities.ClaimRecordInput{
		Connection: s.in.Connection, LinkID: s.in.LinkID, Side: s.in.Side, RecordID: s.in.RecordID,
	}
	if s.kind != record.Contact {
		in.Kind = s.kind
	}
	err := workflow.ExecuteActivity(claimCall(ctx, "Claim the "+string(s.kind)), s.calls.claim, in).Get(ctx, &s.claim)
	if err != nil {
		return err
	}
	s.commit.Claim, s.commit.Origin = s.claim, s.in.Origin
	s.result.LinkID = s.claim.LinkID
	return nil
}

// read reads both sides at once, and notes which of them lack the record.
func (s *recordSync) read(ctx workflow.Context) error {
	s.ghl, s.sf, s.gone = nil, nil, nil
	var fromGHL, fromSF reading
	if id := s.claim.GoHighLevelID; id != "" {
		fromGHL = s.calls.readGoHighLevel(ctx, s)
	}
	if id := s.claim.SalesforceID; id != "" {
		fromSF = s.calls.readSalesforce(ctx, s)
	}
	if fromGHL != nil {
		out, err := fromGHL()
		if activities.KindOf(err) == crm.NotFound {
			s.gone = append(s.gone, record.GoHighLevel)
		} else if err != nil {
			return err
		}
		s.ghl = out
	}
	if fromSF != nil {
		out, err := fromSF()
		if activities.KindOf(err) == crm.NotFound {
			s.gone = append(s.gone, record.Salesforce)
		} else if err != nil {
			return err
		}
		s.sf = out
	}
	return nil
}

func (s *recordSync) decide(ctx workflow.Context) error {
	s.decision = activities.RecordDecision{}
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Decide by the decision table"), s.calls.decide, activities.DecideRecordInput{
		Claim: s.claim, GoHighLevel: s.ghl, Salesforce: s.sf, Verdict: s.decided, Asked: s.asked, Base: s.base,
	}).Get(ctx, &s.decision)
	if err != nil {
		return err
	}
	for _, f := range s.decision.GoHighLevelFields {
		s.result.Fields[string(f)] = string(record.GoHighLevel)
	}
	for _, f := range s.decision.SalesforceFields {
		s.result.Fields[string(f)] = string(record.Salesforce)
	}
	s.commit.Plan = s.decision.Plan
	if s.kind != record.Contact {
		s.claim.GoHighLevelContact, s.claim.SalesforceContact = s.decision.GoHighLevelContact, s.decision.SalesforceContact
		s.commit.Claim = s.claim
	}
	workflow.SetCurrentDetails(ctx, s.details())
	return nil
}

func (s *recordSync) details() string {
	return fmt.Sprintf("| side | record | writes |\n|---|---|---|\n| GoHighLevel | %s | %s |\n| Salesforce | %s | %s |\n",
		orNew(s.claim.GoHighLevelID), fieldNames(s.decision.GoHighLevelFields),
		orNew(s.claim.SalesforceID), fieldNames(s.decision.SalesforceFields))
}

func orNew(id string) string {
	if id == "" {
		return "(new)"
	}
	return id
}

func fieldNames(fields []record.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
