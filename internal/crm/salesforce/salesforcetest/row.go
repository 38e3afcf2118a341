package salesforcetest

import "encoding/binary"

// row is one version of a record. Rows never change: a write puts a new one in place, so readers need no copy.
type row struct {
	// packed holds the fields that have a value, in order of field index: index, length, text.
	packed                   string
	created, modified, stamp uint32 // seconds since 1970
	createdBy, modifiedBy    uint32 // positions in the User table
	owner                    uint32 // position in the User table
	deleted                  bool
	archived                 bool // whatever its age
}

// get returns a packed field's text, "" when it has no value.
func (r *row) get(index uint8) string {
	p := r.packed
	for len(p) > 0 {
		at, size, n := unpackHead(p)
		if at >= index {
			if at == index {
				return p[n : n+size]
			}
			return ""
		}
		p = p[n+size:]
	}
	return ""
}

func unpackHead(p string) (index uint8, size, head int) {
	if p[1] < 0x80 {
		return p[0], int(p[1]), 2
	}
	n, shift := 0, 0
	for i := 1; ; i++ {
		n |= int(p[i]&0x7f) << shift
		shift += 7
		if p[i] < 0x80 {
			return p[0], n, i + 1
		}
	}
}

// change is a new value of a packed field; "" clears it.
type change struct {
	index uint8
	text  string
}

// repack returns packed with the changes, which are sorted by index and name each field once.
func repack(packed string, changes []change) string {
	size := len(packed)
	for _, c := range changes {
		size += len(c.text) + 4
	}
	out := make([]byte, 0, size)
	put := func(c change) {
		if c.text != "" {
			out = append(out, c.index)
			out = binary.AppendUvarint(out, uint64(len(c.text)))
			out = append(out, c.text...)
		}
	}
	for len(packed) > 0 {
		index, size, head := unpackHead(packed)
		for len(changes) > 0 && changes[0].index < index {
			put(changes[0])
			changes = changes[1:]
		}
		if len(changes) > 0 && changes[0].index == index {
			put(changes[0])
			changes = changes[1:]
		} else {
			out = append(out, packed[:head+size]...)
		}
		packed = packed[head+size:]
	}
	for _, c := range changes {
		put(c)
	}
	return string(out)
}
