package gohighleveltest

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

// contacts holds the location's contacts: the truth, and the search index that lags behind it. Rows are immutable, so
// they may be read without the lock once they are found.
type contacts struct {
	mu    sync.RWMutex
	byID  map[string]*row
	email identities // by folded e-mail address, additional ones included
	phone identities // by phone, additional ones included
	index searchIndex
}

// identities finds rows by an e-mail address or phone. Keys are hashes; whoever looks up compares the content.
type identities struct {
	seed maphash.Seed
	one  map[uint64]*row
	more map[uint64][]*row // where several rows share a hash: all but the one
}

func newIdentities(size int) identities {
	return identities{seed: maphash.MakeSeed(), one: make(map[uint64]*row, size), more: map[uint64][]*row{}}
}

func (x *identities) add(value string, r *row) {
	if value == "" {
		return
	}
	h := maphash.String(x.seed, value)
	if _, taken := x.one[h]; taken {
		x.more[h] = append(x.more[h], r)
		return
	}
	x.one[h] = r
}

func (x *identities) remove(value string, r *row) {
	if value == "" {
		return
	}
	h := maphash.String(x.seed, value)
	more := x.more[h]
	if x.one[h] != r {
		for i, m := range more {
			if m == r {
				more = append(more[:i:i], more[i+1:]...)
				break
			}
		}
	} else if len(more) > 0 {
		x.one[h], more = more[0], more[1:]
	} else {
		delete(x.one, h)
	}
	if len(more) == 0 {
		delete(x.more, h)
	} else {
		x.more[h] = more
	}
}

// candidates returns the rows that may hold the value.
func (x *identities) candidates(value string) []*row {
	h := maphash.String(x.seed, value)
	r, ok := x.one[h]
	if !ok || value == "" {
		return nil
	}
	return append([]*row{r}, x.more[h]...)
}

// oldest returns the row that was added first among those whose main or additional field holds the value.
func (x *identities) oldest(value string, main, additional tag, fold bool) *row {
	var found *row
	for _, r := range x.candidates(value) {
		if found != nil && (found.added < r.added || found.added == r.added && found.id() <= r.id()) {
			continue
		}
		if holds(r, value, main, additional, fold) {
			found = r
		}
	}
	return found
}

func holds(r *row, value string, main, additional tag, fold bool) bool {
	same := func(v string) bool { return v == value || fold && strings.ToLower(v) == value }
	if same(r.get(main)) {
		return true
	}
	found := false
	r.each(additional, func(v string) bool {
		found = same(v)
		return !found
	})
	return found
}

func newContacts(size int) *contacts {
	s := &contacts{byID: make(map[string]*row, size), email: newIdentities(size), phone: newIdentities(size)}
	s.index = newSearchIndex()
	return s
}

// replace puts a version of a contact in the place of another; old is nil for a new contact, new for a deleted one.
// The caller holds the lock.
func (s *contacts) replace(old, new *row, now time.Time, lag time.Duration) {
	if old != nil {
		s.forget(old)
	}
	if new != nil {
		s.remember(new)
	}
	s.index.write(old, new, now, lag)
}

// fill puts contacts into an empty store at once. The caller holds the lock.
func (s *contacts) fill(rows []*row) {
	s.byID = make(map[string]*row, len(rows))
	s.email, s.phone = newIdentities(len(rows)), newIdentities(len(rows))
	for _, r := range rows {
		if old := s.byID[r.id()]; old != nil {
			s.forget(old)
		}
		s.remember(r)
	}
	current := make([]*row, 0, len(s.byID))
	for _, r := range s.byID {
		current = append(current, r)
	}
	s.index.fill(current)
}

func (s *contacts) remember(r *row) {
	s.byID[r.id()] = r
	s.email.add(strings.ToLower(r.get(tagEmail)), r)
	s.phone.add(r.get(tagPhone), r)
	r.each(tagAdditionalEmail, func(v string) bool { s.email.add(strings.ToLower(v), r); return true })
	r.each(tagAdditionalPhone, func(v string) bool { s.phone.add(v, r); return true })
}

func (s *contacts) forget(r *row) {
	delete(s.byID, r.id())
	s.email.remove(strings.ToLower(r.get(tagEmail)), r)
	s.phone.remove(r.get(tagPhone), r)
	r.each(tagAdditionalEmail, func(v string) bool { s.email.remove(strings.ToLower(v), r); return true })
	r.each(tagAdditionalPhone, func(v string) bool { s.phone.remove(v, r); return true })
}

// withEmail and withPhone return the oldest contact that has the address or number, nil when there is none.
func (s *contacts) withEmail(email string) *row {
	return s.email.oldest(strings.ToLower(email), tagEmail, tagAdditionalEmail, true)
}

func (s *contacts) withPhone(phone string) *row {
	return s.phone.oldest(phone, tagPhone, tagAdditionalPhone, false)
}

// view calls f with the index as it stands now; f must not keep the index.
func (s *contacts) view(now time.Time, f func(*contacts)) {
	s.mu.RLock()
	if !s.index.late(now) {
		defer s.mu.RUnlock()
		f(s)
		return
	}
	s.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.catchUp(now)
	f(s)
}

// indexed returns the version of a contact that the index has, nil when it has none.
func (s *contacts) indexed(id string) *row {
	if b, ok := s.index.behind[id]; ok {
		return b.indexed
	}
	return s.byID[id]
}
