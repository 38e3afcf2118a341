package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// What Salesforce's Task and Event have in common: the subject, the description, the owner and who it is about.

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](in map[string]V) []string { return slices.Sorted(maps.Keys(in)) }

func (m *kindMapper) activityFields(own ...string) []string {
	out := append([]string{
		"Id", "Subject", "Description", "ActivityDate", "OwnerId", "WhoId", "IsRecurrence", "IsDeleted", "CreatedDate",
		"LastModifiedDate", "SystemModstamp", "CreatedBy.Name",
	}, own...)
	if f := m.travel.ExternalIDField; f != "" {
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// activity reads what tasks and events have in common, but for the subject and the description.
func (m *kindMapper) activity(doc map[string]any) (record.Record, error) {
	r, err := salesforceRecord(doc)
	if err != nil {
		return r, err
	}
	m.assignee(r.Fields, record.Salesforce, doc, "OwnerId", true)
	if f := m.travel.ExternalIDField; f != "" {
		r.ExternalID, _ = rawText(doc[f])
	}
	if flag(doc, "IsRecurrence") || flag(doc, "IsRecurrence2") {
		r.Traits = append(r.Traits, record.TraitRecurring)
	}
	who, known := doc["WhoId"]
	id, _ := rawText(who)
	addContacts(&r, id)
	for _, relation := range []string{"TaskWhoRelations", "EventWhoRelations"} {
		for _, row := range related(doc[relation]) {
			addContacts(&r, rawID(row, "RelationId"))
		}
	}
	switch {
	case len(r.ContactIDs) > 0:
	case strings.HasPrefix(id, "00Q"):
		r.Traits = append(r.Traits, record.TraitLead)
	case known:
		r.Traits = append(r.Traits, record.TraitNoContact)
	}
	return r, nil
}

// salesforceRecord reads what every object has.
func salesforceRecord(doc map[string]any) (record.Record, error) {
	id, _ := rawText(doc["Id"])
	if id == "" {
		return record.Record{}, missingID(record.Salesforce)
	}
	r := record.Record{
		Side: record.Salesforce, ID: id, Fields: record.Fields{},
		ModifiedAt: parseTime(doc["LastModifiedDate"]), CreatedAt: parseTime(doc["CreatedDate"]),
	}
	if author, ok := doc["CreatedBy"].(map[string]any); ok {
		r.Author, _ = rawText(author["Name"])
	}
	if flag(doc, "IsDeleted") {
		r.Traits = append(r.Traits, record.TraitDeleted)
	}
	return r, nil
}

// addContacts adds those of the ids that are a contact's and not there yet.
func addContacts(r *record.Record, ids ...string) {
	for _, id := range ids {
		if strings.HasPrefix(id, "003") && !slices.Contains(r.ContactIDs, id) {
			r.ContactIDs = append(r.ContactIDs, id)
		}
	}
}

// related returns the rows of a subquery.
func related(raw any) []map[string]any {
	result, _ := raw.(map[string]any)
	rows, _ := result["records"].([]any)
	var out []map[string]any
	for _, row := range rows {
		if row, ok := row.(map[string]any); ok {
			out = append(out, row)
		}
	}
	return out
}

// subject reads the subject and the description. The words that may stand in front of the subject go to the status.
func (m *kindMapper) subject(r *record.Record, doc map[string]any, words *titleWords) {
	m.field(r.Fields, record.Title, doc, "Subject", true)
	room := longestSubject
	if title, known := r.Fields[record.Title]; known && words != nil {
		word, rest := words.split(title.Text())
		r.VendorStatus, r.Fields[record.Title] = word, record.Scalar(rest)
		room = words.room(word, rest)
	}
	if raw, known := doc["Description"]; known {
		text, _ := rawText(raw)
		m.body(r, record.PlainText(text), room)
	}
}

// writeActivity returns what tasks and events have in common of a document for Salesforce.
func (m *kindMapper) writeActivity(c Change, words *titleWords) map[string]any {
	doc := map[string]any{}
	word, room := "", longestSubject
	if words != nil {
		word = words.ofStatus(c.after(record.Status).Text())
		room = words.room(word, c.title())
	}
	if c.writes(record.Title) || words != nil && c.writes(record.Status) {
		title := record.Shorten(c.title(), room)
		if words != nil {
			title = words.join(word, title)
		}
		doc["Subject"] = typed(record.TypeText, record.Scalar(title))
	}
	if c.writes(record.Body) || m.retitled(c, room) {
		text := c.wrapped(record.Salesforce, nil, room, noLimit, record.PlainCost)[0]
		doc["Description"] = typed(record.TypeText, record.Scalar(text))
	}
	if c.writes(record.Assignee) {
		if id := m.people.id(record.Salesforce, c.after(record.Assignee)); id != "" {
			doc["OwnerId"] = id
		}
	}
	if c.create() {
		if c.ContactID != "" {
			doc["WhoId"] = c.ContactID
		}
		if f := m.travel.ExternalIDField; f != "" && c.otherID() != "" {
			doc[f] = c.otherID()
		}
	}
	return doc
}

// retitled tells whether a change of the title, or of the room for it, changes what stands above the body.
func (m *kindMapper) retitled(c Change, room int) bool {
	title := c.title()
	long := record.Shorten(title, room) != title
	held := c.Current != nil && c.Current.Envelope != nil && c.Current.Envelope.Title != ""
	return (c.writes(record.Title) || c.writes(record.Status)) && (long || held)
}
