package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// The timeline of each contact that is backfilled: three tasks and three notes, a third of them in Salesforce, and an
// appointment.
var (
	timelineInGoHighLevel = sandbox.PerContact{Tasks: 2, Notes: 2, Appointments: 1}
	timelineInSalesforce  = sandbox.PerContact{Tasks: 1, Notes: 1}
)

// measureTimelines backfills the timelines of so many contacts, all of whom both sides hold, and takes its figures without
// what the contacts themselves take.
func measureTimelines(b *testing.B, people, requests int) (f figures, contacts int) {
	b.Helper()
	o := sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, Burst: requests, BurstWindow: burstWindow}}
	s := newSystem(b, o, withoutPolls, func(o *stack.Options) { o.NoWebhooks = true })
	s.Sandbox.Fill(sandbox.People{Both: people, Seed: 5})
	if err := s.Sandbox.FillTimeline(timelineInGoHighLevel, timelineInSalesforce); err != nil {
		b.Fatal(err)
	}
	rules := func(kinds ...record.Kind) func(*sandbox.RulesOptions) {
		return func(r *sandbox.RulesOptions) {
			r.Requests, r.Window, r.IndexLag, r.Kinds = requests, burstWindow, 500*time.Millisecond, kinds
		}
	}
	s.connect(b, rules(record.Kinds[1:]...))
	w := s.startWorker(b)
	s.Sandbox.GoHighLevel.ResetStats()
	s.Sandbox.Salesforce.ResetStats()
	started := time.Now()
	f = figures{out: s.onboard(b), took: time.Since(started)}
	f.calls = map[string]int{"gohighlevel": s.Sandbox.GoHighLevel.Requests(), "salesforce": s.Sandbox.Salesforce.Requests()}
	f.fewest = fewestCallsOfTimelines(f.out)
	f.maxWindow, f.peakMemory, f.cost = s.Sandbox.GoHighLevel.MaxInWindow(), peakMemory(w.PID()), s.cost(b)
	return f, people
}

// fewestCallsOfTimelines is what an onboarding with timelines cannot do without: beside what its contacts take, pages of 500
// tasks, a call per contact for notes, the calendars and each of their windows, a call per record that GoHighLevel is to
// hold; of Salesforce pages of 2,000, for notes where they are shown and a call for each text, 200 records a write, and once
// more for what notes are shown on.
func fewestCallsOfTimelines(out workflows.OnboardingResult) map[string]int {
	fewest := fewestCalls(out)
	pages := func(n, size int) int { return (n + size - 1) / size }
	for kind, k := range out.Kinds {
		fewest["gohighlevel"] += k.CreatedInGoHighLevel + k.UpdatedInGoHighLevel
		fewest["salesforce"] += pages(k.Salesforce, 2000) + pages(k.CreatedInSalesforce+k.UpdatedInSalesforce, 200)
		switch kind {
		case record.Task:
			fewest["gohighlevel"] += pages(k.GoHighLevel, 500)
		case record.Note:
			fewest["gohighlevel"] += out.Contacts.Linked
			fewest["salesforce"] += pages(k.Salesforce, 200) + k.Salesforce + pages(k.CreatedInSalesforce, 200)
		case record.Appointment:
			const windows = 9 // eleven years, in spans of fifteen months
			fewest["gohighlevel"] += 1 + windows
		}
	}
	return fewest
}

// BenchmarkTimelines prints what the backfill of tasks, notes and appointments costs. It runs once, whatever b.N is.
func BenchmarkTimelines(b *testing.B) {
	people := contactsFromEnv("TANDEM_BENCH_TIMELINES", 5_000)
	small := contactsFromEnv("TANDEM_BENCH_LIMITED_TIMELINES", 150)
	free, contacts := measureTimelines(b, people, 0)
	limited, few := measureTimelines(b, small, burst)

	t := newFigureTable("timelines")
	row := t.row
	held, drift := 0, free.out.Verify.Drift+limited.out.Verify.Drift
	for _, kind := range record.Kinds[1:] {
		k := free.out.Kinds[kind]
		held += k.Linked
		drift += k.Drift + limited.out.Kinds[kind].Drift
		row(string(kind)+"s, in GoHighLevel and Salesforce", fmt.Sprintf("%d + %d, %d linked", k.GoHighLevel, k.Salesforce, k.Linked), "")
	}
	row(fmt.Sprintf("%d contacts with all of it, took", contacts), free.took.Round(100*time.Millisecond).String(), "")
	row("tasks, notes and appointments", rate(held, free.took)+" records/s", "")
	for _, side := range []string{"gohighlevel", "salesforce"} {
		row(side+" calls", fmt.Sprintf("%d = fewest %+.1f %% (%d)", free.calls[side], percent(free.calls[side], free.fewest[side]), free.fewest[side]), "+2 %")
	}
	row("Temporal actions per record", fmt.Sprintf("%.4f (%d in %d runs)", float64(free.cost.Actions)/float64(held), free.cost.Actions, free.cost.Runs), "0.02")
	row("worker peak memory", fmt.Sprintf("%d MiB", free.peakMemory>>20), "256 MiB")
	must := forced(limited.fewest["gohighlevel"])
	row(fmt.Sprintf("limit of %d / %s enforced, %d contacts, took", burst, burstWindow, few), limited.took.Round(100*time.Millisecond).String(), "")
	row("against what the limit forces", fmt.Sprintf("%s %+.1f %% (%d calls, fewest %d)", must, percent(int(limited.took), int(must)), limited.calls["gohighlevel"], limited.fewest["gohighlevel"]), "+5 %")
	row("most requests in any window", fmt.Sprint(limited.maxWindow), "100")
	row("drift", fmt.Sprint(drift), "0")
	t.print(b)
}
