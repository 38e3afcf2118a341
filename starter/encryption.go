package main

import (
	"context"
	"fmt"
	"sync"

	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

// encrypt lets a client encrypt as the workers do. The keyset and Postgres are opened when a key is first needed: what only
// lists runs does without both.
func (a *app) encrypt(o *client.Options) {
	a.payloadKeys = codec.NewKeys(&keysAtHand{app: a}, codec.KeyLife)
	codec.New(a.payloadKeys, workflows.ConnectionOf).Encrypt(o)
}

// keysAtHand reads keys by way of the starter's own settings.
type keysAtHand struct {
	app *app
	mu  sync.Mutex // the app is nobody else's while it opens things
}

// PayloadKey is codec.Source's.
func (k *keysAtHand) PayloadKey(ctx context.Context, connection string) (*vault.DataKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keyset, err := k.app.keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("they are encrypted, and the keyset is needed that the workers have: %w", err)
	}
	ledger, err := k.app.ledger(context.WithoutCancel(ctx)) // it outlives this call
	if err != nil {
		return nil, fmt.Errorf("they are encrypted under keys in Tandem's Postgres: %w", err)
	}
	return ledger.PayloadKeys(keyset).PayloadKey(ctx, connection)
}

// legible fails where a history is encrypted and its key is not at hand.
func (a *app) legible(events []*history.HistoryEvent) error {
	for _, e := range events {
		for _, p := range e.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads() {
			if codec.Encrypted(p) {
				return a.payloadKeys.Check()
			}
		}
	}
	return nil
}

// reveal decrypts the messages of a failure and of what caused it. Where it cannot, it says why, once, and they stay as they
// are.
func (a *app) reveal(f *failure.Failure) {
	for ; f != nil; f = f.GetCause() {
		if f.GetEncodedAttributes() == nil {
			continue
		}
		var plain converter.RawValue
		if err := a.resolved.DataConverter.FromPayload(f.GetEncodedAttributes(), &plain); err != nil {
			f.Message = "(encrypted)"
			a.cannotReveal.Do(func() { a.say("Why runs failed cannot be shown: %v", err) })
			continue
		}
		converter.DecodeCommonFailureAttributes(a.resolved.DataConverter, f)
	}
}
