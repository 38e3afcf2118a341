package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// tape writes down everything that happens to the records of one side, in the order in which it happens: who changed
// what, people or the API, and when the API read whom. People and the API take turns, so that the order is certain.
type tape struct {
	side record.Side
	// lag is for how long the API may be shown a record as it was before.
	lag time.Duration
	// look tells how the side's records stand.
	look func() shown
	// reads returns what a request reads by id; nil where it does not. writes tells whether it may write a record.
	reads  func(*http.Request, []byte) []string
	writes func(*http.Request) bool

	mu      sync.Mutex
	last    shown
	strokes []stroke
	strike  func() // called once, when the next write of the API is done and before that is answered; nil for nothing

	reading sync.Mutex
	read    map[string][]time.Time // when readings by id began, of those that were answered
}

// stroke is one field of one record that got another value. A record that comes or goes has one for each of its fields.
type stroke struct {
	at            time.Time
	person        bool
	kind          record.Kind
	id, field     string
	before, after string
	gone          bool // the record is no more
}

// begin takes the records as they are for the start.
func (t *tape) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading.Lock()
	defer t.reading.Unlock()
	t.last, t.read = t.look(), map[string][]time.Time{}
}

// person lets people do something.
func (t *tape) person(do func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := do()
	t.note(true)
	return err
}

// note writes down what has changed. The caller holds the turn.
func (t *tape) note(person bool) {
	if t.last == nil {
		return
	}
	now, at := t.look(), time.Now()
	for kind := range now {
		t.noteKind(person, at, kind, now[kind])
	}
	t.last = now
}

func (t *tape) noteKind(person bool, at time.Time, kind record.Kind, now map[string]map[string]string) {
	for id, before := range t.last[kind] {
		after, there := now[id]
		for field, value := range before {
			if after[field] != value {
				t.strokes = append(t.strokes, stroke{
					at: at, person: person, kind: kind, id: id, field: field, before: value, after: after[field], gone: !there,
				})
			}
		}
	}
	for id, after := range now {
		if _, there := t.last[kind][id]; there {
			continue
		}
		for field, value := range after {
			if value != "" {
				t.strokes = append(t.strokes, stroke{at: at, person: person, kind: kind, id: id, field: field, after: value})
			}
		}
	}
}

// watch stands in front of the side's API.
func (t *tape) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if ids := t.reads(r, body); ids != nil {
			began, answer := time.Now(), &answered{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(answer, r)
			if answer.status == http.StatusOK {
				t.noteReading(began, ids)
			}
			return
		}
		if !t.writes(r) {
			next.ServeHTTP(w, r)
			return
		}
		if strike := t.write(next, w, r); strike != nil {
			strike()
		}
	})
}

// write lets the API write, and returns what is to strike now.
func (t *tape) write(next http.Handler, w http.ResponseWriter, r *http.Request) (strike func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.note(false)
	next.ServeHTTP(w, r)
	strike, t.strike = t.strike, nil
	return strike
}

// byAPI counts what the API has changed.
func (t *tape) byAPI() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.strokes {
		if !x.person {
			n++
		}
	}
	return n
}

// onWrite sets what strikes at the next write.
func (t *tape) onWrite(strike func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strike = strike
}

func (t *tape) noteReading(began time.Time, ids []string) {
	t.reading.Lock()
	defer t.reading.Unlock()
	for _, id := range ids {
		if t.read != nil {
			t.read[id] = append(t.read[id], began)
		}
	}
}

// readBefore returns from when on the API need not have seen what people did to a record, when it wrote at a time: since
// it last read the record before. Zero where it never did.
func (t *tape) readBefore(id string, at time.Time) (since time.Time) {
	t.reading.Lock()
	defer t.reading.Unlock()
	for _, began := range t.read[id] {
		if began.Before(at) && began.After(since) {
			since = began
		}
	}
	if since.IsZero() {
		return since
	}
	return since.Add(-t.lag)
}

// answered notes how a request was answered; 0 is a connection that was cut.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Hijack lets a handler reach the connection, to cut it.
func (a *answered) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.status = 0
	return http.NewResponseController(a.ResponseWriter).Hijack()
}
