package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// act is something that a person does in one CRM.
type act struct {
	side  record.Side
	text  string // what is done
	brief string // the same where there is little room; "" where there is no shorter way
	about string // what of, where it is spoken of again
	do    func() error
	// settled tells what became of it, once something did. How long it took and by which means is found out elsewhere.
	settled func(ctx context.Context) (upshot, bool)
	edit    bool // that has to arrive
	// kind is set of what is done with a task, a note or an appointment, or with a note that becomes tasks, which is counted by
	// itself; change tells that it changes one that is there.
	kind   record.Kind
	change bool
}

// source is where a change happens, as the meter tells it: Salesforce's do not say of which kind they are.
type source struct {
	side record.Side
	kind record.Kind
}

func (a *act) source() source {
	if a.side == record.Salesforce {
		return source{side: a.side}
	}
	return source{a.side, cmp.Or(a.kind, record.Contact)}
}

// beat is what happens at one moment.
type beat struct {
	acts []*act
	// quiet waits first until everything before has settled.
	quiet bool
}

// live is the part of the demo in which people go on working in both CRMs.
type live struct {
	box   *sandbox.Sandbox
	store *store.Store
	out   io.Writer
	paint paint
	view  func() deskView
	// person is who runs the starter's commands on this demo.
	person *app
	// hears counts the changes that a sweep found and no webhook had told of.
	hears func(context.Context) (map[source]int64, error)
	// pace is the time between two beats, patience how long something may take to arrive, lull how long nothing comes back
	// before people begin.
	pace, patience, lull time.Duration

	about []int64 // the links that people are asked about because of what was done here
	flows map[record.Side]*flow
	made  map[record.Kind][]made
	kinds map[record.Kind]kindResult // without their drift
}

// flow is what travelled from one side to the other.
type flow struct {
	edits, swept int
	took         []time.Duration
}

// A person is about this quick. What has not arrived after livePatience is counted as missing.
const (
	livePace     = 1200 * time.Millisecond
	livePatience = time.Minute
	liveLull     = 2 * time.Second
	// lookEvery is how often a CRM is looked at for what has to arrive there: the precision of what is measured.
	lookEvery = 10 * time.Millisecond
	// askEvery is how often the ledger is asked for what nobody measures.
	askEvery = 50 * time.Millisecond
)

func newLive(a *app, d *demo, out io.Writer) *live {
	l := &live{
		box: d.stack.Sandbox, store: d.stack.Store, out: out, paint: paintFor(out, a.lookup),
		person: &app{
			in: a.in, out: out, errOut: out, lookup: func(string) (string, bool) { return "", false }, attended: a.attended,
			output: "table", client: d.temporal, store: d.stack.Store, vault: d.stack.Vault,
		},
		pace: livePace, patience: livePatience, lull: liveLull,
		flows: map[record.Side]*flow{record.GoHighLevel: {}, record.Salesforce: {}},
		made:  map[record.Kind][]made{}, kinds: map[record.Kind]kindResult{},
	}
	l.hears = l.swept
	l.view = func() deskView {
		if kind, _ := a.lookup("TERM"); interactive(out) && kind != "dumb" {
			return newDeskRows(out, l.paint)
		}
		return deskLines{out}
	}
	return l
}

// ending is what became of an act.
type ending struct {
	act    *act
	upshot upshot
}

// scene lets people act, one beat after the other, and shows what becomes of it, until everything has settled.
func (l *live) scene(ctx context.Context, beats []beat) error {
	view := l.view()
	defer view.Close()
	var n, open int
	for _, b := range beats {
		n += len(b.acts)
	}
	endings := make(chan ending, n)
	end := func(e ending) {
		open--
		l.note(e)
		view.End(e.act, e.upshot)
	}
	for i, b := range beats {
		if b.quiet {
			for open > 0 {
				end(<-endings)
			}
		}
		if i > 0 {
			for next := time.After(l.pace); next != nil; {
				select {
				case e := <-endings:
					end(e)
				case <-next:
					next = nil
				}
			}
		}
		if err := l.begin(ctx, b, view, endings); err != nil {
			return err
		}
		open += len(b.acts)
	}
	for open > 0 {
		end(<-endings)
	}
	return ctx.Err()
}

