package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// demoConnection is the connection that the demo makes.
const demoConnection = "demo"

// demoLive are rules under which changes are found as fast as a person likes to watch. Salesforce tells nobody of changes, so
// what happens there takes a sweep.
const demoLive = `live:
  sweeps: {fastest: 1s, slowest: 2s, gohighlevel_overlap: 10s, salesforce_overlap: 10s, margin: 1s, stale_after: 30s}
`

// demoOptions say how large the demo is.
type demoOptions struct {
	Contacts int // people that both CRMs hold; each holds about a third as many again by itself
	Seed     uint64
	NoLimits bool // lift GoHighLevel's limit of 100 requests in 10 seconds
	UIPort   int
	Worker   string // the worker program
}

// demoResult is what `starter demo --output json` prints.
type demoResult struct {
	Connection string                  `json:"connection"`
	Contacts   workflows.KindAccount   `json:"contacts"`
	APICalls   map[record.Side]int     `json:"api_calls"` // as counted by the fakes
	Temporal   platform.Cost           `json:"temporal"`
	Verify     workflows.VerifyAccount `json:"verify"`
	Seconds    float64                 `json:"seconds"` // of the onboarding, as is everything above
	Live       liveResult              `json:"live"`
	// Tasks, Notes and Appointments are what people made of each while it was live.
	Tasks        kindResult `json:"tasks"`
	Notes        kindResult `json:"notes"`
	Appointments kindResult `json:"appointments"`
	// NoteToTask is what became of Salesforce notes that became GoHighLevel tasks.
	NoteToTask noteToTaskResult `json:"note_to_task"`
}

// demo is a running demo.
type demo struct {
	options  demoOptions
	stack    *stack.Stack
	temporal client.Client
	dir      string
}

// startDemo starts everything, puts people into both CRMs and connects them by OAuth. Nothing of an earlier demo is
// there, and close leaves nothing behind.
func startDemo(ctx context.Context, o demoOptions, out io.Writer) (d *demo, err error) {
	d = &demo{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.dir, err = devstack.NewTempDataDir(); err != nil {
		return d, err
	}
	fakes := sandbox.Realistic()
	if o.NoLimits {
		fakes.GoHighLevel.Burst, fakes.GoHighLevel.Daily = 0, 0
	}
	say(out, "Starting Temporal, Postgres and two fake CRMs ...")
	d.stack, err = stack.Start(ctx, stack.Options{
		DataDir: d.dir, Ephemeral: true, UIPort: o.UIPort, WorkerPath: o.Worker, Out: out,
		Sandbox: fakes,
	})
	if err != nil {
		return d, err
	}
	if d.temporal, err = d.stack.Dial(ctx, nil); err != nil {
		return d, err
	}
	d.stack.Sandbox.Fill(sandbox.People{
		Both: o.Contacts, OnlyGoHighLevel: o.Contacts / 3, OnlySalesforce: o.Contacts / 3, Messy: true, Seed: o.Seed,
	})
	say(out, "  GoHighLevel  %s  %d contacts", d.stack.State.GoHighLevelURL, d.stack.Sandbox.GoHighLevel.Count())
	say(out, "  Salesforce   %s  %d contacts", d.stack.State.SalesforceURL, d.stack.Sandbox.Salesforce.Count("Contact"))
	say(out, "  Temporal     %s", d.stack.State.TemporalAddress)
	say(out, "  Web UI       %s", d.stack.State.UIAddress)
	say(out, "Connecting both by OAuth ...")
	rules := d.stack.Sandbox.Rules(sandbox.RulesOptions{
		Connection: demoConnection, GoHighLevelURL: d.stack.State.GoHighLevelURL, Requests: fakes.GoHighLevel.Burst,
		Window: 10 * time.Second, IndexLag: 2 * time.Second,
		Kinds:    record.Kinds[1:],
		Contacts: []string{"deletions: {gohighlevel: propagate, salesforce: ask}"}, Fields: []string{"city: {conflict: ask}"},
		Extra: demoLive + demoNoteToTask,
	})
	if err := d.stack.Connect(ctx, demoConnection, rules); err != nil {
		return d, err
	}
	if _, err := d.stack.StartWorker(ctx); err != nil {
		return d, err
	}
	return d, nil
}

func say(out io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(out, format+"\n", args...) // what cannot be told is no reason to fail
}

// onboard runs the onboarding and shows its progress.
func (d *demo) onboard(ctx context.Context, show progressPrinter) (demoResult, error) {
	defer show.Close()
	d.stack.Sandbox.GoHighLevel.ResetStats()
	d.stack.Sandbox.Salesforce.ResetStats()
	started := time.Now()
	run, err := d.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.OnboardingID(demoConnection), TaskQueue: workflows.TaskQueue,
		TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioOnboarding, demoConnection),
		StaticSummary:         "Onboard the demo's two CRMs",
	}, workflows.Onboarding, workflows.OnboardingInput{Connection: demoConnection})
	if err != nil {
		return demoResult{}, err
	}
	var out workflows.OnboardingResult
	if err := follow(ctx, d.temporal, run, d.finer(ctx, show), &out); err != nil {
		return demoResult{}, err
	}
	result := demoResult{
		Connection: out.Connection, Contacts: out.Contacts, Verify: out.Verify, Seconds: time.Since(started).Seconds(),
		APICalls: map[record.Side]int{
			record.GoHighLevel: d.stack.Sandbox.GoHighLevel.Requests(), record.Salesforce: d.stack.Sandbox.Salesforce.Requests(),
		},
	}
	result.Temporal, err = d.cost(ctx, out)
	return result, err
}

