package rules

import (
	"regexp"
	"slices"
	"strings"
)

var (
	apiName        = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(__?[A-Za-z0-9]+)*$`)
	customFieldKey = regexp.MustCompile(`^contact\.[^\s.{}"']{1,200}$`)
)

// standardFields are fields of Contact under their standard API names, whose spelling can be checked without an org.
var standardFields = []string{
	"Id", "AccountId", "AssistantName", "AssistantPhone", "Birthdate", "CleanStatus", "CreatedById", "CreatedDate",
	"Department", "Description", "DoNotCall", "Email", "EmailBouncedDate", "EmailBouncedReason", "Fax", "FirstName",
	"HasOptedOutOfEmail", "HasOptedOutOfFax", "HomePhone", "IndividualId", "IsDeleted", "IsEmailBounced",
	"IsPersonAccount", "LastActivityDate", "LastModifiedById", "LastModifiedDate", "LastName", "LastReferencedDate",
	"LastViewedDate", "LeadSource", "MailingAddress", "MailingCity", "MailingCountry", "MailingCountryCode",
	"MailingPostalCode", "MailingState", "MailingStateCode", "MailingStreet", "MasterRecordId", "MiddleName",
	"MobilePhone", "Name", "OtherAddress", "OtherCity", "OtherCountry", "OtherPhone", "OtherPostalCode", "OtherState",
	"OtherStreet", "OwnerId", "Phone", "PhotoUrl", "RecordTypeId", "ReportsToId", "Salutation", "Suffix",
	"SystemModstamp", "Title",
}

// compoundFields are made of other fields and have no text of their own.
var compoundFields = []string{"MailingAddress", "OtherAddress"}

// readOnlyFields are kept by Salesforce itself.
var readOnlyFields = []string{
	"Id", "CleanStatus", "CreatedById", "CreatedDate", "IsDeleted", "IsEmailBounced", "IsPersonAccount",
	"LastActivityDate", "LastModifiedById", "LastModifiedDate", "LastReferencedDate", "LastViewedDate",
	"MasterRecordId", "Name", "PhotoUrl", "SystemModstamp",
}

// checkboxFields are those that are true or false and may be written.
var checkboxFields = []string{"DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax"}

// requiredFields cannot be emptied.
var requiredFields = []string{"LastName", "OwnerId"}

// checkAPIName returns what is wrong with the API name of a field of Contact, or of a field of a related record as
// Account.Name; "" when nothing is.
func checkAPIName(name string) string {
	const deepestRelationship = 5
	parts := strings.Split(name, ".")
	if len(parts) > deepestRelationship+1 {
		return "it follows too many relationships"
	}
	for i, part := range parts {
		pieces := strings.Split(part, "__")
		suffix := pieces[len(pieces)-1]
		switch {
		case !apiName.MatchString(part) || len(pieces) > 3:
			return "an API name has letters, digits and underscores, as MobilePhone, Plan__c or Account.Name"
		case i < len(parts)-1 && len(pieces) > 1 && suffix != "r":
			return "a custom relationship ends in __r, as " + strings.TrimSuffix(part, "__"+suffix) + "__r"
		case i == len(parts)-1 && len(pieces) > 1 && !slices.Contains([]string{"c", "pc", "s"}, suffix):
			return "a custom field's API name ends in __c"
		}
	}
	if len(parts) > 1 {
		return ""
	}
	if slices.Contains(compoundFields, name) {
		return "it is made of several fields; name one of those, as " + strings.TrimSuffix(name, "Address") + "Street"
	}
	for _, standard := range standardFields {
		if strings.EqualFold(standard, name) && standard != name {
			return "Salesforce spells it " + standard
		}
	}
	return ""
}

// readOnly tells whether Salesforce never takes a value for the field.
func readOnly(field string) bool {
	return strings.Contains(field, ".") || slices.Contains(readOnlyFields, field)
}

// checkCustomFieldKey reports a text that is not the key of a GoHighLevel contact custom field.
func checkCustomFieldKey(v value, key string) bool {
	if customFieldKey.MatchString(key) {
		return true
	}
	bare := strings.TrimPrefix(strings.Trim(key, "{} "), "contact.")
	if suggestion := "contact." + bare; customFieldKey.MatchString(suggestion) {
		v.problem("%s is not the key of a contact custom field; did you mean %s?", quoted(key), suggestion)
	} else {
		v.problem("%s is not the key of a contact custom field, as contact.plan", quoted(key))
	}
	return false
}
