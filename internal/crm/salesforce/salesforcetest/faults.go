package salesforcetest

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong.
type Fault struct {
	// Kind is one of:
	//   latency        the answer takes Latency longer
	//   429, 500, 503  the call is refused: JSON without Retry-After, UNKNOWN_EXCEPTION, an HTML page
	//   cut_before     the connection is reset before the call is carried out
	//   cut_after      the call is carried out, then the connection is reset
	//   expired_token  the session dies: 401 INVALID_SESSION_ID (data calls only)
	//   lock_row       a written record fails with UNABLE_TO_LOCK_ROW
	Kind string
	// Rate is the share of the calls (of the written records, for lock_row) that it hits; 0 means all.
	Rate float64
	// Count is how often it strikes before it is spent; 0 means without end.
	Count int
	// Path limits it to calls whose "METHOD /path" contains it.
	Path string
	// Latency is how much longer the answer takes, for latency.
	Latency time.Duration
}

type faults struct {
	mu     sync.Mutex
	random *rand.Rand
	list   []Fault
	spent  []bool
}

// SetFaults replaces all faults. It panics on an unknown kind.
func (f *Fake) SetFaults(list []Fault) {
	for _, fault := range list {
		if !knownFault(fault.Kind) {
			panic("salesforcetest: unknown kind of fault " + fault.Kind)
		}
	}
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.list = append([]Fault(nil), list...)
	f.faults.spent = make([]bool, len(list))
}

func knownFault(kind string) bool {
	switch kind {
	case "latency", "429", "500", "503", "cut_before", "cut_after", "expired_token", "lock_row":
		return true
	}
	return false
}

// strikes tells whether the i-th fault hits the operation, and uses it up. The caller holds the lock.
func (s *faults) strikes(i int, operation string) bool {
	fault := &s.list[i]
	if s.spent[i] || !strings.Contains(operation, fault.Path) || fault.Rate > 0 && s.random.Float64() >= fault.Rate {
		return false
	}
	if fault.Count > 0 {
		fault.Count--
		s.spent[i] = fault.Count == 0
	}
	return true
}

// draw decides the fate of a call: how late it is, and the first fault of another kind that hits it, "" for none.
func (s *faults) draw(operation string, data bool) (latency time.Duration, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		switch k := s.list[i].Kind; {
		case k == "lock_row", k == "expired_token" && !data, k != "latency" && kind != "":
		case s.strikes(i, operation):
			if k == "latency" {
				latency += s.list[i].Latency
			} else {
				kind = k
			}
		}
	}
	return latency, kind
}

// lockRow decides whether a written record finds its row locked.
func (s *faults) lockRow(operation string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		if s.list[i].Kind == "lock_row" && s.strikes(i, operation) {
			return true
		}
	}
	return false
}

// lateUntil decides until when a written row stays unseen; the zero time when it is seen at once.
func (f *Fake) lateUntil(r *row, now time.Time) time.Time {
	lag, rate := f.options.VisibilityLag, f.options.VisibilityLagRate
	if lag <= 0 {
		return time.Time{}
	}
	if rate > 0 && rate < 1 {
		f.faults.mu.Lock()
		late := f.faults.random.Float64() < rate
		f.faults.mu.Unlock()
		if !late {
			return time.Time{}
		}
	}
	until := time.Unix(int64(r.stamp), 0).UTC().Add(lag)
	if !until.After(now) {
		return time.Time{}
	}
	return until
}
