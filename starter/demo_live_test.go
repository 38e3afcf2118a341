package main

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAPercentileIsReachedByItsShareAndIsOneOfThem(t *testing.T) {
	ms := func(all ...int) (out []time.Duration) {
		for _, n := range all {
			out = append(out, time.Duration(n)*time.Millisecond)
		}
		return out
	}
	for _, c := range []struct {
		all  []time.Duration
		p    float64
		want time.Duration
	}{
		{nil, 0.5, 0},
		{ms(7), 0.5, 7 * time.Millisecond},
		{ms(7), 0.95, 7 * time.Millisecond},
		{ms(3, 1, 2), 0.5, 2 * time.Millisecond},
		{ms(4, 1, 3, 2), 0.5, 2 * time.Millisecond},
		{ms(5, 4, 3, 2, 1), 0.95, 5 * time.Millisecond},
		{ms(1, 2), 1, 2 * time.Millisecond},
	} {
		require.Equal(t, c.want, percentile(c.all, c.p), "%v of %v", c.p, c.all)
	}
	rapid.Check(t, func(t *rapid.T) {
		var all []time.Duration
		for _, n := range rapid.SliceOfN(rapid.Int64Range(1, 1e12), 1, 60).Draw(t, "all") {
			all = append(all, time.Duration(n))
		}
		p := rapid.Float64Range(0.01, 1).Draw(t, "p")
		at, within := percentile(all, p), 0
		for _, d := range all {
			if d <= at {
				within++
			}
		}
		require.Contains(t, all, at)
		require.GreaterOrEqual(t, float64(within)/float64(len(all)), p-1e-9)
		require.LessOrEqual(t, percentile(all, p/2), at)
	})
}

func TestWhatTookAnyTimeTookAMillisecond(t *testing.T) {
	require.Zero(t, milliseconds(0))
	require.EqualValues(t, 1, milliseconds(time.Nanosecond))
	require.EqualValues(t, 1, milliseconds(time.Millisecond))
	require.EqualValues(t, 2, milliseconds(time.Millisecond+1))
}

func TestWithoutATerminalEachActIsALineAndSoIsWhatBecomesOfIt(t *testing.T) {
	var out bytes.Buffer
	lines := deskLines{&out}
	phone := &act{side: record.Salesforce, text: "Ada Lovelace's phone: 1 -> 2", about: "Ada Lovelace's phone"}
	gone := &act{side: record.GoHighLevel, text: "deletes Bob", about: "Bob"}
	lines.Begin(phone)
	lines.Begin(gone)
	lines.End(phone, upshot{fate: arrived, after: 412 * time.Millisecond, swept: true})
	lines.End(gone, upshot{fate: deleted, after: 5 * time.Millisecond})
	lines.End(phone, upshot{fate: asked, review: 7})
	lines.End(phone, upshot{fate: missing, after: time.Minute})
	lines.Close()
	require.Equal(t, `Sam in Salesforce: Ada Lovelace's phone: 1 -> 2
Gwen in GoHighLevel: deletes Bob
  Ada Lovelace's phone: arrived in GoHighLevel after 0.41 s, by sweep
  Bob: deleted in Salesforce after 0.01 s, by webhook
  Ada Lovelace's phone: waits for a person: review 7
  Ada Lovelace's phone: not arrived in GoHighLevel within 60 s
`, out.String())
}

func TestARowFitsATerminal(t *testing.T) {
	a := &act{text: "Wolfeschlegelstein's street: 1 Main Street -> 2 Side Street", brief: "Wolfeschlegelstein's street -> 2 Side Street, Apt 4"}
	require.Equal(t, a.text, fitted(a, 100))
	require.Equal(t, "Wolfeschlegelstein's stre…", fitted(a, 26))
	require.Len(t, []rune(fitted(a, 26)), 26)
	require.Less(t, 2+whoWidth+textWidth+fateWidth, columns)
	for _, o := range []upshot{{fate: arrived, after: 59 * time.Second}, {fate: asked, review: 99_999}, {fate: missing, after: time.Minute}} {
		require.LessOrEqual(t, len([]rune(o.words(""))), fateWidth)
	}
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	none := paintFor(&bytes.Buffer{}, func(string) (string, bool) { return "xterm", true })
	require.Equal(t, "done", none.green("done"))
	require.Equal(t, "\x1b[32mdone\x1b[0m", paint{on: true}.green("done"))
}

func TestTextIsReflowedParagraphByParagraph(t *testing.T) {
	require.Equal(t, "one two three\n\n  kept   as it is\nfour", reflow("one two\nthree\n\n  kept   as it is\nfour"))
	require.Equal(t, "codes:\n  0  done", reflow("codes:\n  0  done"))
}

