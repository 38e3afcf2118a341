package salesforce

import (
	"errors"
	"time"
)

// Salesforce writes offsets without a colon, which no layout of package time has.
var timeLayouts = []string{"2006-01-02T15:04:05Z0700", time.RFC3339}

// ParseTime reads a date and time as Salesforce writes it ("2026-11-23T17:02:11.000+0000") or as RFC 3339 has it, of
// the years 1 to 9999, and returns it in UTC. The error does not quote text.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil && t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("salesforce: not a date and time")
}
