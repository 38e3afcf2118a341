package salesforcetest

import (
	"maps"
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
	//   drop_field     a written record is saved without Field, and the answer does not say so
	//   rewrite_field  a written record is saved with Value in Field, where it has that field, likewise
	Kind string
	// Rate is the share of the calls that it hits, and of the written records for the kinds that are about those; 0 means
	// all.
	Rate float64
	// Count is how often it strikes before it is spent; 0 means without end.
	Count int
	// Path limits it to calls whose "METHOD /path" contains it.
	Path string
	// Latency is how much longer the answer takes, for latency.
	Latency time.Duration
	// Field is the API name of the field that is dropped or rewritten, on whichever object has it; Value is what is saved.
	Field, Value string
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
	case "latency", "429", "500", "503", "cut_before", "cut_after", "expired_token", "lock_row", "drop_field", "rewrite_field":
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
		case ofRecords(k), k == "expired_token" && !data, k != "latency" && kind != "":
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

// ofRecords tells whether a kind of fault strikes the records that are written, and not the calls.
func ofRecords(kind string) bool {
	return kind == "lock_row" || kind == "drop_field" || kind == "rewrite_field"
}

// altered returns what is saved of a written record's fields.
func (s *faults) altered(operation string, fields map[string]any) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	cloned := false
	for i := range s.list {
		fault := s.list[i]
		if _, given := fields[fault.Field]; !given || fault.Kind != "drop_field" && fault.Kind != "rewrite_field" || !s.strikes(i, operation) {
			continue
		}
		if !cloned {
			fields, cloned = maps.Clone(fields), true
		}
		if fault.Kind == "drop_field" {
			delete(fields, fault.Field)
		} else {
			fields[fault.Field] = fault.Value
		}
	}
	return fields
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
