package gohighleveltest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// shape is one of the forms in which the vendor shows a contact.
type shape int

const (
	asRead    shape = iota // GET, PUT, upsert, duplicate lookup
	asCreated              // POST
	asFound                // rows of a search
	asListed               // rows of the deprecated list and of a business
)

const isoMillis = "2006-01-02T15:04:05.000Z"

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(isoMillis) }

// renderer writes contacts as JSON. It writes by hand: pages of 500 rows are what the Fake spends its time on.
type renderer struct {
	b          []byte
	locationID string
	shape      shape
	v3         bool
	dates      map[string]bool // custom fields that rows of a search show as epoch milliseconds
}

func (f *Fake) renderer(c *call, s shape) *renderer {
	out := &renderer{b: c.scratch[:0], locationID: c.options.LocationID, shape: s, v3: c.v3()}
	if s == asFound {
		f.location.mu.RLock()
		for _, x := range f.location.fields {
			if x.DataType == "DATE" {
				if out.dates == nil {
					out.dates = map[string]bool{}
				}
				out.dates[x.ID] = true
			}
		}
		f.location.mu.RUnlock()
	}
	return out
}

// contactReply answers with one contact; more goes behind it in the envelope.
func (f *Fake) contactReply(c *call, status int, r *row, s shape, more string) reply {
	out := f.renderer(c, s)
	out.b = append(out.b, `{"contact":`...)
	out.row(r, nil)
	out.b = append(out.b, more...)
	out.b = append(out.b, `,"traceId":"`...)
	out.b = append(out.b, f.traces.uuid()...)
	out.b = append(out.b, `"}`...)
	return reply{status: status, body: out.b}
}

func (o *renderer) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), `":`...)
}

// text writes a field that is not empty: absent means empty.
func (o *renderer) text(name, value string) {
	if value != "" {
		o.key(name)
		o.b = appendText(o.b, value)
	}
}

func (o *renderer) raw(name, value string) {
	o.key(name)
	o.b = append(o.b, value...)
}

// row writes one contact; cursor is a search row's own searchAfter.
func (o *renderer) row(r *row, cursor []byte) {
	var texts [tagTag]string
	lists := r.body
	for lists != "" {
		t, v, rest := next(lists)
		if t >= tagTag {
			break
		}
		texts[t], lists = v, rest
	}
	o.b = append(o.b, '{')
	o.text("id", texts[tagID])
	o.text("locationId", o.locationID)
	o.names(texts[tagFirstName], texts[tagLastName])
	o.text("email", texts[tagEmail])
	o.text("phone", texts[tagPhone])
	o.text("companyName", texts[tagCompanyName])
	o.text("businessId", texts[tagBusinessID])
	o.text("type", texts[tagType])
	o.text("source", texts[tagSource])
	o.text("assignedTo", texts[tagAssignedTo])
	if o.shape == asFound {
		o.text("address", texts[tagAddress1])
	} else {
		o.text("address1", texts[tagAddress1])
	}
	o.text("city", texts[tagCity])
	o.text("state", texts[tagState])
	o.text("country", texts[tagCountry])
	o.text("postalCode", texts[tagPostalCode])
	o.text("website", texts[tagWebsite])
	o.text("timezone", texts[tagTimezone])
	o.birthDate(texts[tagDateOfBirth])
	o.text("dateAdded", iso(r.added))
	o.text("dateUpdated", iso(r.updated))
	if o.shape == asRead || o.shape == asCreated {
		o.text("emailLowerCase", strings.ToLower(texts[tagEmail]))
		o.text("gender", texts[tagGender])
	}
	if o.shape == asCreated {
		o.raw("deleted", "false")
		o.raw("bounceEmail", "false")
		o.raw("unsubscribeEmail", "false")
	}
	o.rest(lists)
	if cursor != nil {
		o.key("searchAfter")
		o.b = append(o.b, cursor...)
	}
	o.b = append(o.b, '}')
}

