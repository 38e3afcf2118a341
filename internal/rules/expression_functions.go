package rules

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errTooLarge = errors.New("too large")
	errArgument = errors.New("an argument of the wrong kind")
)

// appendText is the name under which text + text runs. It cannot be written in an expression.
const appendText = "text +"

// meter counts what one run of an expression makes, in bytes of text and elements of lists, before it is made. The
// language itself counts only its own lists.
type meter struct{ left int }

func (m *meter) spend(n int) error {
	if n < 0 || n > m.left {
		m.left = 0
		return errTooLarge
	}
	m.left -= n
	return nil
}

// functions are those that make new text or lists. They stand in place of the language's own.
func (m *meter) functions() map[string]any {
	return map[string]any{
		appendText: m.appendText, "upper": m.upper, "lower": m.lower, "replace": m.replace, "split": m.split, "join": m.join,
		"concat": m.concat, "string": m.text,
	}
}

func (m *meter) appendText(a, b string) (string, error) {
	if err := m.spend(len(a) + len(b)); err != nil {
		return "", err
	}
	return a + b, nil
}

func (m *meter) upper(s string) (string, error) {
	if err := m.spend(len(s)); err != nil {
		return "", err
	}
	return strings.ToUpper(s), nil
}

func (m *meter) lower(s string) (string, error) {
	if err := m.spend(len(s)); err != nil {
		return "", err
	}
	return strings.ToLower(s), nil
}

// replace cannot overflow: both texts were paid for, so each is far shorter than the root of an int.
func (m *meter) replace(s, old, by string) (string, error) {
	if err := m.spend(len(s) + strings.Count(s, old)*len(by)); err != nil {
		return "", err
	}
	return strings.ReplaceAll(s, old, by), nil
}

func (m *meter) split(s, separator string) ([]string, error) {
	if err := m.spend(len(s) + strings.Count(s, separator) + 1); err != nil {
		return nil, err
	}
	return strings.Split(s, separator), nil
}

func (m *meter) join(list any, glue ...string) (string, error) {
	texts, err := m.texts(list)
	if err != nil {
		return "", err
	}
	between := strings.Join(glue, "")
	if err := m.spend(len(texts) * len(between)); err != nil {
		return "", err
	}
	return strings.Join(texts, between), nil
}

func (m *meter) concat(lists ...any) ([]string, error) {
	out := []string{}
	for _, list := range lists {
		texts, err := m.texts(list)
		if err != nil {
			return nil, err
		}
		out = append(out, texts...)
	}
	return out, nil
}

// texts reads a list of texts and spends its size.
func (m *meter) texts(list any) ([]string, error) {
	var out []string
	switch list := list.(type) {
	case []string:
		out = list
	case []any:
		for _, element := range list {
			text, ok := element.(string)
			if !ok {
				return nil, errArgument
			}
			out = append(out, text)
		}
	default:
		return nil, errArgument
	}
	n := len(out)
	for _, text := range out {
		n += len(text)
	}
	return out, m.spend(n)
}

// text is string(…). Nothing is empty text; lists and groups have no text of their own.
func (m *meter) text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool, int, int64, float64:
		return fmt.Sprint(v), nil
	}
	return "", errArgument
}
