package gohighleveltest

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// search returns one page and the number of rows on all pages. The caller holds the lock.
func (s *contacts) search(x *search) ([]*row, int) {
	if x.filters.isIDs || len(x.sort) > 1 || !x.sort[0].isDate() {
		return s.searchSorted(x)
	}
	key := x.sort[0]
	index, in := &s.index.byAdded, x.filters.added
	if key.field == "dateUpdated" {
		index, in = &s.index.byUpdated, x.filters.updated
	}
	matches := x.filters.rowTest()
	var rows []*row
	skip := x.skip
	for r := range index.between(in, key.desc, x.from()) {
		if len(rows) == x.limit {
			break
		}
		if !matches(r) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		rows = append(rows, r)
	}
	return rows, s.index.count(x.filters.matches, x.filters)
}

// from is the place of the cursor in a date's order, nil for the beginning.
func (x *search) from() *place {
	if len(x.after) == 0 {
		return nil
	}
	ms, err := x.after[0].(json.Number).Int64()
	if err != nil {
		return nil
	}
	return &place{ms, x.after[1].(string)}
}

// between yields the rows within the bounds, in order, beyond the given place.
func (o *ordered) between(in bounds, desc bool, beyond *place) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		if desc {
			from := in.end()
			if beyond != nil && beyond.less(from) {
				from = *beyond
			}
			o.descend(from)(func(r *row) bool { return o.key(r) >= in.from && yield(r) })
			return
		}
		from := place{key: in.from}
		if beyond != nil && from.less(*beyond) {
			from = place{beyond.key, beyond.id + "\x00"}
		}
		o.ascend(from)(func(r *row) bool { return o.key(r) <= in.to && yield(r) })
	}
}

// end is the place behind the last row within the bounds.
func (b bounds) end() place {
	if b.to == last.key {
		return last
	}
	return place{key: b.to + 1}
}

func (p place) less(q place) bool {
	return p.key < q.key || p.key == q.key && p.id < q.id
}

// rowTest tests a row against everything.
func (o *filters) rowTest() func(*row) bool {
	return func(r *row) bool {
		return r.added >= o.added.from && r.added <= o.added.to && r.updated >= o.updated.from && r.updated <= o.updated.to &&
			(o.matches == nil || o.matches(r))
	}
}

// count returns how many rows match. Bounds on one date alone are counted without looking at the rows.
func (x *searchIndex) count(matches func(*row) bool, f *filters) int {
	if f == nil {
		f = &filters{matches: matches, added: anywhen, updated: anywhen}
	}
	index, in := &x.byUpdated, f.updated
	if in.all() {
		index, in = &x.byAdded, f.added
	}
	if f.matches == nil && (f.added.all() || f.updated.all()) {
		return max(0, index.rank(in.end())-index.rank(place{key: in.from}))
	}
	n, test := 0, f.rowTest()
	for r := range index.between(in, false, nil) {
		if test(r) {
			n++
		}
	}
	return n
}

// searchSorted carries out the searches for which no index is in order: it gathers what matches and sorts it.
func (s *contacts) searchSorted(x *search) ([]*row, int) {
	test := x.filters.rowTest()
	var all []*row
	if x.filters.isIDs {
		ids := slices.Clone(x.filters.ids)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if r := s.indexed(id); r != nil && test(r) {
				all = append(all, r)
			}
		}
	} else {
		for r := range s.index.byAdded.ascend(first) {
			if test(r) {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b *row) int { return x.compare(a, x.values(b), b.id()) })
	rows := all
	if len(x.after) > 0 {
		id := x.after[len(x.after)-1].(string)
		n, _ := slices.BinarySearchFunc(all, x.after, func(r *row, after []any) int {
			if c := x.compare(r, after, id); c > 0 {
				return 1
			}
			return -1
		})
		rows = all[n:]
	}
	rows = rows[min(x.skip, len(rows)):]
	return rows[:min(x.limit, len(rows))], len(all)
}

// values returns what a row is sorted by, in the form of a cursor.
func (x *search) values(r *row) []any {
	out := make([]any, len(x.sort))
	for i, k := range x.sort {
		switch k.field {
		case "dateAdded":
			out[i] = r.added
		case "dateUpdated":
			out[i] = r.updated
		default:
			out[i] = k.text(r)
		}
	}
	return out
}

// compare orders a row against a cursor.
func (x *search) compare(r *row, values []any, id string) int {
	c := 0
	for i, k := range x.sort {
		switch v := values[i].(type) {
		case int64:
			c = compareInt(k.date(r), v)
		case json.Number:
			n, _ := v.Int64()
			c = compareInt(k.date(r), n)
		case string:
			c = strings.Compare(k.text(r), v)
		}
		if c != 0 {
			if k.desc {
				return -c
			}
			return c
		}
	}
	if c = strings.Compare(r.id(), id); x.sort[0].desc {
		return -c
	}
	return c
}

func (k sortKey) date(r *row) int64 {
	if k.field == "dateAdded" {
		return r.added
	}
	return r.updated
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
