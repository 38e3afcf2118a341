package e2e

import (
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// deletion is what a person deleted of what belongs to contacts.
type deletion struct {
	kind  record.Kind
	side  record.Side
	id    string
	other string // its other half; "" where it had none yet
	even  bool   // the two were told alike then
	at    time.Time
}

// day and hour are what nobody has typed before: every deed has a day, and an hour, of its own.
func day(nth int) time.Time { return time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC).AddDate(0, 0, nth) }

func hour(nth int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2).Add(time.Duration(nth) * time.Hour)
}

func paragraph(text string) string { return "<p>" + text + "</p>" }

// createBelonging makes a task, a note or an appointment for a contact.
func (d *doers) createBelonging(kind record.Kind, side record.Side, contact string, nth int) error {
	if contact == "" {
		return errNobody
	}
	title, body := typed("title", nth), typed("body", nth)
	ghl, sf := d.Sandbox.GoHighLevel, d.Sandbox.Salesforce
	return d.tapes[side].person(func() (err error) {
		if _, there := sf.Get("Contact", contact); side == record.Salesforce && !there {
			return errNobody
		}
		switch {
		case kind == record.Task && side == record.GoHighLevel:
			_, err = ghl.CreateTask(gohighleveltest.Task{ContactID: contact, Title: title, Body: paragraph(body), DueDate: day(nth)})
		case kind == record.Task:
			sf.Create("Task", map[string]any{
				"WhoId": contact, "Subject": title, "Description": body, "ActivityDate": day(nth).Format(time.DateOnly),
				"Status": "Not Started", "Priority": "Normal",
			})
		case kind == record.Note && side == record.GoHighLevel:
			_, err = ghl.CreateNote(gohighleveltest.Note{ContactID: contact, Body: paragraph(body)})
		case kind == record.Note:
			return sf.LinkNote(sf.Create("ContentNote", map[string]any{"Title": title, "Content": paragraph(body)}), contact)
		case side == record.GoHighLevel:
			_, err = ghl.CreateAppointment(gohighleveltest.Appointment{
				CalendarID: d.calendar, ContactID: contact, Title: title, Description: paragraph(body), StartTime: hour(nth),
			})
		default:
			sf.Create("Event", map[string]any{
				"WhoId": contact, "Subject": title, "Description": body, "StartDateTime": hour(nth), "EndDateTime": hour(nth).Add(time.Hour),
			})
		}
		return err
	})
}

// writeBelonging edits a field. The caller holds the turn.
func (d *doers) writeBelonging(kind record.Kind, side record.Side, id, field string, nth int) error {
	if side == record.GoHighLevel {
		return d.writeInGoHighLevel(kind, id, field, nth)
	}
	object := salesforceObjects[kind]
	row, there := d.Sandbox.Salesforce.Get(object, id)
	if !there {
		return errNobody
	}
	changes := map[string]any{}
	switch {
	case field == "body" && kind == record.Note:
		changes["Content"] = paragraph(typed(field, nth))
	case field == "body":
		changes["Description"] = typed(field, nth)
	case field == "title" && kind == record.Note:
		changes["Title"] = typed(field, nth)
	case field == "title":
		changes["Subject"] = typed(field, nth)
		if kind == record.Appointment {
			changes["Subject"] = inFrontOf(text(row, "Subject")) + typed(field, nth) // people leave the status standing
		}
	case field == "due":
		changes["ActivityDate"] = day(nth).Format(time.DateOnly)
	case field == "start":
		changes["StartDateTime"], changes["EndDateTime"] = hour(nth), hour(nth).Add(time.Hour)
	case field == "address":
		changes["Location"] = typed(field, nth)
	case field == "status" && kind == record.Task:
		changes["Status"] = []string{"Not Started", "Completed", "In Progress"}[nth%3]
	default:
		return errNobody // only a field of its own could be edited there
	}
	return d.Sandbox.Salesforce.Edit(object, id, changes)
}

var salesforceObjects = map[record.Kind]string{record.Task: "Task", record.Note: "ContentNote", record.Appointment: "Event"}

func (d *doers) writeInGoHighLevel(kind record.Kind, id, field string, nth int) error {
	ghl, changes := d.Sandbox.GoHighLevel, map[string]any{}
	switch {
	case field == "start":
		return ghl.RescheduleAppointment(id, hour(nth))
	case field == "due":
		changes["dueDate"] = day(nth)
	case field == "body" && kind == record.Appointment:
		changes["description"] = paragraph(typed(field, nth))
	case field == "body":
		changes["body"] = paragraph(typed(field, nth))
	case field == "status" && kind == record.Task:
		changes["completed"] = nth%3 != 0
	case field == "status":
		changes["appointmentStatus"] = []string{"confirmed", "cancelled", "showed", "noshow"}[nth/2%4]
	default:
		changes[field] = typed(field, nth)
	}
	switch kind {
	case record.Task:
		return ghl.EditTask(id, changes)
	case record.Note:
		return ghl.EditNote(id, changes)
	}
	return ghl.EditAppointment(id, changes)
}

// removeBelonging deletes one record, and remembers what its other half was.
func (d *doers) removeBelonging(kind record.Kind, side record.Side, id string) error {
	link, err := d.Store.FindLink(d.ctx, connection, kind, side, id)
	if err != nil {
		return err
	}
	gone := deletion{kind: kind, side: side, id: id}
	if link != nil {
		gone.other = link.RecordID(side.Other())
	}
	err = d.tapes[side].person(func() error {
		gone.at, gone.even = time.Now(), d.even(gone)
		switch {
		case side == record.Salesforce:
			return d.Sandbox.Salesforce.Delete(salesforceObjects[kind], id)
		case kind == record.Task:
			return d.Sandbox.GoHighLevel.DeleteTask(id)
		case kind == record.Note:
			return d.Sandbox.GoHighLevel.DeleteNote(id)
		}
		return d.Sandbox.GoHighLevel.DeleteAppointment(id)
	})
	if err == nil {
		d.deleted = append(d.deleted, gone)
	}
	return err
}

// even tells whether both halves of what is deleted are told alike. The caller holds the turn of the side.
func (d *doers) even(x deletion) bool {
	over := d.tapes[x.side.Other()]
	over.mu.Lock()
	defer over.mu.Unlock()
	shown := map[record.Side]map[string]string{x.side: d.tapes[x.side].last[x.kind][x.id], x.side.Other(): over.last[x.kind][x.other]}
	ghl, sf := shown[record.GoHighLevel], shown[record.Salesforce]
	for field := range canonical[x.kind] {
		if ghl[field] != sf[field] && !toldOtherwise(x.kind, field, ghl[field], sf[field]) {
			return false
		}
	}
	return ghl != nil && sf != nil
}
