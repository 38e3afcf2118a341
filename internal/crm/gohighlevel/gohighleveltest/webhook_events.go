package gohighleveltest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// webhook is one event as the vendor logs it.
type webhook struct {
	name string // the type that its payload carries
	at   time.Time
	n    uint64 // its place among all events
	body []byte
}

// webhookPayload is the payload of every event, flat but for appointments, in the order of the vendor's samples. Empty fields are left out, so
// that a receiver cannot tell a field that was cleared from one that was never there.
type webhookPayload struct {
	Type         string                `json:"type"`
	LocationID   string                `json:"locationId,omitempty"`
	ID           string                `json:"id,omitempty"`
	Address1     string                `json:"address1,omitempty"`
	City         string                `json:"city,omitempty"`
	State        string                `json:"state,omitempty"`
	CompanyName  string                `json:"companyName,omitempty"`
	Country      string                `json:"country,omitempty"`
	Source       string                `json:"source,omitempty"`
	DateAdded    string                `json:"dateAdded,omitempty"`
	DateOfBirth  string                `json:"dateOfBirth,omitempty"`
	DND          *bool                 `json:"dnd,omitempty"`
	DNDSettings  map[string]DNDSetting `json:"dndSettings,omitempty"`
	Email        string                `json:"email,omitempty"`
	Name         string                `json:"name,omitempty"`
	FirstName    string                `json:"firstName,omitempty"`
	LastName     string                `json:"lastName,omitempty"`
	Phone        string                `json:"phone,omitempty"`
	PostalCode   string                `json:"postalCode,omitempty"`
	Tags         []string              `json:"tags,omitempty"`
	Website      string                `json:"website,omitempty"`
	AssignedTo   string                `json:"assignedTo,omitempty"`
	CustomFields []CustomValue         `json:"customFields,omitempty"`
	Body         string                `json:"body,omitempty"`
	ContactID    string                `json:"contactId,omitempty"`
	Title        string                `json:"title,omitempty"`
	DueDate      string                `json:"dueDate,omitempty"`
	Appointment  *appointmentPayload   `json:"appointment,omitempty"`

	CompanyID           string          `json:"companyId,omitempty"`
	InstallType         string          `json:"installType,omitempty"`
	UserID              string          `json:"userId,omitempty"`
	IsWhitelabelCompany *bool           `json:"isWhitelabelCompany,omitempty"`
	WhitelabelDetails   *map[string]any `json:"whitelabelDetails,omitempty"`

	Timestamp string `json:"timestamp"`
	WebhookID string `json:"webhookId,omitempty"`
	AppID     string `json:"appId"`
	VersionID string `json:"versionId"`
}

// encode writes a payload as the vendor does: < and & stand as they are, which a receiver that serialises again before
// it verifies would change.
func (p *webhookPayload) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		panic(err) // it holds nothing that JSON cannot
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func contactPayload(name, locationID string, c *Contact) *webhookPayload {
	p := &webhookPayload{
		Type: name, LocationID: locationID, ID: c.ID, Address1: c.Address1, City: c.City, State: c.State,
		CompanyName: c.CompanyName, Country: c.Country, Source: c.Source, DateAdded: iso(c.DateAdded.UnixMilli()), DND: &c.DND,
		Email: c.Email, Name: c.Name(), FirstName: c.FirstName, LastName: c.LastName, Phone: c.Phone,
		PostalCode: c.PostalCode, Tags: c.Tags, Website: c.Website, AssignedTo: c.AssignedTo, CustomFields: c.CustomFields,
	}
	if c.DateOfBirth != "" {
		p.DateOfBirth = c.DateOfBirth + "T00:00:00.000Z"
	}
	if name == ContactDndUpdate {
		p.DNDSettings = c.DNDSettings
	}
	return p
}

