package activities

import (
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// NoteTasking is how a connection's Salesforce notes become GoHighLevel tasks.
type NoteTasking struct {
	// Notes and Tasks read the two kinds, whether they are synced or not.
	Notes *rules.NoteMapper
	Tasks *rules.TaskMapper
	// Setting is what notes are read under, but for the contact's owner.
	Setting notetask.Setting
}

func (t *NoteTasking) reads(kind record.Kind) rules.KindMapper {
	switch kind {
	case record.Note:
		return t.Notes
	case record.Task:
		return t.Tasks
	}
	return nil
}

// People puts the users of both sides together, so that somebody can be named as either side does.
func People(users rules.Users, goHighLevel, salesforce []rules.User) notetask.Directory {
	d := notetask.Directory{GoHighLevelIDs: map[string]string{}, Default: users.GoHighLevel}
	for ghl, sf := range users.Map {
		d.GoHighLevelIDs[sf] = ghl
	}
	byEmail := map[string]string{}
	for _, u := range goHighLevel {
		if u.Inactive {
			continue
		}
		d.People = append(d.People, notetask.Person{GoHighLevelID: u.ID, Name: u.Name, Email: u.Email})
		if email := strings.ToLower(strings.TrimSpace(u.Email)); email != "" && users.ByEmail && users.Map[u.ID] == "" {
			byEmail[email] = u.ID
		}
	}
	for _, u := range salesforce {
		p := notetask.Person{SalesforceID: u.ID, Name: u.Name, Email: u.Email}
		p.GoHighLevelID = d.GoHighLevelIDs[u.ID]
		if p.GoHighLevelID == "" {
			p.GoHighLevelID = byEmail[strings.ToLower(strings.TrimSpace(u.Email))]
		}
		d.People = append(d.People, p)
	}
	return d
}

// noteTaskFields are the fields of a task, in the order of their fingerprints. They are stored: never reorder them.
var noteTaskFields = []notetask.Field{
	notetask.FieldTitle, notetask.FieldBody, notetask.FieldDue, notetask.FieldAssignee, notetask.FieldCompleted,
}

// vendorField is what GoHighLevel calls a field.
var vendorField = map[notetask.Field]string{
	notetask.FieldTitle: "title", notetask.FieldBody: "body", notetask.FieldDue: "dueDate", notetask.FieldAssignee: "assignedTo",
	notetask.FieldCompleted: "completed",
}

// taskSums returns a keyed fingerprint of each field of a GoHighLevel task, however it was read.
func (c *Connection) taskSums(doc crm.Document) []int64 {
	out := make([]int64, len(noteTaskFields))
	for i, field := range noteTaskFields {
		text := c.taskText(field, asText(doc[vendorField[field]]))
		out[i] = int64(c.Fingerprints.Sum("note-task:"+string(field), text))
	}
	return out
}

// taskText is a field of a GoHighLevel task in the form in which it is compared.
func (c *Connection) taskText(field notetask.Field, raw string) string {
	switch field {
	case notetask.FieldTitle:
		return record.OneLine(raw)
	case notetask.FieldBody:
		return record.MarkupText(raw)
	case notetask.FieldDue:
		if at, ok := record.ParseInstant(raw, c.zone()); ok {
			return record.Instant(at)
		}
	case notetask.FieldCompleted:
		return strconv.FormatBool(raw == "true")
	}
	return raw
}

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case interface{ String() string }: // a number
		return v.String()
	}
	return ""
}

// touched returns the fields that are not as they were written last: a person changed them.
func touched(written, now []int64) (out []notetask.Field) {
	for i, field := range noteTaskFields {
		if i < len(written) && written[i] != now[i] {
			out = append(out, field)
		}
	}
	return out
}

// noteTaskRef is what a task's body ends with, by which it is known again before it is linked to its note. It says nothing
// of the note.
func (c *Connection) noteTaskRef(noteID, key string) string {
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], c.Fingerprints.Sum("note-task-ref", noteID+"/"+key))
	return "(ref " + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:5])) + ")"
}

// noteTaskDoc is what is sent to GoHighLevel of a task: the fields, or all of them where there are none. Nobody cannot be
// written as an assignee.
func (c *Connection) noteTaskDoc(noteID string, r notetask.Rendered, fields []notetask.Field) crm.Document {
	doc := crm.Document{}
	for _, field := range noteTaskFields {
		if len(fields) > 0 && !slices.Contains(fields, field) {
			continue
		}
		key := vendorField[field]
		switch field {
		case notetask.FieldTitle:
			doc[key] = r.Title
		case notetask.FieldBody:
			doc[key] = record.Markup(record.PlainText(r.Body + "\n" + c.noteTaskRef(noteID, r.Key)))
		case notetask.FieldDue:
			doc[key] = record.Instant(r.Due.At(c.NoteTasks.Setting.Rules.DueHour, c.zone()))
		case notetask.FieldAssignee:
			if r.Assignee != "" {
				doc[key] = r.Assignee
			}
		case notetask.FieldCompleted:
			doc[key] = r.Completed
		}
	}
	return doc
}

// noteOf returns what a Salesforce note says, for planning. Ours tells that Tandem itself brought it from GoHighLevel.
func (c *Connection) noteOf(doc crm.Document) (note notetask.Note, ours bool) {
	note = notetask.Note{Title: asText(doc["Title"]), HTML: true, Body: asText(doc["Content"])}
	text := record.HTMLText(note.Body)
	if strings.HasPrefix(asText(doc["Id"]), "002") {
		note.HTML, note.Body = false, asText(doc["Body"])
		text = record.PlainText(note.Body)
	}
	envelope, _ := record.Unwrap(text)
	by, _ := doc["CreatedBy"].(map[string]any)
	note.Author = notetask.Author{SalesforceID: asText(doc["CreatedById"]), Name: asText(by["Name"]), Email: asText(by["Email"])}
	written, ok := salesforceTime(doc["CreatedDate"])
	if !ok {
		written = time.Unix(0, 0)
	}
	note.Written = written.In(c.zone())
	return note, envelope != nil && envelope.From == record.GoHighLevel
}
