package rules

import (
	"encoding/json"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// customFieldsPrefix marks a GoHighLevelKey that names a custom field by its key.
const customFieldsPrefix = "customFields."

// leftOutOfSearch are keys that a row of the search index leaves out although the contact has them: their absence from
// a row says nothing. In a contact read by id, absence means empty.
var leftOutOfSearch = map[string]bool{"website": true, "dndSettings": true, "timezone": true}

// FromGoHighLevel reads a contact document. Rows of the search index do not carry every field; searched says that the
// document is one, and what it lacks is then unknown instead of empty. It fails on a document without an id.
func (m *Mapper) FromGoHighLevel(doc map[string]any, searched bool) (record.Record, error) {
	id, _ := rawText(doc["id"])
	if id == "" {
		return record.Record{}, missingID(record.GoHighLevel)
	}
	r := record.Record{
		Side: record.GoHighLevel, Kind: record.Contact, ID: id, Fields: make(record.Fields, len(m.rules.Contacts.Fields)),
		ModifiedAt: parseTime(doc["dateUpdated"]), CreatedAt: parseTime(doc["dateAdded"]),
	}
	custom := m.customFields(doc["customFields"])
	for _, rule := range m.rules.Contacts.Fields {
		key, nested, _ := strings.Cut(rule.GoHighLevelKey, ".")
		raw, present := doc[key]
		switch {
		case strings.HasPrefix(rule.GoHighLevelKey, customFieldsPrefix):
			raw = custom[nested]
		case nested != "" && present: // dndSettings.Email
			raw = dndStatus(raw, nested)
		}
		if !present && searched && leftOutOfSearch[key] {
			continue
		}
		if rule.Field == record.Owner {
			m.owner(r.Fields, record.GoHighLevel, raw)
			continue
		}
		r.Fields[rule.Field] = m.values(rule, raw)
	}
	for _, email := range rawTexts(doc["additionalEmails"], "email") {
		r.Aliases.Emails = append(r.Aliases.Emails, m.normaliser.Normalise(record.TypeEmail, email)...)
	}
	for _, phone := range rawTexts(doc["additionalPhones"], "phone", "phoneNumber") {
		r.Aliases.Phones = append(r.Aliases.Phones, m.normaliser.Normalise(record.TypePhone, phone)...)
	}
	if key := m.rules.GoHighLevel.ExternalIDField; key != "" {
		r.ExternalID, _ = rawText(custom[key])
	}
	return r, nil
}

// owner adds the owner's e-mail; an owner that the directory does not know leaves the field unknown.
func (m *Mapper) owner(fields record.Fields, side record.Side, raw any) {
	id, _ := rawText(raw)
	if id == "" {
		fields[record.Owner] = nil
		return
	}
	users := m.directory.GoHighLevelUsers
	if side == record.Salesforce {
		users = m.directory.SalesforceUsers
	}
	if email, known := users[id]; known {
		fields[record.Owner] = record.Scalar(strings.ToLower(email))
	}
}

// customFields returns the raw values by key, whichever of its spellings an entry uses.
func (m *Mapper) customFields(raw any) map[string]any {
	out := map[string]any{}
	items, _ := raw.([]any)
	for _, item := range items {
		entry, _ := item.(map[string]any)
		id, _ := rawText(entry["id"])
		for _, key := range []string{"value", "fieldValue", "field_value"} {
			if v, ok := entry[key]; ok {
				out[m.keyOf[id]] = v
				break
			}
		}
	}
	delete(out, "")
	return out
}

func dndStatus(raw any, channel string) any {
	settings, _ := raw.(map[string]any)
	for _, spelling := range []string{channel, strings.ToLower(channel)} {
		if entry, ok := settings[spelling].(map[string]any); ok {
			status, _ := rawText(entry["status"])
			return status == "active" || status == "permanent"
		}
	}
	return false
}

// GoHighLevelWrite is what to send to GoHighLevel for one contact: the fields of a create or update, and tags, which
// an update must not replace as a whole.
type GoHighLevelWrite struct {
	Contact    map[string]any
	AddTags    []string
	RemoveTags []string
}

// ToGoHighLevel returns the document of a create (with the id of its Salesforce half, where the location has a field
// for it) or of an update.
func (m *Mapper) ToGoHighLevel(writes []reconcile.Write, create bool, salesforceID string) GoHighLevelWrite {
	out := GoHighLevelWrite{Contact: map[string]any{}}
	var custom []any
	var dnd map[string]any
	for _, w := range writes {
		rule := m.fieldOf[w.Field]
		switch {
		case strings.HasPrefix(rule.GoHighLevelKey, customFieldsPrefix):
			if id := m.directory.CustomFieldIDs[strings.TrimPrefix(rule.GoHighLevelKey, customFieldsPrefix)]; id != "" {
				custom = append(custom, map[string]any{"id": id, "field_value": typed(rule.Type, w.After)})
			}
		case w.Field == record.Tags && create:
			out.Contact["tags"] = []string(w.After)
		case w.Field == record.Tags:
			out.AddTags, out.RemoveTags = setChange(w)
		case strings.HasPrefix(rule.GoHighLevelKey, "dndSettings."):
			if dnd == nil {
				dnd = map[string]any{}
			}
			status := "inactive"
			if !w.After.Empty() {
				status = "active"
			}
			dnd[strings.TrimPrefix(rule.GoHighLevelKey, "dndSettings.")] = map[string]any{"status": status, "message": "", "code": ""}
		case w.Field == record.Owner:
			out.Contact[rule.GoHighLevelKey] = m.userIDs[record.GoHighLevel][w.After.Text()]
		default:
			out.Contact[rule.GoHighLevelKey] = typed(rule.Type, w.After)
		}
	}
	if dnd != nil {
		out.Contact["dndSettings"] = dnd
	}
	if id := m.markerID(); create && id != "" && salesforceID != "" {
		custom = append(custom, map[string]any{"id": id, "field_value": salesforceID})
	}
	if custom != nil {
		out.Contact["customFields"] = custom
	}
	return out
}

// typed returns a value as JSON of its type; null where it is empty, except for booleans.
func typed(t record.Type, v record.Value) any {
	switch {
	case t == record.TypeBool:
		return !v.Empty()
	case v.Empty():
		return nil
	case t == record.TypeSet:
		return []string(v)
	case t == record.TypeNumber && json.Valid([]byte(v.Text())):
		return json.Number(v.Text())
	}
	return v.Text()
}
