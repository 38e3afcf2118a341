package salesforcetest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// boundQuery is a query whose names have been found in the org.
type boundQuery struct {
	table      *table
	count      bool
	projection *projection
	where      boundExpr // nil for none
	order      []boundOrder
	limit      int // -1 for none
	offset     int
	deleted    bool // queryAll
}

// boundPath leads over references to a field.
type boundPath struct {
	hops   []*field
	tables []*table // that each hop leads to
	leaf   *field
}

func (p boundPath) direct() bool { return len(p.hops) == 0 }

type boundOrder struct {
	path                  boundPath
	descending, nullsLast bool
}

// boundExpr is *boundAnd, *boundOr, *boundNot or *comparison.
type boundExpr any

type (
	boundAnd struct{ parts []boundExpr }
	boundOr  struct{ parts []boundExpr }
	boundNot struct{ part boundExpr }
)

// comparison compares a field with one operand, or with several for IN and NOTIN.
type comparison struct {
	path     boundPath
	operator string
	operands []operand
}

// operand is a literal in the form in which the field's content is compared.
type operand struct {
	null    bool
	text    string // folded where the field is; 15 characters of an id
	number  float64
	millis  int64
	boolean bool
	like    *likePattern
}

// projection is what a query selects of a record, and of the records it refers to, in order.
type projection struct {
	table *table
	items []projected
}

type projected struct {
	name   string
	field  *field
	nested *projection // nil for a plain field
}

type binder struct {
	f     *Fake
	query *soqlQuery
	table *table
}

// bind looks a query's names up. The caller holds a lock.
func (f *Fake) bind(q *soqlQuery) (*boundQuery, *apiError) {
	t := f.table(q.object.text)
	if t == nil {
		return nil, fail("INVALID_TYPE", located(q.text, q.object.at)+fmt.Sprintf(
			"sObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.", q.object.text))
	}
	b := &binder{f: f, query: q, table: t}
	out := &boundQuery{table: t, count: q.count, limit: q.limit, offset: q.offset, projection: &projection{table: t}}
	seen := map[string]bool{}
	for _, path := range q.fields {
		bound, err := b.path(path)
		if err != nil {
			return nil, err
		}
		if key := strings.ToLower(path.String()); seen[key] {
			return nil, fail("INVALID_FIELD", located(q.text, path.at)+"duplicate field selected: "+path.String())
		} else {
			seen[key] = true
		}
		out.projection.include(bound)
	}
	for _, o := range q.order {
		bound, err := b.path(o.path)
		if err != nil {
			return nil, err
		}
		if !bound.leaf.filterable() {
			return nil, fail("INVALID_FIELD", located(q.text, o.path.at)+fmt.Sprintf("field '%s' can not be sorted in a query call", bound.leaf.name))
		}
		out.order = append(out.order, boundOrder{bound, o.descending, o.nullsLast})
	}
	if q.where != nil {
		where, err := b.expression(q.where)
		if err != nil {
			return nil, err
		}
		out.where = where
	}
	if err := checkFilter(t.object, out.where); err != nil {
		return nil, err
	}
	return out, nil
}

// include adds a path to a projection, next to its siblings.
func (p *projection) include(path boundPath) {
	for i, hop := range path.hops {
		var nested *projection
		for _, item := range p.items {
			if item.nested != nil && item.field == hop {
				nested = item.nested
			}
		}
		if nested == nil {
			nested = &projection{table: path.tables[i]}
			p.items = append(p.items, projected{hop.relationship, hop, nested})
		}
		p = nested
	}
	p.items = append(p.items, projected{path.leaf.name, path.leaf, nil})
}

func (b *binder) path(p soqlPath) (boundPath, *apiError) {
	var out boundPath
	t, names := b.table, p.names
	if len(names) > 1 && strings.EqualFold(names[0], t.object.name) && t.object.byRelationship[strings.ToLower(names[0])] == nil {
		names = names[1:]
	}
	for ; len(names) > 1; names = names[1:] {
		hop := t.object.byRelationship[strings.ToLower(names[0])]
		if hop == nil || hop.hidden || len(out.hops) == maxHops {
			return out, fail("INVALID_FIELD", located(b.query.text, p.at)+fmt.Sprintf(
				"Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.", names[0]))
		}
		if t = b.f.table(hop.refersTo); hop.polymorphic {
			t = b.f.names
		}
		out.hops, out.tables = append(out.hops, hop), append(out.tables, t)
	}
	out.leaf = t.object.visibleField(names[0])
	if out.leaf == nil {
		return out, fail("INVALID_FIELD", located(b.query.text, p.at)+fmt.Sprintf(
			"No such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.", names[0], t.object.name))
	}
	return out, nil
}

