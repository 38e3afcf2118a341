package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
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

// listen serves in the background until stop.
func listen(address string, server *http.Server, log *zap.Logger) (*listening, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
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
