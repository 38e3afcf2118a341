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
// outcome is unknown. What a vendor refuses for good fails the run with a typed error; the same run, reset or started
// again, takes the contact up as it is then.
func ContactSync(ctx workflow.Context, in ContactSyncInput) (ContactSyncResult, error) {
	s := &contactSync{in: in}
	if err := s.setup(ctx); err != nil {
		return ContactSyncResult{}, err
	}
	if err := s.run(ctx); err != nil {
		return ContactSyncResult{}, s.fail(ctx, err)
	}
	return s.result, nil
}

type contactSync struct {
	in       ContactSyncInput
	claim    activities.ContactClaim // with the ids learned on the way
	ghl, sf  activities.Sealed       // both records as they are now
	decision activities.ContactDecision
	commit   activities.CommitContactInput // what was done so far
	result   ContactSyncResult
}

func (s *contactSync) setup(ctx workflow.Context) error {
	if err := s.in.Validate(); err != nil {
		return invalidInput(err)
	}
	s.result.Fields = map[string]string{}
	return nil
}

// run starts over whenever another run took the contact over, which it may once a claim is old.
func (s *contactSync) run(ctx workflow.Context) error {
	for {
		if err := s.attempt(ctx); activities.KindOf(err) != activities.TypeFenced {
			return err
		}
		workflow.GetLogger(ctx).Info("another run took the contact over; starting over", "link", s.claim.LinkID)
		s.claim, s.commit = activities.ContactClaim{}, activities.CommitContactInput{}
	}
}

func (s *contactSync) attempt(ctx workflow.Context) error {
	if err := s.take(ctx); err != nil {
		return err
	}
	for {
		review, err := s.read(ctx)
		if err != nil {
			return err
		}
		if review != "" {
			return s.finish(ctx, record.LinkInReview, review)
		}
		if err := s.decide(ctx); err != nil {
			return err
		}
		if s.decision.Excluded {
			return s.finish(ctx, record.LinkExcluded, "")
		}
		if s.decision.Create == "" {
			break
		}
		found, review, err := s.create(ctx, s.decision.Create)
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
	if err := s.update(ctx); err != nil {
		return err
	}
	if len(s.decision.Contested) > 0 {
		return s.finish(ctx, record.LinkInReview, record.ReviewConflict)
	}
	return s.finish(ctx, record.LinkInStep, "")
}

func (s *contactSync) take(ctx workflow.Context) error {
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Claim the contact"), contacts.ClaimContact, activities.ClaimContactInput{
		Connection: s.in.Connection, LinkID: s.in.LinkID, Side: s.in.Side, RecordID: s.in.RecordID,
	}).Get(ctx, &s.claim)
	s.commit.Claim, s.commit.Origin = s.claim, s.in.Origin
	s.result.LinkID = s.claim.LinkID
	return err
}

// read reads both sides at once. A record that is gone is nothing to act on: it is for a person to look at.
func (s *contactSync) read(ctx workflow.Context) (review string, err error) {
	s.ghl, s.sf = nil, nil
	var fromGHL, fromSF workflow.Future
	if id := s.claim.GoHighLevelID; id != "" {
		fromGHL = workflow.ExecuteActivity(vendorCall(ctx, "Read GoHighLevel contact "+id), goHighLevel.GetGoHighLevelContact,
			activities.GoHighLevelContactInput{Connection: s.in.Connection, ContactID: id})
	}
	if id := s.claim.SalesforceID; id != "" {
		fromSF = workflow.ExecuteActivity(vendorCall(ctx, "Read Salesforce contact "+id), salesforce.GetSalesforceRecord,
			activities.SalesforceRecordInput{Connection: s.in.Connection, Object: "Contact", ID: id})
	}
	if fromGHL != nil {
		var out activities.GoHighLevelContact
		if err := fromGHL.Get(ctx, &out); activities.KindOf(err) == crm.NotFound {
			review = record.ReviewGone
		} else if err != nil {
			return "", err
		}
		s.ghl = out.Contact
	}
	if fromSF != nil {
		var out activities.SealedDocument
		if err := fromSF.Get(ctx, &out); activities.KindOf(err) == crm.NotFound {
			review = record.ReviewGone
		} else if err != nil {
			return "", err
		}
		s.sf = out.Document
	}
	return review, nil
}

func (s *contactSync) decide(ctx workflow.Context) error {
	s.decision = activities.ContactDecision{}
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Decide by the decision table"), contacts.DecideContact, activities.DecideContactInput{
		Claim: s.claim, GoHighLevel: s.ghl, Salesforce: s.sf,
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
	workflow.SetCurrentDetails(ctx, s.details())
	return nil
}

