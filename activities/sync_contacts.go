package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// claimLease outlives any attempt at a batch; a batch whose worker died is taken up again by the same owner at once.
	claimLease = 30 * time.Minute
	// goHighLevelWriters is how many GoHighLevel calls one batch has under way at once; GoHighLevel has no batch calls.
	goHighLevelWriters = 8
	// longWait is a vendor's wait for which a batch stops: the rest would only be refused as well.
	longWait = 30 * time.Second
	// soon is when a batch that got somewhere goes on with what is left of it.
	soon = time.Second
	// patience is how many attempts a batch makes before it hands what still fails to the record lane, where each
	// contact has retries of its own.
	patience = 15
)

// SyncContactsInput is one batch.
type SyncContactsInput struct {
	Connection string `json:"connection"`
	// Batch names the batch: every attempt at it claims the same contacts.
	Batch string `json:"batch"`
	Size  int    `json:"size"`
	// Origin is on whose behalf the batch writes, for the journal.
	Origin string `json:"origin"`
}

// SyncContactsResult is what a batch came to.
type SyncContactsResult struct {
	Claimed int `json:"claimed"`
	// Left is how many pending contacts nobody had claimed before this batch, counted up to 10,000.
	Left       int                       `json:"left"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	// Pause tells that the batch is not done, and nobody holds what is left of it, because an allowance is used up or the
	// connection is paused.
	Pause *Pause `json:"pause,omitempty"`
}

// SyncContacts syncs the next batch of pending contacts: it claims them, takes what is staged or reads what is not,
// decides, writes, and commits. What a vendor refuses for good is handed to the record lane; what fails for now makes
// the activity fail, and its next attempt goes on with what is left. It stops short where the connection is paused. Safe to
// repeat.
func (a *Contacts) SyncContacts(ctx context.Context, in SyncContactsInput) (SyncContactsResult, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		pause, err := paused(ctx, err)
		return SyncContactsResult{Pause: pause}, err
	}
	claimed, err := a.Ledger.Claim(ctx, record.ClaimRequest{
		Connection: in.Connection, Kind: record.Contact, Owner: in.Batch, Limit: in.Size, Lease: claimLease,
	})
	if err != nil {
		return SyncContactsResult{}, err
	}
	b := &batch{
		Connection: c, ledger: a.Ledger, token: claimed.Token,
		origin: record.Origin{
			Connection: in.Connection, Kind: record.Contact, Origin: in.Origin,
			RunID: activity.GetInfo(ctx).WorkflowExecution.RunID, RulesVersion: c.RulesVersion,
		},
	}
	if c.resting(ctx) != nil {
		// Only now: what an attempt before claimed must be given back.
		return b.stop(ctx, in.Batch, claimed.Left, errResting)
	}
	err = b.run(ctx, claimed.Work)
	if err == nil {
		err = b.finish(ctx, int(activity.GetInfo(ctx).Attempt) >= patience)
	}
	if err != nil {
		return b.stop(ctx, in.Batch, claimed.Left, err)
	}
	return SyncContactsResult{Claimed: len(claimed.Work), Left: claimed.Left, Allowances: c.allowances()}, nil
}

// batch is one attempt at one batch.
type batch struct {
	*Connection
	ledger Ledger
	token  int64
	origin record.Origin
	pairs  []*pair
}

// pair is one link under way, with both its records as they are now; nil where there is none.
type pair struct {
	link     record.Link
	ghl, sf  *record.Record
	decision reconcile.Decision
	journal  []record.JournalEntry
	wrote    []record.Side // sides that were written
	// committed: the outcome is in the ledger. failure: why it is not, or not yet.
	committed bool
	failure   *crm.Error
	excluded  bool          // the connection's filter leaves one of the records out
	single    bool          // it goes to the record lane, where a person sees it and can be asked
	gone      []record.Side // sides that lack the record which the link names
	absence   *absent       // what follows from that
	staged    bool          // what it holds was read for a matching, so that its other half was looked for
}

// open tells whether the pair still needs something done.
func (p *pair) open() bool {
	return !p.committed && p.failure == nil && !p.excluded && !p.single && p.absence == nil && len(p.gone) == 0
}

func (b *batch) run(ctx context.Context, work []record.Work) error {
	if err := b.load(ctx, work); err != nil {
		return err
	}
	if err := b.refresh(ctx); err != nil {
		return err
	}
	if err := b.followAbsences(ctx); err != nil {
		return err
	}
	if err := b.setApart(ctx); err != nil {
		return err
	}
	if err := b.commit(ctx, func(p *pair) bool { return p.decision.Nothing() }); err != nil {
		return err
	}
	if err := b.writeSalesforce(ctx); err != nil {
		return err
	}
	if err := b.writeGoHighLevel(ctx); err != nil {
		return err
	}
	return b.commit(ctx, func(p *pair) bool { return p.failure == nil })
}

// load opens what is staged and reads what is not, and decides each pair.
func (b *batch) load(ctx context.Context, work []record.Work) error {
	for _, w := range work {
		p := &pair{link: w.Link, staged: w.GoHighLevel != nil || w.Salesforce != nil}
		b.pairs = append(b.pairs, p)
		if waitsInRun(w.Link) {
			p.single = true
			continue
		}
		if ignored(w.Link) {
			p.absence = &absent{link: w.Link, action: AbsenceKeep}
			continue
		}
		if (w.GoHighLevel != nil && w.GoHighLevel.Excluded) || (w.Salesforce != nil && w.Salesforce.Excluded) {
			p.excluded = true
			continue
		}
		var err error
		if p.ghl, err = b.unstage(w.GoHighLevel); err != nil {
			return err
		}
		if p.sf, err = b.unstage(w.Salesforce); err != nil {
			return err
		}
	}
	if err := b.readMissing(ctx); err != nil {
		return err
	}
	for _, p := range b.pairs {
		if p.open() {
			if err := b.decidePair(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) decidePair(p *pair) (err error) {
	for _, r := range []*record.Record{p.ghl, p.sf} {
		if r == nil {
			continue
		}
		if included, err := b.Mapper.Included(*r); err != nil || !included {
			p.excluded = !included
			return err
		}
	}
	if p.ghl == nil && p.sf == nil {
		return nil
	}
	p.decision, err = b.decide(b.of(record.Contact), p.link.Base, p.ghl, p.sf, nil)
	return err
}

// readMissing reads the records that links name and that are not staged.
func (b *batch) readMissing(ctx context.Context) error {
	var sf, ghl []*pair
	for _, p := range b.pairs {
		if !p.open() {
			continue
		}
		if p.sf == nil && p.link.SalesforceID != "" {
			sf = append(sf, p)
		}
		if p.ghl == nil && p.link.GoHighLevelID != "" {
			ghl = append(ghl, p)
		}
	}
	if err := b.readSalesforce(ctx, sf); err != nil {
		return err
	}
	return b.each(ctx, ghl, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		doc, err := b.GoHighLevel.GetContact(ctx, p.link.GoHighLevelID)
		if crm.KindOf(err) == crm.NotFound {
			p.lacks(record.GoHighLevel)
			return nil
		}
		if err != nil {
			return err
		}
		r, err := b.read(record.GoHighLevel, doc, false)
		p.ghl = &r
		return err
	})
}

// readSalesforce reads the pairs' Salesforce records as they are now.
func (b *batch) readSalesforce(ctx context.Context, pairs []*pair) error {
	if len(pairs) == 0 {
		return nil
	}
	ids := make([]string, len(pairs))
	for i, p := range pairs {
		ids[i] = p.link.SalesforceID
	}
	docs, err := b.Salesforce.RetrieveRecords(ctx, contactObject, ids, b.Mapper.SalesforceFields())
	if err != nil {
		return err
	}
	for i, p := range pairs {
		if docs[i] == nil {
			p.lacks(record.Salesforce)
			continue
		}
		r, err := b.read(record.Salesforce, docs[i], false)
		if err != nil {
			return err
		}
		p.sf = &r
	}
	return nil
}

// each does something for every pair, so many at once, and keeps each pair's failure with it. It stops early, with the
// error, where going on makes no sense: the connection is broken, or its allowance is used up. What is under way then may
// finish: a create that is cut off would have to be settled.
func (b *batch) each(ctx context.Context, pairs []*pair, atOnce int, do func(context.Context, *pair) error) error {
	var group errgroup.Group
	var stopped atomic.Bool
	group.SetLimit(atOnce)
	for _, p := range pairs {
		group.Go(func() error {
			if stopped.Load() || ctx.Err() != nil {
				return ctx.Err()
			}
			err := do(ctx, p)
			if e := (*crm.Error)(nil); errors.As(err, &e) {
				p.failure = e
				if e.Kind != crm.NeedsReconnect && e.RetryAfter <= longWait {
					return nil
				}
			}
			if err != nil {
				stopped.Store(true)
			}
			return err
		})
	}
	return group.Wait()
}

// finish hands what a vendor refuses for good to the record lane. What fails only for now is the error to retry by;
// on the last attempt it goes to the record lane as well.
func (b *batch) finish(ctx context.Context, lastAttempt bool) error {
	var lane []int64
	var later *crm.Error
	left, got := 0, 0
	for _, p := range b.pairs {
		if p.committed {
			got++
		}
		if p.single && !p.committed {
			lane = append(lane, p.link.ID)
			continue
		}
		if p.committed || p.failure == nil {
			continue
		}
		class := p.failure.Kind.Class()
		if (class == crm.Retry || class == crm.Wait) && !lastAttempt {
			left++
			if later == nil || p.failure.RetryAfter > later.RetryAfter {
				later = p.failure
			}
			continue
		}
		lane = append(lane, p.link.ID)
	}
	if len(lane) > 0 {
		if err := b.ledger.HandOver(ctx, b.token, lane); err != nil {
			return err
		}
	}
	if later == nil {
		return nil
	}
	again := *later
	if got > 0 {
		again.RetryAfter = max(again.RetryAfter, soon)
	}
	again.Reason = fmt.Sprintf("%d contacts of the batch are left for the next attempt", left)
	return &again
}

// RecordLaneInput asks for contacts that the bulk lane has handed over.
type RecordLaneInput struct {
	Connection string `json:"connection"`
	Limit      int    `json:"limit"`
}

// ListRecordLane lists links that wait for a ContactSync run of their own. Safe to repeat.
func (a *Contacts) ListRecordLane(ctx context.Context, in RecordLaneInput) ([]int64, error) {
	return a.Ledger.HandedOver(ctx, in.Connection, record.Contact, in.Limit)
}
