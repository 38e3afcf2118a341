package salesforcetest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// locate finds the row that a URL names by id, as the API user sees it: a late write is visible to its writer only.
// In a recycle bin a row is not found.
func (c *call) locate(t *table, id string) (uint32, *row, *apiError) {
	id15, ok := parseID(id)
	if !ok {
		return 0, nil, failWith(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+id)
	}
	pos, ok := t.find(id15)
	if !ok {
		return 0, nil, notFound()
	}
	r := t.seen(pos)
	if current := t.rows[pos]; current != nil && current.modifiedBy == c.user {
		r = current
	}
	if r == nil || r.deleted {
		return 0, nil, notFound()
	}
	return pos, r, nil
}

// locateExternal finds the row that a URL names by an external id; choices is the answer when several fit.
func (c *call) locateExternal(t *table, key, value string) (pos uint32, found bool, choices *reply, err *apiError) {
	fl := t.object.visibleField(key)
	if fl == nil || !fl.externalID {
		return 0, false, nil, failWith(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+key)
	}
	matches := t.match(fl, strings.TrimSpace(value))
	if len(matches) > 1 {
		urls := make([]string, len(matches))
		for i, m := range matches {
			urls[i] = c.base + "/sobjects/" + t.object.name + "/" + t.id(m)
		}
		return 0, false, jsonReply(http.StatusMultipleChoices, marshal(urls)), nil
	}
	if len(matches) == 0 {
		return 0, false, nil, nil
	}
	return matches[0], true, nil, nil
}

func (c *call) getRow(t *table, key, value string, external bool) (*reply, *apiError) {
	defer c.read()()
	id := key
	if external {
		if fl := t.blobField(value); fl != nil {
			return c.blob(t, key, fl)
		}
		pos, found, choices, err := c.locateExternal(t, key, value)
		switch {
		case err != nil || choices != nil:
			return choices, err
		case !found:
			return nil, notFound()
		}
		id = t.id(pos)
	}
	pos, r, err := c.locate(t, id)
	if err != nil {
		return nil, err
	}
	if since, ok := httpDate(c.header.Get("If-Modified-Since")); ok && int64(r.modified) <= since.Unix() {
		return &reply{status: http.StatusNotModified}, nil
	}
	if since, ok := httpDate(c.header.Get("If-Unmodified-Since")); ok && int64(r.modified) > since.Unix() {
		return nil, preconditionFailed()
	}
	p, err := c.projectionOf(t, c.query.Get("fields"))
	if err != nil {
		return nil, err
	}
	answer := json200(c.f.appendRecord(nil, c.base, p, t, pos, r))
	answer.header = map[string]string{"Last-Modified": time.Unix(int64(r.modified), 0).UTC().Format(http.TimeFormat)}
	return answer, nil
}

func httpDate(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	return t, err == nil
}

func preconditionFailed() *apiError {
	return failWith(http.StatusPreconditionFailed, "PRECONDITION_FAILED", "One or more conditions given in the request header are not fulfilled")
}

// projectionOf reads a comma-separated list of fields; an empty one selects all.
func (c *call) projectionOf(t *table, list string) (*projection, *apiError) {
	p := &projection{table: t}
	if list == "" {
		for _, fl := range t.object.fields {
			if !fl.hidden {
				p.items = append(p.items, projected{name: fl.name, field: fl})
			}
		}
		return p, nil
	}
	b := &binder{f: c.f, query: &soqlQuery{text: list}, table: t}
	for name := range strings.SplitSeq(list, ",") {
		path, err := b.path(soqlPath{names: strings.Split(strings.TrimSpace(name), ".")})
		if err != nil {
			return nil, fail("INVALID_FIELD", fmt.Sprintf("No such column '%s' on entity '%s'", strings.TrimSpace(name), t.object.name))
		}
		p.include(path)
	}
	return p, nil
}

func (c *call) createRow(t *table) (*reply, *apiError) {
	fields, err := c.fields("")
	if err != nil {
		return nil, err
	}
	defer c.write()()
	w := c.writer(true)
	id, errs := w.create(t, fields)
	if errs != nil {
		return errorReply(errs), nil
	}
	c.finish(w)
	r := jsonReply(http.StatusCreated, []byte(`{"id":"`+id+`","success":true,"errors":[]}`))
	r.header = map[string]string{"Location": c.base + "/sobjects/" + t.object.name + "/" + id}
	return r, nil
}

