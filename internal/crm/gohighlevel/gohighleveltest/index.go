package gohighleveltest

import (
	"math"
	"time"
)

// searchIndex is what searches and lists see.
type searchIndex struct {
	byAdded, byUpdated ordered
	byBusiness         map[string]*ordered
	// behind holds, for contacts with writes still queued, the version that the index has.
	behind map[string]*behind
	queue  []indexWrite
	head   int // of the queue
}

type behind struct {
	indexed *row // nil when the index does not have the contact
	queued  int
}

type indexWrite struct {
	due time.Time
	id  string
	row *row // nil deletes
}

func keyAdded(r *row) int64   { return r.added }
func keyUpdated(r *row) int64 { return r.updated }

func newSearchIndex() searchIndex {
	return searchIndex{
		byAdded: ordered{key: keyAdded}, byUpdated: ordered{key: keyUpdated},
		byBusiness: map[string]*ordered{}, behind: map[string]*behind{},
	}
}

func (x *searchIndex) write(old, new *row, now time.Time, lag time.Duration) {
	x.catchUp(now)
	if lag <= 0 && len(x.queue) == x.head {
		x.apply(old, new)
		return
	}
	due := now.Add(lag)
	if n := len(x.queue); n > x.head && due.Before(x.queue[n-1].due) {
		due = x.queue[n-1].due
	}
	id := ""
	if new != nil {
		id = new.id()
	} else {
		id = old.id()
	}
	b := x.behind[id]
	if b == nil {
		b = &behind{indexed: old}
		x.behind[id] = b
	}
	b.queued++
	x.queue = append(x.queue, indexWrite{due: due, id: id, row: new})
}

// late tells whether queued writes are due.
func (x *searchIndex) late(now time.Time) bool {
	return x.head < len(x.queue) && !x.queue[x.head].due.After(now)
}

// catchUp applies the queued writes that are due.
func (x *searchIndex) catchUp(now time.Time) {
	for x.late(now) {
		w := x.queue[x.head]
		x.queue[x.head] = indexWrite{}
		x.head++
		b := x.behind[w.id]
		x.apply(b.indexed, w.row)
		b.indexed = w.row
		if b.queued--; b.queued == 0 {
			delete(x.behind, w.id)
		}
	}
	if x.head == len(x.queue) {
		x.queue, x.head = x.queue[:0], 0
	} else if x.head > 4096 && x.head*2 > len(x.queue) {
		x.queue, x.head = append([]indexWrite(nil), x.queue[x.head:]...), 0
	}
}

func (x *searchIndex) apply(old, new *row) {
	if old != nil {
		x.byAdded.remove(old)
		x.byUpdated.remove(old)
		if b := old.get(tagBusinessID); b != "" {
			x.byBusiness[b].remove(old)
			if x.byBusiness[b].size == 0 {
				delete(x.byBusiness, b)
			}
		}
	}
	if new != nil {
		x.byAdded.insert(new)
		x.byUpdated.insert(new)
		if b := new.get(tagBusinessID); b != "" {
			if x.byBusiness[b] == nil {
				x.byBusiness[b] = &ordered{key: keyAdded}
			}
			x.byBusiness[b].insert(new)
		}
	}
}

// fill puts rows into an empty index at once.
func (x *searchIndex) fill(rows []*row) {
	x.byAdded.fill(rows)
	x.byUpdated.fill(rows)
	for _, r := range rows {
		if b := r.get(tagBusinessID); b != "" {
			if x.byBusiness[b] == nil {
				x.byBusiness[b] = &ordered{key: keyAdded}
			}
			x.byBusiness[b].insert(r)
		}
	}
}

var first, last = place{key: math.MinInt64}, place{key: math.MaxInt64}
