package rules

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"

	"github.com/tandem-sync/tandem/internal/record"
)

// allowedFunctions are those of the expression language that depend on nothing but their arguments and that cannot
// make something large out of something small. The clock, and whatever walks a map in no order, are not among them.
var allowedFunctions = []string{
	"all", "any", "none", "one", "filter", "map", "find", "count", "len", "trim", "trimPrefix", "trimSuffix", "indexOf",
	"lastIndexOf", "hasPrefix", "hasSuffix", "int", "float", "abs", "ceil", "floor", "round", "max", "min", "first", "last",
	"take", "upper", "lower", "replace", "split", "join", "string", "concat",
}

// expressionRules walks an expression's tree for what the type checker does not know, and puts appendText in place of
// text + text.
type expressionRules struct{ broken []brokenRule }

func (r *expressionRules) report(node ast.Node, message string) {
	r.broken = append(r.broken, brokenRule{from: node.Location().From, message: message})
}

// Visit looks at one node; the nodes under it were visited before.
func (r *expressionRules) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		if !slices.Contains(allowedFunctions, n.Name) {
			r.report(n, noFunction(n.Name))
		}
	case *ast.IdentifierNode:
		if n.Value == "$env" {
			r.report(n, "there is no $env; name the fields one by one")
		}
	case *ast.PredicateNode:
		if inner := ast.Find(n.Node, isPredicate); inner != nil {
			r.report(inner, "a search inside a search is not allowed; ask with in, as # in [\"a\", \"b\"]")
		}
	case *ast.CallNode:
		r.call(n)
	case *ast.BinaryNode:
		r.binary(node, n)
	}
}

// noFunction explains that the language has a function which rules do not have.
func noFunction(name string) string {
	switch name {
	case "now", "date", "duration", "timezone":
		return "there is no " + name + "; an expression cannot read the clock, so that it decides the same every time"
	}
	return "there is no " + name + "; the functions are " + anyOf(allowedFunctions)
}

// isFunction tells whether the language has a function of that name.
func isFunction(name string) bool {
	_, ok := builtin.Index[name]
	return ok
}

func isPredicate(n ast.Node) bool {
	_, ok := n.(*ast.PredicateNode)
	return ok
}

// call checks arguments that have no type of their own in the language.
func (r *expressionRules) call(n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	for i, argument := range n.Arguments {
		given := argument.Nature()
		switch {
		case callee.Value == "concat" && !listOfTexts(given):
			r.report(argument, "concat takes lists of texts, as concat(values, [\"crm\"])")
		case callee.Value == "join" && i == 0 && !listOfTexts(given):
			r.report(argument, "join takes a list of texts, as join(tags, \", \")")
		case callee.Value == "string" && (given.IsArray() || given.IsMap() || given.IsFunc()):
			r.report(argument, "string takes one value; for a list use join")
		}
	}
}

func (r *expressionRules) binary(node *ast.Node, n *ast.BinaryNode) {
	left, right := n.Left.Nature(), n.Right.Nature()
	switch {
	case n.Operator == "..":
		r.report(n, "ranges (..) are not allowed")
	case n.Operator == "+" && left.IsString() && right.IsString():
		call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: appendText}, Arguments: []ast.Node{n.Left, n.Right}}
		ast.Patch(node, call)
		call.SetType(left.Type)
	case n.Operator == "+" && (!left.IsNumber() || !right.IsNumber()) && (left.IsUnknown(nil) || right.IsUnknown(nil)):
		r.report(n, "the type of one side of + is not known; wrap it in string(…) or float(…)")
	case n.Operator == "in":
		r.membership(n)
	}
}

// membership reports a search for text that no set can hold, because the elements of sets are normalised.
func (r *expressionRules) membership(n *ast.BinaryNode) {
	wanted, ok := n.Left.(*ast.StringNode)
	if !ok {
		return
	}
	switch set := n.Right.(type) {
	case *ast.IdentifierNode:
		if set.Value != string(record.Tags) && set.Value != setShape.valueName() {
			return
		}
	case *ast.MemberNode:
	default:
		return
	}
	if !listOfTexts(n.Right.Nature()) {
		return
	}
	if held := (record.Normaliser{}).NormaliseSet([]string{wanted.Value}); !held.Equal(record.Value{wanted.Value}) {
		r.report(wanted, "never true, because tags and the like are kept in lower case; write "+quoted(held.Text()))
	}
}
