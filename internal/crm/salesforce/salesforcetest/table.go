package salesforcetest

import "time"

// table holds one object's records. Position and id stand for each other and are never used twice.
type table struct {
	object *object
	ids    idSpace
	rows   []*row // current versions; nil where a record was purged or never came to be
	// late holds what readers still see of records whose last write is not visible yet.
	late    map[uint32]lateRow
	stamps  stampIndex // of the versions that readers see
	byValue map[uint8]*hashIndex
	// byPhone finds contacts by phone and last name, for the duplicate rule; nil where there is none.
	byPhone  *hashIndex
	deletes  []deletion
	existing int // current versions that are not deleted
	// shadow holds, at the same positions, what another object shows of these records; nil for none.
	shadow *shadow
	// shadows is the table whose records this one shows; nil where they are its own.
	shadows *table
}

type lateRow struct {
	before *row // nil when the record is new
	until  time.Time
}

type deletion struct {
	pos uint32
	at  uint32 // seconds since 1970
}

func newTable(o *object, ids idSpace) *table {
	t := &table{object: o, ids: ids, late: map[uint32]lateRow{}, byValue: map[uint8]*hashIndex{}}
	for _, f := range o.fields {
		t.index(f)
	}
	return t
}

// index makes the field's values searchable if it is a kind of key.
func (t *table) index(f *field) {
	if f.column == inPacked && (f.externalID || f.unique || f.idLookup || f.indexed) {
		t.byValue[f.index] = fieldIndex(f)
	}
}

// find returns the position that an id names, whether or not a record is there.
func (t *table) find(id15 string) (uint32, bool) {
	n, member := t.ids.number(id15)
	if !member || n >= uint64(len(t.rows)) {
		return 0, false
	}
	return uint32(n), true
}

// id returns the 18-character id of a position.
func (t *table) id(pos uint32) string { return t.ids.id(pos) }

// seen returns what readers see at a position; nil when nothing.
func (t *table) seen(pos uint32) *row {
	if len(t.late) > 0 {
		if l, ok := t.late[pos]; ok {
			return l.before
		}
	}
	return t.rows[pos]
}

// grow reserves the next position.
func (t *table) grow() uint32 {
	t.rows = append(t.rows, nil)
	return uint32(len(t.rows) - 1)
}

// put makes r the current version at a position. A zero until shows it to readers at once.
func (t *table) put(pos uint32, r *row, until time.Time) {
	before, seen := t.rows[pos], t.seen(pos)
	for _, h := range t.byValue {
		h.replace(pos, before, r)
	}
	if t.byPhone != nil {
		t.byPhone.replace(pos, before, r)
	}
	if before != nil && !before.deleted {
		t.existing--
	}
	if r != nil && !r.deleted {
		t.existing++
	}
	t.rows[pos] = r
	if until.IsZero() {
		delete(t.late, pos)
		t.show(pos, seen, r)
		return
	}
	t.late[pos] = lateRow{before: seen, until: until}
}

// publish shows readers the current version of a record whose last write was late.
func (t *table) publish(pos uint32, until time.Time) {
	if l, ok := t.late[pos]; ok && !l.until.After(until) {
		delete(t.late, pos)
		t.show(pos, l.before, t.rows[pos])
	}
}

func (t *table) show(pos uint32, before, after *row) {
	if before != nil && after != nil && before.stamp == after.stamp {
		return
	}
	if before != nil {
		t.stamps.remove(stampKey(before, pos))
	}
	if after != nil {
		t.stamps.insert(stampKey(after, pos))
	}
}

const recycleBinKeeps = 15 * 24 * time.Hour

// gone tells whether a deleted row has left the recycle bin.
func gone(r *row, now time.Time) bool {
	return r == nil || r.deleted && now.Unix()-int64(r.stamp) > int64(recycleBinKeeps/time.Second)
}
