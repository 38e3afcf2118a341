package salesforcetest

import "slices"

// checkFilter refuses a query of an object that must be filtered by certain ids, and is not: the vendor would have to
// look at every record's permissions.
func checkFilter(o *object, where boundExpr) *apiError {
	if o.filterBy == nil {
		return nil
	}
	var filtered, byOneEntity bool
	for _, part := range conjuncts(where) {
		c, ok := part.(*comparison)
		if !ok || !c.path.direct() || c.operator != "=" && c.operator != "IN" || !slices.Contains(o.filterBy, c.path.leaf.name) {
			continue
		}
		filtered = filtered || !slices.ContainsFunc(c.operands, func(o operand) bool { return o.null })
		byOneEntity = byOneEntity || c.path.leaf.name == "LinkedEntityId" && c.operator == "="
	}
	switch {
	case !filtered:
		return fail("MALFORMED_QUERY", "Implementation restriction: "+o.name+" requires a filter by a single Id on "+
			"ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.")
	case !byOneEntity && !onlyIDs(where):
		return fail("MALFORMED_QUERY", "Implementation restriction: filtering on non-id fields is only permitted when "+
			"filtering by "+o.name+".LinkedEntityId using the equals operator.")
	}
	return nil
}

// conjuncts are the expressions that hold for each row that fulfils an expression.
func conjuncts(e boundExpr) []boundExpr {
	and, ok := e.(*boundAnd)
	if !ok {
		return []boundExpr{e}
	}
	var out []boundExpr
	for _, part := range and.parts {
		out = append(out, conjuncts(part)...)
	}
	return out
}

// onlyIDs tells whether an expression looks at nothing but ids.
func onlyIDs(e boundExpr) bool {
	switch e := e.(type) {
	case *boundAnd:
		return !slices.ContainsFunc(e.parts, func(part boundExpr) bool { return !onlyIDs(part) })
	case *boundOr:
		return !slices.ContainsFunc(e.parts, func(part boundExpr) bool { return !onlyIDs(part) })
	case *boundNot:
		return onlyIDs(e.part)
	case *comparison:
		return e.path.leaf.kind == "id" || e.path.leaf.kind == "reference"
	}
	return true
}
