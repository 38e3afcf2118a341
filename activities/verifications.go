package activities

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// VerifyLedger is what comparing both sides needs to remember. All methods are safe to repeat and for concurrent use.
type VerifyLedger interface {
	Ledger
	// Unlinked returns staged records of a side that no link holds, in the order of their ids, after an id.
	Unlinked(ctx context.Context, connection string, kind record.Kind, side record.Side, after string, n int) ([]record.Work, error)
	// Underway counts what of a kind is announced, or pending and waits for no person.
	Underway(ctx context.Context, connection string, kind record.Kind) (int, error)
	// MarkChanged notes that records may have changed. Ring tells that the connection must be woken.
	MarkChanged(ctx context.Context, connection string, kind record.Kind, marks []record.Mark) (ring bool, err error)
	// Freshness returns how recently each side was polled, by kind and side.
	Freshness(ctx context.Context, connection string) ([]record.Freshness, error)
	// KeepCertificate keeps a certificate and returns it as it is kept: that of a run is kept once.
	KeepCertificate(ctx context.Context, c record.Certificate) (record.Certificate, error)
	// LastVerified returns when the live connections of a shard were compared last, in the order of their ids, after an id.
	LastVerified(ctx context.Context, shard, shards int, after string, n int) ([]record.LastVerified, error)
}

// Verifications holds the activities that compare both sides of a connection.
type Verifications struct {
	Connections Connections
	Ledger      VerifyLedger
	Bell        Doorbell
}

func (a *Verifications) steps() *steps { return &steps{a.Connections, a.Ledger} }

// VerifyPlan is what there is to compare.
type VerifyPlan struct {
	Kinds        []record.Kind `json:"kinds"` // that the rules sync, contacts first
	RulesVersion int           `json:"rules_version"`
	// Live tells that changes are synced, so that drift can be repaired.
	Live bool `json:"live"`
}

// PlanVerification says what there is to compare of a connection. Safe to repeat.
func (a *Verifications) PlanVerification(ctx context.Context, in ConnectionInput) (VerifyPlan, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return VerifyPlan{}, err
	}
	live, err := a.Ledger.Live(ctx, in.Connection)
	return VerifyPlan{Kinds: append([]record.Kind{record.Contact}, c.others()...), RulesVersion: c.RulesVersion, Live: live.On()}, err
}

// VerifyRecordsInput is one slice of a kind's links.
type VerifyRecordsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	After      int64       `json:"after"` // link id
	Size       int         `json:"size"`
	// Repair makes what has drifted pending.
	Repair bool `json:"repair,omitempty"`
	// Fingerprint is that of the slices before; "" for the first.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// VerifyRecordsResult accounts for every link of the slice that still holds a record, exactly once.
type VerifyRecordsResult struct {
	Last int64 `json:"last"` // continue after this link; 0 when there are no more
	record.Verified
	// Fingerprint is of what both sides have agreed on, up to the end of this slice.
	Fingerprint string                    `json:"fingerprint"`
	Allowances  map[record.Side]Allowance `json:"allowances,omitempty"`
	// Pause tells that an allowance is used up: nothing of the slice is accounted for, and it is to be compared again.
	Pause *Pause `json:"pause,omitempty"`
}

// VerifyRecords compares what is staged of both sides of a kind, link by link, and reads once more, by id, what seems to
// differ. Safe to repeat.
func (a *Verifications) VerifyRecords(ctx context.Context, in VerifyRecordsInput) (VerifyRecordsResult, error) {
	v, pause, err := a.verifier(ctx, in.Connection, in.Kind)
	if err != nil || pause != nil {
		return VerifyRecordsResult{Pause: pause}, err
	}
	work, err := a.Ledger.Links(ctx, in.Connection, in.Kind, in.After, in.Size)
	if err != nil {
		return VerifyRecordsResult{}, err
	}
	got, pause, err := v.compare(ctx, work)
	if err != nil || pause != nil {
		return VerifyRecordsResult{Pause: pause, Allowances: v.c.allowances()}, err
	}
	out := VerifyRecordsResult{Verified: got.Verified, Fingerprint: v.c.chain(in.Fingerprint, work), Allowances: v.c.allowances()}
	if len(work) == in.Size {
		out.Last = work[len(work)-1].Link.ID
	}
	if in.Repair {
		err = a.Ledger.MarkPending(ctx, in.Connection, in.Kind, got.drift)
	}
	return out, err
}

// verifier opens a connection to compare a kind of it.
func (a *Verifications) verifier(ctx context.Context, connection string, kind record.Kind) (*verifier, *Pause, error) {
	c, err := a.Connections.Open(ctx, connection)
	if err != nil {
		pause, err := rested(ctx, a.Ledger, connection, err)
		return nil, pause, err
	}
	if pause := c.resting(ctx); pause != nil {
		return nil, pause, nil
	}
	if err := c.wants(kind); err != nil {
		return nil, nil, err
	}
	v := &verifier{steps: a.steps(), c: c, kind: kind}
	// Before the links are read: what a poll tells meanwhile is pending by then.
	v.told, err = a.toldTo(ctx, connection, kind)
	return v, nil, err
}