func (s *contactSync) details() string {
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

// create makes the contact's other half, or finds it.
func (s *contactSync) create(ctx workflow.Context, side record.Side) (found bool, review string, err error) {
	for attempt := 0; ; attempt++ {
		var settled activities.SettledContact
		err := workflow.ExecuteActivity(vendorCall(ctx, fmt.Sprintf("Look for the contact in %s before creating it", side)),
			contacts.SettleContact, activities.SettleContactInput{Claim: s.claim, Side: side, Plan: s.decision.Plan}).Get(ctx, &settled)
		if err != nil || settled.Review != "" {
			return false, settled.Review, err
		}
		if settled.RecordID != "" {
			s.learn(side, settled.RecordID)
			return true, "", nil
		}
		err = s.send(ctx, side, record.Create)
		switch {
		case err == nil:
			s.result.Created = side
			return false, "", nil
		case activities.KindOf(err) == crm.Duplicate:
			return false, record.ReviewDuplicateRefused, nil
		case !ambiguous(err):
			return false, "", err
		}
		if err := workflow.NewTimerWithOptions(ctx, settlePause(attempt), workflow.TimerOptions{Summary: "Before looking whether the create went through"}).Get(ctx, nil); err != nil {
			return false, "", err
		}
	}
}

func (s *contactSync) learn(side record.Side, id string) {
	if side == record.GoHighLevel {
		s.claim.GoHighLevelID = id
	} else {
		s.claim.SalesforceID = id
	}
	s.commit.Claim = s.claim
}

// update writes what the decision says to both sides.
func (s *contactSync) update(ctx workflow.Context) error {
	for _, side := range []record.Side{record.Salesforce, record.GoHighLevel} {
		fields := s.decision.SalesforceFields
		if side == record.GoHighLevel {
			fields = s.decision.GoHighLevelFields
		}
		if len(fields) == 0 {
			continue
		}
		if err := s.send(ctx, side, record.Update); err != nil {
			return err
		}
		s.result.Updated = append(s.result.Updated, side)
	}
	return nil
}

// send carries out the writes of one side.
func (s *contactSync) send(ctx workflow.Context, side record.Side, op record.Operation) (err error) {
	if side == record.Salesforce {
		err = s.sendSalesforce(ctx, op)
	} else {
		err = s.sendGoHighLevel(ctx, op)
	}
	if err == nil {
		s.commit.Wrote, s.commit.WroteTo = append(s.commit.Wrote, op), append(s.commit.WroteTo, side)
	}
	return err
}

func (s *contactSync) sendSalesforce(ctx workflow.Context, op record.Operation) error {
	in := activities.SalesforceWriteInput{
		Connection: s.in.Connection, Object: "Contact", ID: s.claim.SalesforceID, Record: s.decision.Salesforce,
		Field: s.decision.SalesforceField, Value: s.decision.SalesforceValue,
	}
	var saved activities.SalesforceSaved
	var call workflow.Future
	switch {
	case op == record.Update:
		call = workflow.ExecuteActivity(vendorCall(ctx, "Update Salesforce: "+fieldNames(s.decision.SalesforceFields)), salesforce.UpdateSalesforceRecord, in)
	case in.Field != "":
		call = workflow.ExecuteActivity(vendorCall(ctx, "Create in Salesforce, by external id"), salesforce.UpsertSalesforceRecord, in)
	default:
		call = workflow.ExecuteActivity(vendorCreate(ctx, "Create in Salesforce"), salesforce.CreateSalesforceRecord, in)
	}
	if err := call.Get(ctx, &saved); err != nil {
		return err
	}
	s.learn(record.Salesforce, saved.ID)
	return nil
}

func (s *contactSync) sendGoHighLevel(ctx workflow.Context, op record.Operation) error {
	in := activities.GoHighLevelWriteInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID, Contact: s.decision.GoHighLevel}
	var stored activities.GoHighLevelContact
	if op == record.Create {
		if err := workflow.ExecuteActivity(vendorCreate(ctx, "Create in GoHighLevel"), goHighLevel.CreateGoHighLevelContact, in).Get(ctx, &stored); err != nil {
			return err
		}
		s.learn(record.GoHighLevel, stored.ContactID)
	} else if len(in.Contact) > 0 {
		err := workflow.ExecuteActivity(vendorCall(ctx, "Update GoHighLevel: "+fieldNames(s.decision.GoHighLevelFields)), goHighLevel.UpdateGoHighLevelContact, in).Get(ctx, &stored)
		if err != nil {
			return err
		}
	}
	s.commit.GoHighLevel = stored.Contact
	tags := activities.GoHighLevelTagsInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID, Tags: s.decision.AddTags}
	if len(tags.Tags) > 0 {
		if err := workflow.ExecuteActivity(vendorCall(ctx, "Add tags in GoHighLevel"), goHighLevel.AddGoHighLevelContactTags, tags).Get(ctx, nil); err != nil {
			return err
		}
	}
	if tags.Tags = s.decision.RemoveTags; len(tags.Tags) > 0 {
		return workflow.ExecuteActivity(vendorCall(ctx, "Remove tags in GoHighLevel"), goHighLevel.RemoveGoHighLevelContactTags, tags).Get(ctx, nil)
	}
	return nil
}

// finish records the outcome and lets go of the contact.
func (s *contactSync) finish(ctx workflow.Context, state record.LinkState, problem string) error {
	s.commit.State, s.commit.Problem = state, problem
	if state == record.LinkExcluded || len(s.commit.Wrote) == 0 && state == record.LinkInReview && problem != record.ReviewConflict {
		s.commit.Plan = nil
	}
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Commit: "+string(state)), contacts.CommitContact, s.commit).Get(ctx, nil)
	s.result.GoHighLevelID, s.result.SalesforceID = s.claim.GoHighLevelID, s.claim.SalesforceID
	s.result.State, s.result.Problem = state, problem
	return err
}

// fail records that the contact failed, with whatever was written before, and returns the typed error that the run
// fails with.
func (s *contactSync) fail(ctx workflow.Context, err error) error {
	if s.claim.Token != 0 {
		problem := string(activities.KindOf(err))
		if problem == "" {
			problem = string(crm.Unavailable)
		}
		s.commit.State, s.commit.Problem = record.LinkFailed, problem
		if len(s.commit.Wrote) == 0 {
			s.commit.Plan = nil
		}
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		if commit := workflow.ExecuteActivity(ledgerCall(disconnected, "Commit: failed"), contacts.CommitContact, s.commit).Get(disconnected, nil); commit != nil {
			err = errors.Join(err, commit)
		}
	}
	return permanent(ctx, err)
}
