package salesforcetest

import "strings"

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
