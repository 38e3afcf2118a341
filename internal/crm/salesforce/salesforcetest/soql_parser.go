package salesforcetest

import (
	"fmt"
	"strconv"
	"strings"
)

// soqlQuery is a query as written, before its names are looked up.
type soqlQuery struct {
	text   string
	count  bool // SELECT COUNT()
	fields []soqlPath
	object token
	where  soqlExpr // nil for none
	order  []soqlOrder
	limit  int // -1 for none
	offset int
}

// soqlPath is a field, or one of a related record: Account.Owner.Name.
type soqlPath struct {
	names []string
	at    int
}

func (p soqlPath) String() string { return strings.Join(p.names, ".") }

type soqlOrder struct {
	path       soqlPath
	descending bool
	nullsLast  bool
}

// soqlExpr is *soqlAnd, *soqlOr, *soqlNot or *soqlComparison.
type soqlExpr any

type (
	soqlAnd struct{ parts []soqlExpr }
	soqlOr  struct{ parts []soqlExpr }
	soqlNot struct{ part soqlExpr }
	// soqlComparison compares with one literal, or with several for IN and NOT IN.
	soqlComparison struct {
		path     soqlPath
		operator string // = != < <= > >= LIKE IN NOTIN
		literals []token
	}
)

const (
	maxQueryLength  = 100_000
	maxStringLength = 4_000
	maxNesting      = 100
	maxOffset       = 2_000
	maxHops         = 5
)

type soqlParser struct {
	text   string
	tokens []token
	next   int
	depth  int
}

// parseSOQL reads a query. It never panics, whatever the text.
func parseSOQL(text string) (*soqlQuery, *apiError) {
	if len(text) > maxQueryLength {
		return nil, fail("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.")
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &soqlParser{text: text, tokens: tokens}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, p.unexpected()
	}
	return q, nil
}

func (p *soqlParser) peek() token { return p.tokens[p.next] }

// accept takes the next token if it is the word.
func (p *soqlParser) accept(word string) bool {
	if p.peek().is(word) {
		p.next++
		return true
	}
	return false
}

func (p *soqlParser) expect(word string) *apiError {
	if !p.accept(word) {
		return p.unexpected()
	}
	return nil
}

func (p *soqlParser) unexpected() *apiError {
	t := p.peek()
	if t.kind == tokenEnd {
		return malformed(p.text, t.at, "unexpected token: '<EOF>'")
	}
	return malformed(p.text, t.at, fmt.Sprintf("unexpected token: '%s'", t.text))
}

func (p *soqlParser) query() (*soqlQuery, *apiError) {
	q := &soqlQuery{text: p.text, limit: -1}
	if err := p.expect("SELECT"); err != nil {
		return nil, err
	}
	if err := p.selection(q); err != nil {
		return nil, err
	}
	if err := p.expect("FROM"); err != nil {
		return nil, err
	}
	if q.object = p.peek(); q.object.kind != tokenName {
		return nil, p.unexpected()
	}
	p.next++
	if p.accept("WHERE") {
		where, err := p.expression()
		if err != nil {
			return nil, err
		}
		q.where = where
	}
	if p.accept("ORDER") {
		if err := p.ordering(q); err != nil {
			return nil, err
		}
	}
	if p.accept("LIMIT") {
		n, err := p.integer()
		if err != nil {
			return nil, err
		}
		q.limit = n
	}
	if p.accept("OFFSET") {
		n, err := p.integer()
		if err != nil {
			return nil, err
		}
		if n > maxOffset {
			return nil, fail("NUMBER_OUTSIDE_VALID_RANGE", located(p.text, p.tokens[p.next-1].at)+"Maximum SOQL offset allowed is 2000")
		}
		q.offset = n
	}
	return q, nil
}

func (p *soqlParser) selection(q *soqlQuery) *apiError {
	if p.peek().is("COUNT") && p.tokens[min(p.next+1, len(p.tokens)-1)].is("(") {
		p.next += 2
		q.count = true
		return p.expect(")")
	}
	for {
		path, err := p.path()
		if err != nil {
			return err
		}
		q.fields = append(q.fields, path)
		if !p.accept(",") {
			return nil
		}
	}
}

