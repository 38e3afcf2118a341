package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// play lets people go on working in both CRMs, and shows what becomes of it. With decide, what waits for a person at the
// end is decided; otherwise it is left to whoever watches.
func (l *live) play(ctx context.Context, decide bool) (liveResult, error) {
	l.title("Live")
	say(l.out, "Gwen works in GoHighLevel, which tells of each change by webhook. Sam works in Salesforce, which\n"+
		"tells nobody: a sweep looks every second or two for what changed there. What the onboarding itself\n"+
		"wrote comes back first, and is found to be nothing new.\n")
	if err := l.settle(ctx, progressOn(l.out)); err != nil && !errors.Is(err, errImpatient) {
		return liveResult{}, err
	}
	say(l.out, "")
	c, err := l.newCast(ctx)
	if err != nil {
		return liveResult{}, err
	}
	if err := l.scene(ctx, c.workday()); err != nil {
		return liveResult{}, err
	}
	steps := []func(context.Context, *cast, bool) error{l.playTimeline, l.playNoteToTask, l.playConflict, l.playDeletions}
	for _, step := range steps {
		if err := step(ctx, c, decide); errors.Is(err, errNobodyLeft) {
			say(l.out, "Left out: %v.", err)
		} else if err != nil {
			return liveResult{}, err
		}
	}
	result, err := l.result(ctx)
	if err != nil {
		return result, err
	}
	return result, l.showResult(result)
}

func (l *live) title(text string) { say(l.out, "\n%s", l.paint.bold(text)) }

// playConflict shows a conflict under ask, and how it is decided and explained.
func (l *live) playConflict(ctx context.Context, c *cast, decide bool) error {
	l.title("Both change the same field, and the rules say `city: {conflict: ask}`")
	who, err := l.conflict(ctx, c)
	if err != nil {
		return err
	}
	review, err := l.open(ctx, who.ID)
	if err != nil || review == nil {
		return err
	}
	if err := l.look(ctx, *review); err != nil {
		return err
	}
	if !decide {
		say(l.out, "\nThat is left to you; how is told at the end. Meanwhile the rest of the contact has gone through:")
		return l.explain(ctx, who.couple, record.Street)
	}
	if err := l.breathe(ctx); err != nil {
		return err
	}
	if err := l.settleConflict(ctx, *review, who); err != nil {
		return err
	}
	return l.explain(ctx, who.couple, record.City)
}

// playDeletions shows a deletion that is followed, and one that is asked about.
func (l *live) playDeletions(ctx context.Context, c *cast, decide bool) error {
	l.title("Both delete a contact, and the rules say `deletions: {gohighlevel: propagate, salesforce: ask}`")
	who, err := l.deletions(ctx, c)
	if err != nil {
		return err
	}
	review, err := l.open(ctx, who.ID)
	if err != nil || review == nil || !decide {
		return err
	}
	if err := l.breathe(ctx); err != nil {
		return err
	}
	return l.settleDeletion(ctx, *review, who)
}

// breathe gives a person the time to read.
func (l *live) breathe(ctx context.Context) error {
	select {
	case <-time.After(l.pace):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// result adds up what became of everything.
func (l *live) result(ctx context.Context) (liveResult, error) {
	questions, err := l.questions(ctx)
	if err != nil {
		return liveResult{}, err
	}
	out := liveResult{Reviews: len(questions)}
	for _, r := range questions {
		if r.Reason == record.ReviewConflict {
			out.Conflicts += len(r.Fields)
		}
	}
	var took []time.Duration
	for _, f := range l.flows {
		out.Edits += f.edits
		out.Arrived += len(f.took)
		took = append(took, f.took...)
	}
	out.P50, out.P95 = milliseconds(percentile(took, 0.5)), milliseconds(percentile(took, 0.95))
	return out, nil
}

// showResult shows what travelled in either direction.
func (l *live) showResult(r liveResult) error {
	row := func(what string, cell func(*flow) string, both string) []string {
		return []string{what, cell(l.flows[record.GoHighLevel]), cell(l.flows[record.Salesforce]), both}
	}
	n := strconv.Itoa
	ms := func(d int64) string { return seconds(time.Duration(d) * time.Millisecond) }
	at := func(p float64) func(*flow) string {
		return func(f *flow) string { return ms(milliseconds(percentile(f.took, p))) }
	}
	swept := 0
	for _, f := range l.flows {
		swept += f.swept
	}
	say(l.out, "")
	err := l.person.table([]string{"LIVE", "GOHIGHLEVEL -> SALESFORCE", "SALESFORCE -> GOHIGHLEVEL", "BOTH"}, [][]string{
		row("edits", func(f *flow) string { return n(f.edits) }, n(r.Edits)),
		row("arrived", func(f *flow) string { return n(len(f.took)) }, n(r.Arrived)),
		row("of them by webhook", func(f *flow) string { return n(len(f.took) - f.swept) }, n(r.Arrived-swept)),
		row("of them by sweep", func(f *flow) string { return n(f.swept) }, n(swept)),
		row("half arrived within", at(0.5), ms(r.P50)),
		row("95 % arrived within", at(0.95), ms(r.P95)),
	})
	say(l.out, "\nLeft to a person: %s, %s.", counted(r.Conflicts, "conflict"), counted(r.Reviews, "review")+" in all")
	return err
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wait tells of each decision that a person makes, until the demo ends.
func (l *live) wait(ctx context.Context) error {
	told := map[int64]bool{}
	look := time.NewTicker(300 * time.Millisecond)
	defer look.Stop()
	for first := true; ; first = false {
		questions, err := l.questions(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range questions {
			if r.Open() || told[r.ID] {
				continue
			}
			told[r.ID] = true
			if !first {
				say(l.out, "%s", l.paint.green(fmt.Sprintf("Review %d: %s", r.ID, decidedWords(describeReview(r)))))
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// left lists the commands by which a person decides what waits.
func (l *live) left(ctx context.Context) ([]string, error) {
	questions, err := l.questions(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range slices.DeleteFunc(questions, func(r record.Review) bool { return !r.Open() }) {
		choices := record.Choices(r.Reason)
		out = append(out, fmt.Sprintf("starter reviews show %s %d", demoConnection, r.ID),
			fmt.Sprintf("starter reviews decide %s %d --choose %s", demoConnection, r.ID, choices[len(choices)-1]))
	}
	return out, nil
}
