package gohighleveltest

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// WebhookEndpoint is one URL of the app's webhook settings.
type WebhookEndpoint struct {
	URL string `json:"url"` // http://127.0.0.1:port/…; "" takes the setting back
	// Events are the names whose deliveries go here. With none it is the app's default URL, which gets every event that
	// has no URL of its own, and alone gets INSTALL and UNINSTALL.
	Events []string `json:"events,omitempty"`
}

// The events of contacts, by the vendor's names.
const (
	ContactCreate    = "ContactCreate"
	ContactUpdate    = "ContactUpdate"
	ContactDelete    = "ContactDelete"
	ContactTagUpdate = "ContactTagUpdate"
	ContactDndUpdate = "ContactDndUpdate"
)

// The events of tasks, by the vendor's names. There is none for an edit, or for reopening one.
const (
	TaskCreate   = "TaskCreate"
	TaskComplete = "TaskComplete"
	TaskDelete   = "TaskDelete"
)

// The events of notes, by the vendor's names.
const (
	NoteCreate = "NoteCreate"
	NoteUpdate = "NoteUpdate"
	NoteDelete = "NoteDelete"
)

// The events of appointments, by the vendor's names.
const (
	AppointmentCreate = "AppointmentCreate"
	AppointmentUpdate = "AppointmentUpdate"
	AppointmentDelete = "AppointmentDelete"
)

// The events of the app itself, by the types that their payloads carry.
const (
	AppInstalled   = "INSTALL"
	AppUninstalled = "UNINSTALL"
)

// recordEvents are the events that can have a URL of their own.
var recordEvents = []string{
	ContactCreate, ContactUpdate, ContactDelete, ContactTagUpdate, ContactDndUpdate,
	TaskCreate, TaskComplete, TaskDelete, NoteCreate, NoteUpdate, NoteDelete,
	AppointmentCreate, AppointmentUpdate, AppointmentDelete,
}

// The vendor's two regimes of retrying, by the age of its documentation.
const (
	RetryOn429  = "on429"  // up to 6 more tries, evenly apart, after a 429 only; any other failure loses the delivery
	RetryNon2xx = "non2xx" // up to 12 more tries, ever further apart, after any failure
)

// Which signatures a delivery carries.
const (
	SignCurrent = "ed25519" // X-GHL-Signature
	SignLegacy  = "rsa"     // X-WH-Signature
	SignBoth    = "both"
)

// WebhookFaults says how deliveries go wrong, and how the vendor goes about them. Rates are chances of each event, from
// 0 to 1. The zero value delivers everything once, at once, and gives up as the vendor's older regime does.
type WebhookFaults struct {
	Delay Duration `json:"delay"` // before the first try
	// Reorder is a window: within it deliveries are shuffled, each waiting for a random part of it.
	Reorder   Duration `json:"reorder"`
	Drop      float64  `json:"drop"`      // never delivered
	Duplicate float64  `json:"duplicate"` // delivered once more
	// Forge adds a delivery that the vendor did not make: a changed body under the true signature, an UNINSTALL signed
	// with another key, or a changed body without a signature. It carries the true event's webhookId, and may come first.
	Forge       float64 `json:"forge"`
	NoWebhookID bool    `json:"noWebhookId"` // as for older apps
	Parallel    int     `json:"parallel"`    // deliveries at a time; 8 when 0
	Signatures  string  `json:"signatures"`  // SignCurrent when empty
	Retry       string  `json:"retry"`       // RetryOn429 when empty
	// Backoff is what the waits between tries are made from; 10 minutes when 0.
	Backoff Duration `json:"backoff"`
	Timeout Duration `json:"timeout"` // of one try; 5 seconds when 0
}

func (f WebhookFaults) validate() error {
	var problems []error
	for _, rate := range []struct {
		name  string
		value float64
	}{{"drop", f.Drop}, {"duplicate", f.Duplicate}, {"forge", f.Forge}} {
		if !(rate.value >= 0 && rate.value <= 1) {
			problems = append(problems, fmt.Errorf("webhooks: %s is %v: want a rate from 0 to 1", rate.name, rate.value))
		}
	}
	if !slices.Contains([]string{"", SignCurrent, SignLegacy, SignBoth}, f.Signatures) {
		problems = append(problems, fmt.Errorf("webhooks: no signatures %q", f.Signatures))
	}
	if !slices.Contains([]string{"", RetryOn429, RetryNon2xx}, f.Retry) {
		problems = append(problems, fmt.Errorf("webhooks: no retry regime %q", f.Retry))
	}
	if f.Parallel < 0 || f.Delay < 0 || f.Reorder < 0 || f.Backoff < 0 || f.Timeout < 0 {
		problems = append(problems, errors.New("webhooks: a number or duration is negative"))
	}
	return errors.Join(problems...)
}

func (f WebhookFaults) parallel() int {
	if f.Parallel == 0 {
		return 8
	}
	return f.Parallel
}

func (f WebhookFaults) timeout() time.Duration {
	if f.Timeout == 0 {
		return 5 * time.Second
	}
	return time.Duration(f.Timeout)
}

// furthest is how many times the base backoff the waits of RetryNon2xx may grow to.
const furthest = 64

// again returns how long to wait before the next try of a delivery that was answered with a status (0: not at all)
// after so many tries, or that there is none. chance, from 0 to 1, is the jitter.
func (f WebhookFaults) again(status, tries int, chance float64) (wait time.Duration, retry bool) {
	base := time.Duration(f.Backoff)
	if base == 0 {
		base = 10 * time.Minute
	}
	jitter := time.Duration(chance * float64(base) / 2)
	if f.Retry == RetryNon2xx {
		return base*time.Duration(min(1<<(tries-1), furthest)) + jitter, tries <= 12
	}
	return base + jitter, status == 429 && tries <= 6
}

// SetWebhookURL sets where the named events are delivered from now on, or everything when none is named, as
// WebhookEndpoint says; "" delivers them no longer. Only 127.0.0.1 is delivered to: any other host is an error, as is a
// name that the Fake has no event for.
func (f *Fake) SetWebhookURL(url string, events ...string) error {
	return f.webhooks.set(WebhookEndpoint{URL: url, Events: events})
}

// SetWebhookFaults replaces how deliveries go wrong; an error changes nothing. What is queued already keeps the fate
// that was drawn for it, and is retried under the new regime.
func (f *Fake) SetWebhookFaults(faults WebhookFaults) error {
	if err := faults.validate(); err != nil {
		return err
	}
	f.webhooks.mu.Lock()
	defer f.webhooks.mu.Unlock()
	f.webhooks.faults = faults
	f.webhooks.advance()
	return nil
}

func (e WebhookEndpoint) validate() error {
	for _, name := range e.Events {
		if !slices.Contains(recordEvents, name) {
			return fmt.Errorf("webhooks: no event %q with a URL of its own", name)
		}
	}
	if e.URL == "" {
		return nil
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	if u.Scheme != "http" || !local(u.Hostname()) {
		return fmt.Errorf("webhooks: %s is not at http://127.0.0.1", e.URL)
	}
	return nil
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip == netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
