package salesforcetest

import (
	"hash/maphash"
	"slices"
	"sort"
	"strings"
)

// stampKey orders rows by SystemModstamp, then by Id.
func stampKey(r *row, pos uint32) uint64 { return uint64(r.stamp)<<32 | uint64(pos) }

const chunkSize = 1024

// stampIndex is a sorted set of stamp keys, kept in chunks so that an insertion moves little.
type stampIndex struct {
	chunks [][]uint64
	count  int
}

// chunk returns the chunk in which a key is or belongs.
func (s *stampIndex) chunk(key uint64) int {
	i := sort.Search(len(s.chunks), func(i int) bool { return s.chunks[i][0] > key })
	return max(i-1, 0)
}

func (s *stampIndex) insert(key uint64) {
	s.count++
	if len(s.chunks) == 0 {
		s.chunks = [][]uint64{append(make([]uint64, 0, chunkSize), key)}
		return
	}
	i := s.chunk(key)
	c := s.chunks[i]
	at, _ := slices.BinarySearch(c, key)
	if len(c) < chunkSize {
		s.chunks[i] = slices.Insert(c, at, key)
		return
	}
	if at == len(c) && i == len(s.chunks)-1 {
		s.chunks = append(s.chunks, append(make([]uint64, 0, chunkSize), key))
		return
	}
	right := append(make([]uint64, 0, chunkSize), c[chunkSize/2:]...)
	left := c[:chunkSize/2]
	if at <= len(left) {
		left = slices.Insert(left, at, key)
	} else {
		right = slices.Insert(right, at-len(left), key)
	}
	s.chunks[i] = left
	s.chunks = slices.Insert(s.chunks, i+1, right)
}

func (s *stampIndex) remove(key uint64) {
	if len(s.chunks) == 0 {
		return
	}
	i := s.chunk(key)
	at, found := slices.BinarySearch(s.chunks[i], key)
	if !found {
		return
	}
	s.count--
	s.chunks[i] = slices.Delete(s.chunks[i], at, at+1)
	if len(s.chunks[i]) == 0 {
		s.chunks = slices.Delete(s.chunks, i, i+1)
	}
}

// ascend visits the keys from low to high, both included, until visit returns false.
func (s *stampIndex) ascend(low, high uint64, visit func(uint64) bool) {
	if len(s.chunks) == 0 {
		return
	}
	for i := s.chunk(low); i < len(s.chunks); i++ {
		c := s.chunks[i]
		at, _ := slices.BinarySearch(c, low)
		for _, key := range c[at:] {
			if key > high || !visit(key) {
				return
			}
		}
	}
}

// descend visits the keys from high to low, both included, until visit returns false.
func (s *stampIndex) descend(low, high uint64, visit func(uint64) bool) {
	if len(s.chunks) == 0 {
		return
	}
	for i := s.chunk(high); i >= 0; i-- {
		c := s.chunks[i]
		at, found := slices.BinarySearch(c, high)
		if found {
			at++
		}
		for at--; at >= 0; at-- {
			if c[at] < low || !visit(c[at]) {
				return
			}
		}
	}
}

// size estimates how many keys lie between low and high, to within two chunks.
func (s *stampIndex) size(low, high uint64) int {
	if len(s.chunks) == 0 || low > high {
		return 0
	}
	n := 0
	for i := s.chunk(low); i <= s.chunk(high); i++ {
		n += len(s.chunks[i])
	}
	return n
}

var hashSeed = maphash.MakeSeed()

// hashIndex finds rows by a value. It keeps hashes only: whoever uses it looks at the rows it names.
type hashIndex struct {
	value func(*row) string
	one   map[uint64]uint32
	more  map[uint64][]uint32
}

func newHashIndex(value func(*row) string) *hashIndex {
	return &hashIndex{value: value, one: map[uint64]uint32{}, more: map[uint64][]uint32{}}
}

func fieldIndex(f *field) *hashIndex {
	return newHashIndex(func(r *row) string { return f.key(r.get(f.index)) })
}

// key is a value in the form in which equal values are the same text.
func (f *field) key(text string) string {
	switch {
	case f.kind == "reference":
		return text[:min(15, len(text))]
	case f.caseSensitive:
		return text
	}
	return strings.ToLower(text)
}

func (h *hashIndex) replace(pos uint32, before, after *row) {
	var was, is string
	if before != nil {
		was = h.value(before)
	}
	if after != nil {
		is = h.value(after)
	}
	if was == is {
		return
	}
	if was != "" {
		h.remove(maphash.String(hashSeed, was), pos)
	}
	if is != "" {
		h.add(maphash.String(hashSeed, is), pos)
	}
}

func (h *hashIndex) add(sum uint64, pos uint32) {
	if _, taken := h.one[sum]; taken {
		h.more[sum] = append(h.more[sum], pos)
		return
	}
	h.one[sum] = pos
}

func (h *hashIndex) remove(sum uint64, pos uint32) {
	more := h.more[sum]
	if first, ok := h.one[sum]; ok && first == pos {
		if len(more) == 0 {
			delete(h.one, sum)
			return
		}
		h.one[sum] = more[0]
		more = more[1:]
	} else if i := slices.Index(more, pos); i >= 0 {
		more = slices.Delete(more, i, i+1)
	}
	if len(more) == 0 {
		delete(h.more, sum)
	} else {
		h.more[sum] = more
	}
}

// find returns the positions of rows that may hold the value, in no order.
func (h *hashIndex) find(value string) []uint32 {
	sum := maphash.String(hashSeed, value)
	first, ok := h.one[sum]
	if !ok {
		return nil
	}
	return append([]uint32{first}, h.more[sum]...)
}
