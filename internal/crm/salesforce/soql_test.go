package salesforce

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// readLiteral reads a SOQL string literal from the front of text, and what follows it.
func readLiteral(text string) (content, rest string, ok bool) {
	if !strings.HasPrefix(text, "'") {
		return "", text, false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\'':
			return b.String(), text[i+1:], true
		case '\\':
			i++
			if i == len(text) {
				return "", "", false
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", false
}

func TestAQuotedTextCannotLeaveItsQuotes(t *testing.T) {
	require.Equal(t, `'O\'Brien \\ Sons'`, Quote(`O'Brien \ Sons`))
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[a'\\" ]*`).Draw(rt, "text")
		content, rest, ok := readLiteral(Quote(text) + " OR Name != ''")
		if !ok || content != text || rest != " OR Name != ''" {
			rt.Fatalf("%q reads as %q, then %q", text, content, rest)
		}
	})
}

func TestAListIsQuotedElementByElement(t *testing.T) {
	require.Equal(t, `('a','b\'c')`, In([]string{"a", "b'c"}))
	require.Equal(t, "()", In(nil))
}

func TestADateTimeLiteralIsUTCInWholeSeconds(t *testing.T) {
	require.Equal(t, "2026-11-23T16:00:01Z", DateTime(time.Date(2026, 11, 23, 17, 0, 1, 999, time.FixedZone("", 3600))))
}
