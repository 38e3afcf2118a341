package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// sweeper polls one side of one connection.
type sweeper struct {
	reader
	ledger SweepLedger
	bell   Doorbell
	sweep  record.Sweep
	// changes counts the marks, echoes the changes that tell nothing new.
	changes, echoes int
	// confirmations is how many records may still be read by themselves.
	confirmations int
	// advanced tells that a reading which goes on from sweep to sweep came further.
	advanced bool
	// again is from where on the next pass reads again what this one reads: that much must be remembered.
	again time.Time
}

// confirmationsPerSweep is how many records a sweep reads by themselves at most, where a search does not tell enough.
const confirmationsPerSweep = 25

// hold keeps the lease until release is called, which tells whether it was lost; then the context has ended already.
func (s *sweeper) hold(ctx context.Context) (held context.Context, release func() error) {
	held, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(sweepLease / 3)
		defer ticker.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-ticker.C:
				// One that fails otherwise is tried again; whoever takes over meanwhile is noticed then.
				if err := s.ledger.HoldSweep(held, s.sweep, sweepLease); errors.Is(err, record.ErrFenced) {
					cancel(err)
					return
				}
			}
		}
	}()
	return held, func() error {
		cancel(nil)
		<-stopped
		if errors.Is(context.Cause(held), record.ErrFenced) {
			return record.ErrFenced
		}
		return nil
	}
}

// bounds are those of the rules. Where the connection could not be opened, nothing is known but the interval in use, which
// must do: a vendor that hiccups just then is no reason to stay away for long.
func (s *sweeper) bounds() PaceBounds {
	if s.Connection == nil {
		return PaceBounds{Fastest: cmp.Or(s.sweep.Every, defaultPace.Fastest), Slowest: defaultPace.Slowest}
	}
	return PaceBounds{Fastest: s.Rules.Live.Sweeps.Fastest, Slowest: s.Rules.Live.Sweeps.Slowest}
}

// interval is how long the side may be left alone after a pass that is done.
func (s *sweeper) interval() time.Duration {
	_, left := s.Calls(s.sweep.Side)
	return NextInterval(s.bounds(), Pace{
		Calls: s.calls, Left: left, Reset: untilReset(s.sweep.Side, s.sweep.Began), Changes: s.changes, Last: s.sweep.Every,
	})
}

// overlap is how far a pass reads again what it may have read before.
func (s *sweeper) overlap() time.Duration {
	if s.sweep.Side == record.Salesforce {
		return s.Rules.Live.Sweeps.SalesforceOverlap
	}
	return s.Rules.Live.Sweeps.GoHighLevelOverlap
}

// from is where a pass begins that follows one up to a time, to the second, as Salesforce keeps its stamps.
func (s *sweeper) from(sweptTo time.Time) time.Time {
	if sweptTo.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return sweptTo.Add(-s.overlap()).Truncate(time.Second)
}

// spell limits one reading: it tells when to hand back.
func spell(ctx context.Context) (over func() bool) {
	began, stop := time.Now(), activity.GetWorkerStopChannel(ctx)
	return func() bool {
		select {
		case <-stop:
			return true
		default:
			return time.Since(began) > sweepSpell
		}
	}
}

// sighting is one record as a poll found it.
type sighting struct {
	id          string
	stamp       time.Time
	fingerprint int64
	// record is nil where the document cannot be read, or where there is none.
	record *record.Record
	// ours tells that its last change is by the user as whom we act.
	ours bool
	// preview is how an enhanced note begins.
	preview string
	// searched tells that the record comes from a search, which does not show every field.
	searched bool
	deleted  bool
	// survivor is the record that a deleted one was merged into, "" for none.
	survivor string
	// contact is whom the record belongs to, as the document says; "" where it does not, and for contacts.
	contact string
	// sums are fingerprints of the fields of a GoHighLevel task, where notes become tasks.
	sums []int64
}

// sight reads a document, and makes a fingerprint of all that a sync would look at. One that cannot be read is a change
// like any other: the run that follows it will show why.
func (s *sweeper) sight(doc crm.Document, stamp time.Time) (sighting, error) {
	key := "id"
	if s.sweep.Side == record.Salesforce {
		key = "Id"
	}
	id, _ := doc[key].(string)
	if id == "" {
		return sighting{}, fault(s.sweep.Side, crm.Unavailable, "sweep", "a record has no id")
	}
	out := sighting{id: id, stamp: stamp, searched: s.sweep.Side == record.GoHighLevel}
	out.ours = s.sweep.Side == record.Salesforce && s.SalesforceUser != "" && doc["LastModifiedById"] == s.SalesforceUser
	out.preview = asText(doc["TextPreview"])
	var content any = doc
	if r, err := s.readOf(s.sweep.Kind, s.sweep.Side, doc, out.searched); err == nil {
		out.record, content = &r, r
		if len(r.ContactIDs) > 0 {
			out.contact = r.ContactIDs[0]
		}
	}
	if s.followsTasks() {
		out.sums = s.taskSums(doc)
	}
	encoded, err := json.Marshal(content)
	if err != nil {
		return sighting{}, fault(s.sweep.Side, crm.Unavailable, "sweep", "a record is no JSON")
	}
	out.fingerprint = int64(s.Fingerprints.Sum("swept", string(encoded)))
	return out, nil
}

// gone is the sighting of a deleted record, whichever way it was heard of.
func (s *sweeper) gone(id string, at time.Time, survivor string) sighting {
	return sighting{
		id: id, stamp: at, fingerprint: int64(s.Fingerprints.Sum("swept", "deleted")), deleted: true, survivor: survivor,
	}
}