// gazette takes in what a view is told.
type gazette struct {
	began  []string
	ended  map[string]upshot
	closed bool
}

func (g *gazette) Begin(a *act)         { g.began = append(g.began, a.text) }
func (g *gazette) End(a *act, o upshot) { g.ended[a.text] = o }
func (g *gazette) Close()               { g.closed = true }

// stage is a live part without a Tandem behind it, which sweeps find nothing for.
func stage(view deskView) *live {
	return &live{
		view: func() deskView { return view }, pace: time.Nanosecond, patience: time.Minute,
		hears: func(context.Context) (map[source]int64, error) { return nil, nil },
		flows: map[record.Side]*flow{record.GoHighLevel: {}, record.Salesforce: {}},
		made:  map[record.Kind][]made{}, kinds: map[record.Kind]kindResult{},
	}
}

// at is an act that settles once the condition holds.
func at(side record.Side, text string, does func(), holds func() bool) *act {
	return &act{
		side: side, text: text, edit: true, do: func() error { does(); return nil },
		settled: func(context.Context) (upshot, bool) { return upshot{fate: arrived}, holds() },
	}
}

func TestASceneEndsOnceEverythingHasSettledAndAQuietBeatWaitsForWhatCameBefore(t *testing.T) {
	var done [2]atomic.Bool
	g := &gazette{ended: map[string]upshot{}}
	l := stage(g)
	var firstSettled atomic.Bool
	first := at(record.GoHighLevel, "first", func() {}, func() bool {
		defer firstSettled.Store(done[0].Load())
		return done[0].Swap(true)
	})
	second := at(record.Salesforce, "second", func() {
		require.True(t, firstSettled.Load(), "it began before the first had settled")
		done[1].Store(true)
	}, done[1].Load)
	require.NoError(t, l.scene(t.Context(), []beat{{acts: []*act{first}}, {quiet: true, acts: []*act{second}}}))
	require.Equal(t, []string{"first", "second"}, g.began)
	require.Len(t, g.ended, 2)
	require.True(t, g.closed)
	for _, side := range record.Sides {
		require.Equal(t, 1, l.flows[side].edits)
		require.Len(t, l.flows[side].took, 1)
		require.Positive(t, l.flows[side].took[0])
	}
}

func TestWhatNeverArrivesIsCountedAsAnEditAndNotAsArrived(t *testing.T) {
	g := &gazette{ended: map[string]upshot{}}
	l := stage(g)
	l.patience = time.Nanosecond
	never := at(record.Salesforce, "never", func() {}, func() bool { return false })
	require.NoError(t, l.scene(t.Context(), []beat{{acts: []*act{never}}}))
	require.Equal(t, missing, g.ended["never"].fate)
	require.Equal(t, 1, l.flows[record.Salesforce].edits)
	require.Empty(t, l.flows[record.Salesforce].took)
}

func TestASceneEndsWhenItIsInterruptedOrAnActFails(t *testing.T) {
	l := stage(&gazette{ended: map[string]upshot{}})
	ctx, cancel := context.WithCancel(t.Context())
	forever := at(record.Salesforce, "forever", cancel, func() bool { return false })
	require.ErrorIs(t, l.scene(ctx, []beat{{acts: []*act{forever}}}), context.Canceled)
	broken := errors.New("the screen is broken")
	require.ErrorIs(t, l.scene(t.Context(), []beat{{acts: []*act{{do: func() error { return broken }}}}}), broken)
}

func TestPeopleEditOnlyWhomBothSidesKnowAndEachContactOnce(t *testing.T) {
	box := sandbox.New(sandbox.Options{})
	card := sandbox.Card{
		record.FirstName: "Ada", record.LastName: "Lovelace", record.Email: "ada.lovelace@example.com", record.Phone: "+12127300100",
		record.Street: "1 Main St", record.City: "Boston", record.BirthDate: "1990-12-10", record.Tags: "lead", sandbox.Plan: "pro",
	}
	c := &cast{box: box}
	for range 7 {
		link := record.Link{GoHighLevelID: box.Add(record.GoHighLevel, card), SalesforceID: box.Add(record.Salesforce, card)}
		c.left = append(c.left, couple{link, card, card})
	}
	beats := c.workday()
	var edits int
	for _, b := range beats {
		for _, a := range b.acts {
			_, already := a.settled(t.Context())
			require.False(t, already, "%s: it has arrived before it was done", a.text)
			require.NoError(t, a.do())
			edits++
		}
	}
	require.Equal(t, 10, edits)
	require.Empty(t, c.left)
	_, err := c.next()
	require.ErrorIs(t, err, errNobodyLeft)
	require.Len(t, (&cast{box: box}).workday(), 2, "newcomers need nobody")
}
