package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// onboarded starts a system with people that is in step, for a benchmark.
func onboarded(b *testing.B, o sandbox.Options, p sandbox.People, extra string, change ...func(*stack.Options)) *system {
	b.Helper()
	s := newSystem(b, o, change...)
	s.Sandbox.Fill(p)
	s.connect(b, func(r *sandbox.RulesOptions) { r.IndexLag, r.Extra = 300*time.Millisecond, extra })
	s.startWorker(b)
	if out := s.onboard(b); out.Verify.Drift != 0 {
		b.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	s.rest(b)
	return s
}

// inStep returns the first n contacts that both sides hold.
func (s *system) inStep(b *testing.B, n int) []record.Link {
	b.Helper()
	var links []record.Link
	for after := int64(0); ; {
		work, err := s.Store.Links(b.Context(), connection, record.Contact, after, 2000)
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range work {
			after = w.Link.ID
			if w.Link.State == record.LinkInStep && w.Link.GoHighLevelID != "" && w.Link.SalesforceID != "" {
				if links = append(links, w.Link); len(links) == n {
					return links
				}
			}
		}
		if len(work) == 0 {
			b.Fatalf("%d contacts are in step, want %d", len(links), n)
		}
	}
}

// until asks every few milliseconds whether something holds, and fails the benchmark where it never does.
func until(b *testing.B, every time.Duration, what string, holds func() bool) {
	b.Helper()
	deadline, ticker := time.After(5*time.Minute), time.NewTicker(every)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			b.Fatalf("never: %s", what)
		}
	}
}

// rest waits until no webhook is on its way, nothing is announced or pending, and the run that syncs has completed.
func (s *system) rest(b *testing.B) {
	b.Helper()
	until(b, 50*time.Millisecond, "nothing is left to sync", func() bool {
		if s.Sandbox.GoHighLevel.WebhookStats().Pending > 0 {
			return false
		}
		announced, err := s.Store.Announced(b.Context(), connection, record.Contact)
		if err != nil {
			b.Fatal(err)
		}
		pending, err := s.Store.Pending(b.Context(), connection, record.Contact)
		if err != nil {
			b.Fatal(err)
		}
		return announced+pending == 0 && !s.syncing(b)
	})
}

func (s *system) syncing(b *testing.B) bool {
	run, err := s.temporal.DescribeWorkflowExecution(b.Context(), workflows.SyncChangesID(connection), "")
	var none *serviceerror.NotFound
	if errors.As(err, &none) {
		return false
	}
	if err != nil {
		b.Fatal(err)
	}
	return run.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// spent is what some changes took.
type spent struct {
	began     time.Time
	took      time.Duration
	ghl, sf   int // API calls, without those of polls
	polls     int // API calls of polls
	all, sync platform.Cost
	contacts  platform.Cost
	bulk      platform.Cost
}

// calls counts API calls. Only polls search and query.
func (s *system) calls() (ghl, sf, polls int) {
	g := s.Sandbox.GoHighLevel.Stats()
	ghl, sf = g.Requests, s.Sandbox.Salesforce.Requests()
	polls = g.ByOperation["POST /contacts/search"]
	for operation, byStatus := range s.Sandbox.Salesforce.Stats().Requests {
		if strings.Contains(operation, "/query") {
			for _, n := range byStatus {
				polls += n
			}
		}
	}
	return ghl - g.ByOperation["POST /contacts/search"], sf - (polls - g.ByOperation["POST /contacts/search"]), polls
}

// spend does something and measures what it takes until there is nothing left to do.
func (s *system) spend(b *testing.B, do func()) spent {
	b.Helper()
	ghl, sf, polls := s.calls()
	out := spent{began: time.Now().UTC()}
	do()
	s.rest(b)
	out.took = time.Since(out.began)
	out.ghl, out.sf, out.polls = s.calls()
	out.ghl, out.sf, out.polls = out.ghl-ghl, out.sf-sf, out.polls-polls
	since := fmt.Sprintf("StartTime >= '%s'", out.began.Format(time.RFC3339Nano))
	out.all = s.settledCost(b, since)
	for workflow, cost := range map[string]*platform.Cost{"SyncChanges": &out.sync, "ContactSync": &out.contacts, "BulkSync": &out.bulk} {
		var err error
		*cost, err = platform.ConnectionCost(b.Context(), s.temporal, s.State.Namespace, connection, since+" AND WorkflowType = '"+workflow+"'")
		if err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// cost is what all runs came to.
func (s *system) cost(t testing.TB) platform.Cost { return s.settledCost(t, "") }

// settledCost waits until visibility shows every run that meets a condition, and adds them up.
func (s *system) settledCost(b testing.TB, condition string) platform.Cost {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	last := platform.Cost{}
	for ctx.Err() == nil {
		cost, err := platform.ConnectionCost(ctx, s.temporal, s.State.Namespace, connection, condition)
		if err != nil {
			b.Fatal(err)
		}
		if cost == last && cost.Runs > 1 {
			return cost
		}
		last = cost
		select {
		case <-time.After(time.Second): // visibility's own pace; two equal answers end the wait
		case <-ctx.Done():
		}
	}
	b.Fatal("visibility never settled")
	return last
}
