package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// tellsNothing tells whether a sync of what a poll found would find nothing to do, for certain: our own write that comes
// back, or an edit of what is not synced. It goes by the base and never by the time.
func (s *sweeper) tellsNothing(ctx context.Context, f sighting, k record.KnownRecord) (bool, error) {
	if k.LinkID == 0 || k.Pending && !s.readsAll() {
		return false, nil
	}
	if f.deleted {
		return k.State == record.LinkDeleted, nil
	}
	if f.record == nil {
		return false, nil
	}
	waits := k.State == record.LinkDeleted || k.State == record.LinkExcluded
	if waits && k.Contact != "" && f.contact != "" && f.contact != k.Contact {
		return false, nil // it has not gone with its contact, but was moved to another one, of which the vendor says nothing
	}
	if s.sweep.Kind != record.Contact && k.State != record.LinkInStep {
		// It waits for its contact or for a person, or is left out: there is nothing to compare with but the time.
		return !k.SyncedAt.Add(-min(clockSkew, s.overlap())).Before(f.stamp), nil
	}
	known := s.compareWithBase(s.sweep.Kind, f.record, k)
	if known.same && !known.whole && s.sweep.Kind == record.Note {
		return s.saysTheSame(ctx, f, k)
	}
	if !known.same || known.whole || !f.searched && s.sweep.Kind == record.Contact {
		return known.same, nil
	}
	// All that the search shows is as it was; what it leaves out may be what changed. Beyond so many, as after a mass of
	// our own writes, what a sync has been at since is taken for that sync's.
	if s.confirmations == 0 || s.sweep.Kind != record.Contact {
		return !k.SyncedAt.Before(f.stamp), nil
	}
	s.confirmations--
	s.calls++
	doc, err := s.GoHighLevel.GetContact(ctx, f.id)
	if crm.KindOf(err) == crm.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := s.read(record.GoHighLevel, doc, false)
	if err != nil {
		return false, nil
	}
	return s.compareWithBase(s.sweep.Kind, &r, k).same, nil
}

// readsAll tells whether each poll reads all that there is, so that what one leaves to the sync that is due the next one finds
// out. Else a record would be marked again and again for as long as its sync takes.
func (s *sweeper) readsAll() bool {
	return s.sweep.Side == record.GoHighLevel && s.sweep.Kind != record.Contact
}

// saysTheSame tells whether a note, of which a poll shows the title and how it begins, says what was agreed on. What our user
// has changed last, and begins otherwise than it was written, says something else. So many others are read; beyond them, as
// after a mass of our own writes, what our user has changed last and a sync has been at since is that sync's, and the rest
// counts as changed.
func (s *sweeper) saysTheSame(ctx context.Context, f sighting, k record.KnownRecord) (bool, error) {
	if s.sweep.Side != record.Salesforce {
		return false, nil
	}
	asSent, known := s.beginsAsSent(f.preview, k)
	if f.ours && known && !asSent {
		return false, nil
	}
	if s.confirmations == 0 {
		return f.ours && asSent && !k.SyncedAt.Before(f.stamp), nil
	}
	s.confirmations--
	s.calls++
	content, err := s.Salesforce.GetBlob(ctx, noteObject, f.id, "Content", largestNote)
	if crm.KindOf(err) == crm.NotFound || crm.KindOf(err) == crm.Rejected {
		return false, nil // its sync will tell
	}
	if err != nil {
		return false, err
	}
	r, err := s.readOf(record.Note, record.Salesforce, crm.Document{"Id": f.id, "Title": f.record.Fields[record.Title].Text(), "Content": string(content)}, false)
	if err != nil {
		return false, nil
	}
	return s.compareWithBase(record.Note, &r, k).same, nil
}

// comparison is what a record says about its link.
type comparison struct {
	// same tells that the record is, in all that is known of it, as the link has it: in step and equal to the base, or
	// outside the filter as before.
	same bool
	// differs tells that something was agreed on and is otherwise now. A field that is known and was never agreed on
	// makes a record neither the same nor different.
	differs bool
	// whole tells that each synced field of the record is known.
	whole bool
}

func (c *Connection) compareWithBase(kind record.Kind, r *record.Record, k record.KnownRecord) comparison {
	included, err := c.of(kind).Included(*r)
	if err != nil {
		return comparison{differs: true}
	}
	base, err := reconcile.DecodeBase(k.Base)
	if err != nil {
		return comparison{differs: true}
	}
	out := comparison{same: true, whole: true}
	for _, p := range c.of(kind).Policies() {
		value, known := r.Fields[p.Field]
		if !known {
			out.whole = false
			continue
		}
		agreed, ever := base[p.Field]
		sums := agreed.GoHighLevel
		if r.Side == record.Salesforce {
			sums = agreed.Salesforce
		}
		switch {
		case !ever:
			out.same = false
		case !slices.Equal(c.Fingerprints.Value(p.Field, value), sums):
			out.same, out.differs = false, true
		}
	}
	switch {
	case !included && k.State == record.LinkExcluded:
		out.same, out.differs = true, false // outside on either side is outside, whatever else changed
	case !included || k.State != record.LinkInStep:
		out.same, out.differs = false, true
	}
	return out
}
