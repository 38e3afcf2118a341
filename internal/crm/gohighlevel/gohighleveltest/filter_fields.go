package gohighleveltest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fieldKind says which operators a field takes.
type fieldKind int

const (
	kindText fieldKind = iota
	kindKeyword
	kindBool
	kindDate
	kindCustom
)

var kindOperators = map[fieldKind][]string{
	kindText:    {"eq", "not_eq", "contains", "not_contains", "exists", "not_exists"},
	kindKeyword: {"eq", "not_eq"},
	kindBool:    {"eq", "not_eq", "exists", "not_exists"},
	kindDate:    {"range", "exists", "not_exists"},
	kindCustom:  {"eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range"},
}

type searchField struct {
	kind   fieldKind
	values func(*row) []string
}

func one(t tag) func(*row) []string {
	return func(r *row) []string {
		if v := r.get(t); v != "" {
			return []string{v}
		}
		return nil
	}
}

func many(t tag) func(*row) []string {
	return func(r *row) (out []string) {
		r.each(t, func(v string) bool { out = append(out, v); return true })
		return out
	}
}

var searchFields = map[string]searchField{
	"id":                 {kindKeyword, func(r *row) []string { return []string{r.id()} }},
	"email":              {kindText, one(tagEmail)},
	"phone":              {kindText, one(tagPhone)},
	"firstNameLowerCase": {kindText, one(tagFirstName)},
	"lastNameLowerCase":  {kindText, one(tagLastName)},
	"companyName":        {kindText, one(tagCompanyName)},
	"businessName":       {kindText, func(*row) []string { return nil }},
	"businessId":         {kindText, one(tagBusinessID)},
	"tags":               {kindText, many(tagTag)},
	"assignedTo":         {kindText, one(tagAssignedTo)},
	"followers":          {kindText, many(tagFollower)},
	"source":             {kindText, one(tagSource)},
	"type":               {kindText, one(tagType)},
	"city":               {kindText, one(tagCity)},
	"state":              {kindText, one(tagState)},
	"country":            {kindText, one(tagCountry)},
	"postalCode":         {kindText, one(tagPostalCode)},
	"dnd": {kindBool, func(r *row) []string {
		return []string{strconv.FormatBool(r.get(tagDND) != "")}
	}},
	"dateAdded":   {kindDate, func(r *row) []string { return []string{strconv.FormatInt(r.added, 10)} }},
	"dateUpdated": {kindDate, func(r *row) []string { return []string{strconv.FormatInt(r.updated, 10)} }},
	"dateOfBirth": {kindDate, func(r *row) []string {
		if t, err := time.Parse(time.DateOnly, r.get(tagDateOfBirth)); err == nil {
			return []string{strconv.FormatInt(t.UnixMilli(), 10)}
		}
		return nil
	}},
}

func fieldOf(name string) (searchField, bool) {
	if id, isCustom := strings.CutPrefix(name, "customFields."); isCustom && id != "" {
		return searchField{kindCustom, func(r *row) []string { return customTexts(r, id) }}, true
	}
	f, known := searchFields[name]
	return f, known
}

// customTexts returns the values of a custom field as text.
func customTexts(r *row, id string) (out []string) {
	r.each(tagCustomField, func(v string) bool {
		name, raw, _ := strings.Cut(v, "\x00")
		if name != id {
			return true
		}
		var value any
		fromJSON(raw, &value)
		switch x := value.(type) {
		case string:
			out = []string{x}
		case float64:
			out = []string{strconv.FormatFloat(x, 'f', -1, 64)}
		case []any:
			for _, y := range x {
				out = append(out, fmt.Sprint(y))
			}
		default:
			out = []string{raw}
		}
		return false
	})
	return out
}