var reserved = map[string]bool{
	"and": true, "or": true, "not": true, "from": true, "where": true, "select": true, "order": true, "limit": true,
	"in": true, "like": true, "null": true, "true": true, "false": true, "offset": true,
}

func (p *soqlParser) path() (soqlPath, *apiError) {
	path := soqlPath{at: p.peek().at}
	for {
		t := p.peek()
		if t.kind != tokenName || reserved[strings.ToLower(t.text)] {
			return path, p.unexpected()
		}
		p.next++
		path.names = append(path.names, t.text)
		if !p.accept(".") {
			return path, nil
		}
	}
}

func (p *soqlParser) integer() (int, *apiError) {
	n, err := strconv.Atoi(p.peek().text)
	if p.peek().kind != tokenNumber || err != nil || n < 0 {
		return 0, p.unexpected()
	}
	p.next++
	return n, nil
}

func (p *soqlParser) ordering(q *soqlQuery) *apiError {
	if err := p.expect("BY"); err != nil {
		return err
	}
	for {
		path, err := p.path()
		if err != nil {
			return err
		}
		o := soqlOrder{path: path}
		if !p.accept("ASC") {
			o.descending = p.accept("DESC")
		}
		if p.accept("NULLS") {
			if o.nullsLast = p.accept("LAST"); !o.nullsLast {
				if err := p.expect("FIRST"); err != nil {
					return err
				}
			}
		}
		q.order = append(q.order, o)
		if !p.accept(",") {
			return nil
		}
	}
}

// expression reads terms joined by AND, or by OR. SOQL takes no mixture of the two without parentheses.
func (p *soqlParser) expression() (soqlExpr, *apiError) {
	if p.depth++; p.depth > maxNesting {
		return nil, malformed(p.text, p.peek().at, "Query is too complex")
	}
	defer func() { p.depth-- }()
	first, err := p.term()
	if err != nil {
		return nil, err
	}
	parts := []soqlExpr{first}
	joint := ""
	for p.peek().is("AND") || p.peek().is("OR") {
		word := strings.ToUpper(p.peek().text)
		if joint != "" && joint != word {
			return nil, p.unexpected()
		}
		joint = word
		p.next++
		part, err := p.term()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	switch joint {
	case "AND":
		return &soqlAnd{parts}, nil
	case "OR":
		return &soqlOr{parts}, nil
	}
	return first, nil
}

func (p *soqlParser) term() (soqlExpr, *apiError) {
	if p.accept("NOT") {
		if p.depth++; p.depth > maxNesting {
			return nil, malformed(p.text, p.peek().at, "Query is too complex")
		}
		defer func() { p.depth-- }()
		part, err := p.term()
		if err != nil {
			return nil, err
		}
		return &soqlNot{part}, nil
	}
	if p.accept("(") {
		inner, err := p.expression()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.comparison()
}

func (p *soqlParser) comparison() (soqlExpr, *apiError) {
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	c := &soqlComparison{path: path}
	switch t := p.peek(); strings.ToUpper(t.text) {
	case "=", "!=", "<", "<=", ">", ">=", "LIKE", "IN":
		if t.kind == tokenString {
			return nil, p.unexpected()
		}
		c.operator = strings.ToUpper(t.text)
		p.next++
	case "<>":
		c.operator = "!="
		p.next++
	case "NOT":
		p.next++
		if err := p.expect("IN"); err != nil {
			return nil, err
		}
		c.operator = "NOTIN"
	default:
		return nil, p.unexpected()
	}
	if c.operator != "IN" && c.operator != "NOTIN" {
		literal, err := p.literal()
		c.literals = []token{literal}
		return c, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		literal, err := p.literal()
		if err != nil {
			return nil, err
		}
		c.literals = append(c.literals, literal)
		if !p.accept(",") {
			return c, p.expect(")")
		}
	}
}

func (p *soqlParser) literal() (token, *apiError) {
	t := p.peek()
	switch t.kind {
	case tokenString:
		if len(t.text) > maxStringLength {
			return t, malformed(p.text, t.at, "The string literal is longer than 4000 characters")
		}
	case tokenNumber, tokenDate, tokenDateTime:
	case tokenName:
		if !t.is("null") && !t.is("true") && !t.is("false") {
			return t, p.unexpected()
		}
	default:
		return t, p.unexpected()
	}
	p.next++
	return t, nil
}
