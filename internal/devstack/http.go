package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// HTTPServer is an HTTP server inside this process, as the fakes of the two CRMs need it.
type HTTPServer struct {
	server   *http.Server
	listener net.Listener
	done     chan struct{}
	err      error // readable once done is closed
}

// ServeHTTP serves h on addr, "127.0.0.1:0" for a free port. It listens when it returns. The context bounds the start
// only; Close ends the server.
func ServeHTTP(ctx context.Context, addr string, h http.Handler) (*HTTPServer, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	s := &HTTPServer{
		server:   &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
		listener: l,
		done:     make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.err = err
		}
	}()
	return s, nil
}

// URL returns the server's address as http://host:port.
func (s *HTTPServer) URL() string { return "http://" + reachable(s.listener.Addr().String()) }

// Done is closed when the server has ended.
func (s *HTTPServer) Done() <-chan struct{} { return s.done }

// Close lets running requests finish for two seconds, then cuts them off. It returns what ended the server if that was
// not Close. Closing twice is harmless.
func (s *HTTPServer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close()
	}
	<-s.done
	return s.err
}

// reachable replaces an address that means "every interface" by the loopback one.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = loopback
	}
	return net.JoinHostPort(host, port)
}