// begin lets the acts of a beat happen, all before anything is drawn, and watches each.
func (l *live) begin(ctx context.Context, b beat, view deskView, endings chan<- ending) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	swept, err := l.hears(ctx)
	if err != nil {
		return err
	}
	began := make([]time.Time, len(b.acts))
	for i, a := range b.acts {
		began[i] = time.Now()
		if err := a.do(); err != nil {
			return err
		}
	}
	for i, a := range b.acts {
		view.Begin(a)
		go func() { endings <- ending{a, l.watch(ctx, a, began[i], swept[a.source()])} }()
	}
	return nil
}

// watch looks until an act has settled, or for as long as there is patience.
func (l *live) watch(ctx context.Context, a *act, began time.Time, sweptBefore int64) upshot {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	late := time.After(l.patience)
	for {
		if o, settled := a.settled(ctx); settled {
			o.after = time.Since(began)
			swept, err := l.hears(ctx)
			o.swept = err == nil && swept[a.source()] > sweptBefore
			return o
		}
		select {
		case <-look.C:
		case <-late:
			return upshot{fate: missing, after: l.patience}
		case <-ctx.Done():
			return upshot{fate: missing, after: time.Since(began)}
		}
	}
}

// swept counts the changes that a sweep found and no webhook had told of.
func (l *live) swept(ctx context.Context) (map[source]int64, error) {
	heard, err := l.store.Heard(ctx, demoConnection)
	out := map[source]int64{}
	for _, h := range heard {
		from := source{side: h.Side}
		for _, kind := range record.Kinds {
			if h.Side == record.GoHighLevel && strings.HasPrefix(h.Event, titled(kind)) {
				from.kind = kind
			}
		}
		out[from] += h.Swept
	}
	return out, err
}

// note counts what became of an edit.
func (l *live) note(e ending) {
	if e.act.kind != "" {
		l.noteKind(e)
	}
	if !e.act.edit {
		return
	}
	f := l.flows[e.act.side]
	f.edits++
	if e.upshot.fate != arrived {
		return
	}
	f.took = append(f.took, e.upshot.after)
	if e.upshot.swept {
		f.swept++
	}
}

// settle waits until what the onboarding itself changed has come back from both CRMs and was found to be nothing new, and
// nothing more has come for a moment.
func (l *live) settle(ctx context.Context, show progressPrinter) error {
	defer show.Close()
	var most int
	tell := func(done int) {
		show.Show(workflows.Progress{Phase: "look at what came back", Kinds: []workflows.KindCounter{
			{What: "echoes looked at", Done: done, Total: most},
		}}, nil)
	}
	var since time.Time // when both sides had been polled and nothing was pending any more
	err := l.until(ctx, 3*l.patience, func() (bool, error) {
		pending, polled, err := l.echoes(ctx)
		quiet := err == nil && polled && pending == 0
		most = max(most, pending)
		tell(min(most-pending, most-1)) // more may come, and a bar that is full stays so
		if !quiet {
			since = time.Time{}
		} else if since.IsZero() {
			since = time.Now()
		}
		return quiet && time.Since(since) >= l.lull, err
	})
	if err == nil {
		tell(most)
	}
	return err
}

// echoes counts what is left to look at, and tells whether both sides have been polled.
func (l *live) echoes(ctx context.Context) (pending int, polled bool, err error) {
	linked, err := l.store.Pending(ctx, demoConnection, record.Contact)
	if err != nil {
		return 0, false, err
	}
	announced, err := l.store.Announced(ctx, demoConnection, record.Contact)
	if err != nil {
		return 0, false, err
	}
	fresh, err := l.store.Freshness(ctx, demoConnection)
	fresh = slices.DeleteFunc(fresh, func(f record.Freshness) bool { return f.Kind != record.Contact })
	return linked + announced, len(fresh) == len(record.Sides), err
}

// errImpatient means that something did not come in time.
var errImpatient = errors.New("it took too long")

// until waits for a condition, and fails with errImpatient once patience is over.
func (l *live) until(ctx context.Context, patience time.Duration, holds func() (bool, error)) error {
	look := time.NewTicker(askEvery)
	defer look.Stop()
	late := time.After(patience)
	for {
		if held, err := holds(); held || err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-late:
			return errImpatient
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
