package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// writtenFields are the Salesforce fields that a kind's fields are written to.
var writtenFields = map[record.Kind]map[record.Field]string{
	record.Task: {
		record.Title: "Subject", record.Body: "Description", record.Status: "Status", record.Due: "ActivityDate",
		record.Priority: "Priority", record.Assignee: "OwnerId",
	},
	record.Appointment: {
		record.Title: "Subject", record.Body: "Description", record.Start: "StartDateTime", record.End: "EndDateTime",
		record.Address: "Location", record.Assignee: "OwnerId",
	},
}

// kindChecks are what the kinds need that the rules sync beside contacts; kinds that are off need nothing.
func (c *Connection) kindChecks() (out []accessCheck) {
	for _, kind := range c.others() {
		switch kind {
		case record.Task:
			out = append(out, accessCheck{record.GoHighLevel, c.checkTaskSearch}, accessCheck{record.Salesforce, c.checkTaskStatuses})
		case record.Appointment:
			out = append(out, accessCheck{record.GoHighLevel, c.checkCalendars}, accessCheck{record.GoHighLevel, c.checkEvents})
		}
		out = append(out, accessCheck{record.Salesforce, func(ctx context.Context, report *AccessReport) error {
			return c.checkObject(ctx, c.of(kind), report)
		}})
	}
	return out
}

// missingScopes are the scopes that the rules need of GoHighLevel and that were not granted; none where it is not known what
// was granted, as of a private integration's token.
func (c *Connection) missingScopes() (out []string) {
	granted := c.Scopes[record.GoHighLevel]
	if len(granted) == 0 {
		return nil
	}
	for _, scope := range c.Rules.Scopes() {
		if scope.Side == record.GoHighLevel && !slices.Contains(granted, scope.Name) {
			out = append(out, scope.Name)
		}
	}
	return out
}

// travels are the rules of the kinds that are synced beside contacts.
func (c *Connection) travels() map[record.Kind]rules.Travel {
	out := map[record.Kind]rules.Travel{
		record.Task: c.Rules.Tasks.Travel, record.Note: c.Rules.Notes.Travel, record.Appointment: c.Rules.Appointments.Travel,
	}
	for kind, t := range out {
		if !t.Enabled {
			delete(out, kind)
		}
	}
	return out
}

// NameScopes adds, to an error that says that GoHighLevel refuses access, every scope that the rules need and the grant
// lacks: a connection that cannot be opened cannot be checked any further.
func (c *Connection) NameScopes(err error) error {
	var e *crm.Error
	if missing := c.missingScopes(); errors.As(err, &e) && e.Kind == crm.NeedsAccess && e.Side == record.GoHighLevel && len(missing) > 1 {
		named := *e
		named.Reason += "; in all it lacks " + strings.Join(missing, ", ")
		return &named
	}
	return err
}

func (c *Connection) checkTaskSearch(ctx context.Context, _ *AccessReport) error {
	_, err := c.GoHighLevel.SearchTasks(ctx, crm.TaskSearch{Limit: 1})
	return err
}

// checkCalendars looks for the calendar that the rules name.
func (c *Connection) checkCalendars(ctx context.Context, out *AccessReport) error {
	calendars, err := c.GoHighLevel.ListCalendars(ctx)
	if err != nil {
		return err
	}
	wanted := c.Rules.Appointments.Calendar
	if wanted != "" && !slices.ContainsFunc(calendars, func(d crm.Document) bool { return d["id"] == wanted }) {
		out.Problems = append(out.Problems, fmt.Sprintf("GoHighLevel: the location has no calendar %s, as appointments.calendar has it. "+
			"Its id stands in the calendar's address under Settings > Calendars.", wanted))
	}
	return nil
}

// checkEvents asks for the events of nobody: it is the scope that matters.
func (c *Connection) checkEvents(ctx context.Context, _ *AccessReport) error {
	now := time.Now()
	_, err := c.GoHighLevel.ListCalendarEvents(ctx, crm.CalendarEventList{CalendarID: "none", Start: now, End: now.Add(time.Minute)})
	if crm.KindOf(err).Class() == crm.Never {
		return nil // whoever lacks the scope is told so before
	}
	return err
}

