package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
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

// runsBefore says which runs may need values under older keys, which their histories hold: those that are open, and those
// that failed and may be replayed.
func (r *rotation) runsBefore(ctx context.Context, since time.Time) (problems []string, err error) {
	temporal, err := r.a.dial(ctx)
	if err != nil {
		return nil, err
	}
	began := runsFilter{before: since.Add(clocksApart)}
	open, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: r.a.namespace(), Query: began.query(time.Now()) + " AND ExecutionStatus = 'Running'",
	})
	if err != nil {
		return nil, noSearchAttributes(err)
	}
	if n := open.GetCount(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d open: wait for them, or decide what they wait for (`starter reviews list`)", n))
	}
	began.failed = true
	failed, err := r.a.listRuns(ctx, temporal, began)
	if err != nil {
		return nil, err
	}
	replayable := map[string]bool{} // by workflow id
	for _, info := range failed {
		id := info.GetExecution().GetWorkflowId()
		if _, asked := replayable[id]; asked {
			continue
		}
		// What was replayed, or came again by itself, has a newer run.
		newest, err := temporal.DescribeWorkflowExecution(ctx, id, "")
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			return nil, err
		}
		replayable[id] = unsuccessful(newest.GetWorkflowExecutionInfo().GetStatus())
	}
	maps.DeleteFunc(replayable, func(_ string, is bool) bool { return !is })
	if n := len(replayable); n > 0 {
		problems = append(problems, fmt.Sprintf("%d failed, to be replayed no more: replay them first (`starter runs --failed`), or say --despite-runs", n))
	}
	if len(problems) > 0 {
		problems[0] = fmt.Sprintf("runs that began before key %d sealed everything: ", r.keyset.Primary()) + problems[0]
	}
	return problems, nil
}
