package salesforcetest

func systemFields() []*field {
	return []*field{
		{name: "Id", kind: "id", length: 18, column: columnID, idLookup: true},
		{name: "IsDeleted", kind: "boolean", label: "Deleted", column: columnDeleted},
		{name: "CreatedDate", kind: "datetime", column: columnCreated},
		{name: "CreatedById", kind: "reference", length: 18, column: columnCreatedBy, refersTo: "User", relationship: "CreatedBy"},
		{name: "LastModifiedDate", kind: "datetime", column: columnModified},
		{name: "LastModifiedById", kind: "reference", length: 18, column: columnModifiedBy, refersTo: "User", relationship: "LastModifiedBy"},
		{name: "SystemModstamp", kind: "datetime", column: columnStamp},
	}
}

func writable(f field) *field {
	f.createable, f.updateable = true, true
	return &f
}

func text(name string, length int) *field {
	return writable(field{name: name, kind: "string", length: length})
}

func typed(name, kind string, length int) *field {
	return writable(field{name: name, kind: kind, length: length})
}

func picklist(name string, values ...string) *field {
	return writable(field{name: name, kind: "picklist", length: 255, values: values})
}

func reference(name, to, relationship string) *field {
	return writable(field{name: name, kind: "reference", length: 18, refersTo: to, relationship: relationship})
}

func owner() *field {
	f := reference("OwnerId", "User", "Owner")
	f.column = columnOwner
	return f
}

func master(object string) *field {
	return &field{name: "MasterRecordId", kind: "reference", length: 18, refersTo: object, relationship: "MasterRecord"}
}

func address(prefix string) []*field {
	return []*field{
		typed(prefix+"Street", "textarea", 255),
		text(prefix+"City", 40),
		text(prefix+"State", 80),
		text(prefix+"PostalCode", 20),
		text(prefix+"Country", 80),
		{name: prefix + "Address", kind: "address", column: columnAddress},
	}
}

func personName(salutations ...string) []*field {
	last := text("LastName", 80)
	last.required = true
	return []*field{
		last,
		text("FirstName", 40),
		picklist("Salutation", salutations...),
		text("MiddleName", 40),
		text("Suffix", 40),
		{name: "Name", label: "Full Name", kind: "string", length: 121, column: columnName},
	}
}

var (
	leadSources = []string{"Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"}
	salutations = []string{"Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."}
)

func contactObject() *object {
	fields := personName(salutations...)
	fields = append(fields, master("Contact"), reference("AccountId", "Account", "Account"))
	fields = append(fields, address("Other")...)
	fields = append(fields, address("Mailing")...)
	email := typed("Email", "email", 80)
	email.idLookup = true
	fields = append(fields,
		typed("Phone", "phone", 40),
		typed("Fax", "phone", 40),
		typed("MobilePhone", "phone", 40),
		typed("HomePhone", "phone", 40),
		typed("OtherPhone", "phone", 40),
		typed("AssistantPhone", "phone", 40),
		reference("ReportsToId", "Contact", "ReportsTo"),
		email,
		text("Title", 128),
		text("Department", 80),
		text("AssistantName", 40),
		picklist("LeadSource", leadSources...),
		typed("Birthdate", "date", 0),
		typed("Description", "textarea", 32000),
		owner(),
		typed("HasOptedOutOfEmail", "boolean", 0),
		typed("HasOptedOutOfFax", "boolean", 0),
		typed("DoNotCall", "boolean", 0),
		&field{name: "LastActivityDate", kind: "date"},
	)
	return newObject("Contact", "Contact", "003", true, fields...)
}

func accountObject() *object {
	name := text("Name", 255)
	name.label, name.required = "Account Name", true
	fields := []*field{
		master("Account"), name,
		picklist("Type", "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Other"),
		reference("ParentId", "Account", "Parent"),
	}
	fields = append(fields, address("Billing")...)
	fields = append(fields, address("Shipping")...)
	fields = append(fields,
		typed("Phone", "phone", 40),
		typed("Fax", "phone", 40),
		text("AccountNumber", 40),
		typed("Website", "url", 255),
		picklist("Industry", "Agriculture", "Banking", "Consulting", "Education", "Technology", "Other"),
		typed("AnnualRevenue", "currency", 0),
		typed("NumberOfEmployees", "int", 0),
		typed("Description", "textarea", 32000),
		owner(),
	)
	return newObject("Account", "Account", "001", true, fields...)
}

const leadPrefix = "00Q"

func leadObject() *object {
	company := text("Company", 255)
	company.required = true
	fields := append(personName(salutations...), master("Lead"), company,
		typed("Email", "email", 80), typed("Phone", "phone", 40), text("Title", 128),
		picklist("Status", "Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"), owner())
	return newObject("Lead", "Lead", leadPrefix, true, fields...)
}

func userObject() *object {
	fields := append(personName(),
		text("Username", 80),
		typed("Email", "email", 128),
		text("Alias", 8),
		text("Title", 80),
		typed("Phone", "phone", 40),
		typed("IsActive", "boolean", 0),
		picklist("UserType", "Standard", "AutomatedProcess"),
		picklist("TimeZoneSidKey"),
		picklist("LocaleSidKey"),
		picklist("LanguageLocaleKey"),
		text("FederationIdentifier", 512),
	)
	return newObject("User", "User", "005", false, fields...)
}

func organizationObject() *object {
	o := newObject("Organization", "Organization", "00D", false,
		text("Name", 80),
		picklist("OrganizationType"),
		text("InstanceName", 5),
		typed("IsSandbox", "boolean", 0),
		picklist("LanguageLocaleKey"),
		picklist("TimeZoneSidKey"),
	)
	o.refuses = noReplication | noCustomFields
	return o
}
