package gohighleveltest

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"
)

// row is one immutable version of a contact. A million of them must fit in memory, so the fields are packed into one
// string: the id first, then the fields that are not empty, in the order of their tags.
type row struct {
	added, updated int64 // epoch milliseconds
	body           string
}

// tag names a packed field. The values are part of snapshots.
type tag byte

const (
	tagID tag = iota
	tagFirstName
	tagLastName
	tagEmail
	tagPhone
	tagCompanyName
	tagBusinessID
	tagType
	tagSource
	tagAssignedTo
	tagAddress1
	tagCity
	tagState
	tagCountry
	tagPostalCode
	tagWebsite
	tagTimezone
	tagGender
	tagDateOfBirth
	tagTag
	tagFollower
	tagAdditionalEmail
	tagAdditionalPhone
	tagDND
	tagDNDSettings
	tagInboundDND
	tagCustomField // id, NUL, JSON value
)

// strings lists the plain text fields with their tags.
func (c *Contact) strings() [18]*string {
	return [18]*string{
		&c.FirstName, &c.LastName, &c.Email, &c.Phone, &c.CompanyName, &c.BusinessID, &c.Type, &c.Source, &c.AssignedTo,
		&c.Address1, &c.City, &c.State, &c.Country, &c.PostalCode, &c.Website, &c.Timezone, &c.Gender, &c.DateOfBirth,
	}
}

func (c *Contact) lists() [4]*[]string {
	return [4]*[]string{&c.Tags, &c.Followers, &c.AdditionalEmails, &c.AdditionalPhones}
}

func appendField(b []byte, t tag, s string) []byte {
	if s == "" {
		return b
	}
	b = append(b, byte(t))
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// pack makes a row of a contact.
func pack(c *Contact) *row {
	b := make([]byte, 0, 256)
	b = appendField(b, tagID, c.ID)
	for i, s := range c.strings() {
		b = appendField(b, tagFirstName+tag(i), *s)
	}
	for i, l := range c.lists() {
		for _, s := range *l {
			b = appendField(b, tagTag+tag(i), s)
		}
	}
	if c.DND {
		b = appendField(b, tagDND, "1")
	}
	if len(c.DNDSettings) > 0 {
		b = appendField(b, tagDNDSettings, mustJSON(c.DNDSettings))
	}
	if c.InboundDND != nil {
		b = appendField(b, tagInboundDND, mustJSON(c.InboundDND))
	}
	for _, v := range c.CustomFields {
		b = appendField(b, tagCustomField, v.ID+"\x00"+mustJSON(v.Value))
	}
	return &row{added: c.DateAdded.UnixMilli(), updated: c.DateUpdated.UnixMilli(), body: string(b)}
}

// mustJSON encodes what this package built itself or decoded from JSON, which always encodes.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// next splits the first field off a packed body.
func next(body string) (t tag, value, rest string) {
	t = tag(body[0])
	n, i := uint64(0), 1
	for shift := 0; ; shift += 7 {
		c := body[i]
		i++
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return t, body[i : i+int(n)], body[i+int(n):]
}

func (r *row) id() string {
	_, id, _ := next(r.body)
	return id
}

// get returns the first value of a field, "" when it is empty.
func (r *row) get(want tag) string {
	for body := r.body; body != ""; {
		t, v, rest := next(body)
		if t == want {
			return v
		}
		if t > want {
			break
		}
		body = rest
	}
	return ""
}

// each calls f with every value of a field until f returns false.
func (r *row) each(want tag, f func(string) bool) {
	for body := r.body; body != ""; {
		t, v, rest := next(body)
		if t > want || t == want && !f(v) {
			return
		}
		body = rest
	}
}

// contact unpacks a row.
func (r *row) contact() Contact {
	c := Contact{DateAdded: time.UnixMilli(r.added).UTC(), DateUpdated: time.UnixMilli(r.updated).UTC()}
	texts, lists := c.strings(), c.lists()
	for body := r.body; body != ""; {
		var t tag
		var v string
		t, v, body = next(body)
		switch {
		case t == tagID:
			c.ID = v
		case t <= tagDateOfBirth:
			*texts[t-tagFirstName] = v
		case t <= tagAdditionalPhone:
			l := lists[t-tagTag]
			*l = append(*l, v)
		case t == tagDND:
			c.DND = true
		case t == tagDNDSettings:
			fromJSON(v, &c.DNDSettings)
		case t == tagInboundDND:
			fromJSON(v, &c.InboundDND)
		case t == tagCustomField:
			id, raw, _ := strings.Cut(v, "\x00")
			custom := CustomValue{ID: id}
			fromJSON(raw, &custom.Value)
			c.CustomFields = append(c.CustomFields, custom)
		}
	}
	return c
}

// fromJSON decodes what mustJSON encoded.
func fromJSON(s string, v any) {
	if err := json.Unmarshal([]byte(s), v); err != nil {
		panic(err)
	}
}
