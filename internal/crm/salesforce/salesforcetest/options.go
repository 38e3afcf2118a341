package salesforcetest

import (
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The values of options that are left empty.
const (
	DefaultOrgID        = "00D5g00000TandmEAB"
	DefaultMyDomain     = "tandem-dev-ed"
	DefaultClientID     = "3MVG9tandem.consumer.key"
	DefaultClientSecret = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
	// DefaultUser is the username of the user for whom Tandem calls the API.
	DefaultUser = "integration@tandem.example"
)

// Options are the knobs of the fake. The zero value is a Developer edition org with an external id field and without
// faults, limits or lag.
type Options struct {
	// Clock is what time it is in the org; time.Now when nil. The Date header of each response shows it.
	Clock func() time.Time
	// OrgID is the org's id of 15 or 18 characters.
	OrgID string
	// MyDomain names the org: the JWT audience https://<MyDomain>.my.salesforce.com is accepted.
	MyDomain string
	// InstanceURL is the instance_url of token responses; derived from the request's Host when empty.
	InstanceURL string
	// APIVersions are the versions that the org answers to, as "67.0"; 60.0 to 68.0 when empty.
	APIVersions []string
	// ExternalIDField is the unique, case-sensitive external id field (text of 40) that Contact has; NoExternalID
	// for an org without custom fields; "GHL_Id__c" when empty.
	ExternalIDField string
	// VisibilityLag is how long after its SystemModstamp a written row stays unseen by queries, getUpdated,
	// getDeleted, retrieve and reads by anyone but its writer; until then they see the version before.
	VisibilityLag time.Duration
	// VisibilityLagRate is the share of writes that are late; 0 means all of them, if VisibilityLag is set.
	VisibilityLagRate float64
	// DailyRequests is how many API calls the org allows in any 24 hours; 0 means no limit. Developer edition: 15,000.
	DailyRequests int
	// APIDisabled makes each data call fail with 403 API_DISABLED_FOR_ORG, while OAuth works.
	APIDisabled bool
	// RotateRefreshTokens makes refresh tokens single use. Using a dead one again revokes the grant.
	RotateRefreshTokens bool
	// ClientID and ClientSecret are the external client app's; both empty means the defaults, an empty secret with
	// an id means a public client, which must not send one.
	ClientID, ClientSecret string
	// RedirectURIs are the app's callback URLs; when empty any absolute URL is one.
	RedirectURIs []string
	// JWTPublicKey verifies JWT bearer assertions; nil means that the app has no certificate. JWTUser is the
	// username approved for it; DefaultUser when empty.
	JWTPublicKey *rsa.PublicKey
	JWTUser      string
	// ClientCredentialsUser is the username the app runs as in the client credentials flow; "" disables the flow.
	ClientCredentialsUser string
	// SessionTTL is how long an access token works, counted from its issue, however busy it is; 0 means for ever.
	SessionTTL time.Duration
	// HiddenFields are hidden from the API user by field-level security, as "Contact.Birthdate".
	HiddenFields []string
	// DuplicateRule is Contact's duplicate rule: "" for none, "alert" (a header bypasses it) or "block".
	DuplicateRule string
	// SetupAccess lets the API user view Setup, customise the application and manage permission sets: it sees duplicate
	// rules and permission sets, of which it has one ("Tandem") beside its profile's, and creates fields by the Tooling API.
	SetupAccess bool
	// ActivityRefuses are marks that the Tooling API refuses to fields of Activity: "externalId", "unique".
	ActivityRefuses []string
	// ActivityPermissions is how field permissions of Activity's fields are kept.
	ActivityPermissions ActivityPermissions
	// RestrictedPicklists gives fields ("Contact.LeadSource") the only values they take through the API.
	RestrictedPicklists map[string][]string
	// RequireFields are fields that the org's administrator made required, as "Contact.Email".
	RequireFields []string
	// TaskStatuses are the values of Task.Status; ShippedTaskStatuses when empty.
	TaskStatuses []TaskStatus
	// NoEnhancedNotes switches Enable Notes off: the org has no ContentNote, only classic notes.
	NoEnhancedNotes bool
	// MaxRecords is how many live contacts and accounts fit in the org's storage; 0 means any number.
	MaxRecords int
	// Seed makes faults, late rows and tokens repeatable.
	Seed uint64
}

// NoExternalID as ExternalIDField stands for an org without custom fields. Starter editions have few to spare.
const NoExternalID = "none"

// Fake is one Salesforce org. All its methods may be called at the same time.
type Fake struct {
	options Options
	orgID   string // 18 characters
	apiUser uint32 // position in the User table
	person  uint32

	mu            sync.RWMutex // the org's data: everything up to the blank line
	tables        []*table
	names         *table // of no records: what polymorphic references show
	schemaChanged time.Time
	lateRows      []latePosition
	locks         map[string]time.Time // by 18-character id
	locators      locators
	rules         []validationRule
	triggers      map[string]func(map[string]any) // by object

	nextVisible atomic.Int64 // when the first late row is due, in Unix nanoseconds; 0 when none is

	auth   auth
	faults faults
	stats  stats
	usage  usage
}

type latePosition struct {
	Table string
	Pos   uint32
	Until time.Time
}

type validationRule struct {
	object, message string
	fails           func(map[string]any) bool
}

// New returns an org that holds its users and nothing else. It panics on options that contradict themselves.
func New(options Options) *Fake {
	f := &Fake{options: withDefaults(options), locks: map[string]time.Time{}}
	id15, ok := parseID(f.options.OrgID)
	if !ok {
		panic("salesforcetest: OrgID is not an id")
	}
	f.orgID = id18(id15)
	f.faults.random = rand.New(rand.NewPCG(f.options.Seed, 1))
	f.auth.random = rand.New(rand.NewPCG(f.options.Seed, 2))
	f.auth.reset()
	f.locators.reset()
	f.stats.reset()
	f.schemaChanged = f.now()
	f.names = newTable(nameObject(), idSpace{})
	for _, o := range f.objects() {
		ids := idSpace{prefix: o.prefix + id15[3:6] + "000", first: 62*62*62*10 + 1}
		if o.name == "Organization" {
			ids = idSpace{prefix: id15[:9]}
			ids.first, _ = ids.number(id15)
		}
		for _, fl := range o.fields {
			f.applySettings(o, fl)
		}
		f.tables = append(f.tables, newTable(o, ids))
	}
	if notes := f.table("ContentNote"); notes != nil {
		notes.shadowedBy(f.table("ContentDocument"))
	}
	switch f.options.DuplicateRule {
	case "":
	case "alert", "block":
		contacts := f.table("Contact")
		contacts.byPhone = phoneIndex(contacts.object)
	default:
		panic("salesforcetest: DuplicateRule is neither alert nor block")
	}
	if f.options.ExternalIDField != NoExternalID {
		f.AddCustomField("Contact", f.options.ExternalIDField, "Text", Length(40), ExternalID(), Unique(), CaseSensitive())
	}
	f.populate()
	return f
}

// objects are the org's objects. The ones that a call names most come first.
func (f *Fake) objects() []*object {
	list := []*object{
		contactObject(), accountObject(), userObject(), organizationObject(),
		leadObject(), taskObject(f.options.TaskStatuses), eventObject(), taskStatusObject(), taskPriorityObject(),
	}
	if !f.options.NoEnhancedNotes {
		// Before ContentDocument, whose ids are the same: an id by itself names the note.
		list = append(list, contentNoteObject())
	}
	list = append(list, contentDocumentObject(), contentDocumentLinkObject(), classicNoteObject())
	if f.options.SetupAccess {
		list = append(list, setupObjects()...)
	}
	return list
}

func withDefaults(o Options) Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ClientID == "" && o.ClientSecret == "" {
		o.ClientSecret = DefaultClientSecret
	}
	for _, d := range []struct {
		option *string
		value  string
	}{
		{&o.OrgID, DefaultOrgID}, {&o.MyDomain, DefaultMyDomain}, {&o.ClientID, DefaultClientID},
		{&o.JWTUser, DefaultUser}, {&o.ExternalIDField, "GHL_Id__c"},
	} {
		if *d.option == "" {
			*d.option = d.value
		}
	}
	if len(o.TaskStatuses) == 0 {
		o.TaskStatuses = ShippedTaskStatuses()
	}
	checkStatuses(o.TaskStatuses)
	if len(o.APIVersions) == 0 {
		for v := 60; v <= 68; v++ {
			o.APIVersions = append(o.APIVersions, fmt.Sprintf("%d.0", v))
		}
	}
	return o
}

