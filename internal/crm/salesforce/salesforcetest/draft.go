package salesforcetest

import "slices"

// draft is a record about to be saved, on which an object's own rules are tried.
type draft struct {
	w         *writer
	t         *table
	r, before *row // before is nil for a new record
	sent      []fieldChange
}

func (d *draft) isNew() bool { return d.before == nil }

func (d *draft) get(name string) string { return d.r.get(d.t.object.field(name).index) }

// was is what a field held before; "" in a new record.
func (d *draft) was(name string) string {
	if d.before == nil {
		return ""
	}
	return d.before.get(d.t.object.field(name).index)
}

func (d *draft) set(name, text string) {
	d.r.packed = repack(d.r.packed, []change{{d.t.object.field(name).index, text}})
}

func (d *draft) setBool(name string, is bool) {
	text := ""
	if is {
		text = "1"
	}
	d.set(name, text)
}

// gives tells whether the write names one of the fields.
func (d *draft) gives(names ...string) bool {
	return slices.ContainsFunc(d.sent, func(c fieldChange) bool { return slices.Contains(names, c.field.name) })
}

// byDefault fills a field that a new record's writer did not name.
func (d *draft) byDefault(name, text string) {
	if d.isNew() && !d.gives(name) {
		d.set(name, text)
	}
}

// modified is when the record counts as modified.
func (d *draft) modified() string { return formatSeconds(d.r.modified) }

func unfit(message string, fields ...string) *apiError {
	return fail("FIELD_INTEGRITY_EXCEPTION", message, fields...)
}
