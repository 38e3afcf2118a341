package gohighleveltest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

func (f *Fake) parseCustomFields(v *validator, w *contactWrite) {
	value, named := v.body["customFields"]
	if !named {
		return
	}
	items, isList := value.([]any)
	if !isList {
		v.fail("customFields must be an array")
		return
	}
	for i, item := range items {
		object, isObject := item.(map[string]any)
		inner := &validator{body: object}
		id, key := inner.text("id", optional), inner.text("key", optional)
		inner.only("id", "key", "field_value", "fieldValue")
		if !isObject || id == "" && key == "" {
			inner.fail("id must be a string")
		}
		given, there := object["field_value"]
		if !there {
			given, there = object["fieldValue"]
		}
		if id == "" {
			id = key
		}
		if field := f.location.field(id); field != nil && there && len(inner.problems) == 0 {
			f.parseCustomValue(inner, w, field, given)
		}
		for _, p := range inner.problems {
			v.fail("customFields.%d.%s", i, p)
		}
	}
}

// parseCustomValue takes a value of the field's kind; null clears, "" does nothing.
func (f *Fake) parseCustomValue(v *validator, w *contactWrite, field *customField, given any) {
	id, value := field.ID, given
	text, isText := given.(string)
	if isText && text == "" {
		return
	}
	if given != nil {
		var problem string
		if value, problem = customValue(field.DataType, given); problem != "" {
			v.fail("field_value %s", problem)
		} else if value == nil {
			return
		}
	}
	if list, isList := value.([]string); isList && len(list) == 0 {
		value = nil
	}
	w.then(func(c *Contact) { c.setCustom(id, value) })
}

// customValue converts a value to what the data type stores: nil when the vendor silently ignores it, or the refusal.
func customValue(dataType string, given any) (value any, problem string) {
	number, isNumber := given.(json.Number)
	text, isText := given.(string)
	list, isList := given.([]any)
	switch dataType {
	case "NUMERICAL", "MONETORY":
		if isText {
			number = json.Number(strings.TrimSpace(text))
		}
		f, err := number.Float64()
		if !isText && !isNumber || err != nil {
			return nil, "must be a number"
		}
		return f, ""
	case "CHECKBOX", "MULTIPLE_OPTIONS":
		if isText {
			return []string{text}, ""
		}
		texts, good := textList(list)
		if !isList || !good {
			return nil, "must be an array of strings"
		}
		return texts, ""
	case "DATE":
		if ms, err := strconv.ParseInt(string(number), 10, 64); isNumber && err == nil {
			return time.UnixMilli(ms).UTC().Format(time.DateOnly), ""
		}
		date, err := parseBirthDate(text)
		if !isText || err != nil {
			return nil, "must be a valid date"
		}
		return date, ""
	case "TEXTBOX_LIST":
		return nil, ""
	case "FILE_UPLOAD", "SIGNATURE":
		return given, ""
	default:
		switch {
		case isText:
			return text, ""
		case isNumber:
			return string(number), ""
		}
		return nil, "must be a string"
	}
}
