package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// prove asks the vendor. A GoHighLevel record that a reading by id does not find is gone: the vendor keeps no bin that the
// API can see. In Salesforce a record may also be hidden from this user, so only its own word that it is deleted counts.
func (j *absentees) prove(ctx context.Context, all []*absent) error {
	byObject := map[string]map[string]*absent{}
	for _, a := range all {
		if a.gone == record.GoHighLevel {
			if err := j.proveGoHighLevel(ctx, a); err != nil {
				return err
			}
			continue
		}
		object := deletionObject(j.kind, a.link.SalesforceID)
		if byObject[object] == nil {
			byObject[object] = map[string]*absent{}
		}
		byObject[object][a.link.SalesforceID] = a
	}
	for _, object := range slices.Sorted(maps.Keys(byObject)) {
		if err := j.proveSalesforce(ctx, object, byObject[object]); err != nil {
			return err
		}
	}
	return nil
}

// deletionObject is the object whose rows tell whether a record of a kind is deleted.
func deletionObject(kind record.Kind, id string) string {
	switch {
	case kind == record.Contact:
		return contactObject
	case strings.HasPrefix(id, "00T"):
		return "Task"
	case strings.HasPrefix(id, "00U"):
		return "Event"
	case strings.HasPrefix(id, "002"):
		return "Note"
	default:
		return "ContentDocument" // an enhanced note is one, and says nothing of deletions by itself
	}
}

// proveGoHighLevel takes the word of a reading by id. What is read by way of its contact may be hidden by that contact
// being gone, of which the contact's own sync must make something first.
func (j *absentees) proveGoHighLevel(ctx context.Context, a *absent) error {
	if j.contact == "" {
		a.proven = true
		return nil
	}
	_, err := j.GoHighLevel.GetContact(ctx, j.contact)
	if crm.KindOf(err) != crm.NotFound {
		a.proven = err == nil
		return err
	}
	switch {
	case a.other == nil:
		a.proven = true // with its contact, on both sides
	case j.patient:
		a.failure = fault(record.GoHighLevel, crm.Busy, "read the contact", "it is gone, and its own sync has not come to it yet")
		a.failure.RetryAfter = visibilityLag / patientReadings
	case !a.byVerdict():
		a.action = AbsenceWaits
	}
	return nil
}

func (j *absentees) proveSalesforce(ctx context.Context, object string, byID map[string]*absent) error {
	columns := "Id, IsDeleted"
	if object == contactObject {
		columns += ", MasterRecordId"
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(byID)), salesforceBatch) {
		page, err := j.Salesforce.QueryAll(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN ('%s')", columns, object, strings.Join(ids, "','")))
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			id, _ := row["Id"].(string)
			if a := byID[id]; a != nil && row["IsDeleted"] == true {
				a.proven = true
				a.merged, _ = row["MasterRecordId"].(string)
			}
		}
	}
	return j.provePurged(ctx, object, byID)
}

// purgedWithin is how far back Salesforce's log of deletions is asked; it keeps 15 days.
const purgedWithin = 15*24*time.Hour - time.Hour

// provePurged looks in the log of deletions for what the recycle bin does not hold any more. What is in neither is hidden,
// or not visible yet, or was deleted longer ago than anything remembers: nothing follows from that, but a person may know.
func (j *absentees) provePurged(ctx context.Context, object string, byID map[string]*absent) error {
	var unproven []*absent
	for _, a := range byID {
		if !a.proven {
			unproven = append(unproven, a)
		}
	}
	if len(unproven) == 0 {
		return nil
	}
	now := time.Now().UTC()
	// Salesforce ignores the seconds of both ends, and its clock may be ahead: what was deleted a moment ago counts.
	log, err := j.Salesforce.GetDeleted(ctx, object, now.Add(-purgedWithin), now.Add(clockSkew))
	// A log that was trimmed, or that holds more than an answer may, refuses the range: then it proves nothing.
	if err != nil && crm.KindOf(err) != crm.Invalid {
		return err
	}
	for _, d := range log.Records {
		if a := byID[d.ID]; a != nil {
			a.proven = true
		}
	}
	for _, a := range unproven {
		switch {
		case a.proven:
		case j.patient:
			a.failure = fault(record.Salesforce, crm.Busy, "read "+object, "the record is not visible (yet)")
			a.failure.RetryAfter = visibilityLag / patientReadings
		case !a.byVerdict():
			a.action, a.review = AbsenceReview, record.ReviewGone
		}
	}
	return nil
}
