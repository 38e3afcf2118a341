package salesforcetest

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

const newField = v67 + "/tooling/sobjects/CustomField"

func custom(name string, metadata fields) fields {
	return fields{"FullName": name, "Metadata": metadata}
}

func TestANewFieldIsSeenOnceAPermissionSetGrantsIt(t *testing.T) {
	b := newBench(t, Options{SetupAccess: true})
	made := b.do("POST", newField, custom("Contact.Plan_Id__c", fields{
		"type": "Text", "label": "Plan Id", "length": 40, "unique": true, "externalId": true, "caseSensitive": true,
	}))
	require.Equal(t, 201, made.status, made.text)
	const query = "SELECT Plan_Id__c FROM Contact"
	require.Equal(t, "INVALID_FIELD", b.do("GET", soqlPathOf("/query", query), nil).code(t))

	set := b.query("SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '" + b.org.APIUserID() +
		"' AND PermissionSet.IsOwnedByProfile = false AND PermissionSet.IsCustom = true AND PermissionSet.Type = 'Regular'")
	require.Len(t, set, 1)
	grant := fields{
		"ParentId": set[0]["PermissionSetId"], "SobjectType": "Contact", "Field": "Contact.Plan_Id__c",
		"PermissionsRead": true, "PermissionsEdit": true,
	}
	edit := maps.Clone(grant)
	edit["PermissionsRead"] = false
	require.Equal(t, "FIELD_INTEGRITY_EXCEPTION", b.do("POST", v67+"/sobjects/FieldPermissions", edit).code(t))
	nowhere := maps.Clone(grant)
	nowhere["Field"] = "Contact.Nope__c"
	require.Equal(t, "FIELD_INTEGRITY_EXCEPTION", b.do("POST", v67+"/sobjects/FieldPermissions", nowhere).code(t))
	require.Equal(t, 201, b.do("POST", v67+"/sobjects/FieldPermissions", grant).status)
	require.Equal(t, "DUPLICATE_VALUE", b.do("POST", v67+"/sobjects/FieldPermissions", grant).code(t))
	id := b.create(fields{"LastName": "A", "Plan_Id__c": "x"})
	require.NotEmpty(t, id)
	require.Equal(t, "DUPLICATE_VALUE", b.do("POST", v67+"/sobjects/Contact", fields{"LastName": "B", "Plan_Id__c": "x"}).code(t))
}

func TestAFieldIsRefusedThatTheOrgWouldRefuse(t *testing.T) {
	b := newBench(t, Options{SetupAccess: true})
	text := fields{"type": "Text", "label": "X", "length": 40}
	with := func(key string, value any) fields {
		f := maps.Clone(text)
		f[key] = value
		return f
	}
	for _, c := range []struct {
		body fields
		code string
	}{
		{custom("Contact.GHL_Id__c", text), "DUPLICATE_DEVELOPER_NAME"},
		{custom("Contact.X", text), "JSON_PARSER_ERROR"},
		{custom("Contact.X__c", nil), "JSON_PARSER_ERROR"},
		{custom("Organization.X__c", text), "INVALID_CROSS_REFERENCE_KEY"},
		{custom("Contact.X__c", with("length", nil)), "FIELD_INTEGRITY_EXCEPTION"},
		{custom("Contact.X__c", with("length", 256)), "FIELD_INTEGRITY_EXCEPTION"},
		{custom("Contact.X__c", with("visibleLines", 3)), "FIELD_INTEGRITY_EXCEPTION"},
		{custom("Contact.X__c", with("caseSensitive", true)), "FIELD_INTEGRITY_EXCEPTION"},
		{custom("Contact.X__c", with("label", "")), "REQUIRED_FIELD_MISSING"},
		{custom("Contact.X__c", with("type", "Carrier Pigeon")), "INVALID_TYPE_ON_FIELD_IN_RECORD"},
		{custom("Contact.X__c", fields{"type": "Checkbox", "label": "X"}), "FIELD_INTEGRITY_EXCEPTION"},
	} {
		require.Equal(t, c.code, b.do("POST", newField, c.body).code(t), "%v", c.body)
	}
	require.Equal(t, 201, b.do("POST", newField, custom("Contact.X__c", text)).status)
}

