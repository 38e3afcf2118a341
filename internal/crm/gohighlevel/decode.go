package gohighlevel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
)

var errShape = errors.New("not the shape of a contact")

// decodeObject reads one JSON object, numbers as they are written. It reports false for anything else, and for
// anything after the object.
func decodeObject(content []byte) (map[string]any, bool) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return object, true
}

// decodeContact brings a contact, as any of the endpoints spells it, to one shape: the one of "GET /contacts/{id}",
// with customFields always a list of {id, value}. What is absent there means empty. It changes the given object, and
// a second time changes nothing.
func decodeContact(v any) (crm.Document, error) {
	contact, ok := v.(map[string]any)
	if !ok || text(contact["id"]) == "" {
		return nil, errShape
	}
	if contact["address1"] == nil && contact["address"] != nil {
		contact["address1"] = contact["address"]
	}
	// Rows of the search index fold names to lower case and keep what was typed beside it.
	for name, raw := range map[string]string{"firstName": "firstNameRaw", "lastName": "lastNameRaw"} {
		if typed := text(contact[raw]); typed != "" {
			contact[name] = typed
		}
	}
	given := contact["customFields"]
	if given == nil {
		given = contact["customField"]
	}
	values, err := customValues(given)
	if err != nil {
		return nil, err
	}
	contact["customFields"] = values
	delete(contact, "customField")
	return contact, nil
}

// valueSpellings are the keys under which the versions of the API have a custom field's value.
var valueSpellings = []string{
	"value", "fieldValue", "field_value", "fieldValueString", "fieldValueNumber", "fieldValueArray", "fieldValueDate",
	"fieldValueFiles",
}

func customValues(v any) ([]any, error) {
	values := []any{}
	switch v := v.(type) {
	case nil:
	case []any:
		for _, element := range v {
			item, _ := element.(map[string]any)
			id := text(item["id"])
			if id == "" {
				continue
			}
			value := map[string]any{"id": id, "value": nil}
			for _, spelling := range valueSpellings {
				if item[spelling] != nil {
					value["value"] = item[spelling]
					break
				}
			}
			values = append(values, value)
		}
	case map[string]any:
		for _, id := range slices.Sorted(maps.Keys(v)) {
			if id != "" {
				values = append(values, map[string]any{"id": id, "value": v[id]})
			}
		}
	default:
		// Reading this as "no custom fields" would pass for somebody having emptied them.
		return nil, errShape
	}
	return values, nil
}

// contactIn takes the contact out of its envelope, or what stands there without one.
func (a answer) contactIn(op *operation) (crm.Document, error) {
	found, ok := a.body["contact"]
	if !ok {
		found = a.body
	}
	contact, err := decodeContact(found)
	if err != nil {
		return nil, unreadable(op, a.status, codeUnexpectedShape, "the answer holds no contact")
	}
	return contact, nil
}

func (a answer) contactsIn(op *operation) ([]crm.Document, error) {
	rows, ok := a.body["contacts"].([]any)
	if !ok {
		return nil, unreadable(op, a.status, codeUnexpectedShape, "the answer holds no list of contacts")
	}
	contacts := make([]crm.Document, 0, len(rows))
	for _, row := range rows {
		contact, err := decodeContact(row)
		if err != nil {
			return nil, unreadable(op, a.status, codeUnexpectedShape, "a row of the answer is no contact")
		}
		contacts = append(contacts, contact)
	}
	return contacts, nil
}

func (a answer) documentsIn(op *operation, key string) ([]crm.Document, error) {
	rows, ok := a.body[key].([]any)
	if !ok {
		return nil, unreadable(op, a.status, codeUnexpectedShape, "the answer holds no list of "+key)
	}
	documents := make([]crm.Document, 0, len(rows))
	for _, row := range rows {
		document, ok := row.(map[string]any)
		if !ok {
			return nil, unreadable(op, a.status, codeUnexpectedShape, "a row of the answer is no object")
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// succeeded fails where the vendor says, in either spelling, that it did not do what it was asked.
func (a answer) succeeded(op *operation) error {
	for _, spelling := range []string{"succeeded", "succeded"} {
		if done, ok := a.body[spelling].(bool); ok {
			if done {
				return nil
			}
			return unreadable(op, a.status, codeNotSucceeded, "GoHighLevel says that it did not carry this out")
		}
	}
	return nil
}

func number(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		s, isText := v.(string)
		if !isText {
			return 0, false
		}
		n = json.Number(s)
	}
	i, err := n.Int64()
	return i, err == nil
}
