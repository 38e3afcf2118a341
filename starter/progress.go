package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// progressBars shows a run's progress as bars on a terminal: per kind what is done of what, the rate and the time left,
// and below them the API calls.
type progressBars struct {
	container *mpb.Progress
	bars      map[string]*mpb.Bar
	shown     map[string]workflows.KindCounter // by name, as last shown
	order     []string
	calls     *mpb.Bar
	phase     string
	status    string
}

// newProgressBars draws on a terminal; out must be one.
func newProgressBars(out io.Writer) *progressBars {
	return &progressBars{
		container: mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond)),
		bars:      map[string]*mpb.Bar{}, shown: map[string]workflows.KindCounter{},
	}
}

// Show draws what a run, and the child that works for it, answered last. child may be nil.
func (b *progressBars) Show(p workflows.Progress, child *workflows.Progress) {
	if p.Phase != b.phase {
		b.finish()
		b.phase = p.Phase
	}
	b.status = status(p, child)
	for _, k := range counters(p, child) {
		b.show(k)
	}
	if b.calls == nil {
		b.calls = b.container.New(1, mpb.NopStyle(), mpb.BarPriority(1_000), mpb.PrependDecorators(
			decor.Any(func(decor.Statistics) string { return b.status })))
	}
}

func (b *progressBars) show(k workflows.KindCounter) {
	name := k.What
	if k.What == string(record.Contact) {
		name = "contacts synced"
	}
	key := b.phase + "/" + name
	bar := b.bars[key]
	if bar == nil {
		if k.Done == 0 && k.Total <= 0 || b.shown[name] == k {
			return // nothing yet, or what an earlier phase has counted
		}
		bar = b.container.AddBar(int64(max(k.Total, 0)), mpb.BarPriority(len(b.order)),
			mpb.PrependDecorators(
				decor.Name(name, decor.WC{W: 24, C: decor.DindentRight}),
				decor.CountersNoUnit("%d / %d", decor.WC{W: 15})),
			mpb.AppendDecorators(
				decor.AverageSpeed(0, "%.0f/s", decor.WC{W: 8}),
				decor.Name("  "),
				decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 6}), "done")))
		b.bars[key] = bar
		b.order = append(b.order, key)
	}
	bar.SetTotal(int64(max(k.Total, k.Done)), false)
	bar.SetCurrent(int64(k.Done))
	b.shown[name] = k
}

// finish completes the bars of a phase that is over.
func (b *progressBars) finish() {
	for key, bar := range b.bars {
		if strings.HasPrefix(key, b.phase+"/") && !bar.Completed() {
			bar.SetTotal(bar.Current(), true)
		}
	}
}

// Close ends the drawing and leaves the last state on the screen.
func (b *progressBars) Close() {
	b.finish()
	if b.calls != nil {
		b.calls.Abort(true)
	}
	b.container.Wait()
}

// progressLines shows a run's progress as lines, for logs and pipes: one for each new phase, and one now and then.
type progressLines struct {
	out   io.Writer
	every time.Duration
	now   func() time.Time
	last  time.Time
	phase string
}

func newProgressLines(out io.Writer) *progressLines {
	return &progressLines{out: out, every: 2 * time.Second, now: time.Now}
}

// Show prints what a run, and the child that works for it, answered last. child may be nil.
func (l *progressLines) Show(p workflows.Progress, child *workflows.Progress) {
	if p.Phase == l.phase && l.now().Sub(l.last) < l.every {
		return
	}
	l.phase, l.last = p.Phase, l.now()
	line := status(p, child)
	for _, k := range counters(p, child) {
		line += fmt.Sprintf("; %s %d", k.What, k.Done)
		if k.Total > 0 {
			line += fmt.Sprintf(" of %d", k.Total)
		}
	}
	_, _ = fmt.Fprintln(l.out, line) // progress that cannot be shown is no reason to fail
}

// Close has nothing to end.
func (l *progressLines) Close() {}

// counters are what a run counts in its present phase.
func counters(p workflows.Progress, child *workflows.Progress) []workflows.KindCounter {
	if child != nil {
		return child.Kinds
	}
	return p.Kinds
}

func pausedOf(child *workflows.Progress) string {
	if child == nil {
		return ""
	}
	return child.Paused
}

// status is the phase and the API calls, on one line.
func status(p workflows.Progress, child *workflows.Progress) string {
	allowances := p.Allowances
	phase := p.Phase
	if child != nil {
		phase = p.Phase + " (" + child.Phase + ")"
		if len(child.Allowances) > 0 {
			allowances = child.Allowances
		}
	}
	line := phase
	if paused := cmp.Or(p.Paused, pausedOf(child)); paused != "" {
		line += "  |  " + paused
	}
	for _, side := range record.Sides {
		a, known := allowances[side]
		if !known {
			continue
		}
		line += fmt.Sprintf("  |  %s API: %d calls", side, a.Sent)
		if a.Left >= 0 {
			line += fmt.Sprintf(", %d left today", a.Left)
		}
	}
	return line
}
