package notetask_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/notetask"
)

// kickOff reads a version of a note that is called "Kick-off call".
func kickOff(t *testing.T, previous notetask.Plan, lines ...string) notetask.Plan {
	t.Helper()
	p, err := notetask.Make(notetask.Note{Title: "Kick-off call", Body: strings.Join(lines, "\n"), Author: dana, Written: written}, previous, setting(t, ""))
	require.NoError(t, err)
	return p
}

func keysOf(p notetask.Plan) string {
	var out []string
	for _, t := range p.Tasks {
		out = append(out, t.Key)
	}
	return strings.Join(out, " ")
}

func TestSeveralItemsAreShownAsAParentWithItsProgressAndItsParts(t *testing.T) {
	p := kickOff(t, notetask.Plan{}, "- Send contract by Friday", "    two copies", "- Call legal", "- Book room")
	shown := p.Render(notetask.Done{"2": true})
	require.Len(t, shown, 4)
	assert.Equal(t, notetask.Rendered{
		Key: "parent", Title: "Kick-off call (1 of 3 done)", Due: "2026-05-01", Assignee: "g-dana",
		Body: "1 of 3 done\n\n☐ 1/3 Send contract by Friday (due 2026-05-01)\n☑ 2/3 Call legal (due 2026-05-01)\n☐ 3/3 Book room (due 2026-05-01)\n\n" +
			"From the Salesforce note “Kick-off call” by Dana Fox, 2026-04-28.",
	}, shown[0])
	assert.Equal(t, notetask.Rendered{
		Key: "1", Title: "1/3 Send contract by Friday · Kick-off call", Due: "2026-05-01", Assignee: "g-dana",
		Body: "two copies\n\nPart 1 of 3 of “Kick-off call”.\nFrom the Salesforce note “Kick-off call” by Dana Fox, 2026-04-28.",
	}, shown[1])
	assert.True(t, shown[2].Completed)
	assert.True(t, p.Render(notetask.Done{"1": true, "2": true, "3": true})[0].Completed)
}

func TestOneItemIsATaskWithoutAParent(t *testing.T) {
	p := kickOff(t, notetask.Plan{}, "- Send contract")
	assert.Equal(t, []notetask.Rendered{{
		Key: "1", Title: "Send contract", Due: "2026-05-01", Assignee: "g-dana",
		Body: "From the Salesforce note “Kick-off call” by Dana Fox, 2026-04-28.",
	}}, p.Render(nil))
}

func TestALongItemIsWholeInTheBody(t *testing.T) {
	long := "Send " + strings.Repeat("a very long sentence ", 20) + "to Bob"
	shown := kickOff(t, notetask.Plan{}, "- "+long).Render(nil)[0]
	assert.LessOrEqual(t, len([]rune(shown.Title)), 120)
	assert.True(t, strings.HasSuffix(shown.Title, "…"))
	assert.True(t, strings.HasPrefix(shown.Body, long+"\n"))
}

func TestCompletingAPartChangesTheParentOnly(t *testing.T) {
	p := kickOff(t, notetask.Plan{}, "- Send contract", "- Call legal")
	got := notetask.Progress(p, nil, notetask.Done{"1": true}, nil)
	require.Len(t, got, 1)
	assert.Equal(t, []notetask.Field{notetask.FieldTitle, notetask.FieldBody}, got[0].Fields)
	assert.Equal(t, "Kick-off call (1 of 2 done)", got[0].Task.Title)
	got = notetask.Progress(p, notetask.Done{"1": true}, notetask.Done{"1": true, "2": true}, map[string][]notetask.Field{"parent": {notetask.FieldTitle}})
	require.Len(t, got, 1)
	assert.Equal(t, []notetask.Field{notetask.FieldBody, notetask.FieldCompleted}, got[0].Fields)
	assert.Empty(t, notetask.Progress(p, notetask.Done{"1": true}, notetask.Done{"1": true}, nil))
}

