package gohighleveltest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The kinds of Fault.
const (
	FaultLatency      = "latency"       // the answer comes Latency later
	Fault429          = "429"           // refused as over the limit
	Fault500          = "500"           // fails before anything is done
	Fault503          = "503"           // likewise, with a gateway's HTML page
	FaultCutBefore    = "cut_before"    // the connection is cut and nothing was done
	FaultCutAfter     = "cut_after"     // the connection is cut although everything was done
	FaultExpiredToken = "expired_token" // refused as if the access token had expired
)

// Fault is one way in which requests go wrong.
type Fault struct {
	Kind string `json:"kind"`
	// Rate is the chance of each request that matches; 0 means every one.
	Rate float64 `json:"rate"`
	// Count is how often the fault strikes before it is over; 0 means for ever.
	Count int `json:"count"`
	// Path is the beginning of the paths that it strikes; "" means all of the API, without the OAuth endpoints.
	Path string `json:"path"`
	// Method is the HTTP method of the requests that it strikes; "" means every one.
	Method  string        `json:"method"`
	Latency time.Duration `json:"latency"` // JSON: as "150ms"
}

// UnmarshalJSON reads a fault with its latency as text.
func (f *Fault) UnmarshalJSON(b []byte) error {
	type plain Fault
	aux := struct {
		*plain
		Latency Duration `json:"latency"`
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(b, &aux); err != nil {
		return err
	}
	f.Latency = time.Duration(aux.Latency)
	return nil
}

// Duration is a time.Duration that JSON writes as "1m30s"; a number is read as milliseconds.
type Duration time.Duration

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the duration.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var ms float64
	if json.Unmarshal(b, &ms) == nil {
		*d = Duration(ms * float64(time.Millisecond))
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	parsed, err := time.ParseDuration(text)
	*d = Duration(parsed)
	return err
}

type faults struct {
	mu  sync.RWMutex
	all []*activeFault
}

type activeFault struct {
	Fault
	struck int
}

// SetFaults replaces all faults.
func (f *Fake) SetFaults(all []Fault) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.all = nil
	for _, x := range all {
		f.faults.all = append(f.faults.all, &activeFault{Fault: x})
	}
}

// strike draws what goes wrong with one request: the kind of fault, "" for none, and the delay.
func (f *Fake) strike(method, path string, oauth bool) (kind string, delay time.Duration) {
	f.faults.mu.RLock()
	none := len(f.faults.all) == 0
	f.faults.mu.RUnlock()
	if none {
		return "", 0
	}
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	for _, x := range f.faults.all {
		over := x.Count > 0 && x.struck >= x.Count
		matches := (x.Method == "" || x.Method == method) && strings.HasPrefix(path, x.Path) && (x.Path != "" || !oauth)
		if over || !matches || x.Kind != FaultLatency && kind != "" || x.Rate > 0 && f.chances.float() >= x.Rate {
			continue
		}
		x.struck++
		if x.Kind == FaultLatency {
			delay += x.Latency
		} else {
			kind = x.Kind
		}
	}
	return kind, delay
}

// cut ends the connection with a reset and no answer.
func cut(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}
