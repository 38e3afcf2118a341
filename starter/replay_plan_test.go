package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// recorded reads every history of the replay corpus, by workflow and name.
func recorded(t *testing.T) map[string][]*history.HistoryEvent {
	t.Helper()
	paths, err := filepath.Glob("../workflows/testdata/histories/*/*.json")
	require.NoError(t, err)
	out := map[string][]*history.HistoryEvent{}
	for _, path := range paths {
		file, err := os.Open(path)
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, file.Close())
		name, err := filepath.Rel("../workflows/testdata/histories", path)
		require.NoError(t, err)
		out[strings.TrimSuffix(filepath.ToSlash(name), ".json")] = h.Events
	}
	require.NotEmpty(t, out)
	return out
}

func copied(events []*history.HistoryEvent) []*history.HistoryEvent {
	out := make([]*history.HistoryEvent, len(events))
	for i, e := range events {
		out[i] = proto.Clone(e).(*history.HistoryEvent)
	}
	return out
}

// ended is a history that somebody, or a time-out, ended from outside after its first n events.
func ended(events []*history.HistoryEvent, n int, with enums.EventType) []*history.HistoryEvent {
	out := copied(events[:n])
	return append(out, &history.HistoryEvent{EventId: int64(n) + 1, EventType: with})
}

func fits([]*history.HistoryEvent) error { return nil }

func TestAFailedRunIsResetToItsFirstCompletedWorkflowTask(t *testing.T) {
	for name, events := range recorded(t) {
		plan := planReplay(events, (&app{}).replayHistory)
		require.Equal(t, replayReset, plan.action, "%s: %s", name, plan.why)
		require.Equal(t, enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, events[plan.resetTo-1].GetEventType(), name)
		for _, e := range events[:plan.resetTo-1] {
			require.NotEqual(t, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, e.GetEventType(), "%s: something was read by then", name)
		}
	}
}

func TestARunThatWasCutOffAnywhereIsReset(t *testing.T) {
	for name, events := range recorded(t) {
		first := int(firstWorkflowTask(events))
		for n := first; n < len(events); n++ {
			if ofTask(events[n]) != 0 {
				continue // written together with the workflow task before it
			}
			for _, with := range []enums.EventType{
				enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
			} {
				plan := planReplay(ended(events, n, with), (&app{}).replayHistory)
				require.Equal(t, replayReset, plan.action, "%s, cut after event %d: %s", name, n, plan.why)
			}
		}
	}
}

// ofTask returns the workflow task that decided an event, 0 when none did.
func ofTask(e *history.HistoryEvent) int64 {
	switch e.GetEventType() {
	case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return e.GetActivityTaskScheduledEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_TIMER_STARTED:
		return e.GetTimerStartedEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_TIMER_CANCELED:
		return e.GetTimerCanceledEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
		return e.GetSignalExternalWorkflowExecutionInitiatedEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		return e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequestSequencingEventId()
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
		return e.GetWorkflowExecutionUpdateCompletedEventAttributes().GetAcceptedEventId()
	case enums.EVENT_TYPE_MARKER_RECORDED:
		return e.GetMarkerRecordedEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		return e.GetUpsertWorkflowSearchAttributesEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
		return e.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return e.GetWorkflowExecutionFailedEventAttributes().GetWorkflowTaskCompletedEventId()
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return e.GetWorkflowExecutionCompletedEventAttributes().GetWorkflowTaskCompletedEventId()
	default:
		return 0
	}
}

func TestARunWhoseHistoryDoesNotFitTheCodeIsStartedAnew(t *testing.T) {
	events := copied(recorded(t)["ContactSync/rejected"])
	for _, e := range events {
		if a := e.GetActivityTaskScheduledEventAttributes(); a != nil {
			a.ActivityType.Name = "WhatAnEarlierVersionCalled"
			break
		}
	}
	plan := planReplay(events, (&app{}).replayHistory)
	require.Equal(t, replayStart, plan.action)
	require.Contains(t, plan.why, "does not fit this version's code")
	require.Contains(t, plan.why, "WhatAnEarlierVersionCalled")
	require.Equal(t, events[0], plan.began)
}

func TestARunThatNoWorkerTookUpIsStartedAnew(t *testing.T) {
	events := recorded(t)["ContactSync/rejected"]
	for n := 1; n < int(firstWorkflowTask(events)); n++ {
		plan := planReplay(ended(events, n, enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED), (&app{}).replayHistory)
		require.Equal(t, replayStart, plan.action)
		require.Equal(t, "no worker ever took it up", plan.why)
		require.NotNil(t, plan.began)
	}
}

