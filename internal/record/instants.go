package record

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// instantLayouts are the instants that name their zone, as the two vendors write them.
var instantLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 Z07:00",
}

// localLayouts are those that do not.
var localLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04",
	"2006-01-02 03:04:05 PM", "2006-01-02 03:04 PM", time.DateOnly,
}

var epoch = regexp.MustCompile(`^-?[0-9]{1,15}$`)

// secondsEnd is where an epoch number stops being seconds: as such it would be the year 5138, as milliseconds 1973.
const secondsEnd = 100_000_000_000

// ParseInstant reads an instant as a vendor sends it: ISO with an offset, a number of seconds or milliseconds since 1970,
// or a date and time without a zone, which is then the given one's (nil means UTC). A date alone is its midnight. The
// result is in UTC and cut to the second, which is all that Salesforce keeps. It fails on anything else, and on years
// outside 1 to 9999.
func ParseInstant(raw string, zone *time.Location) (t time.Time, ok bool) {
	raw = strings.TrimSpace(raw)
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, raw); err == nil {
			return wholeSecond(t)
		}
	}
	for _, layout := range localLayouts {
		if t, err := time.ParseInLocation(layout, raw, zone); err == nil {
			return wholeSecond(t)
		}
	}
	if !epoch.MatchString(raw) {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case n > -secondsEnd && n < secondsEnd:
		return wholeSecond(time.Unix(n, 0))
	}
	return wholeSecond(time.UnixMilli(n))
}

func wholeSecond(t time.Time) (time.Time, bool) {
	t = t.UTC().Truncate(time.Second)
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// Instant returns an instant's canonical text.
func Instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (n Normaliser) instant(s string) string {
	if t, ok := ParseInstant(s, n.Zone); ok {
		return Instant(t)
	}
	return s
}

// DueAt pins a civil date to an hour of its day in a zone. Where the zone's clocks skip that hour, the result is the
// nearest instant that still has the date; where they skip the whole day, as when a zone moved across the date line, it
// is the first instant after it. It fails on text that is no date.
func DueAt(date string, hour int, zone *time.Location) (t time.Time, ok bool) {
	civil, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return time.Time{}, false
	}
	t = time.Date(civil.Year(), civil.Month(), civil.Day(), hour, 0, 0, 0, zone)
	// A gap around midnight throws a time out of its day, by less than a day.
	for DueOn(t, zone) < date {
		t = t.Add(15 * time.Minute)
	}
	for DueOn(t, zone) > date && DueOn(t.Add(-15*time.Minute), zone) >= date {
		t = t.Add(-15 * time.Minute)
	}
	return t.UTC(), true
}

// DueOn returns the civil date that an instant falls on in a zone.
func DueOn(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }
