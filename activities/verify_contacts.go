package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// VerifyContactsInput is one slice of the links.
type VerifyContactsInput struct {
	Connection string `json:"connection"`
	After      int64  `json:"after"` // link id
	Size       int    `json:"size"`
}

// VerifyContactsResult accounts for every link of the slice that still holds a record, exactly once.
type VerifyContactsResult struct {
	Last     int64 `json:"last"` // continue after this link; 0 when there are no more
	InStep   int   `json:"in_step"`
	InReview int   `json:"in_review"`
	Failed   int   `json:"failed"`
	Excluded int   `json:"excluded"`
	// Parted links hold a record whose other half is gone, and was to stay so.
	Parted int `json:"parted,omitempty"`
	// Differing links hold records that do not agree under the rules, or lack one half. They are made pending again.
	Differing  int                       `json:"differing"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	// Pause tells that an allowance is used up: nothing of the slice is accounted for, and it is to be compared again.
	Pause *Pause `json:"pause,omitempty"`
}

// VerifyContacts compares what is staged of both sides' contacts, link by link, and reads once more, by id, what seems
// to differ: a search index that lags proves nothing. Safe to repeat.
func (a *Contacts) VerifyContacts(ctx context.Context, in VerifyContactsInput) (VerifyContactsResult, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		pause, err := rested(ctx, a.Ledger, in.Connection, err)
		return VerifyContactsResult{Pause: pause}, err
	}
	if pause := c.resting(ctx); pause != nil {
		return VerifyContactsResult{Pause: pause}, nil
	}
	work, err := a.Ledger.Links(ctx, in.Connection, record.Contact, in.After, in.Size)
	if err != nil {
		return VerifyContactsResult{}, err
	}
	v := &verifier{steps: a.steps(), c: c, kind: record.Contact, throughout: true}
	got, pause, err := v.compare(ctx, work)
	if err != nil || pause != nil {
		return VerifyContactsResult{Pause: pause, Allowances: c.allowances()}, err
	}
	// What the rules leave out by now is told of its new state by a sync.
	differing := slices.Concat(got.drift, got.leftOut)
	out := VerifyContactsResult{
		InStep: got.InStep, InReview: got.Held, Failed: got.Failed, Excluded: got.Excluded - len(got.leftOut), Parted: got.Parted,
		Differing: len(differing), Allowances: c.allowances(),
	}
	if len(work) == in.Size {
		out.Last = work[len(work)-1].Link.ID
	}
	return out, a.Ledger.MarkPending(ctx, in.Connection, record.Contact, differing)
}

// readings is how often a suspect is read before its vendor's bad day fails the slice.
const readings = 8

// readPatiently reads both records of every pair, and once more those whose reading failed for now: one call in twenty
// that fails must not make the rest be read again. A record that is not visible counts as not there.
func (b *batch) readPatiently(ctx context.Context) error {
	all := b.pairs
	defer func() { b.pairs = all }()
	for range readings {
		if err := b.readMissing(ctx); err != nil {
			return err
		}
		var failed []*pair
		for _, p := range b.pairs {
			if p.failure != nil && p.failure.Kind != crm.Busy {
				if p.failure.Kind.Class() == crm.Person {
					return p.failure
				}
				failed = append(failed, p)
			}
		}
		if len(failed) == 0 {
			return nil
		}
		for _, p := range failed {
			p.failure = nil
		}
		b.pairs = failed
	}
	return fault(record.GoHighLevel, crm.Unavailable, "compare contacts", "too many calls fail; it is tried again")
}

// AccessReport says whether a connection can do what its rules ask for.
type AccessReport struct {
	// Problems lists everything that a person must mend first, each in words that say what to do.
	Problems []string `json:"problems,omitempty"`
	// Notes lists what is good to know.
	Notes []string `json:"notes,omitempty"`
	// Needs lists what the rules need, and what was granted without need, as far as it could be looked at.
	Needs []Need `json:"needs,omitempty"`
	// Created are GoHighLevel's custom fields that were created because they were missing, CreatedInSalesforce Salesforce's by
	// object and name, as Contact.GHL_Id__c.
	Created             []string `json:"created,omitempty"`
	CreatedInSalesforce []string `json:"created_in_salesforce,omitempty"`
	// Kinds are those that the rules sync beside contacts.
	Kinds []record.Kind `json:"kinds,omitempty"`
	// IndexLag is how long GoHighLevel's search index may lag behind, in seconds.
	IndexLag   float64                   `json:"index_lag_seconds"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
}

// CheckAccess tries, without writing anything, everything that syncing contacts needs on both sides, and reports all
// that is missing at once. A connection that was held back for want of a check works from then on where nothing is missing.
// Errors that will pass by themselves fail the activity instead. Safe to repeat.
func (a *Contacts) CheckAccess(ctx context.Context, in ConnectionInput) (AccessReport, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return accessProblem(AccessReport{}, err)
	}
	out := AccessReport{IndexLag: c.Rules.GoHighLevel.IndexLag.Seconds(), Kinds: c.others()}
	disconnected := map[record.Side]bool{}
	for _, check := range c.accessChecks() {
		if disconnected[check.side] {
			continue // each further call would say the same
		}
		err := check.try(ctx, &out)
		disconnected[check.side] = crm.KindOf(err) == crm.NeedsReconnect
		if out, err = accessProblem(out, err); err != nil {
			return out, err
		}
	}
	out.Allowances = c.allowances()
	if len(out.Problems) > 0 {
		return out, nil
	}
	return out, a.Ledger.Checked(ctx, in.Connection, c.AsOf)
}

// accessProblem turns an error that needs a person into a problem of the report.
func accessProblem(out AccessReport, err error) (AccessReport, error) {
	var e *crm.Error
	if err == nil || !errors.As(err, &e) {
		return out, err
	}
	if class := e.Kind.Class(); class == crm.Retry || class == crm.Wait {
		return out, err
	}
	out.Problems = append(out.Problems, e.Error())
	return out, nil
}
