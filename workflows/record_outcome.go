package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// absent settles what follows from a record that is not to be found: it was merged into another one, it was deleted, or a
// person has to look. It tells whether there is something left to sync, with the gone side's record, another one in its
// place, or none, so that it is created again.
func (s *recordSync) absent(ctx workflow.Context) (again bool, err error) {
	if !liveSync(ctx) {
		return false, s.finish(ctx, record.LinkInReview, record.ReviewGone)
	}
	side := s.gone[0]
	other := s.sf
	if side == record.Salesforce {
		other = s.ghl
	}
	var out activities.Absence
	err = workflow.ExecuteActivity(vendorCall(ctx, fmt.Sprintf("Find out what became of the %s %s", side, s.kind)), s.calls.absence,
		activities.SettleAbsenceInput{Claim: s.claim, Gone: side, Other: other, Verdict: s.decided}).Get(ctx, &out)
	if err != nil {
		return false, err
	}
	s.commit.Plan = out.Plan
	switch out.Action {
	case activities.AbsenceRejoin:
		if out.ContactID != "" {
			s.claim.GoHighLevelContact = out.ContactID
		}
		s.learn(side, out.RecordID)
		return true, nil
	case activities.AbsenceRestore:
		s.lost = s.id(side)
		s.learn(side, "")
		s.gone = nil
		return true, nil
	}
	if s.commit.Claim = s.claim; side == record.GoHighLevel {
		s.commit.Claim.GoHighLevelContact = "" // nobody has seen it with that one, and somebody may have with another one
	}
	switch out.Action {
	case activities.AbsenceReview:
		s.commit.Side = side
		return false, s.finish(ctx, record.LinkInReview, out.Review)
	case activities.AbsenceWaits:
		return false, s.finish(ctx, record.LinkExcluded, record.ProblemNoContact)
	case activities.AbsenceOver:
		s.commit.Drop = out.Drop
		return false, s.finish(ctx, record.LinkDeleted, "")
	case activities.AbsenceDelete:
		if err := s.remove(ctx, side.Other(), "as it was deleted in GoHighLevel"); err != nil {
			return false, err
		}
		s.commit.Forget = side.Other()
		return false, s.finish(ctx, record.LinkDeleted, "")
	case activities.AbsenceMark:
		if err := s.mark(ctx, side.Other(), out.Write); err != nil {
			return false, err
		}
	}
	return false, s.finish(ctx, record.LinkParted, record.ProblemKept)
}

// withdraw deletes the event of an appointment that does not take place, as the rules want it. What was changed in the event
// reaches the appointment first, which stays and is given another event once it takes place after all.
func (s *recordSync) withdraw(ctx workflow.Context) error {
	if len(s.decision.GoHighLevelFields) > 0 {
		if err := s.send(ctx, record.GoHighLevel, record.Update); err != nil {
			return err
		}
		s.result.Updated = append(s.result.Updated, record.GoHighLevel)
		s.commit.GoHighLevel = nil // with no event there is nothing that both sides agree on
	}
	if s.claim.SalesforceID != "" {
		if err := s.remove(ctx, record.Salesforce, "as the appointment does not take place"); err != nil {
			return err
		}
	}
	s.commit.Forget = record.Salesforce
	return s.finish(ctx, record.LinkExcluded, record.ProblemWithdrawn)
}

// remove deletes the record of a side; why is for people who watch.
func (s *recordSync) remove(ctx workflow.Context, side record.Side, why string) error {
	if err := s.removeParts(ctx, side); err != nil {
		return err
	}
	var call workflow.Future
	if side == record.GoHighLevel {
		call = s.calls.removeGoHighLevel(ctx, s)
	} else {
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Delete in Salesforce, "+why), salesforce.DeleteSalesforceRecord,
			activities.SalesforceRecordInput{Connection: s.in.Connection, Object: s.object(), ID: s.claim.SalesforceID})
	}
	err := call.Get(ctx, nil)
	if err == nil || unknown(err) {
		s.wrote(side, record.Delete) // where the answer was lost, it may be gone, and with it what it held
	}
	return err
}

// mark leaves a mark on the half that stays, where the rules have one.
func (s *recordSync) mark(ctx workflow.Context, side record.Side, mark activities.Sealed) error {
	if len(mark) == 0 {
		return nil
	}
	var call workflow.Future
	if side == record.GoHighLevel {
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Mark in GoHighLevel that it was deleted in Salesforce"), goHighLevel.AddGoHighLevelContactTags,
			activities.GoHighLevelTagsInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID, Tags: mark})
	} else {
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Mark in Salesforce that it was deleted in GoHighLevel"), salesforce.UpdateSalesforceRecord,
			activities.SalesforceWriteInput{Connection: s.in.Connection, Object: "Contact", ID: s.claim.SalesforceID, Record: mark})
	}
	if err := call.Get(ctx, nil); err != nil {
		return err
	}
	s.wrote(side, record.Update)
	return nil
}

