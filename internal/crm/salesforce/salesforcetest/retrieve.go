package salesforcetest

import (
	"slices"
	"strings"
)

// retrieve answers /composite/sobjects/{Object}: the records in the order of the ids, null for what is not there.
func (c *call) retrieve(object string) (*reply, *apiError) {
	var in struct {
		IDs    []string `json:"ids"`
		Fields []string `json:"fields"`
	}
	if c.method == "GET" {
		in.IDs = strings.Split(c.query.Get("ids"), ",")
		in.Fields = strings.Split(c.query.Get("fields"), ",")
	} else if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.IDs) > 2000 {
		return nil, fail("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 2000 records into this call")
	}
	if len(in.Fields) == 0 || slices.Equal(in.Fields, []string{""}) {
		return nil, fail("MALFORMED_QUERY", "fields must be specified")
	}
	defer c.read()()
	t := c.f.table(object)
	if t == nil {
		return nil, notFound()
	}
	p, err := c.projectionOf(t, strings.Join(in.Fields, ","))
	if err != nil {
		return nil, err
	}
	b := []byte{'['}
	for i, id := range in.IDs {
		if i > 0 {
			b = append(b, ',')
		}
		id15, ok := parseID(strings.TrimSpace(id))
		if !ok {
			return nil, fail("MALFORMED_ID", "malformed id "+id)
		}
		pos, ok := t.find(id15)
		if !ok || t.seen(pos) == nil || t.seen(pos).deleted {
			b = append(b, "null"...)
			continue
		}
		b = c.f.appendRecord(b, c.base, p, t, pos, t.seen(pos))
	}
	return json200(append(b, ']')), nil
}
