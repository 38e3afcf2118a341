package salesforcetest

import "strings"

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
