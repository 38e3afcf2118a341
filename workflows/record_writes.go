package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// create makes the contact's other half, or finds it.
func (s *recordSync) create(ctx workflow.Context, side record.Side) (found bool, review string, err error) {
	marker := s.decision.Marker
	if marker == s.lost {
		marker = "" // the other half still carries the id of the record that is gone
	}
	for attempt := 0; ; attempt++ {
		var settled activities.SettledRecord
		err := workflow.ExecuteActivity(vendorCall(ctx, fmt.Sprintf("Look for the %s in %s before creating it", s.kind, side)),
			s.calls.settle, activities.SettleRecordInput{
				Claim: s.claim, Side: side, Plan: s.decision.Plan, Verdict: s.decided, Marker: marker, CreatedAt: s.decision.CreatedAt,
			}).Get(ctx, &settled)
		if activities.KindOf(err) == crm.NotFound && s.contactIsGone(ctx, side) {
			return false, "", errContactGone
		}
		if err != nil || settled.Review != "" {
			return false, settled.Review, err
		}
		if settled.RecordID != "" {
			s.learn(side, settled.RecordID)
			s.base = settled.Base
			return true, "", nil
		}
		err = s.send(ctx, side, record.Create)
		switch {
		case err == nil:
			s.result.Created = side
			return false, "", nil
		case activities.KindOf(err) == crm.Duplicate:
			return false, record.ReviewDuplicateRefused, nil
		case activities.KindOf(err) == crm.NotFound && s.contactIsGone(ctx, side):
			return false, "", errContactGone
		case !ambiguous(err):
			return false, "", err
		}
		if err := workflow.NewTimerWithOptions(ctx, settlePause(attempt), workflow.TimerOptions{Summary: "Before looking whether the create went through"}).Get(ctx, nil); err != nil {
			return false, "", err
		}
	}
}

// errContactGone tells that there is nobody for whom the record could be created.
var errContactGone = errors.New("the contact is gone")

// contactIsGone tells whether a side refuses a create because the contact that the record belongs to is gone there, of which
// the contact's own sync has yet to make something.
func (s *recordSync) contactIsGone(ctx workflow.Context, side record.Side) bool {
	if s.kind == record.Contact || !lookingAgain(ctx) {
		return false
	}
	ctx = vendorCall(ctx, fmt.Sprintf("See whether the contact is still in %s", side))
	var call workflow.Future
	if side == record.GoHighLevel {
		call = workflow.ExecuteActivity(ctx, goHighLevel.GetGoHighLevelContact,
			activities.GoHighLevelContactInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact})
	} else {
		call = workflow.ExecuteActivity(ctx, salesforce.GetSalesforceRecord,
			activities.SalesforceRecordInput{Connection: s.in.Connection, Object: "Contact", ID: s.claim.SalesforceContact})
	}
	return activities.KindOf(call.Get(ctx, nil)) == crm.NotFound
}

func (s *recordSync) id(side record.Side) string {
	if side == record.GoHighLevel {
		return s.claim.GoHighLevelID
	}
	return s.claim.SalesforceID
}

func (s *recordSync) learn(side record.Side, id string) {
	if side == record.GoHighLevel {
		s.claim.GoHighLevelID = id
	} else {
		s.claim.SalesforceID = id
	}
	s.commit.Claim = s.claim
}

// update writes what the decision says to both sides. Where it fails, it tells on which.
func (s *recordSync) update(ctx workflow.Context) (failed record.Side, err error) {
	for _, side := range []record.Side{record.Salesforce, record.GoHighLevel} {
		fields := s.decision.SalesforceFields
		if side == record.GoHighLevel {
			fields = s.decision.GoHighLevelFields
		}
		if len(fields) == 0 {
			continue
		}
		if err := s.send(ctx, side, record.Update); err != nil {
			s.vanished = activities.KindOf(err) == crm.NotFound
			return side, err
		}
		s.result.Updated = append(s.result.Updated, side)
	}
	return "", nil
}

// send carries out the writes of one side.
func (s *recordSync) send(ctx workflow.Context, side record.Side, op record.Operation) (err error) {
	if err := s.dropParts(ctx, side); err != nil {
		return err
	}
	begun := false
	if side == record.Salesforce {
		err = s.sendSalesforce(ctx, op)
	} else {
		begun, err = s.sendGoHighLevel(ctx, op)
	}
	if err == nil || op == record.Update && (begun || unknown(err)) {
		// Where the answer was lost it may have been carried out, and nobody could read any more what it replaced.
		s.wrote(side, op)
	}
	if err == nil {
		err = s.writeParts(ctx, side)
	}
	if err == nil && op == record.Update {
		s.commit.Done = append(s.commit.Done, side)
	}
	return err
}

func (s *recordSync) sendSalesforce(ctx workflow.Context, op record.Operation) error {
	id, err := s.writeSalesforce(ctx, op)
	if err != nil {
		return err
	}
	s.learn(record.Salesforce, id)
	if op == record.Create && s.calls.defaults {
		// Salesforce does not answer with what it stored. Where it does not show that yet, the record's next sync will see.
		if stored, err := s.calls.readSalesforce(ctx, s)(); err == nil {
			s.commit.Salesforce = stored
		}
	}
	return nil
}

// sendGoHighLevel does so in GoHighLevel, where tags go by calls of their own: begun tells that the first was carried out.
func (s *recordSync) sendGoHighLevel(ctx workflow.Context, op record.Operation) (begun bool, err error) {
	id, stored, err := s.calls.writeGoHighLevel(ctx, s, op)
	if err != nil {
		return false, err
	}
	if op == record.Create {
		s.learn(record.GoHighLevel, id)
	}
	s.commit.GoHighLevel = stored
	tags := activities.GoHighLevelTagsInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID, Tags: s.decision.AddTags}
	if len(tags.Tags) > 0 {
		if err := workflow.ExecuteActivity(vendorCall(ctx, "Add tags in GoHighLevel"), goHighLevel.AddGoHighLevelContactTags, tags).Get(ctx, nil); err != nil {
			return true, err
		}
	}
	if tags.Tags = s.decision.RemoveTags; len(tags.Tags) > 0 {
		return true, workflow.ExecuteActivity(vendorCall(ctx, "Remove tags in GoHighLevel"), goHighLevel.RemoveGoHighLevelContactTags, tags).Get(ctx, nil)
	}
	return true, nil
}