// announce queues the events of a contact's change; old is nil for a new contact, new for a deleted one. The caller
// holds the contacts' lock, so that events are made in the order of the changes.
func (f *Fake) announce(old, new *row) {
	if !f.webhooks.on.Load() {
		return
	}
	switch {
	case old == nil:
		f.announceAs(new, ContactCreate)
	case new == nil:
		f.announceAs(old, ContactDelete)
	default:
		before, after := old.contact(), new.contact()
		f.announceAs(new, changeEvents(&before, &after)...)
	}
}

// announceAs queues the named events of a contact. The caller holds the contacts' lock.
func (f *Fake) announceAs(r *row, names ...string) {
	if !f.webhooks.on.Load() {
		return
	}
	c := r.contact()
	for _, name := range names {
		f.emit(contactPayload(name, f.LocationID(), &c))
	}
}

// changeEvents names the events of an edit. Tags and do-not-disturb have their own; followers, the business and inbound
// do-not-disturb change in silence. A save that changes nothing is a ContactUpdate all the same.
func changeEvents(before, after *Contact) []string {
	if pack(before).body == pack(after).body {
		return []string{ContactUpdate}
	}
	var names []string
	if plain(before) != plain(after) {
		names = append(names, ContactUpdate)
	}
	if !slices.Equal(before.Tags, after.Tags) {
		names = append(names, ContactTagUpdate)
	}
	if before.DND != after.DND || mustJSON(before.DNDSettings) != mustJSON(after.DNDSettings) {
		names = append(names, ContactDndUpdate)
	}
	return names
}

// plain is what ContactUpdate is about.
func plain(c *Contact) string {
	x := *c
	x.Tags, x.Followers, x.BusinessID = nil, nil, ""
	x.DND, x.DNDSettings, x.InboundDND = false, nil, nil
	return pack(&x).body
}

// Install announces, with INSTALL, that the location installed the app. Tokens come from GrantToken or by OAuth.
func (f *Fake) Install() {
	o, no := f.options(), false
	f.emit(&webhookPayload{
		Type: AppInstalled, LocationID: o.LocationID, CompanyID: o.CompanyID, CompanyName: o.LocationName,
		InstallType: userLocation, UserID: f.ids.id(20), IsWhitelabelCompany: &no, WhitelabelDetails: &map[string]any{},
	})
}

// Uninstall takes the app out of the location: no token of the location given so far works any more, an agency's is not
// exchanged for one, and UNINSTALL is announced.
func (f *Fake) Uninstall() {
	f.grants.leave(f.LocationID())
	f.emit(&webhookPayload{Type: AppUninstalled, LocationID: f.LocationID()})
}

// UninstallCompany takes the app out of the whole agency. Its UNINSTALL names the agency and no location.
func (f *Fake) UninstallCompany() {
	f.RevokeGrant()
	f.emit(&webhookPayload{Type: AppUninstalled, CompanyID: f.CompanyID()})
}

// emit completes a payload's envelope and queues its deliveries.
func (f *Fake) emit(p *webhookPayload) {
	o := f.options()
	p.AppID, p.VersionID = appID(o.ClientID), appID(o.ClientID)
	f.webhooks.emit(p, f.now(), o.LocationID)
}

// webhookID returns the same UUID for the same event of the same location, also in another process; that a Fake was
// restored from a snapshot must not bring an id back.
func webhookID(seed, n uint64, at time.Time, locationID string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %s", seed, n, at.UnixMilli(), locationID))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// forgedBody is a payload that was tampered with on the way: the same event about another record.
func forgedBody(p webhookPayload, id string) []byte {
	switch {
	case p.Appointment != nil:
		other := *p.Appointment
		other.ID = id
		p.Appointment = &other
	case p.ID == "":
		p.LocationID = id
	default:
		p.ID = id
	}
	return p.encode()
}

// forgedUninstall is what an attacker would rather send: the end of a connection.
func forgedUninstall(p webhookPayload, locationID string) []byte {
	out := webhookPayload{
		Type: AppUninstalled, LocationID: locationID, AppID: p.AppID, VersionID: p.VersionID, WebhookID: p.WebhookID, Timestamp: p.Timestamp,
	}
	return out.encode()
}
