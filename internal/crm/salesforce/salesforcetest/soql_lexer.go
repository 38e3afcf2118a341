package salesforcetest

import (
	"fmt"
	"regexp"
	"strings"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenString
	tokenNumber
	tokenDate
	tokenDateTime
	tokenSymbol
)

type token struct {
	kind tokenKind
	text string // a name as written, a symbol, or a literal's text; strings still hold their LIKE escapes
	at   int    // byte offset in the query
}

// is tells whether the token is the keyword or the symbol.
func (t token) is(word string) bool {
	return (t.kind == tokenName || t.kind == tokenSymbol) && strings.EqualFold(t.text, word)
}

var (
	nameSyntax     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	dateTimeSyntax = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|z|[+-]\d{2}:\d{2})`)
	dateSyntax     = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	numberSyntax   = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)`)
)

// lex splits a query into tokens, the last of which is tokenEnd.
func lex(q string) ([]token, *apiError) {
	var out []token
	for i := 0; i < len(q); {
		c := q[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'':
			text, size, err := lexString(q, i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokenString, text, i})
			i += size
			continue
		}
		rest := q[i:]
		t := token{at: i}
		if m := nameSyntax.FindString(rest); m != "" {
			t.kind, t.text = tokenName, m
		} else if m := dateTimeSyntax.FindString(rest); m != "" {
			t.kind, t.text = tokenDateTime, m
		} else if m := dateSyntax.FindString(rest); m != "" {
			t.kind, t.text = tokenDate, m
		} else if m := numberSyntax.FindString(rest); m != "" {
			t.kind, t.text = tokenNumber, m
		} else if len(rest) > 1 && (rest[:2] == "<=" || rest[:2] == ">=" || rest[:2] == "!=" || rest[:2] == "<>") {
			t.kind, t.text = tokenSymbol, rest[:2]
		} else if strings.IndexByte("=<>(),.", c) >= 0 {
			t.kind, t.text = tokenSymbol, rest[:1]
		} else {
			return nil, malformed(q, i, fmt.Sprintf("unexpected token: '%s'", firstRune(rest)))
		}
		out = append(out, t)
		i += len(t.text)
		if last := out[len(out)-1].kind; (last == tokenDate || last == tokenDateTime || last == tokenNumber) && i < len(q) && nameSyntax.MatchString(q[i:]) {
			return nil, malformed(q, i, fmt.Sprintf("unexpected token: '%s'", nameSyntax.FindString(q[i:])))
		}
	}
	return append(out, token{tokenEnd, "", len(q)}), nil
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// lexString reads a string literal that starts at i. An escaped % or _ keeps its backslash, for LIKE; so does an
// escaped backslash, so that the two can be told apart.
func lexString(q string, i int) (text string, size int, err *apiError) {
	var b strings.Builder
	for j := i + 1; j < len(q); j++ {
		switch c := q[j]; c {
		case '\'':
			return b.String(), j + 1 - i, nil
		case '\n', '\r':
			return "", 0, malformed(q, j, "line breaks not allowed in string literals")
		case '\\':
			j++
			if j == len(q) {
				break
			}
			switch q[j] {
			case '\\', '%', '_':
				b.WriteByte('\\')
				b.WriteByte(q[j])
			case '\'', '"':
				b.WriteByte(q[j])
			case 'n', 'N':
				b.WriteByte('\n')
			case 'r', 'R':
				b.WriteByte('\r')
			case 't', 'T':
				b.WriteByte('\t')
			case 'b', 'B':
				b.WriteByte('\b')
			case 'f', 'F':
				b.WriteByte('\f')
			default:
				return "", 0, malformed(q, j, fmt.Sprintf("Illegal string literal escape: '\\%c'", q[j]))
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, malformed(q, i, "Unterminated string literal")
}

// malformed is the error of a query that cannot be read at a byte offset.
func malformed(q string, at int, message string) *apiError {
	return fail("MALFORMED_QUERY", located(q, at)+message)
}

// located points at a place in a query as the org's messages do.
func located(q string, at int) string {
	at = min(max(at, 0), len(q))
	row := strings.Count(q[:at], "\n") + 1
	start := strings.LastIndexByte(q[:at], '\n') + 1
	line := q[start:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return fmt.Sprintf("\n%s\n%s^\nERROR at Row:%d:Column:%d\n", line, strings.Repeat(" ", at-start), row, at-start+1)
}
