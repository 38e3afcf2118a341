package gohighleveltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
)

type presence bool

const (
	optional presence = false
	required presence = true
)

// validator collects what is wrong with a body, in the vendor's words.
type validator struct {
	body     map[string]any
	problems []string
}

func (v *validator) fail(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// only refuses every other key.
func (v *validator) only(keys ...string) {
	for _, k := range slices.Sorted(maps.Keys(v.body)) {
		if !slices.Contains(keys, k) {
			v.fail("property %s should not exist", k)
		}
	}
}

func (v *validator) text(key string, p presence) string {
	s, isText := v.body[key].(string)
	if v.body[key] == nil && p == optional {
		return ""
	}
	if !isText {
		v.fail("%s must be a string", key)
	}
	if p == required && s == "" {
		v.fail("%s should not be empty", key)
	}
	return s
}

// given returns a text that the body names, nil when it does not. It cannot be null.
func (v *validator) given(key string) *string {
	value, named := v.body[key]
	if !named {
		return nil
	}
	s, isText := value.(string)
	if !isText {
		v.fail("%s must be a string", key)
	}
	return &s
}

// flag returns a boolean that the body names, nil when it does not.
func (v *validator) flag(key string, p presence) *bool {
	value, named := v.body[key]
	if !named && p == optional {
		return nil
	}
	b, isBool := value.(bool)
	if !isBool {
		v.fail("%s must be a boolean value", key)
	}
	return &b
}

// instant returns a point in time that the body names, to the millisecond; nil when it names none. A date without a time
// and a time without an offset are none.
func (v *validator) instant(key string, p presence) *time.Time {
	value, named := v.body[key]
	if !named && p == optional {
		return nil
	}
	s, _ := value.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		v.fail("%s must be a valid ISO 8601 date string", key)
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

func (v *validator) number(key string, p presence) float64 {
	n, isNumber := v.body[key].(json.Number)
	if v.body[key] == nil && p == optional {
		return 0
	}
	f, err := n.Float64()
	if !isNumber || err != nil {
		v.fail("%s must be a number conforming to the specified constraints", key)
	}
	return f
}

func (v *validator) texts(key string, p presence) []string {
	if v.body[key] == nil && p == optional {
		return nil
	}
	list, isList := v.body[key].([]any)
	if !isList {
		v.fail("%s must be an array", key)
		return nil
	}
	out, good := textList(list)
	if !good {
		v.fail("each value in %s must be a string", key)
	}
	return out
}

func textList(list []any) (out []string, good bool) {
	out = make([]string, 0, len(list))
	for _, x := range list {
		s, isText := x.(string)
		if !isText {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// queryValidator does the same for a query string.
type queryValidator struct {
	query    url.Values
	problems []string
}

func (q *queryValidator) only(keys ...string) {
	for _, k := range slices.Sorted(maps.Keys(q.query)) {
		if !slices.Contains(keys, k) {
			q.problems = append(q.problems, "property "+k+" should not exist")
		}
	}
}

func (q *queryValidator) required(key string) string {
	s := q.query.Get(key)
	if s == "" {
		q.problems = append(q.problems, key+" must be a string", key+" should not be empty")
	}
	return s
}

// number reads a whole number that is not negative.
func (q *queryValidator) number(key string, fallback, most int) int {
	s := q.query.Get(key)
	if s == "" {
		return fallback
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		q.problems = append(q.problems, key+" must be a number conforming to the specified constraints")
	case n > most:
		q.problems = append(q.problems, fmt.Sprintf("%s must not be greater than %d", key, most))
	case n < 0:
		q.problems = append(q.problems, key+" must not be less than 0")
	}
	return n
}