// checkTaskStatuses looks for the statuses that the rules name.
func (c *Connection) checkTaskStatuses(ctx context.Context, out *AccessReport) error {
	rows, err := c.rows(ctx, "SELECT ApiName FROM TaskStatus")
	if err != nil {
		return err
	}
	org := make([]rules.OrgStatus, len(rows))
	for i, row := range rows {
		org[i].Name, _ = row["ApiName"].(string)
	}
	for _, name := range c.Rules.Tasks.MissingStatuses(org) {
		out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: tasks have no status %s. Create it, or take it out of the rules.", name))
	}
	return nil
}

// checkObject compares what the rules do with a kind with what this user may do with its object and its fields.
func (c *Connection) checkObject(ctx context.Context, kind rules.KindMapper, out *AccessReport) error {
	object := kind.SalesforceObject()
	problem := func(format string, args ...any) {
		out.Problems = append(out.Problems, "Salesforce: "+fmt.Sprintf(format, args...))
	}
	need := func(what, name, purpose string, granted bool) {
		out.need(record.Salesforce, what, name, purpose, granted)
	}
	describe, err := c.Salesforce.DescribeObject(ctx, object)
	if crm.KindOf(err) == crm.NotFound || crm.KindOf(err) == crm.NeedsAccess {
		need(NeedObject, object, string(kind.Kind())+"s", false)
		problem("this user cannot see the object %s, which %ss need. Grant access to it in the user's permission set, or take %ss out of the rules.",
			object, kind.Kind(), kind.Kind())
		return nil
	}
	if err != nil {
		return err
	}
	creates := kind.Creates(record.Salesforce)
	need(NeedObject, object, string(kind.Kind())+"s", !creates || describe["createable"] != false)
	if describe["createable"] == false && creates {
		problem("this user may not create %s. Grant it in the user's permission set, or set %ss.create to %s.", object, kind.Kind(), reconcile.ToGoHighLevel)
	}
	fields, own := fieldsOf(describe), c.activityFields()
	for _, name := range kind.SalesforceFields() {
		name, _, related := strings.Cut(name, ".")
		if related {
			continue
		}
		writes, refused := writesField(kind, name), fields[name]["updateable"] == false
		need(NeedField, object+"."+name, fmt.Sprintf("%ss (%s)", kind.Kind(), readsOr(writes)), fields[name] != nil && !(writes && refused))
		if fields[name] == nil && name == c.externalID(kind.Kind()) {
			problem("%[1]s has no field %[2]s that this user can see. Create it under Setup > Object Manager > Activity > Fields & Relationships > New: Text, "+
				"length 255, Field Name %[3]s, External ID, Unique (case sensitive); grant the user's permission set Read and Edit Access to it; or let "+
				"`starter connections check %[5]s --fix` do both, as a user who may; or take %[4]ss.external_id_field out of the rules.",
				object, name, strings.TrimSuffix(name, "__c"), kind.Kind(), c.ID)
			continue
		}
		if fields[name] == nil {
			problem("%s has no field %s that this user can see. Create it%s, or grant the user's permission set access to it.", object, name, c.creating(own, name))
		}
	}
	for _, p := range kind.Policies() {
		name := writtenFields[kind.Kind()][p.Field]
		if f := fields[name]; f != nil && f["updateable"] == false && writes(p) {
			problem("this user may not write %s.%s. Grant edit access in the user's permission set, or set the direction of %ss.fields.%s to %s.",
				object, name, kind.Kind(), p.Field, reconcile.ToGoHighLevel)
		}
	}
	f := fields[c.externalID(kind.Kind())]
	marked := f["externalId"] == true && f["unique"] == true
	if c.externalID(kind.Kind()) != "" {
		need(NeedExternalID, object+"."+c.externalID(kind.Kind()), fmt.Sprintf("creating no %s twice", kind.Kind()), marked)
	}
	if f != nil && !marked {
		problem("%s.%s must be marked External ID and Unique, so that no %[3]s can be created twice. Where the org does not let its fields have that, take "+
			"%[3]ss.external_id_field out of the rules.", object, c.externalID(kind.Kind()), kind.Kind())
	}
	return nil
}

// writes tells whether a field is ever written to Salesforce.
func writes(p reconcile.Policy) bool {
	return p.Direction.Allows(record.Salesforce) && !p.Salesforce.ReadOnly
}

// writesField tells whether a kind's rules ever write a Salesforce field.
func writesField(kind rules.KindMapper, name string) bool {
	return slices.ContainsFunc(kind.Policies(), func(p reconcile.Policy) bool {
		return writtenFields[kind.Kind()][p.Field] == name && writes(p)
	})
}
