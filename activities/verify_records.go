package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// verifier compares what is staged of both sides of a kind, and reads once more, by id, what seems to differ: a search index
// that lags proves nothing.
type verifier struct {
	*steps
	c    *Connection
	kind record.Kind
	// throughout compares also what is known to have changed, instead of counting it as in flight.
	throughout bool
	// told is up to when all is known of what happened on a side, of sides whose next poll is at hand.
	told map[record.Side]time.Time
}

// compared is what comparing some links came to.
type compared struct {
	record.Verified
	// drift are the links that differ, 0 for a record that no link holds, and strangers those records. leftOut are the links
	// that are not excluded and that the rules leave out by now.
	drift, leftOut []int64
	strangers      []record.Mark
}

// standing is how two halves compare.
type standing int

const (
	differs standing = iota
	agrees
	leftOut
	nowhere // nothing is left of it
)

// suspect is a link whose records are to be read once more, by their ids; of each side nil for one that is not there.
type suspect struct {
	work    record.Work
	ghl, sf *record.Record
}

// compare sorts links. A pause tells that an allowance is used up: nothing of them is accounted for.
func (v *verifier) compare(ctx context.Context, work []record.Work) (out compared, pause *Pause, err error) {
	var suspects []*suspect
	for _, w := range work {
		if v.byState(w, &out.Verified) {
			continue
		}
		s := &suspect{work: w}
		if s.ghl, err = v.c.unstage(w.GoHighLevel); err != nil {
			return out, nil, err
		}
		if s.sf, err = v.c.unstage(w.Salesforce); err != nil {
			return out, nil, err
		}
		standing, err := v.judge(ctx, s)
		if err != nil {
			return out, nil, err
		}
		if standing == differs || standing == nowhere {
			s.ghl, s.sf = nil, nil
			suspects = append(suspects, s)
		} else {
			out.count(w.Link, standing)
		}
	}
	if pause, err = rested(ctx, v.Ledger, v.c.ID, v.readAgain(ctx, suspects)); err != nil || pause != nil {
		return out, pause, err
	}
	for _, s := range suspects {
		standing, err := v.judge(ctx, s)
		if err != nil {
			return out, nil, err
		}
		if standing == differs && v.onItsWay(s) {
			out.InFlight++
			continue
		}
		out.count(s.work.Link, standing)
	}
	return out, nil, nil
}

// onItsWay tells whether a half was changed since its side was polled last, so that the next poll will tell. A record that
// does not say when it was changed, as a GoHighLevel task, or that was deleted, counts as known.
func (v *verifier) onItsWay(s *suspect) bool {
	for _, r := range []*record.Record{s.ghl, s.sf} {
		if r == nil || r.ModifiedAt.IsZero() {
			continue
		}
		told, polled := v.told[r.Side]
		if !polled || r.ModifiedAt.Before(told) {
			continue
		}
		known := record.KnownRecord{LinkID: s.work.Link.ID, State: s.work.Link.State, Base: s.work.Link.Base}
		if known.LinkID == 0 || !v.c.compareWithBase(v.kind, r, known).same {
			return true
		}
	}
	return false
}

// byState counts a link whose state says all there is to say; false where its records are to be compared.
func (v *verifier) byState(w record.Work, out *record.Verified) bool {
	switch {
	case w.Link.State == record.LinkInReview:
		out.Held++
	case w.Link.State == record.LinkParted:
		out.Parted++
	case w.Link.State == record.LinkDeleted: // nothing is left to compare
	case !v.throughout && (w.Pending || w.Link.Intent != nil):
		out.InFlight++
	case w.Link.State == record.LinkFailed:
		out.Failed++
	case w.Link.State == record.LinkExcluded:
		out.Excluded++
	default:
		return false
	}
	return true
}

func (c *compared) count(link record.Link, s standing) {
	switch s {
	case agrees:
		c.InStep++
	case leftOut:
		c.Excluded++
		c.leftOut = append(c.leftOut, link.ID)
	case differs:
		c.differing(link)
	case nowhere:
		if link.ID != 0 { // a link whose records are gone, both, has a sync to hear of it
			c.differing(link)
		}
	}
}

func (c *compared) differing(link record.Link) {
	c.Drift++
	if link.ID != 0 {
		c.drift = append(c.drift, link.ID)
		return
	}
	for _, side := range record.Sides {
		if id := link.RecordID(side); id != "" {
			c.strangers = append(c.strangers, record.Mark{Side: side, RecordID: id, ContactID: link.ContactID(side)})
		}
	}
}

// judge compares the two halves as the record lane would, which then writes nothing if they agree.
func (v *verifier) judge(ctx context.Context, s *suspect) (standing, error) {
	ghl, sf, link, kind := s.ghl, s.sf, s.work.Link, v.c.of(v.kind)
	if ghl == nil && sf == nil {
		return nowhere, nil
	}
	torn := v.kind == record.Note && mended(ghl, sf) != ""
	for _, r := range []*record.Record{ghl, sf} {
		if r == nil {
			continue
		}
		if included, err := kind.Included(*r); err != nil || !included {
			return leftOut, err
		}
	}
	if ghl != nil && sf != nil {
		d, err := v.c.decide(kind, link.Base, ghl, sf, nil)
		if err != nil {
			return differs, err
		}
		if d.Nothing() && len(d.Contested()) == 0 && !torn && !withdraws(kind, ghl, d) {
			return agrees, nil
		}
	}
	if v.kind != record.Contact {
		inGoHighLevel, inSalesforce, err := v.belongsTo(ctx, RecordClaim{Kind: v.kind, Connection: v.c.ID, SalesforceContact: link.SalesforceContact}, ghl, sf)
		if err != nil {
			return differs, err
		}
		if inGoHighLevel == "" || inSalesforce == "" {
			return leftOut, nil
		}
	}
	half := the(ghl, sf)
	alone := (ghl == nil || sf == nil) && link.RecordID(half.Side.Other()) == ""
	if alone && (!kind.Creates(half.Side.Other()) || withdrawn(kind, *half)) {
		return leftOut, nil
	}
	return differs, nil
}
