package gohighleveltest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// filters is a search's condition, taken apart so that the index can help.
type filters struct {
	matches func(*row) bool // what is left to test on each row; nil for nothing
	added   bounds
	updated bounds
	ids     []string // when isIDs: no other contact can match
	isIDs   bool
}

// bounds are a range of epoch milliseconds, both ends included.
type bounds struct{ from, to int64 }

var anywhen = bounds{math.MinInt64, math.MaxInt64}

func (b bounds) all() bool { return b == anywhen }

// refusal is why a search cannot be carried out.
type refusal struct {
	status  int
	message string
}

var operators = []string{
	"eq", "not_eq", "contains", "not_contains", "wildcard", "not_wildcard", "match", "not_match", "exists", "not_exists", "range",
	"not_range", "contains_set", "contains_not_set", "gt", "gte", "lt", "lte", "nested", "nested_not", "has_child", "has_parent",
}

// parseFilters takes the filters of a search, all of which must hold.
func parseFilters(list []any) (*filters, *refusal) {
	out := &filters{added: anywhen, updated: anywhen}
	var tests []func(*row) bool
	for i, x := range list {
		object, _ := x.(map[string]any)
		if b := out.boundsOf(object); b != nil {
			limits, refused := parseRange(object["field"].(string), object["value"])
			if refused != nil {
				return nil, refused
			}
			*b = bounds{max(b.from, limits.from), min(b.to, limits.to)}
			continue
		}
		if object["field"] == "id" && object["operator"] == "eq" && !out.isIDs {
			out.ids, out.isIDs = scalars(object["value"]), true
		}
		test, refused := parseFilter(x, "filters."+strconv.Itoa(i))
		if refused != nil {
			return nil, refused
		}
		tests = append(tests, test)
	}
	if len(tests) > 0 {
		out.matches = allOf(tests)
	}
	return out, nil
}

func (o *filters) boundsOf(object map[string]any) *bounds {
	if object["operator"] != "range" || object["group"] != nil {
		return nil
	}
	switch object["field"] {
	case "dateAdded":
		return &o.added
	case "dateUpdated":
		return &o.updated
	}
	return nil
}

func allOf(tests []func(*row) bool) func(*row) bool {
	return func(r *row) bool {
		for _, t := range tests {
			if !t(r) {
				return false
			}
		}
		return true
	}
}

func unprocessable(format string, args ...any) *refusal {
	return &refusal{422, fmt.Sprintf(format, args...)}
}

// parseFilter takes one filter or group.
func parseFilter(x any, where string) (func(*row) bool, *refusal) {
	object, isObject := x.(map[string]any)
	if !isObject {
		return nil, unprocessable("%s must be an object", where)
	}
	if group, isGroup := object["group"]; isGroup {
		return parseGroup(object, group, where)
	}
	for key := range object {
		if key != "field" && key != "operator" && key != "value" {
			return nil, unprocessable("%s.property %s should not exist", where, key)
		}
	}
	name, _ := object["field"].(string)
	operator, _ := object["operator"].(string)
	if name == "" {
		return nil, unprocessable("%s.field must be a string", where)
	}
	if !slices.Contains(operators, operator) {
		return nil, unprocessable("%s.operator must be one of the following values: %s", where, strings.Join(operators, ", "))
	}
	field, known := fieldOf(name)
	if !known {
		return nil, &refusal{400, "Invalid field " + name}
	}
	if !slices.Contains(kindOperators[field.kind], operator) {
		return nil, unprocessable("Invalid Operator (%s) passed for field %s", operator, snakeCase(name))
	}
	return compileFilter(field, name, operator, object["value"])
}

