package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/platform"
)

// purgeEvery is how often webhooks are forgotten that are older than the vendor replays.
const purgeEvery = time.Hour

// webhookKeys reads whom webhooks are believed from; it names every problem at once.
func webhookKeys(s platform.WebhookSettings) (keys intake.Keys, err error) {
	var problems []error
	text := s.Keys
	if text == "" {
		text = intake.VendorKey
	}
	if keys.Current, err = intake.ParseKeys(text); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", platform.EnvWebhookKeys, err))
	}
	if s.LegacyKeyFile != "" {
		pem, err := os.ReadFile(s.LegacyKeyFile)
		if err == nil {
			keys.Legacy, err = intake.ParseLegacyKey(pem)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s=%s: %w", platform.EnvWebhookLegacyKeyFile, s.LegacyKeyFile, err))
		}
	}
	return keys, errors.Join(problems...)
}

const (
	// mostPublic is how many connections the public address takes at the same time. The vendor keeps far fewer open.
	mostPublic = 4096
	// mostPerAddress is how many requests a second one remote address may make, four times what the vendor delivers at its
	// height: signatures keep strangers out, this keeps the checking of their signatures from taking the whole machine.
	// Behind a proxy it bounds all requests together.
	mostPerAddress = 2000
)

// servePublic serves webhooks and, where the public address is known, the answers of authorisation pages, and nothing else;
// nothing at all where no webhooks are to be received.
func (p program) servePublic() (*listening, error) {
	settings := p.settings.Webhooks
	if !settings.On() {
		return &listening{address: platform.Off}, nil
	}
	config := intake.Config{
		Keys: p.trusted, Inbox: p.ledger, Doorbell: assembly.Doorbell{Temporal: p.temporal}, Log: p.log,
		Meter: p.metrics.Meter(), AppID: settings.AppID,
	}
	if p.reach != nil {
		config.Prove = p.reach.Prove
	}
	receiver, err := intake.New(config)
	if err != nil {
		return nil, err
	}
	server, err := bounded("public", newPace(mostPerAddress, time.Now).limit(p.public(receiver)), p.log)
	if err != nil {
		return nil, errors.Join(err, receiver.Close(context.Background()))
	}
	l, err := listen(settings.Listen, server, mostPublic, p.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", platform.EnvWebhookListen, errors.Join(err, receiver.Close(context.Background())))
	}
	l.after = receiver.Close
	return l, nil
}

// public is what the public address serves.
func (p program) public(receiver *intake.Receiver) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(intake.Path, receiver)
	if p.reach != nil {
		mux.Handle(oauth.CallbackPath, oauth.CallbackHandler(p.ledger.Authorisations(p.keys), func(err error) {
			p.log.Warn("the answer of an authorisation page could not be kept", zap.Error(err))
		}))
	}
	return mux
}

// deletionsKept is how long proven deletions are remembered: longer than any window in which a surge is counted.
const deletionsKept = 30 * 24 * time.Hour

// purge forgets, now and then until the context ends, webhooks, authorisations and deletions that count for nothing any more.
func (p program) purge(ctx context.Context) {
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	for {
		switch n, err := p.ledger.PurgeWebhooks(ctx); {
		case err != nil && ctx.Err() == nil:
			p.log.Warn("old webhooks could not be forgotten; it is tried again", zap.Error(err))
		case n > 0:
			p.log.Debug("forgot old webhooks", zap.Int64("webhooks", n))
		}
		if _, err := p.ledger.PurgeAuthorisations(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("old authorisations could not be forgotten; it is tried again", zap.Error(err))
		}
		if err := p.ledger.PruneDeletions(ctx, deletionsKept); err != nil && ctx.Err() == nil {
			p.log.Warn("old deletions could not be forgotten; it is tried again", zap.Error(err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
