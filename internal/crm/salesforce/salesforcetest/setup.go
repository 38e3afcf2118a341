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

// What an administrator sees in Setup, to those users who may view it.

func setupObjects() []*object {
	rule := newObject("DuplicateRule", "Duplicate Rule", "0Bm", false,
		text("DeveloperName", 80), text("MasterLabel", 80), picklist("SobjectType"), typed("IsActive", "boolean", 0))
	matching := newObject("MatchingRule", "Matching Rule", "0JD", false,
		text("DeveloperName", 80), text("MasterLabel", 80), picklist("SobjectType"), picklist("RuleStatus"))
	item := newObject("MatchingRuleItem", "Matching Rule Item", "0JE", false,
		reference("MatchingRuleId", "MatchingRule", "MatchingRule"), picklist("Field"), picklist("MatchingMethod"), typed("SortOrder", "int", 0))
	set := newObject("PermissionSet", "Permission Set", "0PS", false,
		text("Name", 80), text("Label", 80), picklist("Type"), typed("IsOwnedByProfile", "boolean", 0), typed("IsCustom", "boolean", 0))
	assignment := newObject("PermissionSetAssignment", "Permission Set Assignment", "0Pa", false,
		reference("AssigneeId", "User", "Assignee"), reference("PermissionSetId", "PermissionSet", "PermissionSet"))
	permissions := newObject("FieldPermissions", "Field Permissions", "01k", true,
		createOnly(reference("ParentId", "PermissionSet", "Parent")), createOnly(picklist("SobjectType")), createOnly(picklist("Field")),
		typed("PermissionsRead", "boolean", 0), typed("PermissionsEdit", "boolean", 0))
	for _, name := range []string{"ParentId", "SobjectType", "Field"} {
		permissions.field(name).required = true
	}
	permissions.shape, permissions.created = shapeFieldPermissions, grantField
	list := []*object{rule, matching, item, set, assignment, permissions}
	for _, o := range list {
		o.refuses |= noReplication | noCustomFields | noUndelete
	}
	permissions.refuses |= noUpdate // the fake's answer to what nobody does yet
	return list
}

func (f *Fake) populateSetup() {
	f.AssignPermissionSet("")
	f.AssignPermissionSet("Tandem")
	f.Create("DuplicateRule", map[string]any{
		"DeveloperName": "Standard_Contact_Duplicate_Rule", "MasterLabel": "Standard Contact Duplicate Rule", "SobjectType": "Contact",
		"IsActive": f.options.DuplicateRule != "",
	})
	for _, m := range []struct {
		label, object, status string
		fields                []string
	}{
		{"Same E-mail", "Contact", "Active", []string{"Email"}}, {"Same Phone", "Contact", "Active", []string{"Phone", "LastName"}},
		{"Idle Rule", "Contact", "Inactive", []string{"Title"}}, {"Same Company", "Account", "Active", []string{"Name"}},
	} {
		id := f.Create("MatchingRule", map[string]any{
			"DeveloperName": strings.ReplaceAll(m.label, " ", "_"), "MasterLabel": m.label, "SobjectType": m.object, "RuleStatus": m.status,
		})
		for i, field := range m.fields {
			f.Create("MatchingRuleItem", map[string]any{"MatchingRuleId": id, "Field": field, "MatchingMethod": "Exact", "SortOrder": i + 1})
		}
	}
	f.Create("DuplicateRule", map[string]any{
		"DeveloperName": "Standard_Account_Duplicate_Rule", "MasterLabel": "Standard Account Duplicate Rule", "SobjectType": "Account", "IsActive": true,
	})
}

// AssignPermissionSet gives the API user a permission set of its own, as an administrator does who makes one; "" as label
// stands for its profile's. It returns the set's id. It panics in an org whose API user may not view Setup.
func (f *Fake) AssignPermissionSet(label string) string {
	set := map[string]any{"Name": strings.ReplaceAll(label, " ", "_"), "Label": label, "Type": "Regular", "IsCustom": true}
	if label == "" {
		set = map[string]any{"Name": "X00ex00000018ozT", "Label": "00ex00000018ozT", "Type": "Profile", "IsOwnedByProfile": true}
	}
	id := f.Create("PermissionSet", set)
	f.Create("PermissionSetAssignment", map[string]any{"AssigneeId": f.APIUserID(), "PermissionSetId": id})
	return id
}

// shapeFieldPermissions holds that there is such a field, and that edit takes read.
func shapeFieldPermissions(d *draft) *apiError {
	object, name, _ := strings.Cut(d.get("Field"), ".")
	tables := d.w.f.tablesNamed(object)
	if !strings.EqualFold(object, d.get("SobjectType")) || len(tables) == 0 || tables[0].object.field(name) == nil {
		return unfit("Field: bad value for restricted picklist field: "+d.get("Field"), "Field")
	}
	if d.get("PermissionsEdit") != "" && d.get("PermissionsRead") == "" {
		return unfit("Permission Edit "+name+" depends on permission(s): Read "+name, "PermissionsEdit")
	}
	for _, r := range d.t.rows {
		same := func(name string) bool { return strings.EqualFold(r.get(d.t.object.field(name).index), d.get(name)) }
		if r != nil && !r.deleted && same("ParentId") && same("Field") {
			return fail("DUPLICATE_VALUE", "duplicate value found: the permission set has permissions on "+d.get("Field"), "Field")
		}
	}
	return nil
}

// grantField lets the API user see a field that one of its permission sets grants.
func grantField(w *writer, t *table, pos uint32) {
	get := func(name string) string { return t.rows[pos].get(t.object.field(name).index) }
	assignments := w.f.table("PermissionSetAssignment")
	assigned := false
	for _, r := range assignments.rows {
		assigned = assigned || r != nil && !r.deleted && r.get(assignments.object.field("PermissionSetId").index) == get("ParentId")
	}
	if !assigned {
		return
	}
	object, name, _ := strings.Cut(get("Field"), ".")
	for _, of := range w.f.tablesNamed(object) {
		fl := of.object.field(name)
		fl.hidden = get("PermissionsRead") == ""
		fl.createable, fl.updateable = get("PermissionsEdit") != "", get("PermissionsEdit") != ""
	}
	w.f.schemaChanged = w.now
}

// fieldMetadata is what the Tooling API takes of a custom field, by type: the keys that must be there, and those that may.
var fieldMetadata = map[string]struct{ needs, takes []string }{
	"Text":         {[]string{"length"}, []string{"unique", "externalId", "caseSensitive"}},
	"LongTextArea": {[]string{"length", "visibleLines"}, nil},
	"Email":        {nil, []string{"unique", "externalId"}},
	"Phone":        {},
	"Url":          {},
	"Date":         {},
	"Checkbox":     {[]string{"defaultValue"}, nil},
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
	fl, err := customField(name, typ, options...)
	if err != nil {
		return fl, fail("FIELD_INTEGRITY_EXCEPTION", err.Error())
	}
	return fl, nil
}