func parseGroup(object map[string]any, group any, where string) (func(*row) bool, *refusal) {
	list, isList := object["filters"].([]any)
	if len(object) != 2 || !isList || group != "AND" && group != "OR" {
		return nil, unprocessable("%s.group must be one of the following values: AND, OR, and hold filters", where)
	}
	var tests []func(*row) bool
	for i, x := range list {
		test, refused := parseFilter(x, fmt.Sprintf("%s.filters.%d", where, i))
		if refused != nil {
			return nil, refused
		}
		tests = append(tests, test)
	}
	if group == "AND" || len(tests) == 0 {
		return allOf(tests), nil
	}
	return func(r *row) bool {
		return slices.ContainsFunc(tests, func(t func(*row) bool) bool { return t(r) })
	}, nil
}

func compileFilter(field searchField, name, operator string, value any) (func(*row) bool, *refusal) {
	positive := strings.TrimPrefix(operator, "not_")
	var test func(*row) bool
	switch positive {
	case "exists":
		test = func(r *row) bool { return len(field.values(r)) > 0 }
	case "range":
		limits, refused := parseRange(name, value)
		if refused != nil {
			return nil, refused
		}
		test = func(r *row) bool {
			return slices.ContainsFunc(field.values(r), func(s string) bool { return limits.holds(field.kind, s) })
		}
	default:
		wanted := scalars(value)
		if len(wanted) == 0 && !emptyList(value) {
			return nil, unprocessable("Invalid value passed for field %s", snakeCase(name))
		}
		for i, w := range wanted {
			if len([]rune(w)) > 75 {
				return nil, unprocessable("Value passed for field %s must be shorter than or equal to 75 characters", snakeCase(name))
			}
			if field.kind != kindKeyword {
				wanted[i] = strings.ToLower(w)
			}
		}
		same := func(a, b string) bool { return a == b }
		if positive == "contains" && name != "tags" {
			same = strings.Contains
		}
		test = func(r *row) bool {
			return slices.ContainsFunc(field.values(r), func(s string) bool {
				if field.kind != kindKeyword {
					s = strings.ToLower(s)
				}
				return slices.ContainsFunc(wanted, func(w string) bool { return same(s, w) })
			})
		}
	}
	if positive != operator {
		return func(r *row) bool { return !test(r) }, nil
	}
	return test, nil
}

func emptyList(v any) bool {
	list, isList := v.([]any)
	return isList && len(list) == 0
}

// scalars returns a scalar, or the scalars of a list, as text.
func scalars(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case bool:
		return []string{strconv.FormatBool(x)}
	case json.Number:
		return []string{string(x)}
	case []any:
		var out []string
		for _, y := range x {
			if _, isList := y.([]any); !isList {
				out = append(out, scalars(y)...)
			}
		}
		return out
	}
	return nil
}

// parseRange takes {gt,lt}, {gte,lte} or one end of them, of epoch milliseconds or ISO times.
func parseRange(field string, value any) (bounds, *refusal) {
	object, isObject := value.(map[string]any)
	if !isObject || len(object) == 0 {
		return bounds{}, unprocessable("Invalid value passed for field %s", snakeCase(field))
	}
	out := anywhen
	for key, x := range object {
		ms, isTime := moment(x)
		if !isTime {
			return bounds{}, unprocessable("Invalid value passed for field %s", snakeCase(field))
		}
		switch key {
		case "gt":
			out.from = max(out.from, ms+1)
		case "gte":
			out.from = max(out.from, ms)
		case "lt":
			out.to = min(out.to, ms-1)
		case "lte":
			out.to = min(out.to, ms)
		default:
			return bounds{}, unprocessable("Invalid value passed for field %s", snakeCase(field))
		}
	}
	return out, nil
}

// moment reads a time, or a number of a custom field.
func moment(x any) (int64, bool) {
	switch v := x.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
		f, err := v.Float64()
		return int64(f), err == nil
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UnixMilli(), true
			}
		}
	}
	return 0, false
}

func (b bounds) holds(kind fieldKind, s string) bool {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f >= float64(b.from) && f <= float64(b.to)
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil && kind == kindCustom {
		return t.UnixMilli() >= b.from && t.UnixMilli() <= b.to
	}
	return false
}

// snakeCase spells a field as the vendor's messages do.
func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
