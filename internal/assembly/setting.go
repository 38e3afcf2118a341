package assembly

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/notetask/plaindate"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// mapKinds gives a connection the mappings of the kinds that its rules enable beside contacts, and what notes become tasks
// by. What they need to know of the two CRMs is read only where there is one.
func mapKinds(ctx context.Context, c *activities.Connection) error {
	enabled := c.Rules.NoteToTask.Enabled
	for _, t := range []rules.Travel{c.Rules.Tasks.Travel, c.Rules.Notes.Travel, c.Rules.Appointments.Travel} {
		enabled = enabled || t.Enabled
	}
	if !enabled {
		return nil
	}
	setting, err := readSetting(ctx, c)
	if err != nil {
		return err
	}
	c.Kinds, c.Zone = map[record.Kind]rules.KindMapper{}, setting.Zone
	for _, m := range []rules.KindMapper{c.Rules.TaskMapper(setting), c.Rules.NoteMapper(setting), c.Rules.AppointmentMapper(setting)} {
		if m.Enabled() {
			c.Kinds[m.Kind()] = m
		}
	}
	if c.Rules.NoteToTask.Enabled {
		c.NoteTasks = noteTasking(c.Rules, setting)
	}
	return nil
}

// noteTasking returns how notes become tasks. They are notes by themselves, whatever form they are synced in.
func noteTasking(r *rules.Rules, s rules.Setting) *activities.NoteTasking {
	plain := *r
	plain.Notes.As = rules.NoteAsNote
	return &activities.NoteTasking{
		Notes: plain.NoteMapper(s), Tasks: r.TaskMapper(s),
		Setting: notetask.Setting{
			Rules: r.NoteToTask, Zone: s.Zone, Dates: plaindate.New(r.NoteToTask.Languages, r.NoteToTask.DateOrder),
			Directory: activities.People(r.Users, s.GoHighLevelUsers, s.SalesforceUsers),
		},
	}
}

func readSetting(ctx context.Context, c *activities.Connection) (s rules.Setting, err error) {
	location, err := c.GoHighLevel.GetLocation(ctx)
	if err != nil {
		return s, err
	}
	// An unknown zone counts as none: times with an offset are right all the same.
	name, _ := location["timezone"].(string)
	if s.Zone, err = time.LoadLocation(name); err != nil {
		s.Zone = time.UTC
	}
	users, err := c.GoHighLevel.ListUsers(ctx)
	if err != nil {
		return s, err
	}
	for _, u := range users {
		s.GoHighLevelUsers = append(s.GoHighLevelUsers, rules.User{ID: text(u, "id"), Name: text(u, "name"), Email: text(u, "email")})
	}
	rows, err := queryRows(ctx, c, "SELECT Id, Name, Email, IsActive FROM User WHERE UserType = 'Standard'")
	if err != nil {
		return s, err
	}
	for _, u := range rows {
		s.SalesforceUsers = append(s.SalesforceUsers, rules.User{
			ID: text(u, "Id"), Name: text(u, "Name"), Email: text(u, "Email"), Inactive: u["IsActive"] != true,
		})
	}
	if rows, err = queryRows(ctx, c, "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"); err != nil {
		return s, err
	}
	for _, r := range rows {
		s.TaskStatuses = append(s.TaskStatuses, rules.OrgStatus{Name: text(r, "ApiName"), Closed: r["IsClosed"] == true, Default: r["IsDefault"] == true})
	}
	objects, err := c.Salesforce.ListObjects(ctx)
	s.ClassicNotes = err == nil
	for _, o := range objects {
		switch {
		case text(o, "name") == "ContentNote" && o["createable"] == true:
			s.ClassicNotes = false
		case text(o, "name") == "Note" && o["queryable"] == true:
			s.ClassicNotesToo = true
		}
	}
	return s, err
}

func queryRows(ctx context.Context, c *activities.Connection, soql string) (rows []crm.Document, err error) {
	page, err := c.Salesforce.Query(ctx, soql)
	for {
		if err != nil {
			return nil, err
		}
		rows = append(rows, page.Rows...)
		if page.Next == "" {
			return rows, nil
		}
		page, err = c.Salesforce.QueryMore(ctx, page.Next)
	}
}

func text(doc crm.Document, key string) string {
	s, _ := doc[key].(string)
	return s
}
