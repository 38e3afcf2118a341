package main

import (
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/platform"
)

// serveCodec decrypts for Temporal's Web UI, where that is wanted. It reads a key whenever it needs one, so that nothing is
// seen any more once it is erased.
func (p program) serveCodec() (*listening, error) {
	settings := p.settings.Codec
	if !settings.On() {
		return &listening{address: platform.Off}, nil
	}
	token, err := settings.BearerToken()
	if err != nil {
		return nil, err
	}
	allow := codec.Token(token)
	if settings.OIDCIssuer != "" {
		allow = codec.OIDC(settings.OIDCIssuer, settings.OIDCAudience)
	}
	decoding, _ := assembly.NewCodec(p.ledger, p.keys, 0)
	complaints, err := zap.NewStdLogAt(p.log.Named("codec"), zap.WarnLevel)
	if err != nil {
		return nil, err
	}
	l, err := listen(settings.Listen, &http.Server{
		Handler:           codec.Server{Codec: decoding, Namespace: p.namespace, Origins: settings.OriginList(), Allow: allow}.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10, // tokens can be long
		ErrorLog:          complaints,
	}, p.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", platform.EnvCodecListen, err)
	}
	return l, nil
}
