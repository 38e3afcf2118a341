package gohighleveltest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Contact is a contact as the location stores it. The JSON form, used by the admin API, has the vendor's field names.
type Contact struct {
	ID               string                `json:"id,omitempty"`
	FirstName        string                `json:"firstName,omitempty"`
	LastName         string                `json:"lastName,omitempty"`
	Email            string                `json:"email,omitempty"`
	Phone            string                `json:"phone,omitempty"`
	CompanyName      string                `json:"companyName,omitempty"`
	BusinessID       string                `json:"businessId,omitempty"`
	Type             string                `json:"type,omitempty"` // "lead" when empty
	Source           string                `json:"source,omitempty"`
	AssignedTo       string                `json:"assignedTo,omitempty"`
	Address1         string                `json:"address1,omitempty"`
	City             string                `json:"city,omitempty"`
	State            string                `json:"state,omitempty"`
	Country          string                `json:"country,omitempty"`
	PostalCode       string                `json:"postalCode,omitempty"`
	Website          string                `json:"website,omitempty"`
	Timezone         string                `json:"timezone,omitempty"`
	Gender           string                `json:"gender,omitempty"`
	DateOfBirth      string                `json:"dateOfBirth,omitempty"` // 2006-01-02
	Tags             []string              `json:"tags,omitempty"`
	Followers        []string              `json:"followers,omitempty"`
	AdditionalEmails []string              `json:"additionalEmails,omitempty"`
	AdditionalPhones []string              `json:"additionalPhones,omitempty"`
	DND              bool                  `json:"dnd,omitempty"`
	DNDSettings      map[string]DNDSetting `json:"dndSettings,omitempty"` // by Call, Email, SMS, WhatsApp, GMB, FB
	InboundDND       *DNDSetting           `json:"inboundDndSettings,omitempty"`
	CustomFields     []CustomValue         `json:"customFields,omitempty"`
	DateAdded        time.Time             `json:"dateAdded,omitzero"`   // milliseconds; now when zero
	DateUpdated      time.Time             `json:"dateUpdated,omitzero"` // milliseconds; DateAdded when zero
}

// DNDSetting is one channel's do-not-disturb state; Status "active" means blocked.
type DNDSetting struct {
	Status  string `json:"status"` // active, inactive or permanent
	Message string `json:"message,omitempty"`
	Code    string `json:"code,omitempty"`
}

// CustomValue is the value of one custom field: a string, a number (float64), a list of strings, or an object.
type CustomValue struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// Name is the contact's full name.
func (c *Contact) Name() string {
	return strings.TrimSpace(c.FirstName + " " + c.LastName)
}

// custom returns the position of a custom field's value, -1 when it has none.
func (c *Contact) custom(id string) int {
	return slices.IndexFunc(c.CustomFields, func(v CustomValue) bool { return v.ID == id })
}

// setCustom replaces one custom field's value; nil removes it. The slice is copied, never changed in place.
func (c *Contact) setCustom(id string, value any) {
	values := slices.Clone(c.CustomFields)
	i := slices.IndexFunc(values, func(v CustomValue) bool { return v.ID == id })
	switch {
	case value == nil && i >= 0:
		values = slices.Delete(values, i, i+1)
	case value == nil:
	case i >= 0:
		values[i].Value = value
	default:
		values = append(values, CustomValue{ID: id, Value: value})
	}
	c.CustomFields = values
}

// textField returns the plain text field of that name, nil when there is none.
func textField(c *Contact, key string) *string {
	switch key {
	case "firstName":
		return &c.FirstName
	case "lastName":
		return &c.LastName
	case "email":
		return &c.Email
	case "phone":
		return &c.Phone
	case "companyName":
		return &c.CompanyName
	case "businessId":
		return &c.BusinessID
	case "type":
		return &c.Type
	case "source":
		return &c.Source
	case "assignedTo":
		return &c.AssignedTo
	case "address1":
		return &c.Address1
	case "city":
		return &c.City
	case "state":
		return &c.State
	case "country":
		return &c.Country
	case "postalCode":
		return &c.PostalCode
	case "website":
		return &c.Website
	case "timezone":
		return &c.Timezone
	case "gender":
		return &c.Gender
	case "dateOfBirth":
		return &c.DateOfBirth
	}
	return nil
}

// normalise brings a contact into the form in which the vendor stores it.
func (c *Contact) normalise(region string) {
	c.Phone = normalisePhone(c.Phone, region)
	c.Email = strings.TrimSpace(c.Email)
	c.Tags = normaliseTags(c.Tags)
	if c.Type == "" {
		c.Type = "lead"
	}
}

// normaliseTags folds case, trims and drops doubles, keeping the order.
func normaliseTags(tags []string) []string {
	out := make([]string, 0, len(tags))
	for _, t := range tags {
		t = strings.ToLower(strings.TrimSpace(t))
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// normalisePhone writes a phone number as E.164 where it can be read as one, and leaves it alone otherwise.
func normalisePhone(phone, region string) string {
	phone = strings.TrimSpace(phone)
	if phone == "" || isE164(phone) {
		return phone
	}
	number, err := phonenumbers.Parse(phone, region)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return phone
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}

func isE164(s string) bool {
	if len(s) < 9 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, r := range s[1:] {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

var (
	birthDateLayouts    = []string{"2006-1-2", "1-2-2006", time.RFC3339}
	birthDateSeparators = strings.NewReplacer("/", "-", ".", "-", "_", "-")
)

// parseBirthDate reads the vendor's input forms, all with a four-digit year, into 2006-01-02.
func parseBirthDate(s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) <= len(time.DateOnly) {
		s = birthDateSeparators.Replace(s)
	}
	for _, layout := range birthDateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Format(time.DateOnly), nil
		}
	}
	return "", fmt.Errorf("not a date")
}
