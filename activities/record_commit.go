package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// CommitRecordInput is what syncing one contact came to.
type CommitRecordInput struct {
	Claim RecordClaim `json:"claim"` // with the ids that the sync learned
	// Origin is on whose behalf it was done, for the journal; "" means this workflow.
	Origin string           `json:"origin,omitempty"`
	State  record.LinkState `json:"state"`
	// Problem goes with in_review and failed.
	Problem string `json:"problem,omitempty"`
	// Plan is the decision that was carried out; empty when none was.
	Plan Sealed `json:"plan,omitempty"`
	// Partial tells that not all of it was carried out: the sides agree on what was, and on nothing else.
	Partial bool `json:"partial,omitempty"`
	// Done lists the sides where all that was written was carried out for certain.
	Done []record.Side `json:"done,omitempty"`
	// Wrote lists what was done, in order.
	Wrote []record.Operation `json:"wrote,omitempty"`
	// WroteTo lists to which side each was done.
	WroteTo []record.Side `json:"wrote_to,omitempty"`
	// GoHighLevel is the contact as GoHighLevel answered that it holds it now; empty when nothing was written there.
	GoHighLevel Sealed `json:"gohighlevel,omitempty"`
	// Salesforce is the record as it was read after it was created there; empty when it was not.
	Salesforce Sealed `json:"salesforce,omitempty"`
	// GoHighLevelParts are, likewise, the parts of a note beyond its first.
	GoHighLevelParts []Sealed `json:"gohighlevel_parts,omitempty"`
	// Fields and Side go with in_review: what is contested or alternates, and where a record is gone.
	Fields []record.Field `json:"fields,omitempty"`
	Side   record.Side    `json:"side,omitempty"`
	// Forget is the side whose record was deleted; "" for none.
	Forget record.Side `json:"forget,omitempty"`
	// Drop removes the link: there is nothing left of the contact, and never was anything on the other side.
	Drop bool `json:"drop,omitempty"`
	// Verdict is the decision of a person that was carried out; nil for none.
	Verdict *record.Verdict `json:"verdict,omitempty"`
	// Again leaves the record pending, for one more pass.
	Again bool `json:"again,omitempty"`
}

// RecordCommitted is how a contact stands once its outcome is recorded.
type RecordCommitted struct {
	// Again tells that it changed while it was being synced.
	Again bool `json:"again,omitempty"`
	// Waiting is what a person is asked; nil for nothing.
	Waiting *Waiting `json:"waiting,omitempty"`
	// Held is what a side refuses the connection, for which the record did not fail but stays pending; nil for nothing.
	Held *record.Refusal `json:"held,omitempty"`
}

// commit records the outcome of one link and lets go of it, the latter also where the connection is not
// connected any more, so that nothing can be recorded. What fails because a side refuses the connection stays pending: the
// link is as it was, unless something was written before. So does what failed in a way that passes, and is tried again. A
// record that belongs to another link by now, as where two runs found the same one, is not taken from it: then the contact
// waits for a person. Safe to repeat.
func (a *steps) commit(ctx context.Context, in CommitRecordInput) (RecordCommitted, error) {
	info := activity.GetInfo(ctx).WorkflowExecution
	c, err := a.Connections.Open(ctx, in.Claim.Connection)
	held, failed := a.held(ctx, in, err)
	if failed != nil {
		return RecordCommitted{}, failed
	}
	if held != nil && (err != nil || len(in.Wrote) == 0) {
		return RecordCommitted{Held: held}, a.Ledger.Release(ctx, info.ID, in.Claim.Token)
	}
	in.Again = in.Again || held != nil
	if crm.KindOf(err) == crm.NeedsReconnect {
		// The contact stays pending and must not stay taken: whoever comes once the connection is back finds out what was written.
		if free := a.Ledger.Release(ctx, info.ID, in.Claim.Token); free != nil {
			return RecordCommitted{}, free
		}
	}
	if err != nil {
		return RecordCommitted{}, err
	}
	if in.Again && in.State == record.LinkFailed && passes(in.Problem) {
		if len(in.Wrote) == 0 {
			return RecordCommitted{Again: true}, a.Ledger.Release(ctx, info.ID, in.Claim.Token)
		}
		if in.State, in.Problem, err = a.standing(ctx, in); err != nil {
			return RecordCommitted{}, err
		}
	}
	outcome := record.Outcome{
		LinkID: in.Claim.LinkID, State: in.State, Problem: in.Problem, Forget: in.Forget, Drop: in.Drop, Verdict: in.Verdict, Again: in.Again,
		GoHighLevelID: in.Claim.GoHighLevelID, SalesforceID: in.Claim.SalesforceID,
		GoHighLevelContact: in.Claim.GoHighLevelContact, SalesforceContact: in.Claim.SalesforceContact,
	}
	if in.State == record.LinkInReview && in.Problem != record.ReviewDeletionWave && in.Claim.Held == "" {
		outcome.Waits = &record.Question{Fields: in.Fields, Side: in.Side, WorkflowID: info.ID, DecideAfter: c.Rules.Reviews.DecideAfter}
	}
	if len(in.Plan) > 0 {
		if err := a.carriedOut(ctx, c, &outcome, in); err != nil {
			return RecordCommitted{}, err
		}
	}
	if in.Origin == "" {
		in.Origin = info.ID
	}
	origin := record.Origin{
		Connection: in.Claim.Connection, Kind: in.Claim.of(), Origin: in.Origin, RunID: info.RunID, RulesVersion: c.RulesVersion,
	}
	outcomes := []record.Outcome{outcome}
	err = a.Ledger.Commit(ctx, in.Claim.Token, origin, outcomes)
	var linked *record.AlreadyLinkedError
	if errors.As(err, &linked) && withdraw(outcomes, linked.LinkID, info.ID, c.Rules.Reviews.DecideAfter) {
		err = a.Ledger.Commit(ctx, in.Claim.Token, origin, outcomes)
	}
	if err != nil {
		return RecordCommitted{}, err
	}
	out, err := a.committed(ctx, c, in.Claim)
	if out.Held = held; held != nil {
		out.Again = false // for now
	}
	return out, err
}

