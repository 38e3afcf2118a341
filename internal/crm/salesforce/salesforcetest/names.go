package salesforcetest

// nameObject is what a query sees of a record that a polymorphic reference names, before it is known of which object
// the record is: the fields that the vendor's Name has.
func nameObject() *object {
	var fields []*field
	for _, f := range []field{
		{name: "Id", kind: "id", length: 18},
		{name: "Type", kind: "picklist", length: 40, column: columnType},
		{name: "IsActive", kind: "boolean"},
		{name: "Email", kind: "email", length: 80},
		{name: "Phone", kind: "phone", length: 40},
	} {
		f.ofName = true
		fields = append(fields, &f)
	}
	for _, name := range []string{"Name", "FirstName", "LastName", "Title", "Username", "Alias"} {
		fields = append(fields, &field{name: name, kind: "string", length: 255, ofName: true})
	}
	return bareObject("Name", "Name", "", false, fields...)
}

// named returns the field of a table's object that a field of Name stands for, and any other field itself; nil where
// the object has none, or hides it.
func named(t *table, leaf *field) *field {
	if !leaf.ofName || leaf.column == columnType {
		return leaf
	}
	return t.object.visibleField(leaf.name)
}
