package gohighleveltest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limits holds the allowance of each resource: a location, or a company.
type limits struct {
	mu         sync.Mutex
	byResource map[string]*allowance
}

type allowance struct {
	accepted []time.Time // within the window, oldest first
	head     int
	day      string // UTC
	today    int
}

func newLimits() *limits { return &limits{byResource: map[string]*allowance{}} }

// take asks for one request and writes the vendor's headers. It returns the reason of a refusal, "" when accepted.
func (l *limits) take(resource string, o *Options, now time.Time, h http.Header) string {
	if o.Burst == 0 && o.Daily == 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.byResource[resource]
	if a == nil {
		a = &allowance{}
		l.byResource[resource] = a
	}
	if day := now.UTC().Format(time.DateOnly); day != a.day {
		a.day, a.today = day, 0
	}
	for a.head < len(a.accepted) && !a.accepted[a.head].After(now.Add(-o.BurstWindow)) {
		a.head++
	}
	if a.head > 256 && a.head*2 > len(a.accepted) {
		a.accepted, a.head = append([]time.Time(nil), a.accepted[a.head:]...), 0
	}
	refusal := ""
	switch {
	case o.Daily > 0 && a.today >= o.Daily:
		refusal = "Daily limit of requests reached"
	case o.Burst > 0 && len(a.accepted)-a.head >= o.Burst:
		refusal = "Too Many Requests"
	default:
		a.today++
		if o.Burst > 0 {
			a.accepted = append(a.accepted, now)
		}
	}
	if o.Daily > 0 {
		h.Set("X-RateLimit-Limit-Daily", strconv.Itoa(o.Daily))
		h.Set("X-RateLimit-Daily-Remaining", strconv.Itoa(max(0, o.Daily-a.today)))
	}
	if o.Burst > 0 {
		h.Set("X-RateLimit-Interval-Milliseconds", strconv.FormatInt(o.BurstWindow.Milliseconds(), 10))
		h.Set("X-RateLimit-Max", strconv.Itoa(o.Burst))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, o.Burst-(len(a.accepted)-a.head))))
	}
	return refusal
}
