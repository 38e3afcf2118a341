package salesforcetest

import "strings"

// ActivityPermissions is how an org keeps the field permissions of what Task and Event share.
type ActivityPermissions string

// The ways.
const (
	PermissionsMirrored   ActivityPermissions = ""         // a row of Task brings one of Event, and the other way round
	PermissionsApart      ActivityPermissions = "apart"    // one row each
	PermissionsOfActivity ActivityPermissions = "activity" // rows name Activity, and neither of the two
)

// shapeFieldPermissions holds that there is such a field, and that edit takes read.
func shapeFieldPermissions(d *draft) *apiError {
	object, name, _ := strings.Cut(d.get("Field"), ".")
	if isActivity(object) && strings.EqualFold(object, activity) != (d.w.f.options.ActivityPermissions == PermissionsOfActivity) {
		return fail("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "SobjectType: bad value for restricted picklist field: "+object, "SobjectType")
	}
	tables := d.w.f.tablesNamed(object)
	if !strings.EqualFold(object, d.get("SobjectType")) || len(tables) == 0 || tables[0].object.field(name) == nil {
		return unfit("Field: bad value for restricted picklist field: "+d.get("Field"), "Field")
	}
	if d.get("PermissionsEdit") != "" && d.get("PermissionsRead") == "" {
		return unfit("Permission Edit "+name+" depends on permission(s): Read "+name, "PermissionsEdit")
	}
	if grants(d.t, d.get("ParentId"), d.get("Field")) {
		return fail("DUPLICATE_VALUE", "duplicate value found: the permission set has permissions on "+d.get("Field"), "Field")
	}
	return nil
}

// grants tells whether a permission set has permissions on a field.
func grants(t *table, set, field string) bool {
	for _, r := range t.rows {
		same := func(name, value string) bool { return strings.EqualFold(r.get(t.object.field(name).index), value) }
		if r != nil && !r.deleted && same("ParentId", set) && same("Field", field) {
			return true
		}
	}
	return false
}

// grantField lets the API user see a field that one of its permission sets grants.
func grantField(w *writer, t *table, pos uint32) {
	get := func(name string) string { return t.rows[pos].get(t.object.field(name).index) }
	object, name, _ := strings.Cut(get("Field"), ".")
	w.mirror(t, object, name, get)
	assignments := w.f.table("PermissionSetAssignment")
	assigned := false
	for _, r := range assignments.rows {
		assigned = assigned || r != nil && !r.deleted && r.get(assignments.object.field("PermissionSetId").index) == get("ParentId")
	}
	if !assigned {
		return
	}
	for _, of := range w.f.tablesNamed(object) {
		fl := of.object.field(name)
		fl.hidden = get("PermissionsRead") == ""
		fl.createable, fl.updateable = get("PermissionsEdit") != "", get("PermissionsEdit") != ""
	}
	w.f.schemaChanged = w.now
}

// mirror makes of permissions on a field of Task ones on Event's, and the other way round, where both have it.
func (w *writer) mirror(t *table, object, name string, get func(string) string) {
	if w.f.options.ActivityPermissions != PermissionsMirrored || !isActivity(object) {
		return
	}
	for _, other := range w.f.tablesNamed(activity) {
		field := other.object.name + "." + name
		if other.object.field(name) != nil && !grants(t, get("ParentId"), field) {
			w.create(t, map[string]any{
				"ParentId": get("ParentId"), "SobjectType": other.object.name, "Field": field,
				"PermissionsRead": get("PermissionsRead") != "", "PermissionsEdit": get("PermissionsEdit") != "",
			})
		}
	}
}
