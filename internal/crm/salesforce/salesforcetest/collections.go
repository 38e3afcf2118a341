package salesforcetest

import (
	"strings"
)

const (
	collectionMax = 200
	chunksMax     = 10
)

// itemResult is the outcome for one record of a collection.
type itemResult struct {
	id      string
	errs    []*apiError
	created *bool // of an upsert
}

func appendItems(items []itemResult) []byte {
	b := []byte{'['}
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		if item.id != "" {
			b = append(b, `"id":"`+item.id+`",`...)
		}
		if item.errs != nil {
			b = append(b, `"success":false,"errors":`...)
			b = appendErrors(b, "statusCode", item.errs)
		} else {
			b = append(b, `"success":true,"errors":[]`...)
		}
		if item.created != nil && item.errs == nil {
			if *item.created {
				b = append(b, `,"created":true`...)
			} else {
				b = append(b, `,"created":false`...)
			}
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// collected is the body of a collection's create, update or upsert.
type collected struct {
	AllOrNone bool             `json:"allOrNone"`
	Records   []map[string]any `json:"records"`
}

// readCollection reads the body and the table of each record.
func (c *call) readCollection() (in collected, tables []*table, err *apiError) {
	if err := c.decode(&in); err != nil {
		return in, nil, err
	}
	if len(in.Records) == 0 {
		return in, nil, fail("JSON_PARSER_ERROR", "records must be specified")
	}
	if len(in.Records) > collectionMax {
		return in, nil, fail("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call")
	}
	chunks := 0
	for i, record := range in.Records {
		attributes, _ := record["attributes"].(map[string]any)
		name, _ := attributes["type"].(string)
		if name == "" {
			return in, nil, fail("INVALID_FIELD", "Include a type attribute for each record in the request")
		}
		t := c.f.table(name)
		if t == nil {
			return in, nil, fail("INVALID_TYPE", "sObject type '"+name+"' is not supported.")
		}
		if i == 0 || tables[i-1] != t {
			chunks++
		}
		tables = append(tables, t)
	}
	if chunks > chunksMax {
		return in, nil, fail("INVALID_OPERATION", "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking.")
	}
	return in, tables, nil
}

// settle applies allOrNone: where one record failed, everything is taken back.
func (c *call) settle(w *writer, since mark, allOrNone bool, items []itemResult) *reply {
	failed := false
	for _, item := range items {
		failed = failed || item.errs != nil
	}
	if (allOrNone || c.allOrNone) && failed {
		w.rollback(since)
		for i := range items {
			if items[i].errs == nil {
				items[i] = itemResult{errs: []*apiError{fail("ALL_OR_NONE_OPERATION_ROLLED_BACK",
					"Record rolled back because not all records were valid and the request was using AllOrNone header")}}
			}
		}
	}
	c.finish(w)
	answer := json200(appendItems(items))
	answer.failed = failed
	return answer
}

// takeID removes the id from a record in any spelling.
func takeID(record map[string]any) string {
	for name, value := range record {
		if strings.EqualFold(name, "id") {
			delete(record, name)
			id, _ := value.(string)
			return id
		}
	}
	return ""
}

// collection answers POST (create) and PATCH (update) of /composite/sobjects.
func (c *call) collection(update bool) (*reply, *apiError) {
	in, tables, err := c.readCollection()
	if err != nil {
		return nil, err
	}
	defer c.write()()
	w := c.writer(false)
	since := w.mark()
	items := make([]itemResult, len(in.Records))
	for i, record := range in.Records {
		id := takeID(record)
		switch {
		case update:
			items[i] = w.updateItem(tables[i], id, record)
		case id != "":
			items[i].errs = []*apiError{fail("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")}
		default:
			items[i].id, items[i].errs = w.create(tables[i], record)
		}
	}
	return c.settle(w, since, in.AllOrNone, items), nil
}

func (w *writer) updateItem(t *table, id string, record map[string]any) itemResult {
	if id == "" {
		return itemResult{errs: []*apiError{fail("MISSING_ARGUMENT", "Id not specified in an update call")}}
	}
	pos, err := w.itemTarget(t, id)
	if err != nil {
		return itemResult{id: id, errs: []*apiError{err}}
	}
	return itemResult{id: t.id(pos), errs: w.update(t, pos, record)}
}

// itemTarget finds the record that an item names.
func (w *writer) itemTarget(t *table, id string) (uint32, *apiError) {
	id15, ok := parseID(id)
	if !ok {
		return 0, fail("MALFORMED_ID", "bad id "+id, "Id")
	}
	pos, ok := t.find(id15)
	if !ok || t.rows[pos] == nil {
		return 0, fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	}
	if t.rows[pos].deleted {
		return 0, entityIsDeleted()
	}
	return pos, nil
}

// deleteCollection answers DELETE /composite/sobjects?ids=.
func (c *call) deleteCollection() (*reply, *apiError) {
	if c.query.Get("ids") == "" {
		return nil, fail("MISSING_ARGUMENT", "ids must be specified")
	}
	ids := strings.Split(c.query.Get("ids"), ",")
	if len(ids) > collectionMax {
		return nil, fail("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call")
	}
	defer c.write()()
	w := c.writer(false)
	since := w.mark()
	items := make([]itemResult, len(ids))
	for i, id := range ids {
		items[i] = w.deleteItem(strings.TrimSpace(id))
	}
	return c.settle(w, since, strings.EqualFold(c.query.Get("allOrNone"), "true"), items), nil
}

func (w *writer) deleteItem(id string) itemResult {
	item := itemResult{id: id}
	id15, ok := parseID(id)
	if !ok {
		item.errs = []*apiError{fail("MALFORMED_ID", "malformed id "+id)}
		return item
	}
	item.id = id18(id15)
	t := w.f.tableOf(id15)
	if t == nil {
		item.errs = []*apiError{fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")}
		return item
	}
	pos, err := w.itemTarget(t, id)
	if err == nil {
		err = w.remove(t.source(), pos)
	}
	if err != nil {
		item.errs = []*apiError{err}
	}
	return item
}

// upsertCollection answers PATCH /composite/sobjects/{Object}/{ExternalIDField}.
func (c *call) upsertCollection(object, key string) (*reply, *apiError) {
	in, tables, err := c.readCollection()
	if err != nil {
		return nil, err
	}
	defer c.write()()
	t := c.f.table(object)
	if t == nil {
		return nil, notFound()
	}
	fl := t.object.visibleField(key)
	if fl == nil || !fl.externalID {
		return nil, failWith(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+key)
	}
	seen := map[string]int{}
	for i, record := range in.Records {
		if tables[i] != t {
			return nil, fail("INVALID_TYPE", "all records of an upsert must be of the type in its URL")
		}
		seen[keyOf(fl, record)]++
	}
	w := c.writer(false)
	since := w.mark()
	items := make([]itemResult, len(in.Records))
	for i, record := range in.Records {
		items[i] = w.upsertItem(t, fl, record, seen)
	}
	return c.settle(w, since, in.AllOrNone, items), nil
}

// keyOf returns a record's external id, folded where the field is; "" when it has none.
func keyOf(fl *field, record map[string]any) string {
	for name, value := range record {
		if text, ok := value.(string); ok && strings.EqualFold(name, fl.name) {
			text = strings.TrimSpace(text)
			if !fl.caseSensitive {
				return strings.ToLower(text)
			}
			return text
		}
	}
	return ""
}

func (w *writer) upsertItem(t *table, fl *field, record map[string]any, seen map[string]int) itemResult {
	if id := takeID(record); id != "" {
		return itemResult{errs: []*apiError{fail("INVALID_FIELD", "The Id field should not be specified in the sobject data.", "Id")}}
	}
	key := keyOf(fl, record)
	switch {
	case key == "":
		return itemResult{errs: []*apiError{fail("MISSING_ARGUMENT", fl.name+" not specified")}}
	case seen[key] > 1:
		return itemResult{errs: []*apiError{fail("DUPLICATE_VALUE", "Duplicate external id specified: "+key, fl.name)}}
	}
	matches := t.match(fl, key)
	if len(matches) > 1 {
		return itemResult{errs: []*apiError{fail("DUPLICATE_VALUE", fl.name+": more than one record found for external id field: "+ids(t, matches), fl.name)}}
	}
	created := len(matches) == 0
	item := itemResult{created: &created}
	if created {
		item.id, item.errs = w.create(t, record)
	} else {
		item.id, item.errs = t.id(matches[0]), w.update(t, matches[0], record)
	}
	return item
}

func ids(t *table, positions []uint32) string {
	list := make([]string, len(positions))
	for i, pos := range positions {
		list[i] = t.id(pos)
	}
	return "[" + strings.Join(list, ", ") + "]"
}