const (
	// nextPollWithin is how soon the next poll must be for what it will tell to count as on its way.
	nextPollWithin = time.Hour
	// pollPatience is by how much a poll may be late.
	pollPatience = 10 * time.Minute
)

// toldTo returns, of the sides that are polled as they should be, up to when everything is known that happened there.
func (a *Verifications) toldTo(ctx context.Context, connection string, kind record.Kind) (map[record.Side]time.Time, error) {
	fresh, err := a.Ledger.Freshness(ctx, connection)
	out := map[record.Side]time.Time{}
	for _, f := range fresh {
		if wait := time.Until(f.NextAt); f.Kind == kind && !f.SweptTo.IsZero() && wait > -pollPatience && wait < nextPollWithin {
			out[f.Side] = f.SweptTo.Truncate(time.Second) // as Salesforce keeps its stamps
		}
	}
	return out, err
}

// chain continues a fingerprint with what links have agreed on. It is keyed, and cannot be turned back.
func (c *Connection) chain(before string, work []record.Work) string {
	for _, w := range work {
		if w.Link.Base != nil {
			sum := c.Fingerprints.Sum("agreed", fmt.Sprintf("%s %d %s", before, w.Link.ID, w.Link.Base))
			before = hex.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
		}
	}
	return before
}

// VerifyUnlinkedInput is one slice of a side's records that no link holds.
type VerifyUnlinkedInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	Side       record.Side `json:"side"`
	After      string      `json:"after,omitempty"` // record id
	Size       int         `json:"size"`
	// Repair announces what has drifted.
	Repair bool `json:"repair,omitempty"`
}

// VerifyUnlinkedResult accounts for every record of the slice exactly once, but for those that are gone meanwhile.
type VerifyUnlinkedResult struct {
	Last string `json:"last,omitempty"` // continue after this record; "" when there are no more
	record.Verified
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	Pause      *Pause                    `json:"pause,omitempty"` // as in VerifyRecordsResult
}

// VerifyUnlinked looks at what was read of a side and no link holds: nobody has heard of it, unless it is announced. Safe to
// repeat.
func (a *Verifications) VerifyUnlinked(ctx context.Context, in VerifyUnlinkedInput) (VerifyUnlinkedResult, error) {
	v, pause, err := a.verifier(ctx, in.Connection, in.Kind)
	if err != nil || pause != nil {
		return VerifyUnlinkedResult{Pause: pause}, err
	}
	work, err := a.Ledger.Unlinked(ctx, in.Connection, in.Kind, in.Side, in.After, in.Size)
	if err != nil {
		return VerifyUnlinkedResult{}, err
	}
	got, pause, err := v.compare(ctx, work)
	if err != nil || pause != nil {
		return VerifyUnlinkedResult{Pause: pause, Allowances: v.c.allowances()}, err
	}
	out := VerifyUnlinkedResult{Verified: got.Verified, Allowances: v.c.allowances()}
	if len(work) == in.Size {
		out.Last = work[len(work)-1].Link.RecordID(in.Side)
	}
	if in.Repair && len(got.strangers) > 0 {
		_, err = a.Ledger.MarkChanged(ctx, in.Connection, in.Kind, got.strangers)
	}
	return out, err
}

// RepairInput names what is being repaired.
type RepairInput struct {
	Connection string        `json:"connection"`
	Kinds      []record.Kind `json:"kinds"`
}

// RepairDrift wakes the connection and returns how much of the kinds is still to be synced. Safe to repeat.
func (a *Verifications) RepairDrift(ctx context.Context, in RepairInput) (left int, err error) {
	for _, kind := range in.Kinds {
		n, err := a.Ledger.Underway(ctx, in.Connection, kind)
		if err != nil {
			return 0, err
		}
		left += n
	}
	if left == 0 {
		return 0, nil
	}
	return left, a.Bell.Ring(ctx, in.Connection)
}

// KeepCertificate keeps what a comparison came to, and returns it as it is kept. Safe to repeat.
func (a *Verifications) KeepCertificate(ctx context.Context, c record.Certificate) (record.Certificate, error) {
	return a.Ledger.KeepCertificate(ctx, c)
}

// DueVerificationsInput names a shard of the connections.
type DueVerificationsInput struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
	Limit  int `json:"limit"`
}

// DueVerifications returns up to so many live connections of a shard that were last compared longer ago than their rules
// want. One that cannot be opened is left out. Safe to repeat.
func (a *Verifications) DueVerifications(ctx context.Context, in DueVerificationsInput) (due []string, err error) {
	const pageSize = 500
	for after := ""; ; {
		list, err := a.Ledger.LastVerified(ctx, in.Shard, in.Shards, after, pageSize)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			after = v.Connection
			if v.Age < time.Hour { // never sooner, whatever the rules
				continue
			}
			c, err := a.Connections.Open(ctx, v.Connection)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				continue
			}
			if every := c.Rules.Live.Verify.Every; every > 0 && v.Age >= every {
				if due = append(due, v.Connection); len(due) == in.Limit {
					return due, nil
				}
			}
		}
		if len(list) < pageSize {
			return due, nil
		}
	}
}
