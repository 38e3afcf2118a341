package gohighlevel

import "github.com/tandem-sync/tandem/internal/crm"

// decoder brings a record, as any of the endpoints spells it, to one shape. It changes the given object, and a second
// time changes nothing.
type decoder func(v any) (crm.Document, error)

// decodeRecord reads any object with an id, which the rows of some searches call _id.
func decodeRecord(v any) (crm.Document, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errShape
	}
	if text(object["id"]) == "" {
		object["id"] = object["_id"]
	}
	delete(object, "_id")
	if text(object["id"]) == "" {
		return nil, errShape
	}
	return object, nil
}

// ofContact reads a record that hangs on a contact, and fills in which where only the path says so.
func ofContact(contactID string) decoder {
	return func(v any) (crm.Document, error) {
		record, err := decodeRecord(v)
		if err != nil {
			return nil, err
		}
		if text(record["contactId"]) == "" && contactID != "" {
			record["contactId"] = contactID
		}
		return record, nil
	}
}

// taskOf reads a task; rows of the search have its contact also, or only, in contactDetails.
func taskOf(contactID string) decoder {
	return func(v any) (crm.Document, error) {
		task, err := ofContact(contactID)(v)
		if err != nil {
			return nil, err
		}
		if details, ok := task["contactDetails"].(map[string]any); ok && text(task["contactId"]) == "" {
			fill(task, "contactId", details["_id"], details["id"])
		}
		fill(task, "dateAdded", task["createdAt"])
		fill(task, "dateUpdated", task["updatedAt"])
		return task, nil
	}
}

func noteOf(contactID string) decoder { return ofContact(contactID) }

// appointmentOf reads an appointment. Its state is called appointmentStatus, which some answers misspell and others
// call status.
func appointmentOf(contactID string) decoder {
	return func(v any) (crm.Document, error) {
		appointment, err := ofContact(contactID)(v)
		if err != nil {
			return nil, err
		}
		fill(appointment, "appointmentStatus", appointment["appoinmentStatus"], appointment["status"])
		delete(appointment, "appoinmentStatus")
		return appointment, nil
	}
}

// fill sets a text that is not there to the first of the spellings that is.
func fill(document crm.Document, key string, spellings ...any) {
	for _, value := range spellings {
		if text(document[key]) == "" && text(value) != "" {
			document[key] = value
		}
	}
}

// recordIn takes a record out of the first envelope that is there, or reads what stands there without one.
func (a answer) recordIn(op *operation, decode decoder, envelopes ...string) (crm.Document, error) {
	var found any = a.body
	for _, name := range envelopes {
		if wrapped, ok := a.body[name]; ok {
			found = wrapped
			break
		}
	}
	record, err := decode(found)
	if err != nil {
		return nil, unreadable(op, a.status, codeUnexpectedShape, "the answer holds no "+envelopes[len(envelopes)-1])
	}
	return record, nil
}

// recordsIn reads a list of records. HighLevel's description has lists in a list for one of them, which is read, too.
func (a answer) recordsIn(op *operation, key string, decode decoder) ([]crm.Document, error) {
	rows, ok := a.body[key].([]any)
	if !ok {
		return nil, unreadable(op, a.status, codeUnexpectedShape, "the answer holds no list of "+key)
	}
	records := make([]crm.Document, 0, len(rows))
	for _, row := range rows {
		inner, nested := row.([]any)
		if !nested {
			inner = []any{row}
		}
		for _, row := range inner {
			record, err := decode(row)
			if err != nil {
				return nil, unreadable(op, a.status, codeUnexpectedShape, "a row of the answer has no id")
			}
			records = append(records, record)
		}
	}
	return records, nil
}