// finer shows contacts as they are committed, not only batch by batch: the ledger knows what is still pending.
func (d *demo) finer(ctx context.Context, show progressPrinter) progressPrinter {
	return finerProgress{progressPrinter: show, pending: func() (int, error) {
		return d.stack.Store.Pending(ctx, demoConnection, record.Contact)
	}}
}

type finerProgress struct {
	progressPrinter
	pending func() (int, error)
}

// Show counts what the ledger has committed of the child's work.
func (f finerProgress) Show(p workflows.Progress, child *workflows.Progress) {
	if child != nil && len(child.Kinds) == 1 {
		if n, err := f.pending(); err == nil {
			k := &child.Kinds[0]
			k.Done = max(k.Done, k.Total-n)
		}
	}
	f.progressPrinter.Show(p, child)
}

// follow shows the progress of a run until it ends, and takes its result.
func follow(ctx context.Context, c client.Client, run client.WorkflowRun, show progressPrinter, result any) error {
	done := make(chan error, 1)
	go func() { done <- run.Get(ctx, result) }()
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if p, child, err := queryProgress(ctx, c, run.GetID()); err == nil {
				show.Show(p, child)
			}
		}
	}
}

// queryProgress asks a run, and the child that works for it, how far they have come.
func queryProgress(ctx context.Context, c client.Client, id string) (p workflows.Progress, child *workflows.Progress, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	answer, err := c.QueryWorkflow(ctx, id, "", workflows.QueryProgress)
	if err != nil {
		return p, nil, err
	}
	if err := answer.Get(&p); err != nil || p.Child == "" {
		return p, nil, err
	}
	answer, err = c.QueryWorkflow(ctx, p.Child, "", workflows.QueryProgress)
	if err != nil {
		return p, nil, nil // the child has not begun, or has just ended
	}
	child = &workflows.Progress{}
	if answer.Get(child) != nil {
		child = nil
	}
	return p, child, nil
}

// cost adds up what the runs cost, once visibility shows them all: the onboarding, its bulk runs, and a run for each
// contact that failed. What live sync does meanwhile is left out, and so are
// the runs that only wait for a person.
func (d *demo) cost(ctx context.Context, out workflows.OnboardingResult) (platform.Cost, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		cost, err := platform.ConnectionCost(ctx, d.temporal, d.stack.State.Namespace, demoConnection,
			fmt.Sprintf("RootWorkflowId = '%s' AND Scenario != '%s'", workflows.OnboardingID(demoConnection), workflows.ScenarioReview))
		if err != nil || cost.Runs >= 1+len(out.BulkRuns)+out.Contacts.Failed {
			return cost, err
		}
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			return cost, errors.New("the visibility store of Temporal does not show all runs yet")
		}
	}
}

// exports is what a shell needs so that the starter finds this demo, as it finds any dev stack.
func (d *demo) exports() string { return "TANDEM_DATA=" + d.dir }

// close stops everything and removes the data.
func (d *demo) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var problems []error
	if d.temporal != nil {
		d.temporal.Close()
	}
	if d.stack != nil {
		problems = append(problems, d.stack.Close(ctx))
	}
	if d.dir != "" {
		problems = append(problems, os.RemoveAll(d.dir))
	}
	return errors.Join(problems...)
}
