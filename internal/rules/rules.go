// Package rules is a connection's configuration: one YAML file per connection, its defaults, the mapping between the
// vendors' documents and canonical records, and its expressions, compiled and type-checked when the file is loaded. It
// is pure.
package rules

import (
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// Rules is a loaded and checked rules file.
type Rules struct {
	// Connection is the connection's id: lower-case letters, digits and dashes, at most 40 characters.
	Connection  string
	GoHighLevel GoHighLevel
	Salesforce  Salesforce
	Contacts    Contacts
	// Tasks, Notes and Appointments belong to contacts that are synced.
	Tasks        Tasks
	Notes        Notes
	Appointments Appointments
	Users        Users
	Live         Live
	Reviews      Reviews
	NoteToTask   NoteToTask
	Retention    Retention
	// Text is the file as it was read.
	Text string
}

// GoHighLevel is the side of one location.
type GoHighLevel struct {
	Location string // the location's id
	// ExternalIDField is the key of a contact custom field ("contact.salesforce_id") that holds the Salesforce id; ""
	// when the location has none.
	ExternalIDField string
	BaseURL         string // "" means the vendor's
	Allowance       Allowance
	// IndexLag is how long the search index may lag behind a write.
	IndexLag time.Duration
}

// Salesforce is the side of one org.
type Salesforce struct {
	Org string // the org's 18 or 15 character id
	// ExternalIDField is the API name of a unique external id field on Contact that holds the GoHighLevel id; "" when
	// the org has none.
	ExternalIDField string
	APIVersion      string // "67.0"
	// AllowDuplicates saves past duplicate rules that only alert.
	AllowDuplicates bool
	Allowance       Allowance
}

// Allowance is how many API requests Tandem may send.
type Allowance struct {
	Requests int           // per Window; 0 means no limit
	Window   time.Duration // 10 s for GoHighLevel
	Daily    int           // 0 means no limit
	// BackfillShare is the share of the day that backfill may use up; above it backfill waits for the next day.
	BackfillShare float64
	// Recheck is how soon an allowance that was used up is tried again at the latest: a vendor's day need not end at
	// midnight (UTC).
	Recheck time.Duration
}

// Contacts is how contacts are kept in step.
type Contacts struct {
	Match []record.MatchTier
	// Region is the ISO country that phones without a country code belong to.
	Region string
	// MissingLastName says what stands in for a last name, which Salesforce requires, in order of preference; the
	// first one that the contact has is used.
	MissingLastName []LastNameSource
	// LastNamePlaceholder is the LastNameSource "placeholder".
	LastNamePlaceholder string
	// Filter leaves contacts out; nil keeps all.
	Filter    *Condition
	Deletions Deletions
	// Fields holds one rule per synced field, in print order. Fields under direction off are not in it.
	Fields []FieldRule
}

// LastNameSource is where a substitute for a missing last name comes from.
type LastNameSource string

// The sources. A contact that has none of those listed goes to Salesforce without a last name, and is refused there.
const (
	LastNameFromFirstName LastNameSource = "first_name"
	LastNameFromCompany   LastNameSource = "company"
	LastNameFromEmail     LastNameSource = "email"
	LastNameFromPhone     LastNameSource = "phone"
	LastNamePlaceholder   LastNameSource = "placeholder"
)

// FieldRule is how one field travels.
type FieldRule struct {
	reconcile.Policy
	Type record.Type
	// GoHighLevelKey is the key in a contact document; "customFields.contact.plan" names a custom field by its key.
	GoHighLevelKey string
	// SalesforceField is the API name; "Account.Name" reads through a relationship and is read-only.
	SalesforceField string
	// ToSalesforce and ToGoHighLevel change the value on its way; nil leaves it.
	ToSalesforce  *Transform
	ToGoHighLevel *Transform
}

// Policies returns the fields' policies, for reconcile.Decide.
func (c Contacts) Policies() []reconcile.Policy {
	out := make([]reconcile.Policy, len(c.Fields))
	for i, f := range c.Fields {
		out[i] = f.Policy
	}
	return out
}
