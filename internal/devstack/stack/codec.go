package stack

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/devstack"
)

// decoder decrypts for the stack's Web UI. It is there before anything that it needs, because the Web UI is started with its
// address.
type decoder struct {
	handler atomic.Pointer[http.Handler]
}

func (d *decoder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := d.handler.Load()
	if h == nil {
		http.Error(w, "the stack is starting", http.StatusServiceUnavailable)
		return
	}
	(*h).ServeHTTP(w, r)
}

// startDecoder listens for the Web UI that this stack starts.
func (s *Stack) startDecoder(ctx context.Context) error {
	if s.TemporalAddress != "" {
		return nil
	}
	server, err := devstack.ServeHTTP(ctx, orFree(""), &s.decoder)
	if err != nil {
		return err
	}
	s.onClose(func(context.Context) error { return server.Close() })
	s.State.CodecURL = server.URL() + strings.TrimSuffix(codec.DecodePath, "/decode")
	return nil
}

// LetSee decides who sees in the Web UI what is decrypted. At first everybody who reaches the Web UI does, which only this
// machine can.
func (s *Stack) LetSee(allow codec.Allow) {
	reading, _ := assembly.NewCodec(s.Store, s.Vault, 0)
	h := codec.Server{Codec: reading, Namespace: s.State.Namespace, Origins: origins(s.State.UIAddress), Allow: allow}.Handler()
	s.decoder.handler.Store(&h)
}

// Codec returns the codec of what the stack's programs hand to Temporal.
func (s *Stack) Codec() *codec.Codec {
	c, _ := assembly.NewCodec(s.Store, s.Vault, codec.KeyLife)
	return c
}

// origins are what a browser calls a page at an address on this machine.
func origins(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Port() == "" {
		return []string{address}
	}
	return []string{address, u.Scheme + "://" + net.JoinHostPort("localhost", u.Port())}
}
