package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/tandem-sync/tandem/internal/record"
)

// deskView shows what people do in the CRMs, and what becomes of it. It is used by one goroutine.
type deskView interface {
	Begin(a *act)         // a person has just done it
	End(a *act, o upshot) // what became of it
	Close()               // leaves what there is on the screen
}

// fate is what becomes of what a person did.
type fate int

const (
	arrived fate = iota // the other side shows it
	deleted             // the other side deleted it as well
	asked               // it waits for a person
	missing             // it did not come in time
)

// upshot is what became of what a person did.
type upshot struct {
	fate   fate
	after  time.Duration
	swept  bool  // a sweep found it, and no webhook told of it
	review int64 // that it waits in
}

// words tell the upshot; there is where, or "".
func (o upshot) words(there string) string {
	means := "webhook"
	if o.swept {
		means = "sweep"
	}
	switch o.fate {
	case arrived:
		return fmt.Sprintf("arrived%s after %s, by %s", there, seconds(o.after), means)
	case deleted:
		return fmt.Sprintf("deleted%s after %s, by %s", there, seconds(o.after), means)
	case asked:
		return fmt.Sprintf("waits for a person: review %d", o.review)
	default:
		return fmt.Sprintf("not arrived%s within %.0f s", there, o.after.Seconds())
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// workers are the people at the two CRMs.
var workers = map[record.Side]string{record.GoHighLevel: "Gwen", record.Salesforce: "Sam"}

func workerAt(side record.Side) string { return workers[side] + " in " + sideName(side) }

// deskLines shows it as lines, for logs and pipes.
type deskLines struct{ out io.Writer }

// Begin prints who does what.
func (l deskLines) Begin(a *act) { say(l.out, "%s: %s", workerAt(a.side), a.text) }

// End prints what became of it.
func (l deskLines) End(a *act, o upshot) {
	say(l.out, "  %s: %s", a.about, o.words(" in "+sideName(a.side.Other())))
}

// Close has nothing to end.
func (l deskLines) Close() {}

// The columns of a row; with the mark and a space they fit 100.
const (
	whoWidth  = 21
	textWidth = 42
	fateWidth = 33
)

// deskRows shows it on a terminal: a row for each thing that a person does, which turns until it has arrived.
type deskRows struct {
	container *mpb.Progress
	paint     paint
	rows      map[*act]*deskRow
}

type deskRow struct {
	bar    *mpb.Bar
	began  time.Time
	upshot atomic.Pointer[upshot]
}

// newDeskRows draws on a terminal; out must be one.
func newDeskRows(out io.Writer, p paint) *deskRows {
	return &deskRows{
		container: mpb.New(mpb.WithOutput(out), mpb.WithRefreshRate(80*time.Millisecond)), paint: p, rows: map[*act]*deskRow{},
	}
}

// Begin draws a row that turns.
func (d *deskRows) Begin(a *act) {
	row := &deskRow{began: time.Now()}
	row.bar = d.container.New(1, mpb.NopStyle(), mpb.BarPriority(len(d.rows)), mpb.PrependDecorators(
		decor.Meta(decor.Any(row.mark, decor.WC{W: 2, C: decor.DindentRight}), row.painted(d.paint)),
		decor.Name(workerAt(a.side), decor.WC{W: whoWidth, C: decor.DindentRight}),
		decor.Name(fitted(a, textWidth-1), decor.WC{W: textWidth, C: decor.DindentRight}),
		decor.Meta(decor.Any(row.words, decor.WC{W: fateWidth, C: decor.DindentRight}), row.painted(d.paint)),
	))
	d.rows[a] = row
}

var turning = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

func (r *deskRow) mark(decor.Statistics) string {
	o := r.upshot.Load()
	if o == nil {
		return turning[int(time.Since(r.began)/(80*time.Millisecond))%len(turning)]
	}
	return map[fate]string{arrived: "✓", deleted: "✓", asked: "?", missing: "✗"}[o.fate]
}

func (r *deskRow) words(decor.Statistics) string {
	if o := r.upshot.Load(); o != nil {
		return o.words("")
	}
	return fmt.Sprintf("%.1f s ...", time.Since(r.began).Seconds())
}

func (r *deskRow) painted(p paint) func(string) string {
	return func(text string) string {
		o := r.upshot.Load()
		switch {
		case o == nil:
			return p.faint(text)
		case o.fate == asked:
			return p.yellow(text)
		case o.fate == missing:
			return p.red(text)
		}
		return p.green(text)
	}
}

// End completes a row.
func (d *deskRows) End(a *act, o upshot) {
	row := d.rows[a]
	row.upshot.Store(&o)
	row.bar.SetTotal(1, true)
}

// Close ends the drawing; what never ended stays as it is.
func (d *deskRows) Close() {
	for _, row := range d.rows {
		row.bar.Abort(false)
	}
	d.container.Wait()
}

// fitted is what a person does in so many characters.
func fitted(a *act, most int) string {
	if a.brief != "" && len([]rune(a.text)) > most {
		return shortened(a.brief, most)
	}
	return shortened(a.text, most)
}

// shortened cuts a text to so many characters.
func shortened(text string, most int) string {
	letters := []rune(text)
	if len(letters) <= most {
		return text
	}
	return string(letters[:most-1]) + "…"
}

// paint colours what a terminal shows; the zero value leaves everything as it is.
type paint struct{ on bool }

// paintFor colours where it can be seen and is not unwanted: see https://no-color.org.
func paintFor(out io.Writer, lookup func(string) (string, bool)) paint {
	unwanted, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	return paint{on: interactive(out) && unwanted == "" && kind != "dumb" && kind != ""}
}

func (p paint) in(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string   { return p.in("1", text) }
func (p paint) faint(text string) string  { return p.in("2", text) }
func (p paint) green(text string) string  { return p.in("32", text) }
func (p paint) yellow(text string) string { return p.in("33", text) }
func (p paint) red(text string) string    { return p.in("31", text) }
