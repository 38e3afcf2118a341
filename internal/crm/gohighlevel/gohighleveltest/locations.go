package gohighleveltest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// location holds the location's definitions: custom fields, tags and users.
type location struct {
	mu     sync.RWMutex
	fields []*customField
	byID   map[string]*customField // by id and by key, with and without its prefix
	tags   []*locationTag
	byName map[string]*locationTag
	users  []*user
}

func newLocation() *location {
	return &location{byID: map[string]*customField{}, byName: map[string]*locationTag{}}
}

type customField struct {
	ID, Name, Key, DataType, Placeholder, Model string
	Position                                    float64
	Options                                     []string
}

type locationTag struct{ ID, Name string }

var notKeyLetters = regexp.MustCompile(`[^a-z0-9]+`)

func fieldKey(model, name string) string {
	return model + "." + strings.Trim(notKeyLetters.ReplaceAllString(strings.ToLower(name), "_"), "_")
}

// AddCustomField defines a custom field and returns its id. An empty key is made from the name; "x" and "contact.x"
// are the same key. dataType is the vendor's, as TEXT, NUMERICAL, MONETORY, CHECKBOX, MULTIPLE_OPTIONS or DATE.
func (f *Fake) AddCustomField(name, key, dataType string, options ...string) (id string) {
	if key == "" {
		key = fieldKey("contact", name)
	} else if !strings.Contains(key, ".") {
		key = "contact." + key
	}
	x := &customField{ID: f.ids.id(20), Name: name, Key: key, DataType: dataType, Options: options, Model: "contact"}
	f.location.mu.Lock()
	defer f.location.mu.Unlock()
	x.Position = float64(50 * len(f.location.fields))
	f.location.define(x)
	return x.ID
}

func (l *location) define(x *customField) {
	l.fields = append(l.fields, x)
	l.byID[x.ID] = x
	l.byID[x.Key] = x
	l.byID[strings.TrimPrefix(x.Key, "contact.")] = x
}

// field finds a custom field of contacts by its id or key.
func (l *location) field(idOrKey string) *customField {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if x := l.byID[idOrKey]; x != nil && x.Model == "contact" {
		return x
	}
	return nil
}

// AddTag defines a tag and returns its id.
func (f *Fake) AddTag(name string) (id string) {
	f.location.noteTags([]string{name}, &f.ids)
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	return f.location.byName[strings.ToLower(strings.TrimSpace(name))].ID
}

