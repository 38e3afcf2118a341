package gohighleveltest

import (
	"cmp"
	"iter"
	"slices"
)

// ordered keeps rows sorted by a time and the id, in blocks, so that inserting, deleting, ranking and reading on from
// any place cost far less than the number of rows.
type ordered struct {
	key    func(*row) int64
	blocks [][]*row
	size   int
}

const blockRows = 512

// place is a position in the order: that of a row, or one between rows.
type place struct {
	key int64
	id  string
}

func (o *ordered) compare(r *row, p place) int {
	if c := cmp.Compare(o.key(r), p.key); c != 0 {
		return c
	}
	return cmp.Compare(r.id(), p.id)
}

func (o *ordered) place(r *row) place { return place{o.key(r), r.id()} }

// seek returns the block and the index in it of the first row at or after p.
func (o *ordered) seek(p place) (block, index int) {
	block, _ = slices.BinarySearchFunc(o.blocks, p, func(b []*row, p place) int { return o.compare(b[len(b)-1], p) })
	if block == len(o.blocks) {
		return block, 0
	}
	index, _ = slices.BinarySearchFunc(o.blocks[block], p, o.compare)
	return block, index
}

func (o *ordered) insert(r *row) {
	o.size++
	if len(o.blocks) == 0 {
		o.blocks = append(o.blocks, append(make([]*row, 0, blockRows), r))
		return
	}
	b, i := o.seek(o.place(r))
	if b == len(o.blocks) {
		b--
		i = len(o.blocks[b])
	}
	block := o.blocks[b]
	if len(block) < blockRows {
		o.blocks[b] = slices.Insert(block, i, r)
		return
	}
	if i == len(block) && b == len(o.blocks)-1 { // appending in order leaves full blocks behind
		o.blocks = append(o.blocks, append(make([]*row, 0, blockRows), r))
		return
	}
	half := len(block) / 2
	right := append(make([]*row, 0, blockRows), block[half:]...)
	clear(block[half:])
	o.blocks[b] = block[:half]
	o.blocks = slices.Insert(o.blocks, b+1, right)
	if i > half {
		b, i = b+1, i-half
	}
	o.blocks[b] = slices.Insert(o.blocks[b], i, r)
}

func (o *ordered) remove(r *row) {
	b, i := o.seek(o.place(r))
	if b == len(o.blocks) || i == len(o.blocks[b]) || o.blocks[b][i] != r {
		panic("gohighleveltest: row to remove is not in the index")
	}
	o.size--
	o.blocks[b] = slices.Delete(o.blocks[b], i, i+1)
	if len(o.blocks[b]) == 0 {
		o.blocks = slices.Delete(o.blocks, b, b+1)
	}
}

// fill replaces everything by the rows, in any order.
func (o *ordered) fill(rows []*row) {
	slices.SortFunc(rows, func(a, b *row) int { return o.compare(a, o.place(b)) })
	o.blocks, o.size = nil, len(rows)
	for chunk := range slices.Chunk(rows, blockRows) {
		o.blocks = append(o.blocks, slices.Clone(chunk))
	}
}

// rank returns how many rows stand before p.
func (o *ordered) rank(p place) int {
	block, index := o.seek(p)
	for _, b := range o.blocks[:block] {
		index += len(b)
	}
	return index
}

// ascend yields the rows from the place on, upwards.
func (o *ordered) ascend(from place) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		b, i := o.seek(from)
		for ; b < len(o.blocks); b, i = b+1, 0 {
			for _, r := range o.blocks[b][i:] {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// descend yields the rows before the place, downwards.
func (o *ordered) descend(before place) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		b, i := o.seek(before)
		for {
			if i == 0 {
				if b--; b < 0 {
					return
				}
				i = len(o.blocks[b])
			}
			i--
			if !yield(o.blocks[b][i]) {
				return
			}
		}
	}
}
