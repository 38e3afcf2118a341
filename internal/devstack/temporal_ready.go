package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// awaitReady waits until the frontend answers, the namespace is there and the search attributes are registered.
func (t *Temporal) awaitReady(ctx context.Context, p *Process) error {
	// A gRPC connection backs off for a second after a refusal, so it starts once somebody listens.
	if err := poll(ctx, p, func(ctx context.Context) error { return dialOnce(ctx, t.Address()) }); err != nil {
		return err
	}
	c, err := client.NewLazyClient(client.Options{
		HostPort:  t.Address(),
		Namespace: Namespace,
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	err = poll(ctx, p, func(ctx context.Context) error {
		if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			return err
		}
		_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace})
		return err
	})
	if err != nil {
		return err
	}
	return poll(ctx, p, func(ctx context.Context) error {
		return registerSearchAttributes(ctx, c.OperatorService(), t.opts.SearchAttributes)
	})
}

// errFinal marks an error of a poll that asking again cannot mend.
var errFinal = errors.New("cannot start")

// poll asks until the answer is nil, the process has ended or ctx is done.
func poll(ctx context.Context, p *Process, ask func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := askOnce(ctx, p, ask)
		if err == nil || errors.Is(err, errFinal) {
			return err
		}
		select {
		case <-p.Done():
			if err := p.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%s ended before it was ready%s", p.name, p.out.lastLines())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready in time: %w (%w)%s", p.name, err, ctx.Err(), p.out.lastLines())
		case <-tick.C:
		}
	}
}

// askOnce gives up after a while, and when the process ends: somebody else may hold its port and never answer.
func askOnce(ctx context.Context, p *Process, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	go func() {
		select {
		case <-p.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	return ask(ctx)
}

func dialOnce(ctx context.Context, address string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// registerSearchAttributes adds the attributes the namespace lacks; the server ignores those on its command line once
// its database exists. Nil means that all are there.
func registerSearchAttributes(ctx context.Context, op operatorservice.OperatorServiceClient, want map[string]string) error {
	listed, err := op.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: Namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, typeName := range want {
		wanted, err := enumspb.IndexedValueTypeFromString(typeName)
		if err != nil {
			return fmt.Errorf("%w: search attribute %s: %w", errFinal, name, err)
		}
		switch got, ok := listed.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = wanted
		case got != wanted:
			return fmt.Errorf("%w: search attribute %s is a %s in this database, not a %s: start on another data directory",
				errFinal, name, got, wanted)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = op.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: Namespace, SearchAttributes: missing})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("register search attributes: %w", err)
	}
	return errors.New("search attributes are registered but not listed yet")
}
