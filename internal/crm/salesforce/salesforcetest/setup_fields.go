package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fieldMetadata is what the Tooling API takes of a custom field, by type: the keys that must be there, and those that may.
var fieldMetadata = map[string]struct{ needs, takes []string }{
	"Text":                {[]string{"length"}, []string{"unique", "externalId", "caseSensitive"}},
	"LongTextArea":        {[]string{"length", "visibleLines"}, nil},
	"Email":               {nil, []string{"unique", "externalId"}},
	"Phone":               {},
	"Url":                 {},
	"Date":                {},
	"Checkbox":            {[]string{"defaultValue"}, nil},
	"Picklist":            {[]string{"valueSet"}, nil},
	"MultiselectPicklist": {[]string{"valueSet", "visibleLines"}, nil},
}

var customFieldName = regexp.MustCompile(`^([A-Za-z]+)\.([A-Za-z](?:_?[A-Za-z0-9])*__c)$`)

// createField is the Tooling API's CustomField. As in the org, nobody may see a new field before a permission set grants it.
func (c *call) createField() (*reply, *apiError) {
	if !c.f.options.SetupAccess {
		return nil, failWith(403, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id")
	}
	var in map[string]any
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	fullName, _ := in["FullName"].(string)
	metadata, _ := in["Metadata"].(map[string]any)
	named := customFieldName.FindStringSubmatch(fullName)
	if len(in) != 2 || named == nil || metadata == nil {
		return nil, fail("JSON_PARSER_ERROR", "a CustomField has a FullName, as Contact.Plan__c, and Metadata")
	}
	fl, err := c.fieldOf(named[2], metadata)
	if err != nil {
		return nil, err
	}
	for _, mark := range c.f.options.ActivityRefuses {
		if strings.EqualFold(named[1], activity) && metadata[mark] == true {
			return nil, fail("FIELD_INTEGRITY_EXCEPTION", "Can not specify '"+mark+"' for a CustomField of Activity", mark)
		}
	}
	defer c.write()()
	for _, t := range c.f.tablesNamed(named[1]) {
		if t.object.field(fl.name) != nil {
			name := strings.TrimSuffix(fl.name, "__c")
			return nil, fail("DUPLICATE_DEVELOPER_NAME", "There is already a field named "+name+" on "+named[1]+".", "FullName")
		}
	}
	if err := c.f.addField(named[1], fl); err != nil {
		return nil, fail("INVALID_CROSS_REFERENCE_KEY", "Entity Enumeration Or ID: "+err.Error(), "FullName")
	}
	return jsonReply(http.StatusCreated, []byte(`{"id":"00N5g000009Xyz1EAC","success":true,"errors":[],"warnings":[],"infos":[]}`)), nil
}

func (c *call) fieldOf(name string, metadata map[string]any) (field, *apiError) {
	typ, _ := metadata["type"].(string)
	allowed, known := fieldMetadata[typ]
	if !known {
		return field{}, fail("INVALID_TYPE_ON_FIELD_IN_RECORD", fmt.Sprintf("the fake creates no fields of type %q", typ), "type")
	}
	if label, _ := metadata["label"].(string); label == "" || len(label) > 40 {
		return field{}, fail("REQUIRED_FIELD_MISSING", "Required fields are missing: [Label]", "label")
	}
	for _, key := range allowed.needs {
		if metadata[key] == nil {
			return field{}, fail("FIELD_INTEGRITY_EXCEPTION", "Must specify '"+key+"' for a CustomField of type "+typ, key)
		}
	}
	is := func(key string) bool { return metadata[key] == true }
	for key := range metadata {
		if !slices.Contains(append([]string{"type", "label", "description", "inlineHelpText"}, append(allowed.needs, allowed.takes...)...), key) {
			return field{}, fail("FIELD_INTEGRITY_EXCEPTION", "Can not specify '"+key+"' for a CustomField of type "+typ, key)
		}
	}
	if is("caseSensitive") && !is("unique") {
		return field{}, fail("FIELD_INTEGRITY_EXCEPTION", "Can not specify 'caseSensitive' for a CustomField that is not unique", "caseSensitive")
	}
	options := []FieldOption{func(f *field) { f.hidden, f.unique, f.caseSensitive = true, is("unique"), is("caseSensitive") }}
	if is("externalId") {
		options = append(options, ExternalID())
	}
	if typ == "Text" || typ == "LongTextArea" {
		number, _ := metadata["length"].(json.Number)
		n, err := strconv.Atoi(number.String())
		least, most := 1, 255
		if typ == "LongTextArea" {
			least, most = 256, 131_072
		}
		if err != nil || n < least || n > most {
			return field{}, fail("FIELD_INTEGRITY_EXCEPTION", "Length: the value is not one that a field of type "+typ+" may have", "length")
		}
		options = append(options, Length(n))
	}
	if valueSet := metadata["valueSet"]; valueSet != nil {
		values, restricted, err := valuesOf(valueSet)
		if err != nil {
			return field{}, err
		}
		options = append(options, Values(restricted, values...))
	}
	fl, err := customField(name, typ, options...)
	if err != nil {
		return fl, fail("FIELD_INTEGRITY_EXCEPTION", err.Error())
	}
	return fl, nil
}

// valuesOf reads the values that a picklist is created with.
func valuesOf(metadata any) (values []string, restricted bool, refused *apiError) {
	wrong := func(why string) ([]string, bool, *apiError) {
		return nil, false, fail("FIELD_INTEGRITY_EXCEPTION", "Value Set: "+why, "valueSet")
	}
	set, _ := metadata.(map[string]any)
	definition, _ := set["valueSetDefinition"].(map[string]any)
	list, _ := definition["value"].([]any)
	if !onlyKeys(set, "restricted", "valueSetDefinition") || !onlyKeys(definition, "sorted", "value") || len(list) == 0 || len(list) > 1000 {
		return wrong("must have between 1 and 1,000 values in a valueSetDefinition")
	}
	taken := map[string]bool{}
	for _, item := range list {
		value, _ := item.(map[string]any)
		name, _ := value["fullName"].(string)
		folded := strings.ToLower(name)
		if name == "" || len(name) > 255 || name != strings.TrimSpace(name) || taken[folded] || !onlyKeys(value, "fullName", "label", "default") {
			return wrong(fmt.Sprintf("%q is empty, too long, or there twice", name))
		}
		taken[folded] = true
		values = append(values, name)
	}
	restricted, _ = set["restricted"].(bool)
	return values, restricted, nil
}

func onlyKeys(of map[string]any, keys ...string) bool {
	for key := range of {
		if !slices.Contains(keys, key) {
			return false
		}
	}
	return true
}
