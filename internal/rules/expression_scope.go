package rules

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/tandem-sync/tandem/internal/record"
)

// scope is what an expression may know of a record: the fields that travel. A field that is off is never read, so an
// expression that asks for it would always see nothing.
type scope struct {
	section    string // of the rules file, where the fields are
	salesforce bool   // fields may need the name of a Salesforce field
	fields     []scopedField
	off        []record.Field
}

type scopedField struct {
	name record.Field
	kind record.Type
}

const customGroup = "custom"

func customKey(f record.Field) string { return strings.TrimPrefix(string(f), customGroup+".") }

var textList = types.TypeOf([]string{})

func (f scopedField) exprType() types.Type {
	switch f.kind {
	case record.TypeSet:
		return textList
	case record.TypeBool:
		return types.Bool
	default:
		return types.String
	}
}

func (f scopedField) value(v record.Value) any {
	switch f.kind {
	case record.TypeSet:
		return elements(v)
	case record.TypeBool:
		return !v.Empty()
	default:
		return v.Text()
	}
}

// elements copies a set, so that no expression's result shares memory with a record.
func elements(v record.Value) []string { return append([]string{}, v...) }

// types returns what a record is made of.
func (s scope) types() types.Map {
	custom, out := types.Map{}, types.Map{}
	for _, f := range s.fields {
		if f.name.IsCustom() {
			custom[customKey(f.name)] = f.exprType()
		} else {
			out[string(f.name)] = f.exprType()
		}
	}
	out[customGroup] = custom
	return out
}

// values returns a record's fields under the same names. A field that is not known is empty.
func (s scope) values(r record.Record) map[string]any {
	custom, out := map[string]any{}, make(map[string]any, len(s.fields)+2)
	for _, f := range s.fields {
		if f.name.IsCustom() {
			custom[customKey(f.name)] = f.value(r.Fields[f.name])
		} else {
			out[string(f.name)] = f.value(r.Fields[f.name])
		}
	}
	out[customGroup] = custom
	return out
}

// names lists what an expression of a shape may begin with.
func (s scope) names(shape expressionShape) []string {
	if shape != conditionShape {
		return []string{shape.valueName(), "contact"}
	}
	out := []string{"side", customGroup}
	for _, f := range s.fields {
		if !f.name.IsCustom() {
			out = append(out, string(f.name))
		}
	}
	return out
}

// missing explains a name that the expression does not know.
func (s scope) missing(name string, shape expressionShape) string {
	own := func(f record.Field) bool { return string(f) == name || f.IsCustom() && customKey(f) == name }
	if slices.ContainsFunc(s.off, own) {
		needs := "a direction"
		if s.salesforce {
			needs = "a direction and a salesforce field"
		}
		return name + " is off, so it is never read; give it " + needs + " under " + s.section + " to use it here"
	}
	for _, f := range s.fields {
		if !own(f.name) {
			continue
		}
		if shape == conditionShape {
			return "there is no " + name + "; did you mean " + string(f.name) + "?"
		}
		return "there is no " + name + "; did you mean contact." + string(f.name) + "?"
	}
	if isFunction(name) {
		return noFunction(name)
	}
	candidates := append(s.names(shape), allowedFunctions...)
	for _, f := range s.fields {
		candidates = append(candidates, customKey(f.name))
	}
	return "there is no " + name + didYouMean(name, candidates)
}
