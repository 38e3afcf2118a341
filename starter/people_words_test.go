package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestWhatPeopleGetWrongIsNamedAtOnce(t *testing.T) {
	for _, c := range []struct {
		line string
		says []string
	}{
		{"reviews list a b", []string{"starter reviews list"}},
		{"reviews list acme --reason mood --limit -1", []string{"--reason", "deletion_wave", "--limit"}},
		{"reviews show acme", []string{"starter reviews show <connection> <review>"}},
		{"reviews show acme twelve", []string{`"twelve"`, "starter reviews list acme"}},
		{"reviews decide", []string{"starter reviews decide"}},
		{"reviews decide acme", []string{"give reviews, or --all", "--choose is missing"}},
		{"reviews decide acme 1 --all --choose keep", []string{"not both"}},
		{"reviews decide acme --all --choose keep", []string{"--all goes with --reason"}},
		{"reviews decide acme 1 --reason deletion --choose burn", []string{"--reason goes with --all", `"burn"`, "keep, link"}},
		{"reviews decide acme 1 --choose salesforce --field city=ann --by deadline", []string{"city=ann", "--by deadline"}},
		{"reviews decide acme 1 --choose salesforce", []string{"--by is missing"}},
		{"explain acme", []string{"starter explain"}},
		{"timeline acme", []string{"starter timeline <connection> <contact>"}},
		{"timeline acme 1 --kind contact --kind nap", []string{`"contact"`, `"nap"`, "task, note, appointment"}},
		{"start sync acme --kind nap --wait", []string{`"nap"`, "contact, task, note, appointment", "--wait goes with a record"}},
		{"start maintenance", []string{"starter start maintenance <connection>"}},
		{"maintenance show", []string{"starter maintenance show <connection>"}},
		{"start sync acme --link 7", []string{"--kind"}},
		{"start onboarding acme --yes", []string{"--yes goes with --plan"}},
		{"connections apply", []string{"starter connections apply <rules.yaml>"}},
		{"connections apply x.yaml --plan --reconcile --sample -1", []string{"--plan writes nothing", "--sample"}},
		{"connections apply /nowhere/rules.yaml", []string{"/nowhere/rules.yaml"}},
	} {
		got := starter(t, nil, "", strings.Fields(c.line)...)
		require.Equal(t, exitUsage, got.code, "%s: %s", c.line, got.err)
		for _, text := range c.says {
			require.Contains(t, got.err, text, c.line)
		}
	}
}

func TestWhoAnswersNoIsNotOverruled(t *testing.T) {
	for answer, agreed := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "": false} {
		var errOut bytes.Buffer
		a := newApp(strings.NewReader(answer), nil, &errOut, nil)
		a.attended = func() bool { return true }
		err := a.confirm(t.Context(), false, "Really?")
		require.Equal(t, agreed, err == nil, "%q", answer)
		require.Contains(t, errOut.String(), "Really? [y/N]")
	}
	a := newApp(strings.NewReader("y\n"), nil, nil, nil)
	require.Equal(t, exitUsage, exitCode(a.confirm(t.Context(), false, "Really?")), "nobody is there to be asked")
	require.NoError(t, a.confirm(t.Context(), true, "Really?"))
}

func TestEveryReasonHasWordsAndEveryChoiceAnEffect(t *testing.T) {
	for _, reason := range reviewReasons {
		require.NotEmpty(t, record.Choices(reason), reason)
		for _, side := range []record.Side{record.GoHighLevel, record.Salesforce, ""} {
			for _, kind := range record.Kinds {
				r := record.Review{Kind: kind, Reason: reason, Side: side, Fields: []record.Field{record.City}}
				require.NotEqual(t, "A person has to look at it: "+reason+".", question(r), "the reason is told in words")
				for _, choice := range record.Choices(reason) {
					require.NotEmpty(t, effect(r, choice))
					require.False(t, kind != record.Contact && strings.Contains(effect(r, choice), "people"), effect(r, choice))
				}
			}
		}
	}
}

func TestTheWordsOfAReviewFitItsKind(t *testing.T) {
	gone := record.Review{Kind: record.Task, Reason: record.ReviewDeletion, Side: record.Salesforce}
	require.Contains(t, question(gone), "The task was deleted in Salesforce.")
	gone.Kind = record.Appointment
	require.Contains(t, question(gone), "The appointment was deleted in Salesforce.")
	gone.Kind = ""
	require.Contains(t, question(gone), "The contact was deleted in Salesforce.")
	wave := record.Review{Kind: record.Note, Reason: record.ReviewDeletionWave, Side: record.GoHighLevel, Links: make([]record.Link, 30)}
	require.Contains(t, question(wave), "30 notes were deleted in GoHighLevel")
}