func TestAnItemKeepsItsKeyWhenItIsRewordedOrMoved(t *testing.T) {
	first := kickOff(t, notetask.Plan{}, "- Send contract to legal by Friday", "- Call Bob", "- Book room for training")
	require.Equal(t, "1 2 3", keysOf(first))
	for _, c := range []struct{ lines, want string }{
		{"- Send contract to legal by Monday|- Call Bob|- Book room for training", "1 2 3"},
		{"- Book room for training|- Send contract to legal by Friday|- Call Bob", "3 1 2"},
		{"- Call Bob|- Send the contract to Legal, by Friday!|- Book a room for the training", "2 1 3"},
		{"- Call Bob about the renewal|- Book room for training", "2 3"},
		{"- Call Ann|- Send contract to legal by Friday|- Book room for training", "4 1 3"},
		{"- New thing|- Call Bob|- Call Bob|- Send contract to legal by Friday|- Book room for training", "4 2 5 1 3"},
		{"todo: send contract to legal by Friday|[x] call bob|1. Book room for training", "1 2 3"},
		{"- Something else entirely", "4"},
	} {
		assert.Equal(t, c.want, keysOf(kickOff(t, first, strings.Split(c.lines, "|")...)), c.lines)
	}
}

func TestAKeyIsNeverGivenTwice(t *testing.T) {
	first := kickOff(t, notetask.Plan{}, "- Send contract", "- Call Bob")
	second := kickOff(t, first, "- Send contract")
	assert.Equal(t, "1", keysOf(second))
	third := kickOff(t, second, "- Send contract", "- Paint fence")
	assert.Equal(t, "1 3", keysOf(third))
	nothing := kickOff(t, third, "we spoke")
	assert.Equal(t, notetask.ReasonNothing, nothing.Reason)
	assert.Equal(t, "4", keysOf(kickOff(t, nothing, "- Send contract")))
}

func differences(d notetask.Diff) string {
	var out []string
	for _, r := range d.Add {
		out = append(out, "add "+r.Key)
	}
	for _, c := range d.Change {
		out = append(out, fmt.Sprintf("change %s %v", c.Task.Key, c.Fields))
	}
	for _, k := range d.Withdraw {
		out = append(out, "withdraw "+k)
	}
	for _, k := range d.Release {
		out = append(out, "release "+k)
	}
	return strings.Join(out, ", ")
}

