package intake

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// largestBody is far above what a contact with all its fields takes.
const largestBody = 256 << 10

// answers holds the status and text of every outcome. What will be of use when it is sent again gets 429: of all
// refusals it is the one that the vendor repeats under its old terms and its new ones; a 5xx is lost under the old.
// What will never be of use gets 200: it would only be repeated. That goes for a body that is signed and cannot be
// read, too: it is a hint that is lost, and sweeps find what it hinted at.
var answers = map[outcome]struct {
	status int
	text   string
}{
	accepted:        {http.StatusOK, "accepted"},
	duplicate:       {http.StatusOK, "accepted before"},
	unreadable:      {http.StatusOK, "accepted, but it cannot be read"},
	unknownLocation: {http.StatusOK, "accepted, but the location is not connected"},
	otherApp:        {http.StatusOK, "accepted, but it is of another app"},
	stale:           {http.StatusOK, "accepted, but it is too old"},
	unsigned:        {http.StatusUnauthorized, "not signed"},
	forged:          {http.StatusUnauthorized, "the signature does not hold"},
	tooLarge:        {http.StatusRequestEntityTooLarge, "too large"},
	wrongMethod:     {http.StatusMethodNotAllowed, "use POST"},
	interrupted:     {http.StatusTooManyRequests, "the body did not arrive; send it again"},
	overloaded:      {http.StatusTooManyRequests, "busy; send it again later"},
	failed:          {http.StatusTooManyRequests, "could not be kept; send it again later"},
}

// ServeHTTP answers a webhook once what it tells is kept.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.selfTest(w, request) {
		return
	}
	o := r.receive(w, request)
	r.outcome(request.Context(), o)
	r.answer(w, o, answers[o].text)
}

// SelfTestHeader carries the challenge of a self-test.
const SelfTestHeader = "X-Tandem-Self-Test"

// selfTest answers a self-test; it tells false, and has answered nothing, where the request is none of ours. Such a request
// is accepted for nothing else: whatever its body is, it is not read.
func (r *Receiver) selfTest(w http.ResponseWriter, request *http.Request) bool {
	challenge := request.Header.Get(SelfTestHeader)
	if challenge == "" || r.config.Prove == nil || request.Method != http.MethodPost {
		return false
	}
	proof, ok := r.config.Prove(challenge)
	if ok {
		r.answer(w, accepted, proof)
	}
	return ok
}

func (r *Receiver) answer(w http.ResponseWriter, o outcome, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if o == wrongMethod {
		h.Set("Allow", http.MethodPost)
	}
	w.WriteHeader(answers[o].status)
	_, _ = io.WriteString(w, text+"\n") // a caller that hangs up does not matter
}

func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) outcome {
	started := time.Now()
	if request.Method != http.MethodPost {
		return wrongMethod
	}
	ctx := request.Context()
	body, o := r.read(w, request)
	if o != accepted {
		return o
	}
	e, ok := parse(body)
	if !ok {
		return unreadable
	}
	r.event(ctx, e.event())
	announced, take, o := e.announced(body, started, r.config.AppID)
	if !take {
		return o
	}
	o = r.queue.keep(ctx, announced)
	r.acknowledged(ctx, started)
	return o
}

// read returns a body whose signature holds; nothing looks into any other.
func (r *Receiver) read(w http.ResponseWriter, request *http.Request) ([]byte, outcome) {
	claimed, o := r.config.Keys.claimed(request.Header)
	switch {
	case o != accepted:
		return nil, o
	case request.ContentLength > largestBody:
		return nil, tooLarge
	}
	select {
	case r.bodies <- struct{}{}:
		defer func() { <-r.bodies }()
	default:
		return nil, overloaded
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, largestBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge
	case err != nil:
		return nil, interrupted
	case !r.config.Keys.verify(claimed, body):
		return nil, forged
	}
	return body, accepted
}

var _ http.Handler = (*Receiver)(nil)

// Mux serves the receiver on its path, and nothing else.
func (r *Receiver) Mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(Path, r)
	return mux
}
