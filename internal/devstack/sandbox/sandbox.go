// Package sandbox is a pair of fake CRMs with people in them, for demos, benchmarks and whole-system tests.
package sandbox

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// The custom fields that a sandbox has on both sides.
const (
	ExternalIDKey   = "contact.salesforce_id"
	ExternalIDField = "GHL_Id__c"
	PlanKey         = "contact.plan"
	PlanField       = "Plan__c"
	TagsField       = "GHL_Tags__c"
)

// Options are the knobs of the two fakes that a sandbox leaves open.
type Options struct {
	GoHighLevel gohighleveltest.Options
	Salesforce  salesforcetest.Options
}

// Sandbox is one GoHighLevel location and one Salesforce org.
type Sandbox struct {
	GoHighLevel *gohighleveltest.Fake
	Salesforce  *salesforcetest.Fake
	planID      string // GoHighLevel's id of the plan field
}

// New makes an empty sandbox whose two sides have the same custom fields.
func New(o Options) *Sandbox {
	s := &Sandbox{GoHighLevel: gohighleveltest.New(o.GoHighLevel), Salesforce: salesforcetest.New(o.Salesforce)}
	s.GoHighLevel.AddCustomField("Salesforce id", ExternalIDKey, "TEXT")
	s.planID = s.GoHighLevel.AddCustomField("Plan", PlanKey, "TEXT")
	s.Salesforce.AddCustomField("Contact", PlanField, "Text")
	s.Salesforce.AddCustomField("Contact", TagsField, "LongTextArea")
	s.Salesforce.AddCustomField("Activity", ExternalIDField, "Text", salesforcetest.Length(40), salesforcetest.ExternalID(), salesforcetest.Unique(), salesforcetest.CaseSensitive())
	return s
}

// PlanID returns the id of the plan field in GoHighLevel.
func (s *Sandbox) PlanID() string { return s.planID }

// RulesOptions are what the rules of a sandbox leave open.
type RulesOptions struct {
	Connection     string
	GoHighLevelURL string
	// Requests and Window are GoHighLevel's burst allowance; 0 requests means no limit.
	Requests int
	Window   time.Duration
	// Daily is GoHighLevel's allowance per day; 0 means no limit. BackfillShare ("50%") and Recheck are the rules' defaults
	// where they are zero.
	Daily         int
	BackfillShare string
	Recheck       time.Duration
	IndexLag      time.Duration
	// NoMarkers leaves out the external id fields, as in a CRM that has none to spare.
	NoMarkers bool
	// Kinds are those that are synced beside contacts.
	Kinds []record.Kind
	// Contacts is YAML that is put at the end of the contacts section, Fields at the end of its fields; each line of
	// either is written without the indentation of its section.
	Contacts, Fields []string
	// Extra is YAML that is put at the end of the file: further top-level sections.
	Extra string
}

// Rules returns a rules file for a sandbox.
func (s *Sandbox) Rules(o RulesOptions) []byte {
	markerKey, markerField := ExternalIDKey, ExternalIDField
	if o.NoMarkers {
		markerKey, markerField = `""`, `""`
	}
	if o.Window == 0 {
		o.Window = 10 * time.Second
	}
	daily := strconv.Itoa(o.Daily)
	if o.BackfillShare != "" {
		daily += ", backfill_share: " + o.BackfillShare
	}
	if o.Recheck != 0 {
		daily += ", recheck: " + o.Recheck.String()
	}
	file := fmt.Appendf(nil, `connection: %s
gohighlevel:
  location: %s
  base_url: %s
  external_id_field: %s
  index_lag: %s
  allowance: {requests: %d, window: %s, daily: %s}
salesforce:
  org: %s
  external_id_field: %s
contacts:
  match: [external_id, email, phone_and_last_name]
  region: US
  missing_last_name: [company, email, placeholder]
  fields:
    tags: {salesforce: %s}
    phone: {conflict: salesforce}
    custom.plan: {type: text, gohighlevel: %s, salesforce: %s, conflict: gohighlevel}
`, o.Connection, s.GoHighLevel.LocationID(), o.GoHighLevelURL, markerKey, o.IndexLag, o.Requests, o.Window, daily,
		s.Salesforce.OrgID(), markerField, TagsField, PlanKey, PlanField)
	for _, line := range o.Fields {
		file = fmt.Appendf(file, "    %s\n", line)
	}
	for _, line := range o.Contacts {
		file = fmt.Appendf(file, "  %s\n", line)
	}
	for _, kind := range o.Kinds {
		file = fmt.Appendf(file, "%ss:\n  enabled: true\n", kind)
		if kind != record.Note && !o.NoMarkers {
			file = fmt.Appendf(file, "  external_id_field: %s\n", ExternalIDField)
		}
	}
	return append(file, o.Extra...)
}

// Realistic are the vendors' own limits and lags: GoHighLevel takes 100 requests in 10 seconds and 200,000 a day, and its
// search index lags by a second.
func Realistic() Options {
	return Options{GoHighLevel: gohighleveltest.Options{
		Burst: 100, BurstWindow: 10 * time.Second, Daily: 200_000, IndexLag: time.Second,
	}}
}

// App is how a client of a fake is registered there.
type App struct{ ClientID, ClientSecret string }

// Apps returns the registered app of each fake.
func Apps() (goHighLevel, salesforce App) {
	return App{gohighleveltest.DefaultClientID, gohighleveltest.DefaultClientSecret},
		App{salesforcetest.DefaultClientID, salesforcetest.DefaultClientSecret}
}
