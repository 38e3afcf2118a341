package salesforcetest

// shadow is what another object shows of a table's records, under the same ids: ContentDocument of ContentNote.
type shadow struct {
	table *table
	from  map[uint8]uint8 // the packed fields that both have: index there by index in the source
}

// shadowedBy makes t the source of what another table shows.
func (t *table) shadowedBy(other *table) {
	s := &shadow{table: other, from: map[uint8]uint8{}}
	for _, f := range t.object.packed {
		if same := other.object.field(f.name); same != nil && same.column == inPacked {
			s.from[f.index] = same.index
		}
	}
	t.shadow, other.shadows = s, t
}

// source returns the table whose records this one shows: itself where they are its own.
func (t *table) source() *table {
	if t.shadows != nil {
		return t.shadows
	}
	return t
}

func (t *table) withShadow() []*table {
	if t.shadow != nil {
		return []*table{t, t.shadow.table}
	}
	return []*table{t}
}

// reach makes a place for a position.
func (s *shadow) reach(pos uint32) {
	for uint32(len(s.table.rows)) <= pos {
		s.table.grow()
	}
}

func (s *shadow) of(r *row) *row {
	if r == nil {
		return nil
	}
	out := *r
	out.packed = ""
	for p := r.packed; len(p) > 0; {
		index, size, head := unpackHead(p)
		if to, shown := s.from[index]; shown {
			out.packed = repack(out.packed, []change{{to, p[head : head+size]}})
		}
		p = p[head+size:]
	}
	return &out
}
