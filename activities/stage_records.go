package activities

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// stagingSpell is how long one reading goes on before it hands back, so that progress shows and a lost worker costs
// little. The cursor is in the ledger all the same.
const stagingSpell = 20 * time.Second

// StageRecordsInput names one side's reading of a kind.
type StageRecordsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	Side       record.Side `json:"side"`
	Epoch      string      `json:"epoch"`
}

// StageRecordsResult is how far the reading has come.
type StageRecordsResult struct {
	Read       int                       `json:"read"`
	Total      int                       `json:"total"` // the vendor's own count, -1 when unknown
	Done       bool                      `json:"done"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	Pause      *Pause                    `json:"pause,omitempty"` // an allowance is used up, or the connection rests; the cursor is kept
}

// StageRecords reads the next pages of a kind of one side into the ledger, for matching or comparing. Salesforce is read
// with what it has archived. Safe to repeat.
func (a *Records) StageRecords(ctx context.Context, in StageRecordsInput) (StageRecordsResult, error) {
	return a.steps().stage(ctx, in)
}

func (a *steps) stage(ctx context.Context, in StageRecordsInput) (StageRecordsResult, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		pause, err := rested(ctx, a.Ledger, in.Connection, err)
		return StageRecordsResult{Pause: pause}, err
	}
	if pause := c.resting(ctx); pause != nil {
		return StageRecordsResult{Pause: pause}, nil
	}
	if err := c.wants(in.Kind); err != nil {
		return StageRecordsResult{}, err
	}
	key := record.StageKey{Connection: in.Connection, Kind: in.Kind, Side: in.Side, Epoch: in.Epoch}
	state, err := a.Ledger.BeginStaging(ctx, key)
	if err != nil {
		return StageRecordsResult{}, err
	}
	read := &sideReader{reader: reader{Connection: c, kind: in.Kind}, side: in.Side, ledger: a.Ledger}
	out := StageRecordsResult{Read: state.Count, Total: -1, Done: state.Done}
	for started := time.Now(); !state.Done && time.Since(started) < stagingSpell; {
		page, err := read.page(ctx, state.Cursor)
		if out.Pause, err = rested(ctx, a.Ledger, in.Connection, err); err != nil {
			return out, err
		}
		if out.Pause != nil {
			break
		}
		staged, err := a.sealPage(ctx, c, in.Kind, in.Side, page.docs)
		if err != nil {
			return out, err
		}
		next := record.StageState{Cursor: page.next, Done: page.next == "", Count: state.Count + len(staged)}
		if err := a.Ledger.StagePage(ctx, key, state.Cursor, staged, next); err != nil {
			return out, err
		}
		state = next
		out.Read, out.Done = state.Count, state.Done
		out.Total = max(out.Total, page.total)
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			return out, nil
		default:
		}
	}
	out.Allowances = c.allowances()
	return out, ctx.Err()
}

// wants fails with kind Invalid where the rules do not sync a kind.
func (c *Connection) wants(kind record.Kind) error {
	if kind == record.Contact || c.Kinds[kind] != nil {
		return nil
	}
	return fault(record.GoHighLevel, crm.Invalid, "read a side", "the rules do not sync this kind")
}

// sealPage seals a page's records for the ledger.
func (a *steps) sealPage(ctx context.Context, c *Connection, kind record.Kind, side record.Side, docs []crm.Document) ([]record.Staged, error) {
	staged := make([]record.Staged, 0, len(docs))
	for _, doc := range docs {
		r, err := c.readOf(kind, side, doc, kind != record.Note) // a search shows less than all; notes are listed whole
		if err != nil {
			return nil, err
		}
		if kind != record.Contact && nobodys(r) {
			continue
		}
		s, err := c.stage(r)
		if err != nil {
			return nil, err
		}
		if kind != record.Contact {
			if s.Contact, err = a.mainContact(ctx, c.ID, r); err != nil {
				return nil, err
			}
		}
		staged = append(staged, s)
	}
	return staged, nil
}

// nobodys tells whether a record is none that both sides could hold: it is about nobody whom they know, or of another kind,
// or gone, or a note of which parts are missing, to be mended when it is synced.
func nobodys(r record.Record) bool {
	return len(r.ContactIDs) == 0 || slices.ContainsFunc(r.Traits, func(t record.Trait) bool {
		switch t {
		case record.TraitDeleted, record.TraitLead, record.TraitNoContact, record.TraitOtherKind, record.TraitIncompletePart:
			return true
		}
		return false
	})
}

// mainContact returns whom a record belongs to: of several contacts the first that is in step.
func (a *steps) mainContact(ctx context.Context, connection string, r record.Record) (string, error) {
	if len(r.ContactIDs) > 1 {
		link, err := a.contactOf(ctx, connection, map[record.Side][]string{r.Side: r.ContactIDs})
		if err != nil {
			return "", err
		}
		if link != nil {
			return link.RecordID(r.Side), nil
		}
	}
	return r.ContactIDs[0], nil
}

// stage seals one record for the ledger.
func (c *Connection) stage(r record.Record) (record.Staged, error) {
	kind := c.of(r.Kind)
	included, err := kind.Included(r)
	if err != nil {
		return record.Staged{}, err
	}
	keys := c.Fingerprints.MatchKeys(r)
	if r.Kind != record.Contact {
		keys.Contents = c.contents(kind, &r)
	}
	body, err := c.seal(r.Side, purposeStaged, r)
	return record.Staged{
		Side: r.Side, ID: r.ID, Body: body, Keys: keys, Excluded: !included, ModifiedAt: r.ModifiedAt, CreatedAt: r.CreatedAt,
		ReadAt: time.Now(),
	}, err
}

// contents are the keys of what a record says, as each side shows it.
func (c *Connection) contents(kind rules.KindMapper, r *record.Record) []int64 {
	shown := record.Fields{}
	for _, field := range telling[r.Kind] {
		if _, known := r.Fields[field]; known {
			shown[field] = kind.Project(r.Side.Other(), field, r)
		}
	}
	own, other := c.Fingerprints.ContentKey(r.Kind, r.Fields), c.Fingerprints.ContentKey(r.Kind, shown)
	if r.Side == record.GoHighLevel {
		return []int64{own, other}
	}
	return []int64{other, own}
}

// unstage opens a staged record; nil for none.
func (c *Connection) unstage(s *record.Staged) (*record.Record, error) {
	if s == nil {
		return nil, nil
	}
	var r record.Record
	if err := c.unseal(s.Side, purposeStaged, s.Body, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// MatchRecordsInput names what to match.
type MatchRecordsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	Epoch      string      `json:"epoch"`
	// NewOnly makes only links pending that did not exist before.
	NewOnly bool `json:"new_only,omitempty"`
}

// MatchRecords links what both sides' staged records of a kind have in common and makes the links pending. Safe to repeat.
func (a *Records) MatchRecords(ctx context.Context, in MatchRecordsInput) (record.MatchCounts, error) {
	return a.steps().match(ctx, in)
}

func (a *steps) match(ctx context.Context, in MatchRecordsInput) (record.MatchCounts, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return record.MatchCounts{}, err
	}
	if err := c.wants(in.Kind); err != nil {
		return record.MatchCounts{}, err
	}
	request := record.MatchRequest{
		Connection: in.Connection, Kind: in.Kind, Epoch: in.Epoch, Tiers: c.Rules.Contacts.Match, NewOnly: in.NewOnly,
	}
	for _, side := range record.Sides {
		if c.of(in.Kind).Creates(side) {
			request.Creates = append(request.Creates, side)
		}
	}
	return a.Ledger.Match(ctx, request)
}

// CountRecordsInput names what to count.
type CountRecordsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	Origin     string      `json:"origin"`
}

// CountRecords counts a kind's links by state, and the writes made under an origin. Safe to repeat.
func (a *Records) CountRecords(ctx context.Context, in CountRecordsInput) (record.Counts, error) {
	return a.Ledger.Count(ctx, in.Connection, in.Kind, in.Origin)
}

// KindInput names a kind of a connection.
type KindInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
}

// UnstageRecords forgets what is staged of a kind. Safe to repeat.
func (a *Records) UnstageRecords(ctx context.Context, in KindInput) error {
	return a.Ledger.Unstage(ctx, in.Connection, in.Kind)
}
