package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/workflows"
)

// contactsFromEnv lets a slow machine run a smaller benchmark.
func contactsFromEnv(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return fallback
}

// burst is GoHighLevel's limit.
const (
	burst       = 100
	burstWindow = 10 * time.Second
)

// figures are what one measured onboarding came to.
type figures struct {
	out        workflows.OnboardingResult
	took       time.Duration
	synced     time.Duration // until both sides held everything; the rest of took is the comparison of everything
	calls      map[string]int
	fewest     map[string]int
	cost       platform.Cost
	peakMemory int64 // bytes
	perLink    float64
	maxWindow  int
}

// measure runs one onboarding and takes its figures.
func measure(b *testing.B, people sandbox.People, requests int) figures {
	b.Helper()
	o := sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, Burst: requests, BurstWindow: burstWindow}}
	// An onboarding alone, without what looks for changes afterwards.
	s := newSystem(b, o, withoutPolls, func(o *stack.Options) { o.NoWebhooks = true })
	s.Sandbox.Fill(people)
	s.connect(b, func(r *sandbox.RulesOptions) {
		r.Requests, r.Window, r.IndexLag = requests, burstWindow, 500*time.Millisecond
	})
	w := s.startWorker(b)
	s.Sandbox.GoHighLevel.ResetStats()
	s.Sandbox.Salesforce.ResetStats()
	started := time.Now()
	f := figures{out: s.onboard(b)}
	f.took = time.Since(started)
	bulk, err := s.temporal.DescribeWorkflowExecution(b.Context(), f.out.BulkRuns[len(f.out.BulkRuns)-1], "")
	if err != nil {
		b.Fatal(err)
	}
	f.synced = bulk.WorkflowExecutionInfo.CloseTime.AsTime().Sub(started)
	f.calls = map[string]int{"gohighlevel": s.Sandbox.GoHighLevel.Requests(), "salesforce": s.Sandbox.Salesforce.Requests()}
	f.fewest = fewestCalls(f.out)
	f.maxWindow = s.Sandbox.GoHighLevel.MaxInWindow()
	f.peakMemory = peakMemory(w.PID())
	stored, err := s.Store.Figures(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	f.perLink = stored.BytesPerLink
	f.cost = s.cost(b)
	return f
}

// fewestCalls is what an onboarding cannot do without: pages of 500 and 2,000 to read, 200 to write to Salesforce, and
// one call per contact written to GoHighLevel.
func fewestCalls(out workflows.OnboardingResult) map[string]int {
	c := out.Contacts
	pages := func(n, size int) int { return (n + size - 1) / size }
	return map[string]int{
		"gohighlevel": pages(c.GoHighLevel, 500) + c.CreatedInGoHighLevel + c.UpdatedInGoHighLevel,
		"salesforce":  pages(c.Salesforce, 2000) + pages(c.CreatedInSalesforce, 200) + pages(c.UpdatedInSalesforce, 200),
	}
}

// peakMemory reads the most memory that a process ever had resident, in bytes.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// forced is the time that GoHighLevel's limit itself forces on a number of requests: the first burst is free, and each
// further one takes a window.
func forced(requests int) time.Duration {
	return time.Duration(max(0, requests-1)/burst) * burstWindow
}

// BenchmarkOnboarding prints what onboarding costs, with the target beside each figure. It runs once, whatever b.N is.
func BenchmarkOnboarding(b *testing.B) {
	n := contactsFromEnv("TANDEM_BENCH_CONTACTS", 20_000)
	small := contactsFromEnv("TANDEM_BENCH_LIMITED_CONTACTS", 1_500)
	linked := measure(b, sandbox.People{Both: n / 2, Seed: 1}, 0)
	half := measure(b, sandbox.People{Both: n / 2, OnlyGoHighLevel: n / 2, OnlySalesforce: n / 2, Seed: 2}, 0)
	limited := measure(b, sandbox.People{Both: small / 2, OnlyGoHighLevel: small / 2, OnlySalesforce: small / 2, Seed: 3}, burst)

	t := newFigureTable("onboarding")
	row := t.row
	row(fmt.Sprintf("linked only, %d + %d", n/2, n/2), rate(linked.out.Contacts.Linked, linked.synced)+" contacts/s linked", "2,000")
	row("the same with the comparison at the end", rate(linked.out.Contacts.Linked, linked.took)+" contacts/s linked", "")
	row(fmt.Sprintf("half overlapping, %d + %d, took", n, n), half.took.Round(100*time.Millisecond).String(), "")
	c := half.out.Contacts
	created := c.CreatedInGoHighLevel + c.CreatedInSalesforce
	row("created", rate(created, half.synced)+" contacts/s created", "500")
	row("the same with the comparison at the end", rate(created, half.took)+" contacts/s created", "")
	for _, side := range []string{"gohighlevel", "salesforce"} {
		row(side+" calls", fmt.Sprintf("%d (fewest possible %d)", half.calls[side], half.fewest[side]), "")
	}
	calls, fewest := half.calls["gohighlevel"]+half.calls["salesforce"], half.fewest["gohighlevel"]+half.fewest["salesforce"]
	row("calls per onboarded contact", fmt.Sprintf("%.4f = fewest %+.1f %%", float64(calls)/float64(c.Linked), percent(calls, fewest)), "+2 %")
	row("Temporal actions per contact", fmt.Sprintf("%.4f (%d in %d runs)", float64(half.cost.Actions)/float64(c.Linked), half.cost.Actions, half.cost.Runs), "0.02")
	row("worker peak memory", fmt.Sprintf("%d MiB", half.peakMemory>>20), "256 MiB")
	row("bytes at rest per link", fmt.Sprintf("%.0f", half.perLink), "400")
	row("drift", strconv.Itoa(half.out.Verify.Drift), "0")
	must := forced(limited.fewest["gohighlevel"])
	row(fmt.Sprintf("limit of %d / %s enforced, %d + %d, took", burst, burstWindow, small, small), limited.took.Round(100*time.Millisecond).String(), "")
	row("against what the limit forces", fmt.Sprintf("%s %+.1f %% (%d calls, fewest %d)", must, percent(int(limited.took), int(must)), limited.calls["gohighlevel"], limited.fewest["gohighlevel"]), "+5 %")
	row("most requests in any window", strconv.Itoa(limited.maxWindow), "100")
	row("drift", strconv.Itoa(limited.out.Verify.Drift), "0")
	t.print(b)
}

func rate(n int, took time.Duration) string {
	return fmt.Sprintf("%.0f", float64(n)/took.Seconds())
}

func percent(got, of int) float64 { return (float64(got)/float64(of) - 1) * 100 }