func TestWhoMayNotViewSetupSeesNothingOfItAndMakesNoField(t *testing.T) {
	b := newBench(t, Options{DuplicateRule: "alert"})
	require.Equal(t, "INVALID_TYPE", b.do("GET", soqlPathOf("/query", "SELECT MasterLabel FROM DuplicateRule"), nil).code(t))
	refused := b.do("POST", newField, custom("Contact.X__c", fields{"type": "Text", "label": "X", "length": 40}))
	require.Equal(t, 403, refused.status)
	require.Equal(t, "INSUFFICIENT_ACCESS", refused.code(t))

	b = newBench(t, Options{SetupAccess: true, DuplicateRule: "alert"})
	require.Len(t, b.query("SELECT MasterLabel FROM DuplicateRule WHERE SobjectType = 'Contact' AND IsActive = true"), 1)
}

func TestTasksAndEventsShareTheFieldsThatAreCreatedOnActivity(t *testing.T) {
	key := fields{"type": "Text", "label": "X", "length": 40, "unique": true, "externalId": true, "caseSensitive": true}
	for how, rows := range map[ActivityPermissions]struct{ task, event, activity, count int }{
		PermissionsMirrored:   {201, 400, 400, 2}, // the event's are there already
		PermissionsApart:      {201, 201, 400, 2},
		PermissionsOfActivity: {400, 400, 201, 1},
	} {
		b := newBench(t, Options{SetupAccess: true, ActivityPermissions: how})
		require.Equal(t, "INVALID_CROSS_REFERENCE_KEY", b.do("POST", newField, custom("Task.X__c", key)).code(t))
		require.Equal(t, 201, b.do("POST", newField, custom("Activity.X__c", key)).status)
		require.Equal(t, "DUPLICATE_DEVELOPER_NAME", b.do("POST", newField, custom("Activity.X__c", key)).code(t))
		set := b.query("SELECT PermissionSetId FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Tandem'")[0]["PermissionSetId"]
		require.Equal(t, rows.activity, b.permit(set, "Activity").status, how)
		require.Equal(t, rows.task, b.permit(set, "Task").status, how)
		require.Equal(t, rows.event, b.permit(set, "Event").status, how)
		require.Equal(t, rows.count, b.org.Count("FieldPermissions"), how)
		for _, object := range []string{"Task", "Event"} {
			require.Empty(t, b.query("SELECT X__c FROM "+object))
		}
	}
}

func (b *bench) permit(set any, object string) answer {
	return b.do("POST", v67+"/sobjects/FieldPermissions", fields{
		"ParentId": set, "SobjectType": object, "Field": object + ".X__c", "PermissionsRead": true, "PermissionsEdit": true,
	})
}

func TestAnOrgMayRefuseMarksToFieldsOfActivity(t *testing.T) {
	b := newBench(t, Options{SetupAccess: true, ActivityRefuses: []string{"unique"}})
	key := fields{"type": "Text", "label": "X", "length": 40, "externalId": true, "unique": true}
	require.Equal(t, "FIELD_INTEGRITY_EXCEPTION", b.do("POST", newField, custom("Activity.X__c", key)).code(t))
	require.Equal(t, 201, b.do("POST", newField, custom("Contact.X__c", key)).status)
	delete(key, "unique")
	require.Equal(t, 201, b.do("POST", newField, custom("Activity.X__c", key)).status)
}

func TestAPicklistIsCreatedWithItsValues(t *testing.T) {
	b := newBench(t, Options{SetupAccess: true})
	of := func(values ...any) fields {
		return fields{"type": "Picklist", "label": "X", "valueSet": fields{"restricted": false, "valueSetDefinition": fields{"sorted": false, "value": values}}}
	}
	value := func(name string) fields { return fields{"fullName": name, "label": name, "default": false} }
	for _, wrong := range []fields{
		{"type": "Picklist", "label": "X"}, of(), of(value("")), of(value("A"), value("a")), of(fields{"fullName": "A", "colour": "red"}),
	} {
		require.Equal(t, "FIELD_INTEGRITY_EXCEPTION", b.do("POST", newField, custom("Contact.X__c", wrong)).code(t), "%v", wrong)
	}
	require.Equal(t, 201, b.do("POST", newField, custom("Contact.X__c", of(value("Gold"), value("Silver")))).status)
	require.Equal(t, []string{"Gold", "Silver"}, b.org.table("Contact").object.field("X__c").values)
}