func (s *recordSync) wrote(side record.Side, op record.Operation) {
	s.commit.Wrote, s.commit.WroteTo = append(s.commit.Wrote, op), append(s.commit.WroteTo, side)
}

// finish records the outcome and lets go of the contact.
func (s *recordSync) finish(ctx workflow.Context, state record.LinkState, problem string) error {
	s.commit.State, s.commit.Problem, s.commit.Verdict = state, problem, s.decided
	if len(s.commit.Wrote) == 0 && (state == record.LinkExcluded || state == record.LinkParted || state == record.LinkInReview && problem != record.ReviewConflict) {
		s.commit.Plan = nil
	}
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Commit: "+string(state)), s.calls.commit, s.commit).Get(ctx, &s.standing)
	if err != nil {
		return err
	}
	s.decided, s.setbacks = nil, 0
	s.claim.Token = 0 // the contact is let go
	s.result.GoHighLevelID, s.result.SalesforceID = s.claim.GoHighLevelID, s.claim.SalesforceID
	s.result.State, s.result.Problem = state, problem
	return nil
}

// fail records that the contact failed, with whatever was written before, and returns the typed error that the run fails with,
// none where a side refuses the connection. Or it tells that the contact is to be tried again as it is now: it changed
// meanwhile, what was to be written to is gone since it was read, or the write failed in a way that may pass.
func (s *recordSync) fail(ctx workflow.Context, err error) (again bool, failure error) {
	if s.claim.Token != 0 {
		problem := string(activities.KindOf(err))
		if problem == "" {
			problem = string(crm.Unavailable)
		}
		s.commit.State, s.commit.Problem, s.commit.Partial = record.LinkFailed, problem, true
		if len(s.commit.Wrote) == 0 {
			s.commit.Plan = nil
		}
		// Where the side has been connected again meanwhile, one more pass succeeds.
		connected := activities.KindOf(err) == crm.NeedsReconnect && !s.refused
		s.refused = s.refused || connected
		back := s.mayTryAgain(ctx, err)
		s.commit.Again = s.lookAgain(ctx) || connected || back
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		commit := workflow.ExecuteActivity(ledgerCall(disconnected, "Commit: failed"), s.calls.commit, s.commit).Get(disconnected, &s.standing)
		switch {
		case commit != nil:
			err = errors.Join(err, commit)
		case s.standing.Held != nil && s.decided == nil: // a person who has decided is to see that it came to nothing
			s.hold(ctx)
			return false, nil
		case back:
			if stopped := s.pause(ctx, err); stopped != nil {
				return false, stopped
			}
			return true, nil
		case ctx.Err() == nil && (s.standing.Again || s.waiting.changed()):
			return true, nil
		}
	}
	return false, permanent(ctx, err)
}

// hold ends the run of a record that a side refuses the connection to sync: it has not failed, and stays pending. Once that is
// over another run takes it up.
func (s *recordSync) hold(ctx workflow.Context) {
	s.result.State, s.result.Problem = "", s.standing.Held.State
	workflow.SetCurrentDetails(ctx, refusalNote(s.in.Connection, *s.standing.Held))
}

// mayTryAgain tells whether a write failed in a way that may pass. Then the record is read and decided anew: by the time that
// the vendor takes the write, a person may have changed what it is about.
func (s *recordSync) mayTryAgain(ctx workflow.Context, err error) bool {
	return ambiguous(err) && !workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// pause waits before a write that failed is decided anew, longer each time. Reading goes on once the side answers, so that a
// side that is down is not waited for here.
func (s *recordSync) pause(ctx workflow.Context, err error) error {
	s.setbacks++
	return waitBeforeAnew(ctx, s.setbacks, err)
}

// vanishedLooks is how often a record is looked at again that is gone when it is to be written to: for a moment a vendor may
// still show what was deleted.
const vanishedLooks = 3

// lookAgain tells whether what was to be written to is gone since it was read, and waits for as long as a vendor may need to
// show it.
func (s *recordSync) lookAgain(ctx workflow.Context) bool {
	if !s.vanished || s.looks == vanishedLooks || !lookingAgain(ctx) {
		return false
	}
	pause := workflow.TimerOptions{Summary: "Before reading again what is gone since it was read"}
	err := workflow.NewTimerWithOptions(ctx, settlePause(s.looks), pause).Get(ctx, nil)
	s.looks++
	return err == nil
}
