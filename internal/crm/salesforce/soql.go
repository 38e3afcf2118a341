package salesforce

import (
	"strings"
	"time"
)

var literalEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// Quote returns text as a SOQL string literal, quotes included. See the SOQL guide, "Quoted String Escape Sequences".
func Quote(text string) string { return "'" + literalEscapes.Replace(text) + "'" }

// DateTime returns t as a SOQL literal in UTC. Parts of a second are cut off: Salesforce keeps its stamps in whole
// seconds. See the SOQL guide, "Date Formats and Date Literals".
func DateTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// In returns values as the list of an IN operator, as ('a','b'). SOQL has no empty list: Salesforce refuses "()" as
// malformed, which is better than a list of one empty text, that would match every record without a value.
func In(values []string) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = Quote(value)
	}
	return "(" + strings.Join(quoted, ",") + ")"
}