// noteTags defines the tags that are not defined yet.
func (l *location) noteTags(names []string, ids *source) {
	if len(names) == 0 {
		return
	}
	l.mu.RLock()
	known := !slices.ContainsFunc(names, func(n string) bool { return l.byName[n] == nil })
	l.mu.RUnlock()
	if known {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range normaliseTags(names) {
		if l.byName[n] == nil {
			t := &locationTag{ID: ids.id(20), Name: n}
			l.tags = append(l.tags, t)
			l.byName[n] = t
		}
	}
}

// foreign tells whether the path's location is not the token's; then it has the answer.
func (f *Fake) foreign(c *call) (reply, bool) {
	if c.path[0] == c.options.LocationID {
		return reply{}, false
	}
	return f.fail(http.StatusForbidden, wrongLocation), true
}

func (f *Fake) getLocation(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	o := c.options
	return ok(http.StatusOK, map[string]any{"location": map[string]any{
		"id": o.LocationID, "companyId": o.CompanyID, "name": o.LocationName, "timezone": o.Timezone, "country": o.Country,
		"address": "1 Main Street", "email": "office@example.com", "phone": "+12025550100",
		"business": map[string]any{"name": o.LocationName, "timezone": o.Timezone, "country": o.Country},
		"social":   map[string]any{},
		"settings": map[string]any{
			"allowDuplicateContact": o.AllowDuplicateContact, "allowDuplicateOpportunity": false,
			"allowFacebookNameMerge": false, "disableContactTimezone": false,
		},
	}, "traceId": f.traces.uuid()})
}

func (f *Fake) listTags(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	out := []map[string]any{}
	for _, t := range f.location.tags {
		out = append(out, tagObject(c, t))
	}
	return ok(http.StatusOK, map[string]any{"tags": out})
}

func tagObject(c *call, t *locationTag) map[string]any {
	return map[string]any{"id": t.ID, "name": t.Name, "locationId": c.options.LocationID}
}

func (f *Fake) createTag(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	v := validator{body: c.body}
	name := strings.ToLower(strings.TrimSpace(v.text("name", required)))
	v.only("name")
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	f.location.mu.RLock()
	taken := f.location.byName[name] != nil
	f.location.mu.RUnlock()
	if taken {
		return f.fail(http.StatusBadRequest, "The tag name is already exist.")
	}
	f.AddTag(name)
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	return ok(http.StatusOK, map[string]any{"tag": tagObject(c, f.location.byName[name])})
}

func fieldObject(c *call, x *customField) map[string]any {
	out := map[string]any{
		"id": x.ID, "name": x.Name, "fieldKey": x.Key, "dataType": x.DataType, "position": x.Position, "model": x.Model,
		"placeholder": x.Placeholder, "locationId": c.options.LocationID,
	}
	if len(x.Options) > 0 {
		out["picklistOptions"] = x.Options
	}
	return out
}

func (f *Fake) listFields(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	model := c.query.Get("model")
	if c.query.Has("model") && !slices.Contains([]string{"contact", "opportunity", "all"}, model) {
		return f.invalid("model must be one of the following values: contact, opportunity, all")
	}
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	out := []map[string]any{}
	for _, x := range f.location.fields {
		if model == "" || model == "all" || model == x.Model {
			out = append(out, fieldObject(c, x))
		}
	}
	return ok(http.StatusOK, map[string]any{"customFields": out, "traceId": f.traces.uuid()})
}

var fieldKeys = []string{
	"name", "dataType", "placeholder", "acceptedFormat", "isMultipleFile", "maxNumberOfFiles", "textBoxListOptions",
	"options", "position", "model",
}

func (f *Fake) createField(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	v := validator{body: c.body}
	x := &customField{
		ID: f.ids.id(20), Name: v.text("name", required), DataType: v.text("dataType", required),
		Placeholder: v.text("placeholder", optional), Model: v.text("model", optional), Options: v.texts("options", optional),
		Position: v.number("position", optional),
	}
	v.only(fieldKeys...)
	if x.Model == "" {
		x.Model = "contact"
	}
	if x.Model != "contact" && x.Model != "opportunity" {
		v.fail("model must be one of the following values: contact, opportunity")
	}
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	f.location.mu.Lock()
	defer f.location.mu.Unlock()
	x.Key = fieldKey(x.Model, x.Name)
	for n := 1; f.location.byID[x.Key] != nil; n++ { // the vendor numbers keys that are taken
		x.Key = fieldKey(x.Model, x.Name) + "_" + strconv.Itoa(n)
	}
	f.location.define(x)
	return ok(http.StatusCreated, map[string]any{"customField": fieldObject(c, x), "traceId": f.traces.uuid()})
}

// withField calls an operation with the custom field that the path names.
func (f *Fake) withField(c *call, do func(*customField) reply) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	f.location.mu.Lock()
	defer f.location.mu.Unlock()
	x := f.location.byID[c.path[1]]
	if x == nil || x.ID != c.path[1] {
		return f.fail(http.StatusBadRequest, fmt.Sprintf("Custom field with id %s not found", c.path[1]))
	}
	return do(x)
}

func (f *Fake) getField(c *call) reply {
	return f.withField(c, func(x *customField) reply {
		return ok(http.StatusOK, map[string]any{"customField": fieldObject(c, x), "traceId": f.traces.uuid()})
	})
}

func (f *Fake) updateField(c *call) reply {
	v := validator{body: c.body}
	name := v.text("name", required)
	placeholder, options := v.text("placeholder", optional), v.texts("options", optional)
	v.only(slices.DeleteFunc(slices.Clone(fieldKeys), func(k string) bool { return k == "dataType" })...)
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	return f.withField(c, func(x *customField) reply {
		x.Name = name
		if placeholder != "" {
			x.Placeholder = placeholder
		}
		if options != nil {
			x.Options = options
		}
		return ok(http.StatusOK, map[string]any{"customField": fieldObject(c, x), "traceId": f.traces.uuid()})
	})
}

func (f *Fake) deleteField(c *call) reply {
	return f.withField(c, func(x *customField) reply {
		l := f.location
		l.fields = slices.DeleteFunc(l.fields, func(y *customField) bool { return y == x })
		for key, y := range l.byID {
			if y == x {
				delete(l.byID, key)
			}
		}
		return ok(http.StatusOK, succeeded(c, nil))
	})
}

// succeeded is the flag of a success, spelt as the version spells it.
func succeeded(c *call, more map[string]any) map[string]any {
	out := map[string]any{"succeded": true}
	if c.v3() {
		out["succeeded"] = true
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}
