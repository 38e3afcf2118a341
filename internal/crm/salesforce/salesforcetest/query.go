package salesforcetest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	batchMax     = 2000
	batchMin     = 200
	locatorLives = 48 * time.Hour
	// locatorRoom is how many row positions all locators together keep; beyond it the oldest locators are dropped.
	locatorRoom = 16 << 20
)

// locator is a query's result as row positions: a snapshot of which rows, not of what they hold.
type locator struct {
	ID        string
	Query     string
	Deleted   bool
	Positions []uint32
	Batch     int
	Since     time.Time
}

type locators struct {
	byID  map[string]*locator
	order []*locator
	rows  int
	next  uint64
}

func (l *locators) reset() { *l = locators{byID: map[string]*locator{}} }

// add keeps a locator and gives it its id. Locators that are too old, or too many, go.
func (l *locators) add(loc *locator) {
	l.next++
	loc.ID = id18(fmt.Sprintf("01g5g%010d", l.next))
	l.byID[loc.ID] = loc
	l.order = append(l.order, loc)
	l.rows += len(loc.Positions)
	for len(l.order) > 1 && (l.rows > locatorRoom || loc.Since.Sub(l.order[0].Since) > locatorLives) {
		l.rows -= len(l.order[0].Positions)
		delete(l.byID, l.order[0].ID)
		l.order = l.order[1:]
	}
}

// batchSize reads Sforce-Query-Options: batchSize=500.
func batchSize(header string) int {
	for option := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		if strings.EqualFold(strings.TrimSpace(name), "batchSize") {
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
				return min(max(n, batchMin), batchMax)
			}
		}
	}
	return batchMax
}

// longTexts counts the custom long text fields that a query selects: two of them make its pages small.
func (q *boundQuery) longTexts() int {
	n := 0
	for _, item := range q.projection.items {
		if item.field.custom && item.field.kind == "textarea" && !item.field.filterable() {
			n++
		}
	}
	return n
}

// soql answers GET /query?q= and /queryAll?q=.
func (c *call) soql(deleted bool) (*reply, *apiError) {
	text := c.query.Get("q")
	if text == "" {
		return nil, fail("MALFORMED_QUERY", "unexpected token: '<EOF>'")
	}
	parsed, err := parseSOQL(text)
	if err != nil {
		return nil, err
	}
	unlock := c.read()
	bound, err := c.f.bind(parsed)
	if err != nil {
		unlock()
		return nil, err
	}
	bound.deleted = deleted
	positions := c.f.run(bound, c.now)
	if bound.count {
		unlock()
		return json200(fmt.Appendf(nil, `{"totalSize":%d,"done":true,"records":[]}`, len(positions))), nil
	}
	batch := batchSize(c.header.Get("Sforce-Query-Options"))
	if bound.longTexts() > 1 {
		batch = batchMin
	}
	loc := &locator{Query: text, Deleted: deleted, Positions: positions, Batch: batch, Since: c.now}
	if len(positions) <= batch {
		defer unlock()
		return json200(c.page(bound, loc, 0)), nil
	}
	unlock()
	// The locator needs the write lock; the rows it names may have changed since, as they may between pages.
	defer c.write()()
	c.f.locators.add(loc)
	return json200(c.page(bound, loc, 0)), nil
}

// more answers GET /query/{locator}-{offset}.
func (c *call) more(name string) (*reply, *apiError) {
	invalid := fail("INVALID_QUERY_LOCATOR", "invalid query locator")
	id, offsetText, _ := strings.Cut(name, "-")
	defer c.read()()
	loc := c.f.locators.byID[id]
	if loc == nil || c.now.Sub(loc.Since) > locatorLives {
		return nil, invalid
	}
	offset, err := strconv.Atoi(offsetText)
	if err != nil || offset <= 0 || offset >= len(loc.Positions) {
		return nil, invalid
	}
	parsed, fault := parseSOQL(loc.Query)
	if fault != nil {
		return nil, fault
	}
	bound, fault := c.f.bind(parsed)
	if fault != nil {
		return nil, fault
	}
	bound.deleted = loc.Deleted
	return json200(c.page(bound, loc, offset)), nil
}

// page writes the rows of one page, as they are now. Rows that have vanished since the query are left out.
func (c *call) page(q *boundQuery, loc *locator, offset int) []byte {
	end := min(offset+loc.Batch, len(loc.Positions))
	b := make([]byte, 0, 256+(end-offset)*256)
	b = fmt.Appendf(b, `{"totalSize":%d,"done":%t,`, len(loc.Positions), end == len(loc.Positions))
	if end < len(loc.Positions) {
		b = fmt.Appendf(b, `"nextRecordsUrl":"%s/query/%s-%d",`, c.base, loc.ID, end)
	}
	b = append(b, `"records":[`...)
	first := true
	for _, pos := range loc.Positions[offset:end] {
		r := q.table.seen(pos)
		if gone(r, c.now) || !q.deleted && (r.deleted || q.table.object.archives(r, c.now)) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = c.f.appendRecord(b, c.base, q.projection, q.table, pos, r)
	}
	return append(b, "]}"...)
}

// appendRecord writes a record with what a projection selects of it.
func (f *Fake) appendRecord(b []byte, base string, p *projection, t *table, pos uint32, r *row) []byte {
	b = f.appendAttributes(append(b, '{'), base, t, pos)
	for _, item := range p.items {
		b = append(b, `,"`...)
		b = append(b, item.name...)
		b = append(b, `":`...)
		if item.nested == nil {
			b = f.appendSelected(b, base, t, pos, r, item.field)
			continue
		}
		to, at, next, ok := f.step(t, pos, r, item.field, item.nested.table)
		if !ok {
			b = append(b, "null"...)
			continue
		}
		b = f.appendRecord(b, base, item.nested, to, at, next)
	}
	return append(b, '}')
}

// appendSelected writes a field's value as an answer shows it: of a blob, where to read it.
func (f *Fake) appendSelected(b []byte, base string, t *table, pos uint32, r *row, fl *field) []byte {
	fl = named(t, fl)
	if fl == nil || fl.kind == "base64" && r.get(fl.index) == "" {
		return append(b, "null"...)
	}
	if fl.kind == "base64" {
		return appendString(b, base+"/sobjects/"+t.object.name+"/"+t.id(pos)+"/"+fl.name)
	}
	return f.appendValue(b, t, pos, r, fl)
}
