package rules

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Bounds of time spans. The shortest is no setting for a vendor's own API, but one for an imitation of it.
const (
	shortestSpan = 100 * time.Millisecond
	day          = 24 * time.Hour
	year         = 365 * day
)

// duration reads a time span within bounds. Zero needs no unit.
func (v value) duration(fallback, least, most time.Duration) time.Duration {
	return v.readSpan(fallback, func(d time.Duration) bool { return d >= least && d <= most }, "a time span from "+plain(least)+" to "+plain(most))
}

// durationOrZero reads a time span within bounds, or zero, which turns off what it is about.
func (v value) durationOrZero(fallback, least, most time.Duration) time.Duration {
	return v.readSpan(fallback, func(d time.Duration) bool { return d == 0 || d >= least && d <= most },
		"0 for never, or a time span from "+plain(least)+" to "+plain(most))
}

func (v value) readSpan(fallback time.Duration, allowed func(time.Duration) bool, use string) time.Duration {
	if !v.given() {
		return fallback
	}
	text := ""
	switch n := v.node.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.IntegerNode:
		text = n.GetToken().Value
	}
	if _, isText := v.node.(*ast.StringNode); !isText && text != "0" {
		v.problem("must be a time span with its unit, as %s, but is %s", plain(fallback), v.what())
		return fallback
	}
	span, err := parseSpan(text)
	switch {
	case err != nil:
		v.problem("%s is not a time span; write a number and its unit (ms, s, m, h or d), as %s", quoted(text), plain(fallback))
		return fallback
	case !allowed(span):
		v.problem("%s is out of range; use %s", text, use)
		return fallback
	}
	return span
}

// placedSpan is a time span and where it stands, for what must fit another one.
type placedSpan struct {
	value
	span time.Duration
}

func (v value) placedSpan(fallback, least, most time.Duration) placedSpan {
	return placedSpan{v, v.duration(fallback, least, most)}
}

// longerThan tells whether the span is longer than another one, where both were understood.
func (p placedSpan) longerThan(other placedSpan) bool {
	return p.span > other.span && p.sound() && other.sound()
}

var spanWithDays = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)d([0-9].*)?$`)

// parseSpan reads a time span as Go writes it, with days in front.
func parseSpan(text string) (time.Duration, error) {
	parts := spanWithDays.FindStringSubmatch(text)
	if parts == nil {
		return time.ParseDuration(text)
	}
	const longest = 100 * year // no bound is near it, and twice as much still fits
	days, err := strconv.ParseFloat(parts[1], 64)
	if err != nil || parts[2] == "" {
		return time.Duration(min(days*float64(day), float64(longest))), err
	}
	rest, err := time.ParseDuration(parts[2])
	return time.Duration(min(days*float64(day), float64(longest))) + min(rest, longest), err
}

// plain returns a time span without zero parts, and whole days as such: 10m, not 10m0s; 14d, not 336h0m0s.
func plain(d time.Duration) string {
	if d > day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var percentage = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?%$`)

// share reads a part of a whole within bounds, as 5% or 0.05; the result and the bounds are parts of 1.
func (v value) share(fallback, least, most float64) float64 {
	if !v.given() {
		return fallback
	}
	text, share, err := "", 0.0, strconv.ErrSyntax
	switch n := v.node.(type) {
	case *ast.StringNode:
		text = n.Value
		if parts := percentage.FindStringSubmatch(text); parts != nil {
			share, err = strconv.ParseFloat(parts[1], 64)
			share /= 100
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
		share, err = strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
		if err == nil && share > 1 && share/100 <= most {
			v.problem("%s is more than the whole; did you mean %s%%?", text, text)
			return fallback
		}
	default:
		v.problem("must be a share, as %s, but is %s", percent(fallback), v.what())
		return fallback
	}
	switch {
	case err != nil || math.IsNaN(share):
		v.problem("%s is not a share; write a percentage, as %s", quoted(text), percent(fallback))
		return fallback
	case share < least || share > most:
		v.problem("%s is out of range; use a share from %s to %s", text, percent(least), percent(most))
		return fallback
	}
	return share
}

// percent returns a part of 1 as a percentage, with at most four decimals.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e6)/1e4, 'f', -1, 64) + "%"
}
