package salesforcetest

import (
	"math"
	"slices"
	"strings"
	"time"
)

// scanOrder tells in which order an index already has the rows that a query wants.
type scanOrder uint8

const (
	unordered scanOrder = iota
	byID
	byStamp
	sorted
)

func (q *boundQuery) scanOrder() (scanOrder, bool) {
	var columns []column
	for _, o := range q.order {
		if !o.path.direct() || o.descending != q.order[0].descending {
			return sorted, false
		}
		columns = append(columns, o.path.leaf.column)
	}
	switch {
	case len(columns) == 0:
		return unordered, true
	case columns[0] == columnID:
		return byID, q.order[0].descending
	case columns[0] == columnStamp && (len(columns) == 1 || columns[1] == columnID):
		return byStamp, q.order[0].descending
	}
	return sorted, false
}

// run returns the positions of the rows that a query wants, in its order. The caller holds a lock.
func (f *Fake) run(q *boundQuery, now time.Time) []uint32 {
	t := q.table
	limit := math.MaxInt
	if q.limit >= 0 {
		limit = q.limit
	}
	var out []uint32
	order, descending := q.scanOrder()
	stopAt := math.MaxInt
	if order != sorted && limit < math.MaxInt-q.offset {
		stopAt = limit + q.offset
	}
	take := func(pos uint32) bool {
		if len(out) >= stopAt {
			return false
		}
		r := t.seen(pos)
		if !gone(r, now) && (q.deleted || !r.deleted && !t.object.archives(r, now)) && f.matches(t, pos, r, q.where) {
			out = append(out, pos)
		}
		return len(out) < stopAt
	}
	within := boundsOf(t, q.where)
	positions, isKeyed := keyed(t, q.where)
	switch {
	case limit == 0 || within.empty():
	case isKeyed:
		slices.Sort(positions)
		stopAt = math.MaxInt
		for _, pos := range slices.Compact(positions) {
			take(pos)
		}
		f.sort(q, out)
	case order == byStamp:
		scanStamps(t, within, descending, take)
	case order != byID && within.lowKey > 0 || t.stamps.size(within.lowKey, within.highKey) < len(t.rows)/4:
		stopAt = math.MaxInt
		scanStamps(t, within, false, take)
		f.sort(q, out)
	default:
		scanPositions(t, within, descending, take)
		if order == sorted {
			f.sort(q, out)
		}
	}
	out = out[min(q.offset, len(out)):]
	return out[:min(limit, len(out))]
}

func scanStamps(t *table, within bounds, descending bool, take func(uint32) bool) {
	visit := func(key uint64) bool { return take(uint32(key)) }
	if descending {
		t.stamps.descend(within.lowKey, within.highKey, visit)
	} else {
		t.stamps.ascend(within.lowKey, within.highKey, visit)
	}
}

func scanPositions(t *table, within bounds, descending bool, take func(uint32) bool) {
	low, high := int64(within.lowPos), min(int64(within.highPos), int64(len(t.rows))-1)
	if descending {
		for pos := high; pos >= low && take(uint32(pos)); pos-- {
		}
		return
	}
	for pos := low; pos <= high && take(uint32(pos)); pos++ {
	}
}

// sort puts positions into a query's order.
func (f *Fake) sort(q *boundQuery, positions []uint32) {
	if len(q.order) == 0 {
		return
	}
	keys := make(map[uint32][]content, len(positions))
	for _, pos := range positions {
		r := q.table.seen(pos)
		row := make([]content, len(q.order))
		for i, o := range q.order {
			row[i] = f.compared(q.table, pos, r, o.path)
			row[i].text = strings.ToLower(row[i].text)
			if leaf := o.path.leaf; leaf.kind == "id" || leaf.kind == "reference" {
				row[i].text = f.compared(q.table, pos, r, o.path).text
			}
		}
		keys[pos] = row
	}
	slices.SortFunc(positions, func(a, b uint32) int {
		for i, o := range q.order {
			x, y := keys[a][i], keys[b][i]
			switch {
			case x.null && y.null:
				continue
			case x.null != y.null:
				if x.null != o.nullsLast {
					return -1
				}
				return 1
			}
			if d := compare(x, operand{text: y.text, number: y.number, millis: y.millis, boolean: y.boolean}); d != 0 {
				if o.descending {
					return -d
				}
				return d
			}
		}
		return int(int64(a) - int64(b))
	})
}
