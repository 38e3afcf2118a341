package gohighleveltest

import (
	"sync"
	"sync/atomic"
	"time"
)

// Options sets a Fake up. The zero value is a location with no limits, no lag and no faults.
type Options struct {
	Clock      func() time.Time // time.Now when nil
	LocationID string
	CompanyID  string
	// Siblings are the agency's other locations. They are there for the OAuth endpoints alone: an agency that installs the
	// app installs it in them too, and a token of theirs opens nothing here.
	Siblings     []string
	LocationName string
	Timezone     string // IANA name; America/New_York when empty
	Country      string // ISO 3166 alpha-2, the region of phone numbers without a country code; US when empty
	// AllowDuplicateContact is the location setting of that name.
	AllowDuplicateContact bool
	// DuplicateOrder is what the duplicate check looks at, in order: "email", "phone". Both when empty.
	DuplicateOrder []string
	// IndexLag is how far searches and lists lag behind writes, deletions included.
	IndexLag time.Duration
	// FindDeletedTasks lets searches for tasks go on showing the deleted ones, marked as such; nobody knows whether the
	// vendor does.
	FindDeletedTasks bool
	// LongestNote is how many characters a note may have; 0 is unlimited. The vendor documents no limit.
	LongestNote int
	// Burst is how many API requests are accepted within any BurstWindow; 0 is unlimited, the vendor allows 100.
	Burst       int
	BurstWindow time.Duration // 10 s when zero
	// Daily is how many API requests are accepted per UTC day; 0 is unlimited, the vendor allows 200,000.
	Daily        int
	ClientID     string
	ClientSecret string
	// RedirectURIs are the registered ones; any is accepted when there is none.
	RedirectURIs   []string
	AccessTokenTTL time.Duration // 86,399 s when zero
	// RefreshGrace is how long a spent refresh token still gives the pair that it was spent for; 30 s when zero.
	RefreshGrace time.Duration
	// PrivateToken is a private integration token with every scope, as "pit-…"; none when empty.
	PrivateToken string
	// Webhooks are the app's URLs, and WebhookFaults how deliveries go wrong. New panics on what SetWebhookURL or
	// SetWebhookFaults would refuse.
	Webhooks      []WebhookEndpoint
	WebhookFaults WebhookFaults
	Seed          uint64
}

// The defaults of Options.
const (
	DefaultLocationID   = "ve9EPM428h8vShlRW1KT"
	DefaultCompanyID    = "5DP4iH6HLkQsiKESj6rh"
	DefaultClientID     = "66f1c0de4be1a2b3c4d5e6f7-m1x2y3z4"
	DefaultClientSecret = "0a6f7d4e-93c1-4b52-8d07-5e1f2a3b4c5d"
)

func (o Options) withDefaults() Options {
	set := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	set(&o.LocationID, DefaultLocationID)
	set(&o.CompanyID, DefaultCompanyID)
	set(&o.LocationName, "Acme Roofing")
	set(&o.Timezone, "America/New_York")
	set(&o.Country, "US")
	set(&o.ClientID, DefaultClientID)
	set(&o.ClientSecret, DefaultClientSecret)
	if len(o.DuplicateOrder) == 0 {
		o.DuplicateOrder = []string{"email", "phone"}
	}
	if o.BurstWindow == 0 {
		o.BurstWindow = 10 * time.Second
	}
	if o.RefreshGrace == 0 {
		o.RefreshGrace = refreshGrace
	}
	if o.AccessTokenTTL == 0 {
		o.AccessTokenTTL = 86399 * time.Second
	}
	return o
}

// Fake is one HighLevel location behind the vendor's API. It is safe for concurrent use.
type Fake struct {
	clock    func() time.Time
	zone     *time.Location // of Options.Timezone
	ids      source
	traces   source
	chances  source
	contacts *contacts
	timeline *timeline
	location *location
	grants   *grants
	limits   *limits
	faults   *faults
	stats    *stats
	webhooks *webhooks

	mu       sync.Mutex // serialises changes of settings
	settings atomic.Pointer[Options]
}

// New makes an empty location. It panics on a time zone that does not exist.
func New(o Options) *Fake {
	o = o.withDefaults()
	zone, err := time.LoadLocation(o.Timezone)
	if err != nil {
		panic(err)
	}
	f := &Fake{
		clock:    o.Clock,
		zone:     zone,
		contacts: newContacts(0),
		timeline: newTimeline(),
		location: newLocation(),
		grants:   newGrants(),
		limits:   newLimits(),
		faults:   &faults{},
		stats:    newStats(o.BurstWindow),
		webhooks: newWebhooks(o),
	}
	f.ids.seed.Store(o.Seed)
	f.traces.seed.Store(o.Seed ^ 0x7ace)
	f.chances.seed.Store(o.Seed ^ 0xfa17)
	f.settings.Store(&o)
	return f
}

func (f *Fake) options() *Options { return f.settings.Load() }

// now is the present as the vendor's records know it, to the millisecond.
func (f *Fake) now() time.Time { return f.clock().UTC().Truncate(time.Millisecond) }

// LocationID returns the location's id.
func (f *Fake) LocationID() string { return f.options().LocationID }

// Timezone returns the location's time zone, as America/New_York.
func (f *Fake) Timezone() string { return f.options().Timezone }

// CompanyID returns the id of the location's agency.
func (f *Fake) CompanyID() string { return f.options().CompanyID }

// Settings are the knobs that can be turned while the Fake runs; nil leaves a knob as it is.
type Settings struct {
	AllowDuplicateContact *bool     `json:"allowDuplicateContact"`
	IndexLag              *Duration `json:"indexLag"`
	FindDeletedTasks      *bool     `json:"findDeletedTasks"`
	LongestNote           *int      `json:"longestNote"`
	Burst                 *int      `json:"burst"`
	Daily                 *int      `json:"daily"`
	AccessTokenTTL        *Duration `json:"accessTokenTTL"`
	Paused                *bool     `json:"paused"`
}

// Configure turns knobs.
func (f *Fake) Configure(s Settings) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := *f.options()
	if s.AllowDuplicateContact != nil {
		o.AllowDuplicateContact = *s.AllowDuplicateContact
	}
	if s.IndexLag != nil {
		o.IndexLag = time.Duration(*s.IndexLag)
	}
	if s.FindDeletedTasks != nil {
		o.FindDeletedTasks = *s.FindDeletedTasks
	}
	if s.LongestNote != nil {
		o.LongestNote = *s.LongestNote
	}
	if s.Burst != nil {
		o.Burst = *s.Burst
	}
	if s.Daily != nil {
		o.Daily = *s.Daily
	}
	if s.AccessTokenTTL != nil {
		o.AccessTokenTTL = time.Duration(*s.AccessTokenTTL)
	}
	f.settings.Store(&o)
	if s.Paused != nil {
		f.PauseLocation(*s.Paused)
	}
}