func TestAReviewOfOneRecordWaitsInTheRunOfItsKind(t *testing.T) {
	for kind, id := range map[record.Kind]string{
		"": "contact/acme/7", record.Contact: "contact/acme/7", record.Task: "task/acme/7", record.Note: "note/acme/7",
		record.Appointment: "appointment/acme/7",
	} {
		r := record.Review{ID: 3, Connection: "acme", Kind: kind, Reason: record.ReviewConflict, Links: []record.Link{{ID: 7}}}
		options, _, in := runOf(r)
		require.Equal(t, id, options.ID)
		require.Equal(t, workflows.RecordSyncInput{Connection: "acme", LinkID: 7}, in)
	}
	wave := record.Review{ID: 3, Connection: "acme", Kind: record.Task, Reason: record.ReviewDeletionWave, Links: []record.Link{{ID: 7}}}
	options, _, _ := runOf(wave)
	require.Equal(t, "review/acme/3", options.ID)
}

func TestTheSameDecisionIsOneUpdateWhoeverMakesIt(t *testing.T) {
	v := record.Verdict{ReviewID: 7, Choice: record.ChooseSalesforce, Fields: map[record.Field]record.Side{record.City: record.GoHighLevel, record.Phone: record.Salesforce}, By: "Ann"}
	same := v
	same.By = "Bob"
	require.Equal(t, verdictID(v), verdictID(same))
	for _, other := range []record.Verdict{
		{ReviewID: 8, Choice: record.ChooseSalesforce, Fields: v.Fields}, {ReviewID: 7, Choice: record.ChooseGoHighLevel, Fields: v.Fields},
		{ReviewID: 7, Choice: record.ChooseSalesforce},
	} {
		require.NotEqual(t, verdictID(v), verdictID(other))
	}
}

func TestLinesThatChangeAreShownWithThoseAround(t *testing.T) {
	require.Empty(t, diffLines("a\nb\n", "a\nb\n"))
	require.Equal(t, []string{"  1", "  2", "- 3", "+ three", "  4", "  5"}, diffLines("0\n1\n2\n3\n4\n5\n6\n", "0\n1\n2\nthree\n4\n5\n6\n"))
	require.Equal(t, []string{"+ a"}, diffLines("", "a\n")[1:])
	far := diffLines("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n3\n4\n5\n6\n7\n9\n")
	require.Contains(t, far, "  ...")
	require.Contains(t, far, "- 2")
	require.Contains(t, far, "+ 9")
}

func TestWhatAPersonShouldLookAtIsTold(t *testing.T) {
	for state, says := range map[string]string{
		record.ConnectionPaused: "connections resume acme", record.ConnectionUninstalled: "starter connect gohighlevel acme",
		record.ConnectionDisconnected: "starter connect salesforce acme", record.ConnectionUnchecked: "starter connections check acme",
	} {
		lines := connectionStatus{Connection: "acme", Kind: record.Contact, State: state}.attention(time.Hour)
		require.Len(t, lines, 1)
		require.Contains(t, lines[0], says)
	}
	st := connectionStatus{
		Connection: "acme", Kind: record.Contact, State: record.ConnectionActive, Reviews: 5, Reminded: 2,
		Passes: map[record.Side]lastPass{
			record.GoHighLevel: {Seconds: 60}, record.Salesforce: {Seconds: 3 * 3600, Failures: 4, Problem: "Unavailable"},
		},
	}
	lines := st.attention(time.Hour)
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "Salesforce has succeeded for 3h; the last 4 failed, by Unavailable")
	require.Contains(t, lines[1], "of 5 reviews of contacts, 2 wait")
	require.Empty(t, connectionStatus{State: record.ConnectionActive}.attention(time.Hour))
	tasks := st
	tasks.Kind, tasks.State = record.Task, record.ConnectionPaused
	require.Len(t, tasks.attention(time.Hour), 1, "what counts for the connection is told with its contacts")
	tasks.State = record.ConnectionActive
	require.Contains(t, tasks.attention(time.Hour)[0], "no pass over the tasks in Salesforce")

	var out bytes.Buffer
	a := newApp(nil, &out, nil, nil)
	st.CallsLeft = map[record.Side]int{record.Salesforce: 99}
	st.ByLane = map[record.Side]map[string]int64{record.Salesforce: {"verify": 7}}
	require.NoError(t, a.showStatus([]connectionStatus{st}))
	require.NoError(t, a.showSides(st))
	for _, text := range []string{"POLLED", "1m + 3h", "VERIFY", "LEFT", "99"} {
		require.Contains(t, out.String(), text)
	}
}

func TestRunsOfPeopleAreStartedAnewByTheirIDs(t *testing.T) {
	for id, want := range map[string]any{
		"sync/acme":     workflows.SyncChangesInput{Connection: "acme"},
		"review/acme/7": workflows.ReviewInput{Connection: "acme", ReviewID: 7},
	} {
		connection, _, _, in, err := inputOf(id)
		require.NoError(t, err)
		require.Equal(t, "acme", connection)
		require.Equal(t, want, in)
	}
	for id, says := range map[string]string{
		"explain/acme/7": "starter explain acme 7", "timeline/acme/7": "starter timeline acme 7", "plan-rules/acme": "--plan", "review/acme/x": "does not say",
	} {
		_, _, _, _, err := inputOf(id)
		require.ErrorContains(t, err, says)
	}
	require.Equal(t, exitNotFound, exitCode(fmt.Errorf("outside: %w", record.ErrNoReview)))
}