func TestAnEditAddsChangesAndWithdrawsTasks(t *testing.T) {
	const contract, call, room = "- Send contract by Friday", "- Call Bob", "- Book room"
	touched := func(key string, fields ...notetask.Field) notetask.State {
		return notetask.State{Touched: map[string][]notetask.Field{key: fields}}
	}
	for name, c := range map[string]struct {
		before, after string
		at            notetask.State
		want          string
	}{
		"the first time":                {"", contract, notetask.State{}, "add 1"},
		"several for the first time":    {"", contract + "|" + call, notetask.State{}, "add parent, add 1, add 2"},
		"nothing":                       {contract + "|" + call, contract + "|" + call, notetask.State{}, ""},
		"only prose":                    {contract + "|" + call, "We spoke.||" + contract + "|" + call, notetask.State{}, ""},
		"another day":                   {contract, "- Send contract by Monday", notetask.State{}, "change 1 [title due]"},
		"another day, due by hand":      {contract, "- Send contract by Monday", touched("1", notetask.FieldDue), "change 1 [title]"},
		"another day, all by hand":      {contract, "- Send contract by Monday", touched("1", notetask.FieldDue, notetask.FieldTitle), ""},
		"another person":                {call, call + " @Ben", notetask.State{}, "change 1 [assignee]"},
		"one more":                      {contract + "|" + call, contract + "|" + call + "|" + room, notetask.State{}, "add 3, change parent [title body], change 1 [title body], change 2 [title body]"},
		"one becomes two":               {contract, contract + "|" + room, notetask.State{}, "add parent, add 2, change 1 [title body]"},
		"two become one":                {contract + "|" + room, contract, notetask.State{}, "change 1 [title body], withdraw parent, withdraw 2"},
		"one less that was worked on":   {contract + "|" + room, contract, touched("2", notetask.FieldDue), "change 1 [title body], withdraw parent, release 2"},
		"one less that is done":         {contract + "|" + room, contract, notetask.State{Done: notetask.Done{"2": true}}, "change 1 [title body], withdraw parent, release 2"},
		"ticked off":                    {contract + "|" + room, contract + "|[x] Book room", notetask.State{}, "change parent [title body], change 2 [completed]"},
		"the last one ticked off":       {contract + "|" + room, contract + "|[x] Book room", notetask.State{Done: notetask.Done{"1": true}}, "change parent [title body completed], change 2 [completed]"},
		"ticked off, and done already":  {contract + "|" + room, contract + "|[x] Book room", notetask.State{Done: notetask.Done{"2": true}}, ""},
		"ticked off against a person":   {contract + "|" + room, contract + "|[x] Book room", touched("2", notetask.FieldCompleted), ""},
		"opened again":                  {contract + "|[x] Book room", contract + "|[ ] Book room", notetask.State{Done: notetask.Done{"2": true}}, "change parent [title body], change 2 [completed]"},
		"done in GoHighLevel, not here": {contract + "|" + room, contract + "|" + room, notetask.State{Done: notetask.Done{"1": true, "2": true}}, ""},
		"one more after all were done":  {contract + "|" + call, contract + "|" + call + "|" + room, notetask.State{Done: notetask.Done{"1": true, "2": true}}, "add 3, change parent [title body completed], change 1 [title body], change 2 [title body]"},
		"all gone":                      {contract + "|" + call, "We spoke.", notetask.State{}, "withdraw parent, withdraw 1, withdraw 2"},
		"all ticked off":                {contract + "|" + call, "[x] Send contract by Friday|[x] Call Bob", notetask.State{}, "change parent [title body completed], change 1 [completed], change 2 [completed]"},
		"the line that all is done":     {contract + "|" + call, contract + "|" + call + "||All 2 tasks done on 2026-05-03", notetask.State{Done: notetask.Done{"1": true, "2": true}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := notetask.Plan{}
			if c.before != "" {
				before = kickOff(t, before, strings.Split(c.before, "|")...)
			}
			after := kickOff(t, before, strings.Split(c.after, "|")...)
			assert.Equal(t, c.want, differences(notetask.Compare(before, after, c.at)))
		})
	}
}

func TestTasksStayWhenTheRulesLeaveTheirNoteOut(t *testing.T) {
	before := kickOff(t, notetask.Plan{}, "- Send contract", "- Call Bob")
	for _, more := range []string{"filter: 'title == \"x\"'", "enabled: false"} {
		s := setting(t, "")
		if more == "enabled: false" {
			s.Rules.Enabled = false
		} else {
			s = setting(t, more)
		}
		after, err := notetask.Make(notetask.Note{Title: "Kick-off call", Body: "- Send contract", Written: written}, before, s)
		require.NoError(t, err)
		assert.Equal(t, "release parent, release 1, release 2", differences(notetask.Compare(before, after, notetask.State{})))
	}
}

// drawNote draws a note out of what notes are made of.
func drawNote(t *rapid.T, label string) string {
	piece := rapid.SampledFrom([]string{
		"- Send contract by Friday", "- Call Bob", "- call bob", "[x] Book room", "[ ] Book room", "todo: pay @Ben 12/05", "1. first", "2. second", "  - nested", "Next steps:",
		"Attendees:", "", "We spoke of it.", "<ul><li>one</li>", "</ul>", "> quoted", "Best regards,", "All 2 tasks done on 2026-05-03", "On Monday, Ann wrote:", "☑ écrit",
		"follow up: morgen", "\t- deep", "**Bold**", "---", "@", "@Anna Berg", "-", "[ ]", "\xff\xfe", "İstanbul todo",
	})
	return strings.Join(rapid.SliceOfN(piece, 0, 14).Draw(t, label), "\n")
}

