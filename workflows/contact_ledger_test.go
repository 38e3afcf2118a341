package workflows

import (
	"context"
	"fmt"
	"slices"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func (w *world) serveLedger(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(contacts.ClaimContact, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.ClaimRecordInput) (activities.RecordClaim, error) {
			err := w.step("claim")
			w.state.Lock()
			defer w.state.Unlock()
			if w.forgotten {
				return activities.RecordClaim{}, activities.Translate(record.ErrNoLink)
			}
			return w.link, err
		}).Maybe()
	env.OnActivity(contacts.DecideContact, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.DecideRecordInput) (activities.RecordDecision, error) {
			err := w.step("decide")
			w.handed("decide", in.Verdict)
			d := decided(w.decision(), in.Verdict)
			switch {
			case in.GoHighLevel == nil:
				d = w.create
				d.Create = record.GoHighLevel
			case in.Salesforce == nil:
				d = w.create
				d.Create = record.Salesforce
			}
			d.Plan = activities.Sealed("plan")
			return d, err
		}).Maybe()
	env.OnActivity(contacts.SettleContact, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SettleRecordInput) (activities.SettledRecord, error) {
			err := w.step("settle")
			w.handed("settle", in.Verdict)
			if err == nil && w.has(in.Side) {
				return activities.SettledRecord{RecordID: map[record.Side]string{record.GoHighLevel: ghlID, record.Salesforce: sfID}[in.Side]}, nil
			}
			return w.settled, err
		}).Maybe()
	env.OnActivity(contacts.SettleAbsence, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SettleAbsenceInput) (activities.Absence, error) {
			err := w.step("absence")
			w.handed("absence", in.Verdict)
			w.state.Lock()
			defer w.state.Unlock()
			if in.Verdict != nil {
				return activities.Absence{Action: map[record.Choice]activities.AbsenceAction{
					record.ChooseKeep: activities.AbsenceKeep, record.ChooseDelete: activities.AbsenceDelete, record.ChooseRestore: activities.AbsenceRestore,
				}[in.Verdict.Choice], Plan: activities.Sealed("verdict")}, err
			}
			return w.absence, err
		}).Maybe()
	env.OnActivity(contacts.CommitContact, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.CommitRecordInput) (activities.RecordCommitted, error) {
			if err := w.step("commit"); err != nil {
				return activities.RecordCommitted{}, err
			}
			w.handed("commit", in.Verdict)
			w.state.Lock()
			defer w.state.Unlock()
			w.committed = append(w.committed, in)
			if w.onCommit != nil {
				defer w.onCommit()
			}
			return w.stands(in), nil
		}).Maybe()
	env.OnActivity(reviews.RemindReview, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.ReviewInput) error {
			w.state.Lock()
			w.remindIn = 0
			if w.onRemind != nil {
				w.onRemind()
			}
			w.state.Unlock()
			return w.step(fmt.Sprintf("remind of %s's review %d", in.Connection, in.ReviewID))
		}).Maybe()
}

// decision is what the merge says while nobody has decided.
func (w *world) decision() activities.RecordDecision {
	w.state.Lock()
	defer w.state.Unlock()
	return w.both
}

// changeTo makes the merge say something else from now on.
func (w *world) changeTo(d activities.RecordDecision) {
	w.state.Lock()
	defer w.state.Unlock()
	w.both = d
}

// decided turns what is contested into writes to the side that loses.
func decided(d activities.RecordDecision, v *record.Verdict) activities.RecordDecision {
	if v == nil {
		return d
	}
	for _, f := range d.Contested {
		winner := record.Side(v.Choice)
		if side, single := v.Fields[f]; single {
			winner = side
		}
		if winner == record.GoHighLevel {
			d.SalesforceFields = append(slices.Clone(d.SalesforceFields), f)
		} else {
			d.GoHighLevelFields = append(slices.Clone(d.GoHighLevelFields), f)
			d.GoHighLevel = activities.Sealed("doc")
		}
	}
	d.Contested, d.Alternating = nil, nil
	return d
}

func (w *world) handed(step string, v *record.Verdict) {
	if v == nil {
		return
	}
	w.state.Lock()
	defer w.state.Unlock()
	w.verdicts = append(w.verdicts, fmt.Sprintf("%s: %s by %s", step, v.Choice, v.By))
}

// stands is how the contact stands after a commit: a review stays the same one until a verdict on it is carried out.
func (w *world) stands(in activities.CommitRecordInput) (out activities.RecordCommitted) {
	if in.Verdict != nil {
		w.both.Contested, w.both.Alternating = nil, nil
	}
	if w.again > 0 {
		w.again--
		out.Again = true
	}
	if !w.asks || w.waves || in.State != record.LinkInReview {
		w.review = 0
		return out
	}
	if w.review == 0 || in.Verdict != nil {
		w.review = int64(len(w.committed))
	}
	out.Waiting = &activities.Waiting{
		Review: record.Review{
			ID: w.review, Connection: in.Claim.Connection, Kind: record.Contact, Reason: in.Problem, Fields: in.Fields, Side: in.Side,
			Links: []record.Link{{ID: in.Claim.LinkID, GoHighLevelID: in.Claim.GoHighLevelID, SalesforceID: in.Claim.SalesforceID}},
		},
		RemindIn: w.remindIn, DecideIn: w.decideIn,
		Default: record.Verdict{ReviewID: w.review, Choice: record.Choices(in.Problem)[0], By: "deadline"},
	}
	return out
}
