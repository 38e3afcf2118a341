package salesforcetest

import "math"

// bounds limit where the rows that fulfil an expression can be: their stamp keys, and their positions.
type bounds struct {
	lowKey, highKey uint64
	lowPos, highPos uint32
}

var everywhere = bounds{0, math.MaxUint64, 0, math.MaxUint32}

var nowhere = bounds{1, 0, 1, 0}

func (b bounds) empty() bool { return b.lowKey > b.highKey || b.lowPos > b.highPos }

// and returns bounds that hold where both do. Within one second, positions bound the keys more closely.
func (b bounds) and(o bounds) bounds {
	out := bounds{max(b.lowKey, o.lowKey), min(b.highKey, o.highKey), max(b.lowPos, o.lowPos), min(b.highPos, o.highPos)}
	if out.empty() {
		return nowhere
	}
	if out.lowKey>>32 == out.highKey>>32 {
		second := out.lowKey >> 32 << 32
		out.lowKey = max(out.lowKey, second|uint64(out.lowPos))
		out.highKey = min(out.highKey, second|uint64(out.highPos))
	}
	return out
}

// or returns bounds around both.
func (b bounds) or(o bounds) bounds {
	if b.empty() {
		return o
	}
	if o.empty() {
		return b
	}
	return bounds{min(b.lowKey, o.lowKey), max(b.highKey, o.highKey), min(b.lowPos, o.lowPos), max(b.highPos, o.highPos)}
}

// boundsOf returns where the rows that fulfil an expression can be.
func boundsOf(t *table, e boundExpr) bounds {
	switch e := e.(type) {
	case *boundAnd:
		out := everywhere
		for _, part := range e.parts {
			out = out.and(boundsOf(t, part))
		}
		return out
	case *boundOr:
		out := nowhere
		for _, part := range e.parts {
			out = out.or(boundsOf(t, part))
		}
		return out
	case *comparison:
		if !e.path.direct() || len(e.operands) != 1 || e.operands[0].null {
			return everywhere
		}
		switch e.path.leaf.column {
		case columnStamp:
			return stampBounds(e.operator, e.operands[0].millis)
		case columnID:
			return idBounds(t, e.operator, e.operands[0].text)
		}
	}
	return everywhere
}

func stampBounds(operator string, millis int64) bounds {
	floor := millis / 1000
	if millis < 0 {
		floor = -1
	}
	exact := millis >= 0 && millis%1000 == 0
	low, high := int64(0), int64(math.MaxUint32)
	switch operator {
	case "=":
		if !exact {
			return nowhere
		}
		low, high = floor, floor
	case ">":
		low = floor + 1
	case ">=":
		low = floor
		if !exact {
			low++
		}
	case "<":
		high = floor
		if exact {
			high--
		}
	case "<=":
		high = floor
	default:
		return everywhere
	}
	if low = max(low, 0); low > high || high < 0 || low > math.MaxUint32 {
		return nowhere
	}
	high = min(high, math.MaxUint32)
	return bounds{uint64(low) << 32, uint64(high)<<32 | math.MaxUint32, 0, math.MaxUint32}
}

func idBounds(t *table, operator, id15 string) bounds {
	n, member := t.ids.number(id15)
	// at is the first position not below the id.
	at := int64(min(n, math.MaxUint32))
	if !member && operator == "=" {
		return nowhere
	}
	low, high := int64(0), int64(math.MaxUint32)
	switch operator {
	case "=":
		low, high = at, at
	case ">":
		low = at
		if member {
			low++
		}
	case ">=":
		low = at
	case "<":
		high = at - 1
	case "<=":
		high = at
		if !member {
			high--
		}
	default:
		return everywhere
	}
	if low > high || high < 0 || low > math.MaxUint32 {
		return nowhere
	}
	return bounds{0, math.MaxUint64, uint32(low), uint32(high)}
}

// keyed returns the positions of all rows that can fulfil an expression, if keys in it tell; in no order.
func keyed(t *table, e boundExpr) (positions []uint32, ok bool) {
	switch e := e.(type) {
	case *boundAnd:
		for _, part := range e.parts {
			if found, ok := keyed(t, part); ok {
				return found, true
			}
		}
	case *boundOr:
		for _, part := range e.parts {
			found, ok := keyed(t, part)
			if !ok {
				return nil, false
			}
			positions = append(positions, found...)
		}
		return positions, true
	case *comparison:
		if !e.path.direct() || e.operator != "=" && e.operator != "IN" {
			return nil, false
		}
		leaf := e.path.leaf
		index := t.byValue[leaf.index]
		if leaf.column != columnID && (leaf.column != inPacked || index == nil) {
			return nil, false
		}
		for _, o := range e.operands {
			switch {
			case o.null && leaf.column != columnID:
				return nil, false
			case o.null:
			case leaf.column == columnID:
				if pos, found := t.find(o.text); found {
					positions = append(positions, pos)
				}
			default:
				positions = append(positions, index.find(o.text)...)
			}
		}
		if leaf.column != columnID {
			for pos := range t.late {
				positions = append(positions, pos)
			}
		}
		return positions, true
	}
	return nil, false
}
