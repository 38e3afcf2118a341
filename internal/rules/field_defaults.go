package rules

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// fieldDefault is where a contact's own field lives on both sides.
type fieldDefault struct {
	goHighLevel string
	salesforce  string // "" when the file must name one
	on          bool   // travels without being mentioned
}

var fieldDefaults = map[record.Field]fieldDefault{
	record.FirstName:    {"firstName", "FirstName", true},
	record.LastName:     {"lastName", "LastName", true},
	record.Email:        {"email", "Email", true},
	record.Phone:        {"phone", "Phone", true},
	record.Street:       {"address1", "MailingStreet", true},
	record.City:         {"city", "MailingCity", true},
	record.State:        {"state", "MailingState", true},
	record.PostalCode:   {"postalCode", "MailingPostalCode", true},
	record.Country:      {"country", "MailingCountry", true},
	record.Company:      {"companyName", "Account.Name", true},
	record.Website:      {"website", "", false},
	record.BirthDate:    {"dateOfBirth", "Birthdate", true},
	record.DoNotDisturb: {"dnd", "", false},
	record.DoNotEmail:   {"dndSettings.Email", "HasOptedOutOfEmail", false},
	record.DoNotCall:    {"dndSettings.Call", "DoNotCall", false},
	record.Tags:         {"tags", "", false},
	record.Source:       {"source", "LeadSource", false},
	record.Owner:        {"assignedTo", "OwnerId", false},
}

// goHighLevelLimits are the keys of a contact that its API does not take freely.
var goHighLevelLimits = map[string]reconcile.Limits{
	"companyName": {CreateOnly: true},
	"postalCode":  {NoClear: true},
	"country":     {NoClear: true},
	"assignedTo":  {NoClear: true},
}

// salesforceLimits returns what Salesforce does not do with a field of Contact.
func salesforceLimits(field string) reconcile.Limits {
	return reconcile.Limits{ReadOnly: readOnly(field), NoClear: slices.Contains(requiredFields, field)}
}

// defaultDirection is both ways, as far as the sides' limits let it.
func defaultDirection(salesforce reconcile.Limits) reconcile.Direction {
	if salesforce.ReadOnly {
		return reconcile.ToGoHighLevel
	}
	return reconcile.Both
}