func (b *binder) expression(e soqlExpr) (boundExpr, *apiError) {
	switch e := e.(type) {
	case *soqlAnd:
		parts, err := b.expressions(e.parts)
		return &boundAnd{parts}, err
	case *soqlOr:
		parts, err := b.expressions(e.parts)
		return &boundOr{parts}, err
	case *soqlNot:
		part, err := b.expression(e.part)
		return &boundNot{part}, err
	default:
		return b.comparison(e.(*soqlComparison))
	}
}

func (b *binder) expressions(list []soqlExpr) ([]boundExpr, *apiError) {
	out := make([]boundExpr, len(list))
	for i, e := range list {
		var err *apiError
		if out[i], err = b.expression(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *binder) comparison(c *soqlComparison) (boundExpr, *apiError) {
	path, err := b.path(c.path)
	if err != nil {
		return nil, err
	}
	leaf := path.leaf
	if !leaf.filterable() {
		return nil, fail("INVALID_FIELD", located(b.query.text, c.path.at)+fmt.Sprintf("field '%s' can not be filtered in a query call", leaf.name))
	}
	ordered := c.operator == "<" || c.operator == "<=" || c.operator == ">" || c.operator == ">="
	if c.operator == "LIKE" && !leaf.isText() || ordered && leaf.kind == "boolean" {
		return nil, fail("INVALID_QUERY_FILTER_OPERATOR", located(b.query.text, c.path.at)+"invalid operator on "+leaf.kind+" field")
	}
	out := &comparison{path: path, operator: c.operator}
	for _, literal := range c.literals {
		operand, err := b.operand(leaf, literal, c.operator)
		if err != nil {
			return nil, err
		}
		out.operands = append(out.operands, operand)
	}
	return out, nil
}

// operand reads a literal as the field's type asks.
func (b *binder) operand(leaf *field, literal token, operator string) (operand, *apiError) {
	if literal.is("null") {
		return operand{null: true}, nil
	}
	mismatch := func(want string) (operand, *apiError) {
		return operand{}, fail("INVALID_FIELD", located(b.query.text, literal.at)+fmt.Sprintf("value of filter criterion for field '%s' must be of type %s", leaf.name, want))
	}
	switch {
	case leaf.kind == "boolean":
		if literal.kind != tokenName {
			return mismatch("boolean and should not be enclosed in quotes")
		}
		return operand{boolean: literal.is("true")}, nil
	case leaf.kind == "datetime":
		t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(literal.text))
		if literal.kind != tokenDateTime || err != nil {
			return mismatch("dateTime and should not be enclosed in quotes")
		}
		return operand{millis: t.UnixMilli()}, nil
	case leaf.kind == "date":
		_, err := time.Parse(dateLayout, literal.text)
		if literal.kind != tokenDate || err != nil {
			return mismatch("date and should not be enclosed in quotes")
		}
		return operand{text: literal.text}, nil
	case leaf.isNumber():
		n, err := strconv.ParseFloat(literal.text, 64)
		if literal.kind != tokenNumber || err != nil {
			return mismatch(leaf.kind + " and should not be enclosed in quotes")
		}
		return operand{number: n}, nil
	case literal.kind != tokenString:
		return mismatch("string and should be enclosed in quotes")
	case leaf.kind == "id" || leaf.kind == "reference":
		if literal.text == "" {
			return operand{null: true}, nil
		}
		id15, ok := parseID(literal.text)
		if !ok {
			return operand{}, fail("INVALID_QUERY_FILTER_OPERATOR", located(b.query.text, literal.at)+"invalid ID field: "+literal.text)
		}
		return operand{text: id15}, nil
	case operator == "LIKE":
		return operand{like: newLikePattern(literal.text)}, nil
	}
	text := unescapeLike(literal.text)
	if !leaf.caseSensitive {
		text = strings.ToLower(text)
	}
	return operand{text: text, null: text == ""}, nil
}

// unescapeLike drops the backslashes that the lexer kept.
func unescapeLike(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
