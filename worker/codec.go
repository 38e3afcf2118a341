package main

import (
	"fmt"

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
		name, value := settings.Claim()
		allow = codec.OIDC(settings.OIDCIssuer, settings.OIDCAudience, codec.Claim{Name: name, Value: value})
	}
	decoding, _ := assembly.NewCodec(p.ledger, p.keys, 0)
	handler := codec.Server{Codec: decoding, Namespace: p.namespace, Origins: settings.OriginList(), Allow: allow}.Handler()
	server, err := bounded("codec", handler, p.log)
	if err != nil {
		return nil, err
	}
	server.MaxHeaderBytes = 32 << 10 // tokens can be long
	l, err := listen(settings.Listen, server, mostPrivate, p.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", platform.EnvCodecListen, err)
	}
	return l, nil
}