func TestARunWithoutHistoryIsStartedAnewWithoutItsInput(t *testing.T) {
	plan := planReplay(nil, fits)
	require.Equal(t, replayStart, plan.action)
	require.Equal(t, "its history is gone", plan.why)
	require.Nil(t, plan.began)
}

func TestARecordSyncsIDTellsItsInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(record.Kinds).Draw(t, "kind")
		want := workflows.RecordSyncInput{Connection: rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,20}`).Draw(t, "connection")}
		if rapid.Bool().Draw(t, "by link") {
			want.LinkID = rapid.Int64Range(1, 1<<60).Draw(t, "link")
		} else {
			want.Side = rapid.SampledFrom(record.Sides).Draw(t, "side")
			want.RecordID = rapid.StringMatching(`[A-Za-z0-9/:_-]{1,30}`).Draw(t, "record")
		}
		connection, scenario, _, in, err := inputOf(workflows.RecordSyncID(kind, want))
		if err != nil {
			t.Fatal(err)
		}
		if in != want || connection != want.Connection || scenario != workflows.SyncScenarios[kind] {
			t.Fatalf("got %v of %s", in, scenario)
		}
	})
}

func TestTheOtherIDsTellTheirInputTooButForABulkSync(t *testing.T) {
	_, _, _, in, err := inputOf(workflows.OnboardingID("acme"))
	require.NoError(t, err)
	require.Equal(t, workflows.OnboardingInput{Connection: "acme"}, in)
	_, _, _, in, err = inputOf(workflows.CheckConnectionID("acme"))
	require.NoError(t, err)
	require.Equal(t, workflows.CheckConnectionInput{Connection: "acme"}, in)
	_, _, _, in, err = inputOf(workflows.NoteToTaskID("acme", "069000000000001AAA"))
	require.NoError(t, err)
	require.Equal(t, workflows.NoteToTaskInput{Connection: "acme", NoteID: "069000000000001AAA"}, in)
	_, _, _, _, err = inputOf(workflows.BulkSyncID("acme", record.Contact, "e-1"))
	require.ErrorContains(t, err, "starter start onboarding acme")
	for _, id := range []string{"", "contact", "contact/acme", "contact/acme/", "contact/acme/12x", "contact/acme/-", "contact/acme/elsewhere:1", "someone/else"} {
		_, _, _, _, err = inputOf(id)
		require.Error(t, err, id)
	}
}

func TestOnlyRunsThatDidNotSucceedAreReplayed(t *testing.T) {
	for status, why := range map[enums.WorkflowExecutionStatus]string{
		enums.WORKFLOW_EXECUTION_STATUS_FAILED:     "",
		enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  "",
		enums.WORKFLOW_EXECUTION_STATUS_TERMINATED: "",
		enums.WORKFLOW_EXECUTION_STATUS_RUNNING:    "it is running; watch it with `starter watch onboarding/acme`",
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:  "it has completed",
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED:   "it is canceled, which no replay is for",
	} {
		require.Equal(t, why, skipReason("onboarding/acme", status))
	}
}

func TestABulkSyncIsLeftToAnOnboardingThatIsTakenUpAgain(t *testing.T) {
	const bulk = "bulk/acme/contact/e-1"
	again := parentRun{id: "onboarding/acme", willReplay: true}
	require.Equal(t, "onboarding/acme, which is replayed too, runs it again", leftToParent(bulk, again))
	newer := parentRun{id: "onboarding/acme", isNewer: true}
	require.Equal(t, "a newer run of onboarding/acme has taken over its work", leftToParent(bulk, newer))
	require.Empty(t, leftToParent(bulk, parentRun{id: "onboarding/acme"}))
	require.Empty(t, leftToParent(bulk, parentRun{}))
	require.Empty(t, leftToParent("contact/acme/4711", parentRun{id: bulk, willReplay: true}), "a bulk sync does not take up what failed for good")
}

func TestAMismatchIsToldInOneShortLine(t *testing.T) {
	text := mismatch(errors.New("first\nsecond " + strings.Repeat("é", 1000)))
	require.True(t, strings.HasPrefix(text, "first second é"))
	require.LessOrEqual(t, len([]rune(text)), 401)
}
