package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"
)

// stopGrace is how long a listener lets its requests finish.
const stopGrace = 5 * time.Second

// listening is a server at its address.
type listening struct {
	address string
	server  *http.Server
	// after is what is to be closed once no request is under way; nil for nothing.
	after func(context.Context) error
}

// listen serves in the background until stop, no more connections at the same time than most; others wait to be accepted.
func listen(address string, server *http.Server, most int, log *zap.Logger) (*listening, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	listener = netutil.LimitListener(listener, most)
	l := &listening{address: listener.Addr().String(), server: server}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("this address is not served any more", zap.String("address", l.address), zap.Error(err))
		}
	}()
	return l, nil
}

// stop lets requests finish, and closes what comes after them.
func (l *listening) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	var stopped error
	if l.server != nil {
		stopped = l.server.Shutdown(ctx)
	}
	if l.after != nil {
		stopped = errors.Join(stopped, l.after(ctx))
	}
	return stopped
}

// bounded returns a server of a name that gives no request more time or room than it needs, and tells browsers that they
// have no business here. What the server complains about goes to the log.
func bounded(name string, handler http.Handler, log *zap.Logger) (*http.Server, error) {
	complaints, err := zap.NewStdLogAt(log.Named(name), zap.WarnLevel)
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Handler:           secured(handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          complaints,
	}, nil
}

// secured sets the headers that keep an answer out of caches, frames and guesses at its type.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
