package salesforcetest

import (
	"cmp"
	"strconv"
	"strings"
)

// content is what a path leads to from a row.
type content struct {
	null    bool
	text    string
	number  float64
	millis  int64
	boolean bool
}

// follow goes along a path's references; ok is false where one is empty.
func (f *Fake) follow(t *table, pos uint32, r *row, p boundPath) (*table, uint32, *row, bool) {
	for i, hop := range p.hops {
		var ok bool
		if t, pos, r, ok = f.step(t, pos, r, hop, p.tables[i]); !ok {
			return nil, 0, nil, false
		}
	}
	return t, pos, r, true
}

// step goes from a row to the one that its reference names.
func (f *Fake) step(t *table, pos uint32, r *row, hop *field, to *table) (*table, uint32, *row, bool) {
	id := f.content(t, pos, r, hop)
	if id == "" {
		return nil, 0, nil, false
	}
	if to == f.names {
		if to = f.referred(hop, id[:15]); to == nil {
			return nil, 0, nil, false
		}
	}
	at, ok := to.find(id[:15])
	if !ok {
		return nil, 0, nil, false
	}
	next := to.seen(at)
	return to, at, next, next != nil
}

// compared returns a row's content in the form in which it is compared.
func (f *Fake) compared(t *table, pos uint32, r *row, p boundPath) content {
	if !p.direct() {
		var ok bool
		if t, pos, r, ok = f.follow(t, pos, r, p); !ok {
			return content{null: true}
		}
	}
	leaf := named(t, p.leaf)
	if leaf == nil {
		return content{null: true}
	}
	switch leaf.column {
	case columnCreated:
		return content{millis: int64(r.created) * 1000}
	case columnModified:
		return content{millis: int64(r.modified) * 1000}
	case columnStamp:
		return content{millis: int64(r.stamp) * 1000}
	case columnDeleted:
		return content{boolean: r.deleted}
	case columnArchived:
		return content{boolean: t.object.archives(r, f.now())}
	}
	if leaf.kind == "boolean" {
		return content{boolean: r.get(leaf.index) != ""}
	}
	s := f.content(t, pos, r, leaf)
	if s == "" {
		return content{null: true}
	}
	switch {
	case leaf.kind == "id" || leaf.kind == "reference":
		return content{text: s[:15]}
	case leaf.kind == "datetime":
		at, _ := parseDateTime(s)
		return content{millis: at.UnixMilli()}
	case leaf.isNumber():
		n, _ := strconv.ParseFloat(s, 64)
		return content{number: n}
	case leaf.isText() && !leaf.caseSensitive:
		return content{text: strings.ToLower(s)}
	}
	return content{text: s}
}

// compare orders a content against an operand of the same field; neither is null.
func compare(c content, o operand) int {
	if d := strings.Compare(c.text, o.text); d != 0 {
		return d
	}
	if d := cmp.Compare(c.number, o.number); d != 0 {
		return d
	}
	if d := cmp.Compare(c.millis, o.millis); d != 0 {
		return d
	}
	switch {
	case c.boolean == o.boolean:
		return 0
	case o.boolean:
		return -1
	}
	return 1
}

func equal(c content, o operand) bool {
	if c.null || o.null {
		return c.null && o.null
	}
	return compare(c, o) == 0
}

// matches tells whether a row fulfils an expression. A null content is unequal to everything but null, and neither
// less nor greater than anything.
func (f *Fake) matches(t *table, pos uint32, r *row, e boundExpr) bool {
	switch e := e.(type) {
	case nil:
		return true
	case *boundAnd:
		for _, part := range e.parts {
			if !f.matches(t, pos, r, part) {
				return false
			}
		}
		return true
	case *boundOr:
		for _, part := range e.parts {
			if f.matches(t, pos, r, part) {
				return true
			}
		}
		return false
	case *boundNot:
		return !f.matches(t, pos, r, e.part)
	}
	c := e.(*comparison)
	value := f.compared(t, pos, r, c.path)
	switch c.operator {
	case "=", "IN":
		for _, o := range c.operands {
			if equal(value, o) {
				return true
			}
		}
		return false
	case "!=", "NOTIN":
		for _, o := range c.operands {
			if equal(value, o) {
				return false
			}
		}
		return true
	case "LIKE":
		return c.operands[0].null && value.null || !value.null && c.operands[0].like.matches(strings.ToLower(value.text))
	}
	if value.null {
		return false
	}
	d := 1 // Id > '' holds for every id
	if !c.operands[0].null {
		d = compare(value, c.operands[0])
	} else if c.path.leaf.kind != "id" {
		return false
	}
	switch c.operator {
	case "<":
		return d < 0
	case "<=":
		return d <= 0
	case ">":
		return d > 0
	}
	return d >= 0
}

// likePattern is a LIKE pattern: % stands for any text, _ for any character.
type likePattern struct{ parts []likePart }

type likePart struct {
	r        rune
	any, one bool
}

func newLikePattern(s string) *likePattern {
	p := &likePattern{}
	escaped := false
	for _, r := range strings.ToLower(s) {
		switch {
		case escaped:
			escaped = false
			p.parts = append(p.parts, likePart{r: r})
		case r == '\\':
			escaped = true
		case r == '%':
			p.parts = append(p.parts, likePart{any: true})
		case r == '_':
			p.parts = append(p.parts, likePart{one: true})
		default:
			p.parts = append(p.parts, likePart{r: r})
		}
	}
	return p
}

func (p *likePattern) matches(s string) bool {
	text := []rune(s)
	i, j, back, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(p.parts) && p.parts[j].any:
			back, mark = j, i
			j++
		case j < len(p.parts) && (p.parts[j].one || p.parts[j].r == text[i]):
			i++
			j++
		case back >= 0:
			mark++
			i, j = mark, back+1
		default:
			return false
		}
	}
	for j < len(p.parts) && p.parts[j].any {
		j++
	}
	return j == len(p.parts)
}
