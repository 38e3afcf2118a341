package stack

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
)

// The worker's settings that differ from worker to worker, or come from the fakes.
const (
	envWebhookListen = "TANDEM_WEBHOOK_LISTEN"
	envWebhookKeys   = "TANDEM_GHL_WEBHOOK_KEYS"
	envPublicURL     = "TANDEM_PUBLIC_URL"
	envSweepEvery    = "TANDEM_SWEEP_EVERY"
	envSweepShards   = "TANDEM_SWEEP_SHARDS"
)

// webhookPath is where a worker takes GoHighLevel's webhooks.
const webhookPath = "/webhooks/gohighlevel"

// webhookBackoff is the wait between two tries of a webhook where the options name none: with the vendor's ten minutes
// nobody would see one on a dev stack.
const webhookBackoff = 500 * time.Millisecond

// startWebhooks makes the fake GoHighLevel deliver to the workers, by way of one address that stays while they come and
// go.
func (s *Stack) startWebhooks(ctx context.Context) error {
	fake := s.Sandbox.GoHighLevel
	closeFake := func(context.Context) error { fake.Close(); return nil }
	if s.NoWebhooks {
		s.onClose(closeFake)
		return nil
	}
	s.forwarder = newForwarder()
	server, err := devstack.ServeHTTP(ctx, orFree(""), s.forwarder)
	if err != nil {
		return err
	}
	s.onClose(func(context.Context) error {
		s.forwarder.close()
		return server.Close()
	})
	s.onClose(closeFake) // first, for the workers are gone
	s.State.WebhookURL = server.URL() + webhookPath
	faults := s.Options.Sandbox.GoHighLevel.WebhookFaults
	if faults.Backoff == 0 {
		faults.Backoff = gohighleveltest.Duration(webhookBackoff)
	}
	if err := fake.SetWebhookFaults(faults); err != nil {
		return err
	}
	return fake.SetWebhookURL(s.State.WebhookURL)
}

// workerEnv returns the environment of one more worker, and where that worker takes webhooks, "" for nowhere.
func (s *Stack) workerEnv(ctx context.Context) (env []string, webhooks string, err error) {
	env = s.Env()
	every := s.SweepEvery
	if every == 0 && s.Ephemeral {
		every = time.Second
	}
	if every != 0 {
		env = append(env, envSweepEvery+"="+every.String())
	}
	if s.SweepShards != 0 {
		env = append(env, envSweepShards+"="+strconv.Itoa(s.SweepShards))
	}
	if s.forwarder == nil {
		return env, "", nil
	}
	if webhooks, err = freeAddress(ctx); err != nil {
		return nil, "", err
	}
	return append(env, envWebhookListen+"="+webhooks, envPublicURL+"="+s.PublicURL(),
		envWebhookKeys+"="+s.Sandbox.GoHighLevel.WebhookPublicKey()), webhooks, nil
}

// PublicURL is the address that stands before all workers, under which the outside reaches them; "" where the stack leaves
// webhooks out.
func (s *Stack) PublicURL() string { return strings.TrimSuffix(s.State.WebhookURL, webhookPath) }

// WebhookURLs returns where each worker that is alive takes webhooks by itself, without the address that stands before
// them all; none where the stack leaves webhooks out.
func (s *Stack) WebhookURLs() []string {
	if s.forwarder == nil {
		return nil
	}
	urls := s.forwarder.addresses()
	for i, address := range urls {
		urls[i] = "http://" + address + webhookPath
	}
	return urls
}

// freeAddress returns an address of 127.0.0.1 on which nobody listens. Should another program take it before the worker
// does, the worker ends and says so.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", orFree(""))
	if err != nil {
		return "", fmt.Errorf("find a port for webhooks: %w", err)
	}
	return l.Addr().String(), l.Close()
}
