package rules

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// Directory is what a connection's two CRMs say about themselves that the mapping needs: custom fields are written by
// id, and owners are people with an e-mail address and another id on each side.
type Directory struct {
	CustomFieldIDs   map[string]string // GoHighLevel custom field key ("contact.plan") -> id
	GoHighLevelUsers map[string]string // user id -> e-mail
	SalesforceUsers  map[string]string // user id -> e-mail, active users only
}

// Mapper turns the vendors' documents into canonical records and decided writes into the vendors' documents. It is
// safe for concurrent use.
type Mapper struct {
	rules      *Rules
	normaliser record.Normaliser
	directory  Directory
	fieldOf    map[record.Field]FieldRule
	userIDs    map[record.Side]map[string]string // e-mail -> user id
	keyOf      map[string]string                 // custom field id -> key
}

// Mapper returns the mapping of these rules over a directory.
func (r *Rules) Mapper(d Directory) *Mapper {
	m := &Mapper{
		rules: r, normaliser: record.Normaliser{Region: r.Contacts.Region}, directory: d,
		fieldOf: map[record.Field]FieldRule{}, keyOf: map[string]string{},
		userIDs: map[record.Side]map[string]string{
			record.GoHighLevel: invert(d.GoHighLevelUsers), record.Salesforce: invert(d.SalesforceUsers),
		},
	}
	for _, f := range r.Contacts.Fields {
		m.fieldOf[f.Field] = f
	}
	for key, id := range d.CustomFieldIDs {
		m.keyOf[id] = key
	}
	return m
}

func invert(users map[string]string) map[string]string {
	out := make(map[string]string, len(users))
	for id, email := range users {
		email = strings.ToLower(email)
		if other, twice := out[email]; !twice || id < other {
			out[email] = id
		}
	}
	return out
}

// Included tells whether the connection's filter keeps a record.
func (m *Mapper) Included(r record.Record) (bool, error) {
	if m.rules.Contacts.Filter == nil {
		return true, nil
	}
	return m.rules.Contacts.Filter.Match(r)
}

// Marks tells whether what is created on a side carries the id of its other half: the rules name a field for it, and
// the location has that field.
func (m *Mapper) Marks(side record.Side) bool {
	if side == record.Salesforce {
		return m.rules.Salesforce.ExternalIDField != ""
	}
	return m.markerID() != ""
}

// markerID returns the id of the GoHighLevel custom field for the Salesforce id, "" where there is none.
func (m *Mapper) markerID() string {
	if key := m.rules.GoHighLevel.ExternalIDField; key != "" {
		return m.directory.CustomFieldIDs[key]
	}
	return ""
}

// Project returns what a side should hold so that it agrees with a field of from: the rule's transform, then what that
// side's API can take at all. It is the Project of reconcile.Input.
func (m *Mapper) Project(to record.Side, field record.Field, from *record.Record) record.Value {
	v := from.Fields[field]
	rule := m.fieldOf[field]
	transform := rule.ToSalesforce
	if to == record.GoHighLevel {
		transform = rule.ToGoHighLevel
	}
	if transform != nil {
		if changed, err := transform.Apply(v, *from); err == nil {
			v = m.normalise(rule, changed)
		}
	}
	switch {
	case field == record.LastName && to == record.Salesforce && v.Empty():
		return m.lastNameStandIn(from)
	case field == record.Country && to == record.GoHighLevel && record.CountryName(v.Text()) == v.Text():
		return nil // GoHighLevel takes ISO codes only
	case field == record.Phone && to == record.GoHighLevel:
		number, _, _ := strings.Cut(v.Text(), ";ext=")
		return record.Scalar(number) // GoHighLevel keeps no extensions
	case field == record.Owner && m.userIDs[to][v.Text()] == "":
		return nil // nobody on that side has this address
	}
	return v
}

func (m *Mapper) normalise(rule FieldRule, v record.Value) record.Value {
	if rule.Set {
		return m.normaliser.NormaliseSet(v)
	}
	return m.normaliser.Normalise(rule.Type, v.Text())
}

// lastNameStandIn returns what Salesforce gets for a contact without a last name.
func (m *Mapper) lastNameStandIn(from *record.Record) record.Value {
	for _, source := range m.rules.Contacts.MissingLastName {
		var text string
		switch source {
		case LastNameFromFirstName:
			text = from.Fields[record.FirstName].Text()
		case LastNameFromCompany:
			text = from.Fields[record.Company].Text()
		case LastNameFromEmail:
			text, _, _ = strings.Cut(from.Fields[record.Email].Text(), "@")
		case LastNameFromPhone:
			text = from.Fields[record.Phone].Text()
		case LastNamePlaceholder:
			text = m.rules.Contacts.LastNamePlaceholder
		}
		if text = strings.TrimSpace(text); text != "" {
			return record.Scalar(text)
		}
	}
	return nil
}

// rawText returns the text of a JSON scalar; ok is false for null and for anything that is not a scalar.
func rawText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int:
		return strconv.Itoa(v), true
	}
	return "", false
}

// rawTexts returns the texts of a JSON array of scalars or of objects with one of the given keys, or of one scalar.
func rawTexts(v any, keys ...string) []string {
	items, ok := v.([]any)
	if !ok {
		if texts, ok := v.([]string); ok {
			return texts
		}
		items = []any{v}
	}
	var out []string
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			for _, key := range keys {
				if text, ok := rawText(object[key]); ok {
					out = append(out, text)
					break
				}
			}
		} else if text, ok := rawText(item); ok {
			out = append(out, text)
		}
	}
	return out
}

// timeLayouts are the vendors' instants.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.000Z0700"}

// parseTime reads an instant as a vendor sends it: ISO with or without a colon in the offset, or epoch milliseconds.
// The zero time stands for anything else.
func parseTime(v any) time.Time {
	text, ok := rawText(v)
	if !ok {
		return time.Time{}
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 && ms < 1<<45 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

// values reads one mapped field's raw JSON.
func (m *Mapper) values(rule FieldRule, raw any) record.Value {
	texts := rawTexts(raw, "value")
	if rule.Set {
		var elements []string
		for _, text := range texts {
			// Normalised first: some characters turn into a semicolon only by that.
			text = m.normaliser.Normalise(record.TypeText, text).Text()
			elements = append(elements, strings.FieldsFunc(text, func(r rune) bool { return r == ';' })...)
		}
		return m.normaliser.NormaliseSet(elements)
	}
	return m.normaliser.Normalise(rule.Type, strings.Join(texts, ";"))
}

func missingID(side record.Side) error { return fmt.Errorf("a %s document without an id", side) }

// before and after give the elements a set gains and loses.
func setChange(w reconcile.Write) (added, removed []string) {
	old := map[string]bool{}
	for _, e := range w.Before {
		old[e] = true
	}
	for _, e := range w.After {
		if !old[e] {
			added = append(added, e)
		}
		delete(old, e)
	}
	for _, e := range w.Before {
		if old[e] {
			removed = append(removed, e)
		}
	}
	return added, removed
}
