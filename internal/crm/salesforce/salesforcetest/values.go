package salesforcetest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	dateTimeLayout = "2006-01-02T15:04:05.000-0700"
	dateLayout     = "2006-01-02"
)

var emailSyntax = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.\x60-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)

func formatSeconds(seconds uint32) string {
	return time.Unix(int64(seconds), 0).UTC().Format(dateTimeLayout)
}

// parseDateTime reads the forms of dateTime that the API takes and gives.
func parseDateTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1700 && t.Year() <= 4000 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// wrongType tells that a value's JSON type, or its form, is not the field's.
type wrongType struct {
	field *field
	value any
}

// whole is the error where one mistyped value spoils a whole request.
func (w *wrongType) whole() *apiError {
	token := "VALUE_STRING"
	switch v := w.value.(type) {
	case bool:
		token = "VALUE_" + strings.ToUpper(strconv.FormatBool(v))
	case json.Number:
		token = "VALUE_NUMBER_INT"
		if strings.ContainsAny(v.String(), ".eE") {
			token = "VALUE_NUMBER_FLOAT"
		}
	case map[string]any:
		token = "START_OBJECT"
	case []any:
		token = "START_ARRAY"
	}
	return fail("JSON_PARSER_ERROR", fmt.Sprintf(
		"Cannot deserialize instance of %s from %s value %v or request may be missing a required field at [line:1, column:1]",
		w.field.kind, token, w.value))
}

// item is the error where it spoils one record.
func (w *wrongType) item() *apiError {
	return fail("INVALID_TYPE_ON_FIELD_IN_RECORD",
		fmt.Sprintf("%s: value not of required type: %v", w.field.label, w.value), w.field.name)
}

// convert turns a JSON value into the text that a packed field keeps, "" for none. It checks type and form, not rules.
func (f *field) convert(value any) (string, *wrongType) {
	wrong := &wrongType{f, value}
	if value == nil {
		return "", nil
	}
	if f.kind == "boolean" {
		switch value {
		case true:
			return "1", nil
		case false:
			return "", nil
		}
		return "", wrong
	}
	if f.isNumber() {
		number, ok := value.(json.Number)
		if !ok {
			return "", wrong
		}
		n, err := number.Float64()
		if err != nil || f.kind == "int" && n != math.Trunc(n) {
			return "", wrong
		}
		return strconv.FormatFloat(n, 'f', -1, 64), nil
	}
	s, ok := value.(string)
	if !ok {
		return "", wrong
	}
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if s == "" {
		return "", nil
	}
	switch f.kind {
	case "date":
		if _, err := time.Parse(dateLayout, s); err != nil {
			return "", wrong
		}
	case "datetime":
		t, ok := parseDateTime(s)
		if !ok {
			return "", wrong
		}
		return t.Truncate(time.Second).Format(dateTimeLayout), nil
	case "textarea":
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
		s = strings.ReplaceAll(s, "\n", "\r\n")
	case "reference":
		if id15, ok := parseID(s); ok {
			return id18(id15), nil
		}
	}
	return s, nil
}

// check returns what the org's rules have against a converted value.
func (f *field) check(value string) *apiError {
	if value == "" {
		return nil
	}
	if f.isText() && len(value) > f.length {
		if units := len(utf16.Encode([]rune(value))); units > f.length {
			return fail("STRING_TOO_LONG", fmt.Sprintf("%s: data value too large: %s (max length=%d)", f.label, value, f.length), f.name)
		}
	}
	switch f.kind {
	case "email":
		if !emailSyntax.MatchString(value) || strings.Contains(value, "..") {
			return fail("INVALID_EMAIL_ADDRESS", f.label+": invalid email address: "+value, f.name)
		}
	case "picklist":
		if f.restricted && !slices.Contains(f.values, value) {
			return fail("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f.label+": bad value for restricted picklist field: "+value, f.name)
		}
	case "multipicklist":
		for one := range strings.SplitSeq(value, ";") {
			if f.restricted && !slices.Contains(f.values, one) {
				return fail("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f.label+": bad value for restricted picklist field: "+one, f.name)
			}
		}
	}
	return nil
}

// fromGo turns what a Go caller gives into what JSON would have given.
func fromGo(value any) any {
	switch v := value.(type) {
	case nil, bool, string, json.Number:
		return v
	case time.Time:
		return v.UTC().Format(dateTimeLayout)
	case float64:
		return json.Number(strconv.FormatFloat(v, 'f', -1, 64))
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(v.Int(), 10))
	case reflect.String:
		return v.String()
	}
	return value
}
