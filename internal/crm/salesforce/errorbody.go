package salesforce

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// vendorError is one error as Salesforce words it. Its message may quote customer data: it is read, never passed on.
type vendorError struct {
	code    string
	message string
	fields  []any
	whole   map[string]any
}

// parseErrors reads the errors out of an answer's body: an array of errors, one error, or a result with errors in
// it. The second result tells whether the body is JSON at all.
func parseErrors(body []byte) ([]vendorError, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil {
		return nil, false
	}
	switch content := content.(type) {
	case []any:
		return vendorErrors(content), true
	case map[string]any:
		if nested, ok := content["errors"].([]any); ok {
			return vendorErrors(nested), true
		}
		return vendorErrors([]any{content}), true
	default:
		return nil, false
	}
}

func vendorErrors(list []any) []vendorError {
	var found []vendorError
	for _, element := range list {
		object, ok := element.(map[string]any)
		if !ok {
			continue
		}
		e := vendorError{whole: object}
		// A call's errors have errorCode, a collection's items statusCode, OAuth's answers error.
		for _, key := range []string{"errorCode", "statusCode", "error"} {
			if e.code == "" {
				e.code, _ = object[key].(string)
			}
		}
		if e.code == "" {
			continue
		}
		e.message, _ = object["message"].(string)
		e.fields, _ = object["fields"].([]any)
		found = append(found, e)
	}
	return found
}

var identifierPattern = regexp.MustCompile(`^[A-Za-z0-9_.]{1,100}$`)

// identifier returns text where it can be nothing but an identifier, else "".
func identifier(text string) string {
	if identifierPattern.MatchString(text) {
		return text
	}
	return ""
}

var noSuchColumn = regexp.MustCompile(`No such column '([A-Za-z0-9_.]{1,100})'`)

// fieldNames returns the fields that the error names. A query's INVALID_FIELD names its column in the message only.
func (e vendorError) fieldNames() []string {
	var names []string
	for _, field := range e.fields {
		if name, ok := field.(string); ok && identifier(name) != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 && e.code == "INVALID_FIELD" {
		if match := noSuchColumn.FindStringSubmatch(e.message); match != nil {
			names = append(names, match[1])
		}
	}
	return names
}

// onlyMatch returns the record of the given object that a duplicate rule found, "" when it found none or several.
func (e vendorError) onlyMatch(object string) string {
	result, ok := e.whole["duplicateResult"].(map[string]any)
	if !ok {
		result, _ = e.whole["duplicateResut"].(map[string]any) // some API versions spell it so
	}
	only := ""
	for _, rule := range objects(result["matchResults"]) {
		if entity, _ := rule["entityType"].(string); object != "" && entity != "" && !strings.EqualFold(entity, object) {
			continue
		}
		for _, match := range objects(rule["matchRecords"]) {
			id := matchedID(match)
			if id == "" || id == only {
				continue
			}
			if only != "" {
				return ""
			}
			only = id
		}
	}
	return only
}

func matchedID(match map[string]any) string {
	found, _ := match["record"].(map[string]any)
	id, _ := found["Id"].(string)
	if id == "" {
		id, _ = found["id"].(string)
	}
	if id == "" {
		attributes, _ := found["attributes"].(map[string]any)
		address, _ := attributes["url"].(string)
		id = address[strings.LastIndex(address, "/")+1:]
	}
	return longID(id)
}

func objects(list any) []map[string]any {
	elements, _ := list.([]any)
	var found []map[string]any
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

// The words before the id are translated into the user's language; its place at the end is not.
var lastID = regexp.MustCompile(`:\s*([A-Za-z0-9]{15}(?:[A-Z0-5]{3})?)\W*$`)

// namedRecord returns the id at the end of a message such as "... duplicates value on record with id: 003...".
func (e vendorError) namedRecord() string {
	match := lastID.FindStringSubmatch(e.message)
	if match == nil {
		return ""
	}
	return longID(match[1])
}

var supportID = regexp.MustCompile(`ErrorId[^:]{0,60}: *([0-9]{1,20}-[0-9]{1,12} \(-?[0-9]{1,12}\))`)

// supportID returns the number under which Salesforce's support finds an internal error.
func (e vendorError) supportID() string {
	match := supportID.FindStringSubmatch(e.message)
	if match == nil {
		return ""
	}
	return match[1]
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$`)

// longID returns the 18-character form of an id of 15 or 18 characters, "" for anything else. The last three
// characters tell which of the others are capitals.
func longID(id string) string {
	if !idPattern.MatchString(id) || len(id) == 18 {
		return idPattern.FindString(id)
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	long := id
	for chunk := 0; chunk < 15; chunk += 5 {
		capitals := 0
		for i := range 5 {
			if c := id[chunk+i]; c >= 'A' && c <= 'Z' {
				capitals |= 1 << i
			}
		}
		long += string(digits[capitals])
	}
	return long
}
