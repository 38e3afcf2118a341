package codec

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	common "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tandem-sync/tandem/internal/vault"
)

// DecodePath is where a Server decrypts; the Web UI is configured with what comes before "/decode".
const DecodePath = "/codec/decode"

// The limits of one request. The Web UI asks for a page of events at once.
const (
	maxBody  = 16 << 20
	maxTaken = 20 * time.Second
)

// Server decrypts for Temporal's Web UI what it shows, for people who may see it. It encrypts nothing.
type Server struct {
	// Codec decrypts.
	Codec *Codec
	// Namespace is the only one that is decrypted for.
	Namespace string
	// Origins are the Web UI's, as scheme://host:port. Pages of other origins are refused.
	Origins []string
	// Allow decides who may see; it is never nil.
	Allow Allow
}

// Handler serves DecodePath, and nothing else.
func (s Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+DecodePath, s.decode)
	mux.HandleFunc("OPTIONS "+DecodePath, func(w http.ResponseWriter, r *http.Request) {
		if s.admits(w, r) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	return http.TimeoutHandler(mux, maxTaken, "")
}

// admits refuses pages of other origins, and tells the browser that it may go on.
func (s Server) admits(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // no browser sent it on behalf of a page
	}
	if !slices.Contains(s.Origins, origin) {
		http.Error(w, "this origin may not ask", http.StatusForbidden)
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Authorization-Extras, Content-Type, X-Namespace")
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Max-Age", "600")
	return true
}

func (s Server) decode(w http.ResponseWriter, r *http.Request) {
	if !s.admits(w, r) {
		return
	}
	switch err := s.Allow(r); {
	case errors.Is(err, errNotNow):
		http.Error(w, "it cannot be found out now who asks", http.StatusServiceUnavailable)
		return
	case err != nil:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a token is needed that is allowed to see this", http.StatusUnauthorized)
		return
	case r.Header.Get("X-Namespace") != s.Namespace:
		http.Error(w, "only the payloads of one namespace are decrypted here; X-Namespace names another", http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is too large, or was cut off", http.StatusRequestEntityTooLarge)
		return
	}
	var asked common.Payloads
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, &asked); err != nil {
		http.Error(w, "want payloads as JSON", http.StatusBadRequest)
		return
	}
	answer := &common.Payloads{Payloads: make([]*common.Payload, len(asked.Payloads))}
	for i, p := range asked.Payloads {
		decoded, err := s.Codec.Decode([]*common.Payload{p})
		switch {
		case err == nil:
			answer.Payloads[i] = decoded[0]
		case errors.Is(err, vault.ErrErased), errors.Is(err, vault.ErrDoesNotOpen):
			answer.Payloads[i] = p // it stays closed for good, and keeps nothing else from being seen
		default:
			http.Error(w, "the keys cannot be read now", http.StatusServiceUnavailable)
			return
		}
	}
	out, err := protojson.Marshal(answer)
	if err != nil {
		http.Error(w, "a payload could not be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out) // a caller that hangs up does not matter
}
