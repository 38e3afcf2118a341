package salesforcetest

import "strings"

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const suffixAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// id18 appends the three characters that make a case-sensitive 15-character id safe to compare without case: each
// holds, for five characters, which of them are capitals.
func id18(id15 string) string {
	var b [18]byte
	copy(b[:], id15)
	for block := range 3 {
		bits := 0
		for i := range 5 {
			if c := id15[block*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		b[15+block] = suffixAlphabet[bits]
	}
	return string(b[:])
}

// parseID returns the 15-character form of an id of 15 or 18 characters.
func parseID(s string) (id15 string, ok bool) {
	if len(s) != 15 && len(s) != 18 {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", false
		}
	}
	if len(s) == 18 && id18(s[:15]) != s {
		return "", false
	}
	return s[:15], true
}

// idSpace is one object's ids: nine fixed characters, then a number in six. Ids sort as their numbers do.
type idSpace struct {
	prefix string
	first  uint64
}

// id returns the 18-character id of the row at a position.
func (s idSpace) id(pos uint32) string {
	var b [15]byte
	copy(b[:], s.prefix)
	n := s.first + uint64(pos)
	for i := 14; i >= 9; i-- {
		b[i] = base62[n%62]
		n /= 62
	}
	return id18(string(b[:]))
}

// number returns where an id stands among the ids of the space, and whether it belongs to the space at all. Where it
// does not, the position is that of the first id of the space after it: 0, or the number of all.
func (s idSpace) number(id15 string) (n uint64, member bool) {
	switch strings.Compare(id15[:9], s.prefix) {
	case -1:
		return 0, false
	case 1:
		return 1 << 40, false
	}
	for i := 9; i < 15; i++ {
		n = n*62 + uint64(strings.IndexByte(base62, id15[i]))
	}
	if n < s.first {
		return 0, false
	}
	return n - s.first, true
}