// weigh decides which of the records that a poll found are changes. What was seen before just as it is now, or tells
// nothing new, is none.
func (s *sweeper) weigh(ctx context.Context, found []sighting) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	if len(found) == 0 {
		return page, nil
	}
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.id
		if f.survivor != "" {
			ids = append(ids, f.survivor)
		}
	}
	known, err := s.ledger.Known(ctx, s.sweep.SweepKey, ids)
	if err != nil {
		return page, err
	}
	notes, err := s.notesToMark(ctx, ids)
	if err != nil {
		return page, err
	}
	heir := heirs(found, known)
	for _, f := range found {
		k := known[f.id]
		if heir[f.id] || seenBefore(f, k) {
			continue
		}
		if k.LinkID == 0 && f.record != nil && f.record.Has(record.TraitOtherKind) {
			continue
		}
		page.Notes = append(page.Notes, notes(f)...)
		if f.deleted && k.LinkID == 0 {
			continue // not remembered: a link that is about to be made must still hear of it
		}
		if !s.synced() {
			if !f.stamp.Before(s.again) {
				page.Seen = append(page.Seen, record.Seen{RecordID: f.id, Stamp: f.stamp, Fingerprint: f.fingerprint})
			}
			continue
		}
		if k.LinkID == 0 && f.record != nil && (f.record.Has(record.TraitNoContact) || f.record.Has(record.TraitLead)) {
			continue // it is nobody's whom both sides know; where it comes to be somebody's, it is changed again
		}
		same, err := s.tellsNothing(ctx, f, k)
		if err != nil {
			return page, err
		}
		if f.deleted || !f.stamp.Before(s.again) && !s.hasty(f) && !(same && k.Pending) {
			page.Seen = append(page.Seen, record.Seen{RecordID: f.id, Stamp: f.stamp, Fingerprint: f.fingerprint})
		}
		if same {
			s.echoes++
			continue
		}
		s.mark(&page, f, k)
		if f.survivor != "" && !heir[f.survivor] {
			page.Marks = append(page.Marks, record.Mark{Side: s.sweep.Side, RecordID: f.survivor})
		}
	}
	return page, nil
}

// heirs are records that no link holds, and into which one was merged that is in step: its own sync ties the other half to
// them. Were they announced, they might be given another one before. A later poll sees them again.
func heirs(found []sighting, known map[string]record.KnownRecord) map[string]bool {
	out := map[string]bool{}
	for _, f := range found {
		loser := known[f.id]
		if f.survivor != "" && loser.State == record.LinkInStep && loser.Base != nil && known[f.survivor].LinkID == 0 {
			out[f.survivor] = true
		}
	}
	return out
}

// hasty tells whether a note may have been edited once more in the second of its stamp: its row does not show its text, so
// that it would look just the same.
func (s *sweeper) hasty(f sighting) bool {
	if s.sweep.Kind != record.Note || f.record == nil {
		return false
	}
	_, known := f.record.Fields[record.Body]
	return !known && f.stamp.After(s.sweep.Began.Add(-clockSkew))
}

// seenBefore tells whether a sweep saw the record just as it is. A deletion may be told of by a later stamp than its own.
func seenBefore(f sighting, k record.KnownRecord) bool {
	if k.Seen.RecordID == "" || k.Seen.Fingerprint != f.fingerprint {
		return false
	}
	return k.Seen.Stamp.Equal(f.stamp) || f.deleted && k.Seen.Stamp.After(f.stamp)
}

func (s *sweeper) mark(page *record.SweptPage, f sighting, k record.KnownRecord) {
	side := s.sweep.Side
	page.Marks = append(page.Marks, record.Mark{Side: side, RecordID: f.id, ContactID: f.contact, OnlyLinked: f.deleted})
	s.changes++
	if side == record.Salesforce || unheard(f, k) {
		page.Heard[eventOf(s.sweep.Kind, side, f, k)]++
	}
}

// unheard tells whether no webhook told of a change in GoHighLevel: nothing is on its way, and no sync has taken place
// since.
func unheard(f sighting, k record.KnownRecord) bool {
	return !k.Pending && !k.Announced && (k.LinkID == 0 || k.SyncedAt.Before(f.stamp))
}

func eventOf(kind record.Kind, side record.Side, f sighting, k record.KnownRecord) string {
	ghl := side == record.GoHighLevel
	noun := strings.ToUpper(string(kind[:1])) + string(kind[1:])
	switch {
	case f.deleted && ghl:
		return noun + "Delete"
	case f.survivor != "":
		return "merge"
	case f.deleted:
		return "delete"
	case k.LinkID == 0 && ghl:
		return noun + "Create"
	case k.LinkID == 0:
		return "create"
	case ghl:
		return noun + "Update"
	}
	return "update"
}

// store keeps a page, and wakes the connection where it brought something. A bell that cannot be rung now is rung by a
// later sweep.
func (s *sweeper) store(ctx context.Context, page record.SweptPage) error {
	ring, err := s.ledger.SweptPage(ctx, s.sweep, page)
	if err != nil || !ring {
		return err
	}
	if err := s.bell.Ring(ctx, s.sweep.Connection); err != nil {
		activity.GetLogger(ctx).Warn("a connection could not be woken; the next sweep tries again", "connection", s.sweep.Connection, "error", err)
	}
	return nil
}