// fields reads a record from the body, which must not name its Id nor the external id that the URL holds.
func (c *call) fields(external string) (map[string]any, *apiError) {
	var fields map[string]any
	if err := c.decode(&fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, fail("JSON_PARSER_ERROR", "The HTTP entity body must be an object")
	}
	for name := range fields {
		if strings.EqualFold(name, "Id") || external != "" && strings.EqualFold(name, external) {
			return nil, fail("INVALID_FIELD", "The "+name+" field should not be specified in the sobject data.")
		}
	}
	return fields, nil
}

func (c *call) updateRow(t *table, id string) (*reply, *apiError) {
	fields, err := c.fields("")
	if err != nil {
		return nil, err
	}
	defer c.write()()
	pos, r, err := c.target(t, id)
	if err != nil {
		return nil, err
	}
	if err := c.unmodified(r); err != nil {
		return nil, err
	}
	w := c.writer(true)
	if errs := w.update(t, pos, fields); errs != nil {
		return errorReply(errs), nil
	}
	c.finish(w)
	return noContent(), nil
}

// target finds the current row that a write names by id.
func (c *call) target(t *table, id string) (uint32, *row, *apiError) {
	id15, ok := parseID(id)
	if !ok {
		return 0, nil, failWith(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+id)
	}
	pos, ok := t.find(id15)
	if !ok || t.rows[pos] == nil {
		return 0, nil, notFound()
	}
	if t.rows[pos].deleted {
		return 0, nil, entityIsDeleted()
	}
	return pos, t.rows[pos], nil
}

// unmodified checks If-Unmodified-Since against LastModifiedDate, to the second.
func (c *call) unmodified(r *row) *apiError {
	text := c.header.Get("If-Unmodified-Since")
	if text == "" {
		return nil
	}
	since, ok := httpDate(text)
	if !ok {
		return fail("INVALID_HEADER", "If-Unmodified-Since is not an HTTP date")
	}
	if int64(r.modified) > since.Unix() {
		return preconditionFailed()
	}
	return nil
}

func (c *call) deleteRow(t *table, key, value string, external bool) (*reply, *apiError) {
	defer c.write()()
	id := key
	if external {
		pos, found, choices, err := c.locateExternal(t, key, value)
		switch {
		case err != nil || choices != nil:
			return choices, err
		case !found:
			return nil, notFound()
		}
		id = t.id(pos)
	}
	pos, _, err := c.target(t, id)
	if err != nil {
		return nil, err
	}
	w := c.writer(true)
	if err := w.remove(t.source(), pos); err != nil {
		return nil, err
	}
	c.finish(w)
	return noContent(), nil
}

// The version from which on an upsert that updates answers with a body.
const upsertBodySince = 46

func (c *call) upsertRow(t *table, key, value string) (*reply, *apiError) {
	fields, err := c.fields(key)
	if err != nil {
		return nil, err
	}
	defer c.write()()
	pos, found, choices, err := c.locateExternal(t, key, value)
	if err != nil || choices != nil {
		return choices, err
	}
	w := c.writer(true)
	if found {
		if err := c.unmodified(t.rows[pos]); err != nil {
			return nil, err
		}
		if errs := w.update(t, pos, fields); errs != nil {
			return errorReply(errs), nil
		}
		c.finish(w)
		if c.version < upsertBodySince {
			return noContent(), nil
		}
		return json200([]byte(`{"id":"` + t.id(pos) + `","success":true,"errors":[],"created":false}`)), nil
	}
	if c.query.Get("updateOnly") == "true" {
		return nil, notFound()
	}
	fields[t.object.field(key).name] = value
	id, errs := w.create(t, fields)
	if errs != nil {
		return errorReply(errs), nil
	}
	c.finish(w)
	body := `{"id":"` + id + `","success":true,"errors":[]`
	if c.version >= upsertBodySince {
		body += `,"created":true`
	}
	r := jsonReply(http.StatusCreated, []byte(body+"}"))
	r.header = map[string]string{"Location": c.base + "/sobjects/" + t.object.name + "/" + id}
	return r, nil
}
