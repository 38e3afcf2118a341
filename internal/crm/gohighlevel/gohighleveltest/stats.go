package gohighleveltest

import (
	"maps"
	"sync"
	"time"
)

// Stats counts what a Fake was asked. Calls of the OAuth endpoints are counted apart from API requests.
type Stats struct {
	Requests      int            `json:"requests"`      // API requests that arrived, whatever became of them
	TokenRequests int            `json:"tokenRequests"` // calls of the OAuth endpoints
	ByOperation   map[string]int `json:"byOperation"`   // all of them, as "POST /contacts/search"
	ByStatus      map[int]int    `json:"byStatus"`      // all of them; 0 is a connection cut
	Created       int            `json:"created"`       // contacts created through the API
	Updated       int            `json:"updated"`       // likewise
	Deleted       int            `json:"deleted"`       // likewise
	Tasks         Changes        `json:"tasks"`
	Notes         Changes        `json:"notes"`
	Appointments  Changes        `json:"appointments"`
	// Notifications counts the writes of appointments after which the location's automations wrote to the contact.
	Notifications int          `json:"notifications"`
	MaxInWindow   int          `json:"maxInWindow"`
	Webhooks      WebhookStats `json:"webhooks"`
}

// Changes counts the records of one kind that were changed through the API.
type Changes struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
}

func (c *Changes) add(more Changes) {
	c.Created += more.Created
	c.Updated += more.Updated
	c.Deleted += more.Deleted
}

type stats struct {
	mu       sync.Mutex
	counts   Stats
	window   time.Duration
	arrivals []time.Time // of API requests within the window, oldest first
	head     int
}

func newStats(window time.Duration) *stats {
	return &stats{window: window, counts: emptyStats()}
}

func emptyStats() Stats { return Stats{ByOperation: map[string]int{}, ByStatus: map[int]int{}} }

func (s *stats) arrived(operation string, oauth bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.ByOperation[operation]++
	if oauth {
		s.counts.TokenRequests++
		return
	}
	s.counts.Requests++
	for s.head < len(s.arrivals) && !s.arrivals[s.head].After(now.Add(-s.window)) {
		s.head++
	}
	if s.head > 1024 && s.head*2 > len(s.arrivals) {
		s.arrivals, s.head = append([]time.Time(nil), s.arrivals[s.head:]...), 0
	}
	s.arrivals = append(s.arrivals, now)
	s.counts.MaxInWindow = max(s.counts.MaxInWindow, len(s.arrivals)-s.head)
}

func (s *stats) answered(status int, e effect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.ByStatus[status]++
	s.counts.Created += e.created
	s.counts.Updated += e.updated
	s.counts.Deleted += e.deleted
	s.counts.Tasks.add(e.tasks)
	s.counts.Notes.add(e.notes)
	s.counts.Appointments.add(e.appointments)
	s.counts.Notifications += e.notifications
}

// effect is what a request changed: contacts, and what hangs on them.
type effect struct {
	created, updated, deleted  int
	tasks, notes, appointments Changes
	notifications              int
}

// Stats returns the counts since the start or the last ResetStats.
func (f *Fake) Stats() Stats {
	hooks := f.WebhookStats()
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	c := f.stats.counts
	c.Webhooks = hooks
	c.ByOperation, c.ByStatus = maps.Clone(c.ByOperation), maps.Clone(c.ByStatus)
	return c
}

// Requests returns the number of API requests that arrived.
func (f *Fake) Requests() int { return f.Stats().Requests }

// MaxInWindow returns the greatest number of API requests that arrived within any BurstWindow, refused ones included.
func (f *Fake) MaxInWindow() int { return f.Stats().MaxInWindow }

// ResetStats starts counting anew.
func (f *Fake) ResetStats() {
	f.webhooks.resetStats()
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	f.stats.counts, f.stats.arrivals, f.stats.head = emptyStats(), nil, 0
}