func TestThePlansOfAllVersionsOfANoteKeepTheLaws(t *testing.T) {
	s := setting(t, "languages: [en, de, es, fr]")
	rapid.Check(t, func(t *rapid.T) {
		previous := notetask.Plan{}
		given := map[string]bool{} // keys that were given out and are gone
		for range rapid.IntRange(1, 4).Draw(t, "versions") {
			note := notetask.Note{Title: rapid.SampledFrom([]string{"", "Kick-off", "Call Bob"}).Draw(t, "title"), Body: drawNote(t, "body"), HTML: rapid.Bool().Draw(t, "html"), Author: dana, Written: written}
			plan, err := notetask.Make(note, previous, s)
			require.NoError(t, err)
			again, err := notetask.Make(note, previous, s)
			require.NoError(t, err)
			assert.Equal(t, plan, again, "the same note gives the same plan")
			same, err := notetask.Make(note, plan, s)
			require.NoError(t, err)
			if plan.Reason == "" {
				assert.Equal(t, plan, same, "a note read against itself keeps all keys")
			}

			unique := map[string]bool{}
			for _, task := range plan.Tasks {
				assert.False(t, unique[task.Key] || given[task.Key], "key %s is there twice", task.Key)
				unique[task.Key] = true
			}
			done := notetask.Done{}
			for key := range unique {
				if rapid.Bool().Draw(t, "done "+key) {
					done[key] = true
				}
			}
			assert.Equal(t, plan.Render(done), plan.Render(maps.Clone(done)), "rendering is stable")
			assert.True(t, notetask.Compare(plan, plan, notetask.State{Done: done}).Empty(), "a plan compared with itself is nothing to do")

			diff := notetask.Compare(previous, plan, notetask.State{Done: done})
			assert.Equal(t, plan.Render(notetask.DoneAfter(previous, plan, notetask.State{Done: done})), carriedOut(previous.Render(done), diff, plan),
				"what the difference says leads to the plan")
			for _, task := range previous.Tasks {
				if !unique[task.Key] {
					given[task.Key] = true
				}
			}
			previous = plan
		}
	})
}

// carriedOut applies a difference to what is there, in the order of a plan.
func carriedOut(there []notetask.Rendered, d notetask.Diff, p notetask.Plan) []notetask.Rendered {
	tasks := map[string]notetask.Rendered{}
	for _, r := range there {
		tasks[r.Key] = r
	}
	for _, r := range d.Add {
		tasks[r.Key] = r
	}
	for _, c := range d.Change {
		tasks[c.Task.Key] = c.Task
	}
	for _, key := range slices.Concat(d.Withdraw, d.Release) {
		delete(tasks, key)
	}
	var out []notetask.Rendered
	for _, r := range p.Render(nil) {
		if r, ok := tasks[r.Key]; ok {
			out = append(out, r)
			delete(tasks, r.Key)
		}
	}
	if len(tasks) > 0 {
		return nil
	}
	return out
}

func TestAPlanSurvivesBeingStored(t *testing.T) {
	p := kickOff(t, notetask.Plan{}, "- Send contract by Friday @Ben", "    two copies", "[x] Call @zoe")
	text, err := json.Marshal(p)
	require.NoError(t, err)
	var back notetask.Plan
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, p, back)
	assert.Equal(t, []string{"zoe"}, p.Tasks[1].Unknown)
}

func FuzzMake(f *testing.F) {
	for _, n := range slices.Concat(plainNotes, htmlNotes, foreignNotes) {
		f.Add(n.title, n.body, n.html)
	}
	r := setting(&testing.T{}, "languages: [en, de, es, fr]\npatterns: ['^AI: (.*)']")
	f.Fuzz(func(t *testing.T, title, body string, html bool) {
		note := notetask.Note{Title: title, Body: body, HTML: html, Author: dana, Written: written}
		p, err := notetask.Make(note, notetask.Plan{}, r)
		if err != nil {
			t.Fatal(err)
		}
		text := notetask.Text(note)
		for _, task := range p.Tasks {
			if task.Text == "" || task.Due == "" || task.Span.Start < 0 || task.Span.End < task.Span.Start || task.Span.End > len(text) {
				t.Fatalf("%+v", task)
			}
		}
		if !notetask.Compare(p, p, notetask.State{Done: p.DoneInNote()}).Empty() {
			t.Fatal("a plan differs from itself")
		}
		line := notetask.DoneLine(3, "2026-05-03")
		once := notetask.WithDoneLine(body, html, line)
		if twice := notetask.WithDoneLine(once, html, line); twice != once {
			t.Fatalf("%q grows to %q", once, twice)
		}
	})
}
