package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// maintainedAtOnce is how many connections one shard maintains at the same time.
	maintainedAtOnce = 4
	// maintainedPerRun is how many one run takes at most; the others come first at the next.
	maintainedPerRun = 1000
	// maintenanceTimeout ends the maintenance of a connection that hangs; its lease lasts a little longer.
	maintenanceTimeout = 4 * time.Minute
	maintenanceLease   = maintenanceTimeout + 30*time.Second
	// maintenanceShift is how long a run begins with further connections; the others come first at the next.
	maintenanceShift = 9 * time.Minute
)

// Maintenance holds the activities that look after what neither webhooks nor sweeps do. They delete no record of either
// side: what may have changed or be gone is marked, and its sync decides by proof, rules and guards.
type Maintenance struct {
	Connections Connections
	Ledger      MaintenanceLedger
	Bell        Doorbell
}

// MaintainShardInput names the connections to maintain: those whose number leaves the remainder Shard when divided by
// Shards.
type MaintainShardInput struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
}

// MaintainConnectionInput is a maintenance of one connection that a person asked for.
type MaintainConnectionInput struct {
	Connection string `json:"connection"`
	// DryRun changes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Confirm removes all links to nothing that are past the retention, listed before or not, however many they are.
	Confirm bool `json:"confirm,omitempty"`
}

// MaintenanceResult is what maintenance came to.
type MaintenanceResult struct {
	Maintained int `json:"maintained"` // connections
	Troubled   int `json:"troubled"`   // of those, where a person should look; `starter maintenance show` says at what
	// Totals are over all connections.
	Totals []record.MaintenanceCounts `json:"totals,omitempty"`
	// Report is that of the one connection that a person asked for.
	Report *record.MaintenanceReport `json:"report,omitempty"`
	// Over are the workflow ids of runs whose review is closed: they are to be told.
	Over []string `json:"over,omitempty"`
}

// MaintainShard maintains the connections of a shard, each by itself: a failure of one is written down in its report and
// touches no other. Safe to repeat.
func (a *Maintenance) MaintainShard(ctx context.Context, in MaintainShardInput) (MaintenanceResult, error) {
	var out MaintenanceResult
	due, err := a.Ledger.DueMaintenance(ctx, in.Shard, in.Shards, maintainedPerRun)
	if err != nil {
		return out, err
	}
	var mu sync.Mutex
	var lanes sync.WaitGroup
	next := make(chan string)
	for range min(maintainedAtOnce, len(due)) {
		lanes.Go(func() {
			for connection := range next {
				one, err := a.maintain(ctx, MaintainConnectionInput{Connection: connection}, false)
				if err != nil {
					activity.GetLogger(ctx).Warn("a connection could not be maintained", "connection", connection, "error", err)
				}
				mu.Lock()
				out.add(one)
				mu.Unlock()
			}
		})
	}
	over, stop := time.After(maintenanceShift), activity.GetWorkerStopChannel(ctx)
hand:
	for _, connection := range due {
		select {
		case next <- connection:
		case <-over:
			break hand
		case <-stop:
			break hand
		case <-ctx.Done():
			break hand
		}
	}
	close(next)
	lanes.Wait()
	return out, ctx.Err()
}

// MaintainConnection maintains one connection, and looks at as much as one maintenance may. It fails with kind Busy while the
// connection is being maintained by another run. Safe to repeat.
func (a *Maintenance) MaintainConnection(ctx context.Context, in MaintainConnectionInput) (MaintenanceResult, error) {
	m, err := a.maintain(ctx, in, true)
	if err != nil {
		return MaintenanceResult{}, err
	}
	if m == nil {
		return MaintenanceResult{}, &crm.Error{Kind: crm.Busy, Operation: "maintain", Reason: "the connection is being maintained", RetryAfter: 5 * time.Second}
	}
	var out MaintenanceResult
	out.add(m)
	out.Report = &m.report
	return out, nil
}

func (r *MaintenanceResult) add(m *maintainer) {
	if m == nil {
		return
	}
	r.Maintained++
	for _, f := range m.report.Findings {
		if f.Attention() {
			r.Troubled++
			break
		}
	}
	for _, part := range m.report.Parts {
		r.total(part)
	}
	r.Over = append(r.Over, m.over...)
}

func (r *MaintenanceResult) total(part record.MaintenanceCounts) {
	for i := range r.Totals {
		if r.Totals[i].Part == part.Part {
			r.Totals[i].Add(part)
			return
		}
	}
	part.Problem = ""
	r.Totals = append(r.Totals, part)
}

// maintainer maintains one connection.
type maintainer struct {
	*Connection // nil where it could not be opened
	connections Connections
	ledger      MaintenanceLedger
	bell        Doorbell
	in          MaintainConnectionInput
	begun       record.Maintenance
	// byHand tells that a person asked for it: then it looks at as much as one maintenance may.
	byHand bool
	report record.MaintenanceReport
	over   []string
}

