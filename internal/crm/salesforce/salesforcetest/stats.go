package salesforcetest

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// Stats is what happened over HTTP. People's work is not in it.
type Stats struct {
	// Requests counts answers by operation ("GET /query", "PATCH /sobjects/{object}/{id}", "POST /oauth2/token") and
	// HTTP status; status 0 stands for a connection that was cut.
	Requests map[string]map[int]int `json:"requests"`
	// Creates, Updates and Deletes count saved records, not failed or rolled back ones.
	Creates int `json:"creates"`
	Updates int `json:"updates"`
	Deletes int `json:"deletes"`
	// Tokens counts access tokens issued over HTTP.
	Tokens int `json:"tokens"`
}

type stats struct {
	mu sync.Mutex
	Stats
	data int
}

func (s *stats) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Stats, s.data = Stats{Requests: map[string]map[int]int{}}, 0
}

func (s *stats) answered(operation string, status int, data bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Requests[operation] == nil {
		s.Requests[operation] = map[int]int{}
	}
	s.Requests[operation][status]++
	if data {
		s.data++
	}
}

func (s *stats) wrote(w *writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Creates += w.creates
	s.Updates += w.updates
	s.Deletes += w.deletes
}

// Stats returns what happened since the start or the last ResetStats.
func (f *Fake) Stats() Stats {
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	out := f.stats.Stats
	out.Requests = make(map[string]map[int]int, len(f.stats.Requests))
	for operation, byStatus := range f.stats.Requests {
		out.Requests[operation] = maps.Clone(byStatus)
	}
	return out
}

// Requests returns how many requests reached the data API, failed ones included, OAuth not. A composite request is one.
func (f *Fake) Requests() int {
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	return f.stats.data
}

// ResetStats sets Stats and Requests to zero. The daily allowance is not affected.
func (f *Fake) ResetStats() { f.stats.reset() }

// operationOf names the operation of a request to the data API; segments are those below the version.
func operationOf(method string, segments []string) string {
	names := append([]string(nil), segments...)
	for i := range names {
		switch {
		case i == 0 || names[0] == "tooling":
		case names[0] == "query" || names[0] == "queryAll":
			names[i] = "{locator}"
		case names[0] == "sobjects" && i == 1 || names[0] == "composite" && i == 2:
			names[i] = "{object}"
		case names[0] == "sobjects" && i == 2 && len(names) == 3:
			switch names[i] {
			case "describe", "updated", "deleted":
			default:
				names[i] = "{id}"
			}
		case names[0] == "sobjects" && i == 2 && len(names) == 4 && strings.EqualFold(segments[3], "Content"):
			names[2], names[3] = "{id}", "{blob}"
			return method + " /" + strings.Join(names, "/")
		case i == 3 && names[0] == "composite" || i == 2 && len(names) == 4:
			names[i] = "{field}"
		case i == 3:
			names[i] = "{value}"
		}
	}
	return method + " /" + strings.Join(names, "/")
}

// usage counts the API calls of the last 24 hours, by the minute.
type usage struct {
	mu      sync.Mutex
	Minutes map[int64]int
	Total   int
	swept   int64
}

// unlimited is the allowance that an org without limit shows.
const unlimited = 5_000_000

func (f *Fake) dailyMax() int {
	if f.options.DailyRequests > 0 {
		return f.options.DailyRequests
	}
	return unlimited
}

func (u *usage) forget(now time.Time) {
	minute := now.Unix() / 60
	if u.Minutes == nil {
		u.Minutes = map[int64]int{}
	}
	if minute == u.swept {
		return
	}
	u.swept = minute
	for at, n := range u.Minutes {
		if at <= minute-24*60 {
			u.Total -= n
			delete(u.Minutes, at)
		}
	}
}

// spend uses one call, if the allowance has one left.
func (u *usage) spend(now time.Time, most int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(now)
	if u.Total >= most {
		return false
	}
	u.Minutes[now.Unix()/60]++
	u.Total++
	return true
}

func (u *usage) used(now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(now)
	return u.Total
}

func (f *Fake) limitInfo(now time.Time) string {
	return fmt.Sprintf("api-usage=%d/%d", f.usage.used(now), f.dailyMax())
}