// populate gives the org its users and itself.
func (f *Fake) populate() {
	user := func(name, first, last string, typ string) uint32 {
		id := f.Create("User", map[string]any{
			"Username": name, "Email": name, "FirstName": first, "LastName": last, "Alias": first[:3], "IsActive": true,
			"UserType": typ, "TimeZoneSidKey": "America/Los_Angeles", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
		})
		pos, _ := f.table("User").find(id[:15])
		return pos
	}
	f.Create("Organization", map[string]any{
		"Name": "Tandem Test Org", "OrganizationType": "Developer Edition", "InstanceName": "SWE42",
		"LanguageLocaleKey": "en_US", "TimeZoneSidKey": "America/Los_Angeles",
	})
	f.apiUser = user(DefaultUser, "Integration", "User", "Standard")
	f.person = user("sam.seller@tandem.example", "Sam", "Seller", "Standard")
	f.populateTaskValues()
	if f.options.SetupAccess {
		f.populateSetup()
	}
}

// APIUserID is the id of DefaultUser, for whom GrantToken's tokens act.
func (f *Fake) APIUserID() string { return f.table("User").id(f.apiUser) }

// PersonUserID is the id of the person on whose behalf Create, Edit, Merge, Delete and Undelete act.
func (f *Fake) PersonUserID() string { return f.table("User").id(f.person) }

// OrgID is the org's id of 18 characters.
func (f *Fake) OrgID() string { return f.orgID }

func (f *Fake) now() time.Time { return f.options.Clock().UTC() }

// table returns an object's table by its name in any case; nil when there is no such object.
func (f *Fake) table(object string) *table {
	for _, t := range f.tables {
		if strings.EqualFold(t.object.name, object) {
			return t
		}
	}
	return nil
}

// tableOf returns the table that an id's prefix names; nil when there is none.
func (f *Fake) tableOf(id15 string) *table {
	for _, t := range f.tables {
		if t.object.prefix == id15[:3] {
			return t
		}
	}
	return nil
}
