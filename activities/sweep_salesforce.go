package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// salesforce polls the org: what changed, what was deleted and, where deletions are forgotten that nobody read, all ids.
// SystemModstamp can be asked for whatever its age, so that only deletions are ever lost.
func (s *sweeper) salesforce(ctx context.Context) (done bool, err error) {
	now, done, err := s.salesforceChanges(ctx)
	if err != nil {
		return false, err
	}
	if err := s.salesforceDeletions(ctx, now); err != nil {
		return false, err
	}
	if err := s.noteLinks(ctx); err != nil {
		return false, err
	}
	complete, err := s.census(ctx)
	return done && complete, err
}

// salesforceChanges reads what changed since the last pass, in the order of (SystemModstamp, Id), a page at a time. A pass
// that is cut off goes on at its cursor. The pass before it covers up to its epoch only once the last page is stored. Now
// is the org's clock.
func (s *sweeper) salesforceChanges(ctx context.Context) (now time.Time, done bool, err error) {
	pass := s.sweep.Readings[record.ReadChanges]
	for over := spell(ctx); ; {
		asked := time.Now()
		object, cursor, next := s.at(pass.Cursor)
		rows, at, err := s.allRows(ctx, s.changedSince(object, cursor, pass.Epoch))
		if err != nil {
			return now, false, err
		}
		// By the clock before the question: what is committed while it is answered may be missing.
		if now = at.Add(-time.Since(asked)); at.IsZero() {
			now = s.sweep.Began
		}
		if pass.Epoch.IsZero() {
			pass.Epoch = now.Add(-s.Rules.Live.Sweeps.Margin)
		}
		s.again = s.from(pass.Epoch)
		found := make([]sighting, len(rows))
		for i, row := range rows {
			if found[i], err = s.sightRow(object, row); err != nil {
				return now, false, err
			}
		}
		if err := s.nameContacts(ctx, object, found); err != nil {
			return now, false, err
		}
		page, err := s.weigh(ctx, found)
		if err != nil {
			return now, false, err
		}
		switch read := len(rows) < salesforcePage; {
		case read && next == "":
			done = true
			s.endPass(&page, pass)
		case read:
			pass.Cursor = next
			page.Readings[record.ReadChanges] = pass
		default:
			last := found[len(found)-1]
			pass.Cursor = s.here(object, last.stamp.Format(soqlTime)+" "+last.id)
			page.Readings[record.ReadChanges] = pass
		}
		if err := s.store(ctx, page); err != nil || done || over() {
			return now, done, err
		}
	}
}

// endPass lets everything before the pass's epoch count as known, and forgets what no later pass will read again.
func (s *sweeper) endPass(page *record.SweptPage, pass record.Reading) {
	page.SweptTo = pass.Epoch
	page.Readings[record.ReadChanges] = record.Reading{}
	oldest := pass.Epoch
	if s.sweep.SweptTo.After(oldest) {
		oldest = s.sweep.SweptTo // the vendor's clock went back
	}
	if s.sweep.Side == record.Salesforce && s.sweep.DeletedTo.Before(oldest) {
		oldest = s.sweep.DeletedTo
	}
	page.ForgetBefore = s.from(oldest)
	// Deletions are read again for as long as the vendor's shortest window reaches back, whatever the overlap.
	if window := pass.Epoch.Add(-deletionsWindow - time.Minute); s.sweep.Side == record.Salesforce && window.Before(page.ForgetBefore) {
		page.ForgetBefore = window
	}
}

// stampField is the field by which changes are found; enhanced notes have no SystemModstamp.
func stampField(object string) string {
	if object == noteObject {
		return "LastModifiedDate"
	}
	return "SystemModstamp"
}

// soqlTime is how SOQL writes a date and time.
const soqlTime = "2006-01-02T15:04:05.000Z"

// columns are the fields to select of an object, with what tells of changes, deletions and merges.
func (s *sweeper) columns(object string) string {
	fields := s.fieldsOf(object)
	needed := []string{"Id", stampField(object), "IsDeleted"}
	if s.sweep.Kind == record.Contact {
		needed = append(needed, "MasterRecordId")
	}
	for _, f := range needed {
		if !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	return strings.Join(fields, ", ")
}

func (s *sweeper) changedSince(object, cursor string, epoch time.Time) string {
	stamped := stampField(object)
	where := stamped + " >= " + s.from(s.sweep.SweptTo).UTC().Format(soqlTime)
	if stamp, id, begun := strings.Cut(cursor, " "); begun {
		where = fmt.Sprintf("(%[4]s > %[1]s OR (%[4]s = %[1]s AND Id > '%[2]s')) AND %[4]s < %[3]s",
			stamp, id, epoch.UTC().Format(soqlTime), stamped)
	}
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s, Id LIMIT %d",
		s.columns(object), object, where, stamped, salesforcePage)
}

func (s *sweeper) sightRow(object string, row crm.Document) (sighting, error) {
	stamp, ok := salesforceTime(row[stampField(object)])
	if !ok {
		return sighting{}, fault(record.Salesforce, crm.Unavailable, "GET /queryAll", "a row has no "+stampField(object))
	}
	if deleted, _ := row["IsDeleted"].(bool); deleted {
		id, _ := row["Id"].(string)
		survivor, _ := row["MasterRecordId"].(string)
		return s.gone(id, stamp, survivor), nil
	}
	return s.sight(row, stamp)
}

func salesforceTime(v any) (time.Time, bool) {
	text, _ := v.(string)
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