// standing returns how a link stood before its sync failed for now: as that, where nobody waits for it and nothing was left
// out.
func (a *steps) standing(ctx context.Context, in CommitRecordInput) (record.LinkState, string, error) {
	link, err := a.link(ctx, in.Claim)
	if err == nil && (link.State == record.LinkInStep || link.State == record.LinkNew) {
		return link.State, "", nil
	}
	return in.State, in.Problem, err
}

// passes tells whether a problem is one that passes by itself.
func passes(problem string) bool {
	class := crm.Kind(problem).Class()
	return class == crm.Retry || class == crm.Wait
}

// held returns what a side refuses the connection, where a record failed, or its outcome cannot be recorded, for that.
func (a *steps) held(ctx context.Context, in CommitRecordInput, opening error) (*record.Refusal, error) {
	kind := crm.KindOf(opening)
	if in.State == record.LinkFailed && kind == "" {
		kind = crm.Kind(in.Problem)
	}
	refused, err := refusals(ctx, a.Ledger, in.Claim.Connection, kind)
	if err != nil || len(refused) == 0 {
		return nil, err
	}
	return &refused[0], nil
}

// carriedOut adds what was written to an outcome: the next base, and the journal.
func (a *steps) carriedOut(ctx context.Context, c *Connection, outcome *record.Outcome, in CommitRecordInput) error {
	var d reconcile.Decision
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Plan, &d); err != nil {
		return err
	}
	stored, err := c.openParts(in.Claim.of(), in.GoHighLevel, in.GoHighLevelParts)
	if err != nil {
		return err
	}
	if stored != nil {
		if d.Create != record.GoHighLevel {
			delete(stored.Fields, record.Tags) // changed by calls of their own, after this answer
		}
		d.Next = reconcile.Stored(d.Next, record.GoHighLevel, stored.Fields, d.GoHighLevel, c.Fingerprints.Value)
		if d.Create == record.GoHighLevel && in.Claim.of() != record.Contact {
			d.Next = reconcile.Defaults(d.Next, record.GoHighLevel, stored.Fields, c.Fingerprints.Value)
		}
	}
	created, err := c.open(in.Claim.of(), record.Salesforce, in.Salesforce, false)
	if err != nil {
		return err
	}
	if created != nil {
		d.Next = reconcile.Defaults(d.Next, record.Salesforce, created.Fields, c.Fingerprints.Value)
	}
	if outcome.Base, err = a.agreedAfter(ctx, d, in); err != nil {
		return err
	}
	for i, op := range in.Wrote {
		entry, err := c.journal(in.WroteTo[i], op, d.Writes(in.WroteTo[i]))
		if err != nil {
			return err
		}
		outcome.Journal = append(outcome.Journal, entry)
	}
	return nil
}

// agreedAfter returns what the sides agree on after what was carried out of a decision, encoded; nil where that is what the
// ledger says.
func (a *steps) agreedAfter(ctx context.Context, d reconcile.Decision, in CommitRecordInput) ([]byte, error) {
	if !in.Partial {
		return d.Next.Encode(), nil
	}
	var wrote []record.Side
	for i, op := range in.Wrote {
		if op == record.Update {
			wrote = append(wrote, in.WroteTo[i])
		}
	}
	if d.Create != "" || len(wrote) == 0 {
		return nil, nil
	}
	link, err := a.link(ctx, in.Claim)
	if err != nil {
		return nil, err
	}
	base, err := reconcile.DecodeBase(link.Base)
	if err != nil {
		return nil, err
	}
	return d.After(base, in.Done, wrote).Encode(), nil
}

// committed tells how a contact stands after its outcome is recorded. A link that is gone stands nowhere.
func (a *steps) committed(ctx context.Context, c *Connection, claim RecordClaim) (out RecordCommitted, err error) {
	pending, review, err := a.Ledger.LinkStanding(ctx, c.ID, claim.of(), claim.LinkID)
	if errors.Is(err, record.ErrNoLink) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Again = pending
	if review != nil {
		out.Waiting = c.waiting(*review)
	}
	return out, nil
}

// withdraw turns the outcome of a link whose new record belongs to another link into a review.
func withdraw(outcomes []record.Outcome, linkID int64, workflow string, decideAfter time.Duration) bool {
	for i, o := range outcomes {
		if o.LinkID == linkID && (o.GoHighLevelID != "" || o.SalesforceID != "") {
			outcomes[i] = record.Outcome{
				LinkID: linkID, State: record.LinkInReview, Problem: record.ReviewDuplicateRefused, Journal: o.Journal,
				Waits: &record.Question{WorkflowID: workflow, DecideAfter: decideAfter},
			}
			return true
		}
	}
	return false
}