// maintain maintains one connection under a lease, and writes down what came of it; nil while another run does.
func (a *Maintenance) maintain(ctx context.Context, in MaintainConnectionInput, byHand bool) (*maintainer, error) {
	m := &maintainer{connections: a.Connections, ledger: a.Ledger, bell: a.Bell, in: in, byHand: byHand}
	if in.DryRun {
		last, now, err := a.Ledger.LastMaintenance(ctx, in.Connection)
		if err != nil {
			return nil, err
		}
		m.begun = record.Maintenance{Connection: in.Connection, Began: now, Last: last}
	} else {
		begun, ok, err := a.Ledger.BeginMaintenance(ctx, in.Connection, maintenanceLease)
		if err != nil || !ok {
			return nil, err
		}
		m.begun = begun
	}
	m.report = record.MaintenanceReport{Connection: in.Connection, At: m.begun.Began, DryRun: in.DryRun, Parts: []record.MaintenanceCounts{}}
	stopped := m.run(ctx)
	if in.DryRun {
		return m, stopped
	}
	ending, cancel := toTheEnd(ctx) // what was done so far is known then
	defer cancel()
	if err := a.Ledger.EndMaintenance(ending, m.begun, m.report); err != nil && !errors.Is(err, record.ErrFenced) {
		return nil, err
	}
	return m, stopped
}

// run does one part after the other. Where one fails the others are done all the same.
func (m *maintainer) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maintenanceTimeout, &crm.Error{
		Kind: crm.Unavailable, Operation: "maintain", Reason: "it took too long",
	})
	defer cancel()
	m.part(ctx, record.MaintainTokens, m.tokens)
	var live record.Live
	opened := m.part(ctx, "", func(ctx context.Context, _ *record.MaintenanceCounts) (err error) {
		if m.Connection, err = m.connections.Open(ctx, m.in.Connection); err != nil {
			return err
		}
		live, err = m.ledger.Live(ctx, m.in.Connection)
		return err
	})
	if !opened {
		return ctx.Err()
	}
	m.part(ctx, record.MaintainReviews, func(ctx context.Context, n *record.MaintenanceCounts) error { return m.reviews(ctx, n, live.On()) })
	if live.On() {
		m.part(ctx, record.MaintainRecords, m.records)
		m.part(ctx, record.MaintainOrphans, m.orphans)
	}
	m.part(ctx, record.MaintainLinks, m.links)
	m.part(ctx, record.MaintainJournal, m.journal)
	if cause := context.Cause(ctx); crm.KindOf(cause) != "" {
		return nil // it took too long, which the report says; the next one goes on
	}
	return ctx.Err()
}

// part does one part and writes down what came of it; one without a name only how it failed. It tells whether it succeeded.
func (m *maintainer) part(ctx context.Context, name record.MaintenancePart, do func(context.Context, *record.MaintenanceCounts) error) bool {
	if ctx.Err() != nil && crm.KindOf(context.Cause(ctx)) == "" {
		return false // this worker ends, which says nothing about the connection
	}
	n := record.MaintenanceCounts{Part: name}
	err := do(ctx, &n)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	if err != nil {
		n.Problem = problemOf(err)
		m.failed(name, err)
		activity.GetLogger(ctx).Warn("a part of maintenance failed", "connection", m.in.Connection, "part", name, "problem", n.Problem, "error", err)
	}
	if name != "" {
		m.report.Parts = append(m.report.Parts, n)
	}
	return err == nil
}

// failed notes why a part failed. A grant that is gone is told once, by whichever part came upon it first.
func (m *maintainer) failed(part record.MaintenancePart, err error) {
	found := record.MaintenanceFinding{Part: part, Found: record.FoundFailure, Problem: problemOf(err)}
	var e *crm.Error
	if errors.As(err, &e) {
		found.Side = e.Side
	}
	if crm.KindOf(err) == crm.NeedsReconnect {
		found.Part, found.Found = record.MaintainTokens, record.FoundReconnect
		for _, other := range m.report.Findings {
			if other.Found == found.Found && other.Side == found.Side {
				return
			}
		}
	}
	m.found(found)
}

func (m *maintainer) found(f record.MaintenanceFinding) {
	m.report.Findings = append(m.report.Findings, f)
}

// ring wakes the connection's sync. A bell that cannot be rung now is rung by a sweep.
func (m *maintainer) ring(ctx context.Context) {
	if err := m.bell.Ring(ctx, m.in.Connection); err != nil {
		activity.GetLogger(ctx).Warn("a connection could not be woken; a sweep tries again", "connection", m.in.Connection, "error", err)
	}
}
