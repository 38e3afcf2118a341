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
