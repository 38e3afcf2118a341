package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/workflows"
)

// clocksApart is how far Temporal's clock may be ahead of Postgres's.
const clocksApart = 10 * time.Second

// end retires all keys but the primary one and those on standby, or says why not.
func (r *rotation) end(ctx context.Context) error {
	var old []uint32
	for _, k := range listKeys(r.keyset, nil) {
		if k.State == keyOpens {
			old = append(old, k.Key)
		}
	}
	if len(old) == 0 {
		r.tell("There is no older key to retire.")
		return nil
	}
	since, err := r.reignsSince(ctx)
	if err != nil {
		return err
	}
	counts, err := r.store.CountSealed(ctx)
	if err != nil {
		return err
	}
	var problems []string
	for _, key := range old {
		if n, tables := protected(counts, key); n > 0 {
			problems = append(problems, fmt.Sprintf("key %d protects %d values (%s): `starter keys reseal` seals them anew", key, n, strings.Join(tables, ", ")))
		}
	}
	if !r.o.despiteRuns {
		of, err := r.runsBefore(ctx, since)
		if err != nil {
			return err
		}
		problems = append(problems, of...)
	}
	if len(problems) > 0 {
		return needsPerson{fmt.Errorf("no key is retired: %s", strings.Join(problems, "; "))}
	}
	for _, key := range old {
		if err := r.keyset.Disable(key); err != nil {
			return err
		}
	}
	if err := r.save(); err != nil {
		return err
	}
	r.account.Retired = old
	for _, key := range old {
		r.tell("Key %d is retired.", key)
	}
	if r.o.out != "" {
		return r.next("the older keys open nothing")
	}
	return nil
}

// runsBefore says which runs may hold values under older keys in their histories.
func (r *rotation) runsBefore(ctx context.Context, since time.Time) (problems []string, err error) {
	temporal, err := r.a.dial(ctx)
	if err != nil {
		return nil, err
	}
	began := fmt.Sprintf("%s IS NOT NULL AND StartTime <= '%s' AND ", workflows.Scenario.GetName(), since.Add(clocksApart).UTC().Format(time.RFC3339Nano))
	for _, of := range []struct{ status, what, cure string }{
		{"ExecutionStatus = 'Running'", "open", "wait for them, or decide what they wait for (`starter reviews list`)"},
		{"ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')", "failed, to be replayed no more", "replay them first (`starter runs --failed`), or say --despite-runs"},
	} {
		n, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: r.a.namespace(), Query: began + of.status})
		if err != nil {
			return nil, noSearchAttributes(err)
		}
		if n.GetCount() > 0 {
			problems = append(problems, fmt.Sprintf("runs that began before key %d sealed everything: %d %s: %s", r.keyset.Primary(), n.GetCount(), of.what, of.cure))
		}
	}
	return problems, nil
}
