package gohighleveltest

import (
	"regexp"
	"slices"
	"strings"
)

// writeForm is what one write operation takes. Whatever is wrong refuses the whole write.
type writeForm struct {
	rejected []string // of the fields that other writes take
	nullable []string
	extra    []string
}

var (
	textKeys = []string{
		"firstName", "lastName", "name", "email", "phone", "companyName", "gender", "address1", "city", "state", "website",
		"timezone", "postalCode", "country", "source", "assignedTo",
	}
	otherKeys = []string{"locationId", "dateOfBirth", "dnd", "dndSettings", "inboundDndSettings", "tags", "customFields"}

	clearable = []string{
		"firstName", "lastName", "name", "email", "phone", "address1", "city", "state", "website", "timezone", "dateOfBirth", "companyName",
	}
	createForm = writeForm{nullable: clearable}
	upsertForm = writeForm{nullable: clearable, extra: []string{"createNewIfDuplicateAllowed"}}
	updateForm = writeForm{
		rejected: []string{"locationId", "companyName", "gender"},
		nullable: append([]string{"source", "assignedTo"}, clearable...),
	}
)

// contactWrite is a validated body: changes in order, and the identities it names.
type contactWrite struct {
	changes      []func(*Contact)
	email, phone string // normalised; "" when not named
	tags         []string
	force        bool // createNewIfDuplicateAllowed
	locationID   string
}

func (w *contactWrite) apply(c *Contact) {
	for _, change := range w.changes {
		change(c)
	}
}

func (w *contactWrite) then(change func(*Contact)) { w.changes = append(w.changes, change) }

// parse validates the body of a write.
func (f *Fake) parse(c *call, form writeForm) (*contactWrite, []string) {
	v := &validator{body: c.body}
	known := slices.DeleteFunc(slices.Concat(textKeys, otherKeys, form.extra), func(k string) bool {
		return slices.Contains(form.rejected, k)
	})
	v.only(known...)
	w := &contactWrite{}
	if slices.Contains(known, "locationId") {
		w.locationID = v.text("locationId", required)
	}
	for _, key := range textKeys {
		if value, named := c.body[key]; named && slices.Contains(known, key) {
			f.parseText(c, v, w, form, key, value)
		}
	}
	f.parseBirthDate(v, w)
	parseDND(v, w)
	if _, named := c.body["tags"]; named {
		w.tags = normaliseTags(v.texts("tags", required))
		w.then(func(c *Contact) { c.Tags = w.tags })
	}
	f.parseCustomFields(v, w)
	if x, named := c.body["createNewIfDuplicateAllowed"]; named {
		if force, isBool := x.(bool); isBool {
			w.force = force
		} else if len(form.extra) > 0 {
			v.fail("createNewIfDuplicateAllowed must be a boolean value")
		}
	}
	return w, v.problems
}

var (
	countryCode = regexp.MustCompile(`^[A-Za-z]{2}$`)
	address     = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
)

func (f *Fake) parseText(c *call, v *validator, w *contactWrite, form writeForm, key string, value any) {
	if value == nil && slices.Contains(form.nullable, key) {
		w.then(func(c *Contact) { setText(c, key, "") })
		return
	}
	s, isText := value.(string)
	if !isText {
		v.fail("%s must be a string", key)
		return
	}
	s = strings.TrimSpace(s)
	if s == "" { // the vendor neither refuses nor stores it
		return
	}
	switch key {
	case "name":
		if c.body["firstName"] != nil || c.body["lastName"] != nil {
			return
		}
	case "email":
		if !address.MatchString(s) {
			v.fail("email must be an email")
		}
		w.email = strings.ToLower(s)
	case "phone":
		s = normalisePhone(s, c.options.Country)
		w.phone = s
	case "country":
		if !countryCode.MatchString(s) {
			v.fail("country must be a valid ISO31661 Alpha2 code")
		}
	}
	w.then(func(c *Contact) { setText(c, key, s) })
}

func setText(c *Contact, key, s string) {
	if key == "name" {
		c.FirstName, c.LastName, _ = strings.Cut(s, " ")
		c.LastName = strings.TrimSpace(c.LastName)
		return
	}
	*textField(c, key) = s
}

func (f *Fake) parseBirthDate(v *validator, w *contactWrite) {
	value, named := v.body["dateOfBirth"]
	switch s, isText := value.(string); {
	case !named || isText && strings.TrimSpace(s) == "":
	case value == nil:
		w.then(func(c *Contact) { c.DateOfBirth = "" })
	case !isText:
		v.fail("dateOfBirth must be a string")
	default:
		date, err := parseBirthDate(s)
		if err != nil {
			v.fail("dateOfBirth must be a valid date")
		}
		w.then(func(c *Contact) { c.DateOfBirth = date })
	}
}

// channels names the channels of dndSettings in the older versions by the names of v3.
var channels = map[string]string{"call": "Call", "email": "Email", "sms": "SMS", "whatsApp": "WhatsApp", "gmb": "GMB", "fb": "FB"}

func parseDND(v *validator, w *contactWrite) {
	if value, named := v.body["dnd"]; named {
		dnd, isBool := value.(bool)
		if !isBool {
			v.fail("dnd must be a boolean value")
		}
		w.then(func(c *Contact) { c.DND = dnd })
	}
	if value, named := v.body["dndSettings"]; named {
		settings := map[string]DNDSetting{}
		object, isObject := value.(map[string]any)
		if !isObject {
			v.fail("dndSettings must be an object")
		}
		for key, x := range object {
			channel, known := channels[key]
			if !known {
				channel = key
			}
			if !slices.Contains([]string{"Call", "Email", "SMS", "WhatsApp", "GMB", "FB"}, channel) {
				v.fail("dndSettings.property %s should not exist", key)
				continue
			}
			settings[channel] = parseSetting(v, "dndSettings."+key, x, "active", "inactive", "permanent")
		}
		w.then(func(c *Contact) { c.DNDSettings = mergeDND(c.DNDSettings, settings) })
	}
	if value, named := v.body["inboundDndSettings"]; named {
		object, isObject := value.(map[string]any)
		if !isObject || len(object) != 1 || object["all"] == nil {
			v.fail("inboundDndSettings.all must be an object")
			return
		}
		all := parseSetting(v, "inboundDndSettings.all", object["all"], "active", "inactive")
		w.then(func(c *Contact) { c.InboundDND = &all })
	}
}

func parseSetting(v *validator, key string, value any, statuses ...string) DNDSetting {
	object, isObject := value.(map[string]any)
	inner := &validator{body: object}
	s := DNDSetting{Status: inner.text("status", optional), Message: inner.text("message", optional), Code: inner.text("code", optional)}
	inner.only("status", "message", "code")
	if !isObject || !slices.Contains(statuses, s.Status) {
		inner.fail("status must be one of the following values: %s", strings.Join(statuses, ", "))
	}
	for _, p := range inner.problems {
		v.fail("%s.%s", key, p)
	}
	return s
}

// mergeDND sets channels one by one; a permanent block, which a STOP reply set, stays.
func mergeDND(old, changes map[string]DNDSetting) map[string]DNDSetting {
	out := map[string]DNDSetting{}
	for channel, s := range old {
		out[channel] = s
	}
	for channel, s := range changes {
		if out[channel].Status != "permanent" {
			out[channel] = s
		}
	}
	return out
}
