package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
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
	// record has retries of its own.
	patience = 15
)

// SyncRecordsInput is one batch.
type SyncRecordsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	// Batch names the batch: every attempt at it claims the same links.
	Batch string `json:"batch"`
	Size  int    `json:"size"`
	// Origin is on whose behalf the batch writes, for the journal.
	Origin string `json:"origin"`
	// Matched tells, of tasks, notes and appointments, that whatever is staged of them has been matched, so that the other
	// half of what has none has been looked for. Contacts are staged for a matching only.
	Matched bool `json:"matched,omitempty"`
}

// SyncRecordsResult is what a batch came to.
type SyncRecordsResult struct {
	Claimed int `json:"claimed"`
	// Left is how many pending links nobody had claimed before this batch, counted up to 10,000.
	Left       int                       `json:"left"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	// Pause tells that the batch is not done, and nobody holds what is left of it, because an allowance is used up or the
	// connection is paused.
	Pause *Pause `json:"pause,omitempty"`
}

// SyncContacts is SyncRecords for contacts.
func (a *Contacts) SyncContacts(ctx context.Context, in SyncRecordsInput) (SyncRecordsResult, error) {
	in.Kind = record.Contact
	return syncBatch(ctx, a.Connections, a.Ledger, in)
}

// SyncRecords syncs the next batch of pending records of a kind: it claims their links, takes what is staged or reads what
// is not, decides, writes, and commits. What is not plain, and what a vendor refuses for good, is handed to the record lane;
// what fails for now makes the activity fail, and its next attempt goes on with what is left. It stops short where the
// connection rests. Safe to repeat.
func (a *Records) SyncRecords(ctx context.Context, in SyncRecordsInput) (SyncRecordsResult, error) {
	return syncBatch(ctx, a.Connections, a.Ledger, in)
}

func syncBatch(ctx context.Context, connections Connections, ledger Ledger, in SyncRecordsInput) (SyncRecordsResult, error) {
	c, err := connections.Open(ctx, in.Connection)
	if err != nil {
		pause, err := rested(ctx, ledger, in.Connection, err)
		return SyncRecordsResult{Pause: pause}, err
	}
	kind := kindOr(in.Kind)
	if kind != record.Contact && c.Kinds[kind] == nil {
		return SyncRecordsResult{}, fault("", crm.Invalid, "sync in bulk", "the rules do not sync "+string(kind)+"s")
	}
	claimed, err := ledger.Claim(ctx, record.ClaimRequest{
		Connection: in.Connection, Kind: kind, Owner: in.Batch, Limit: in.Size, Lease: claimLease,
	})
	if err != nil {
		return SyncRecordsResult{}, err
	}
	b := &batch{
		Connection: c, ledger: ledger, token: claimed.Token, kind: kind, matched: in.Matched || kind == record.Contact,
		origin: record.Origin{
			Connection: in.Connection, Kind: kind, Origin: in.Origin,
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
	return SyncRecordsResult{Claimed: len(claimed.Work), Left: claimed.Left, Allowances: c.allowances()}, nil
}

// batch is one attempt at one batch.
type batch struct {
	*Connection
	kind    record.Kind // "" is a contact
	ledger  Ledger
	token   int64
	origin  record.Origin
	matched bool // what is staged was matched
	pairs   []*pair
}

// mapping is the mapping of the batch's kind.
func (b *batch) mapping() rules.KindMapper { return b.of(kindOr(b.kind)) }

// ofContacts tells whether the batch is of contacts.
func (b *batch) ofContacts() bool { return kindOr(b.kind) == record.Contact }

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
	excluded  bool          // the rules leave one of the records out, or it has no contact to belong to
	problem   string        // why it is excluded, where that is not the rules
	single    bool          // it goes to the record lane, where a person sees it and can be asked
	gone      []record.Side // sides that lack the record which the link names
	absence   *absent       // what follows from that
	staged    bool          // what it holds was read a while ago
	again     bool          // Salesforce has made something else of what was written
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
	if err := b.refused(ctx); err != nil {
		return err
	}
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
	again.Reason = fmt.Sprintf("%d %ss of the batch are left for the next attempt", left, kindOr(b.kind))
	return &again
}

// refused fails with the failure of a pair that comes of a side which refuses the connection, and not the record.
func (b *batch) refused(ctx context.Context) error {
	i := slices.IndexFunc(b.pairs, func(p *pair) bool {
		return !p.committed && p.failure != nil && (p.failure.Kind == crm.NeedsReconnect || p.failure.Kind == crm.NeedsAccess)
	})
	if i < 0 {
		return nil
	}
	all, err := refusals(ctx, b.ledger, b.ID, b.pairs[i].failure.Kind)
	if err == nil && len(all) > 0 {
		err = b.pairs[i].failure
	}
	return err
}

// RecordLaneInput asks for records that the bulk lane has handed over.
type RecordLaneInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	Limit      int         `json:"limit"`
}

// ListRecordLane lists links that wait for a run of their own. Safe to repeat.
func (a *Contacts) ListRecordLane(ctx context.Context, in RecordLaneInput) ([]int64, error) {
	return a.Ledger.HandedOver(ctx, in.Connection, kindOr(in.Kind), in.Limit)
}