// names writes the names: lower-cased in rows, where the real ones are called raw.
func (o *renderer) names(first, last string) {
	full := strings.TrimSpace(first + " " + last)
	lowFirst, lowLast, lowFull := strings.ToLower(first), strings.ToLower(last), strings.ToLower(full)
	switch o.shape {
	case asFound, asListed:
		o.text("contactName", lowFull)
		o.text("firstName", lowFirst)
		o.text("lastName", lowLast)
		o.text("firstNameRaw", first)
		o.text("lastNameRaw", last)
	default:
		o.text("name", full)
		o.text("firstName", first)
		o.text("lastName", last)
		o.text("fullNameLowerCase", lowFull)
	}
	if o.shape != asListed {
		o.text("firstNameLowerCase", lowFirst)
		o.text("lastNameLowerCase", lowLast)
	}
}

func (o *renderer) birthDate(date string) {
	if date == "" {
		return
	}
	if o.shape == asRead {
		o.text("dateOfBirth", date)
		return
	}
	o.text("dateOfBirth", date+"T00:00:00.000Z")
	if t, err := time.Parse(time.DateOnly, date); err == nil && o.shape == asCreated {
		o.raw("birthMonth", strconv.Itoa(int(t.Month())))
		o.raw("birthDay", strconv.Itoa(t.Day()))
	}
}

// rest writes the lists and settings from the packed fields.
func (o *renderer) rest(body string) {
	body = o.list("tags", tagTag, body, "", "")
	if o.shape == asCreated {
		body = o.list("", tagFollower, body, "", "")
		body = o.list("", tagAdditionalEmail, body, "", "")
		body = o.list("", tagAdditionalPhone, body, "", "")
	} else {
		before, after := "", ""
		if o.shape != asFound {
			before, after = `{"email":`, `}`
		}
		body = o.list("followers", tagFollower, body, "", "")
		body = o.list("additionalEmails", tagAdditionalEmail, body, before, after)
		body = o.list("additionalPhones", tagAdditionalPhone, body, "", "")
	}
	dnd := "false"
	for ; body != ""; _, _, body = next(body) {
		t, v, _ := next(body)
		if t == tagCustomField {
			break
		}
		switch {
		case t == tagDND:
			dnd = "true"
		case o.shape != asRead && o.shape != asCreated: // documented for rows too, but left out
		case t == tagDNDSettings && o.v3:
			o.raw("dndSettings", settingsOfV3(v))
		case t == tagDNDSettings:
			o.raw("dndSettings", v)
		case t == tagInboundDND:
			o.raw("inboundDndSettings", `{"all":`+v+`}`)
		}
	}
	o.raw("dnd", dnd)
	o.customFields(body)
	switch o.shape {
	case asFound:
		o.raw("opportunities", "[]")
	case asListed:
		o.raw("attributions", "[]")
	}
}

// list writes the leading fields of one tag as an array, even when there is none, and returns what follows them. With
// no name it only skips them.
func (o *renderer) list(name string, want tag, body, before, after string) string {
	if name != "" {
		o.key(name)
		o.b = append(o.b, '[')
	}
	for n := 0; body != ""; n++ {
		t, v, rest := next(body)
		if t != want {
			break
		}
		body = rest
		if name == "" {
			continue
		}
		if n > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(o.b, before...)
		o.b = appendText(o.b, v)
		o.b = append(o.b, after...)
	}
	if name != "" {
		o.b = append(o.b, ']')
	}
	return body
}

func (o *renderer) customFields(body string) {
	o.key("customFields")
	o.b = append(o.b, '[')
	for n := 0; body != ""; n++ {
		var v string
		_, v, body = next(body)
		id, value, _ := strings.Cut(v, "\x00")
		if n > 0 {
			o.b = append(o.b, ',')
		}
		if o.dates[id] {
			if t, err := time.Parse(`"`+time.DateOnly+`"`, value); err == nil {
				value = strconv.FormatInt(t.UnixMilli(), 10)
			}
		}
		o.b = append(o.b, `{"id":`...)
		o.b = appendText(o.b, id)
		o.b = append(append(append(o.b, `,"value":`...), value...), '}')
	}
	o.b = append(o.b, ']')
}

func settingsOfV3(raw string) string {
	var settings map[string]DNDSetting
	fromJSON(raw, &settings)
	out := map[string]DNDSetting{}
	for lower, channel := range channels {
		if s, there := settings[channel]; there {
			out[lower] = s
		}
	}
	return mustJSON(out)
}

// appendText writes a JSON string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
