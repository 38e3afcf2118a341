package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// replayAction is what replaying a run comes to.
type replayAction string

const (
	replayReset replayAction = "reset"   // taken up again from its beginning
	replayStart replayAction = "started" // started anew with the same input
	replaySkip  replayAction = "skipped"
	replayFail  replayAction = "failed"
)

// replayPlan is what to do about a run.
type replayPlan struct {
	action replayAction
	why    string
	// resetTo is the workflow task to reset to: everything after it happens again.
	resetTo int64
	// began is the run's first event, which holds its input; nil only where the history is gone.
	began *history.HistoryEvent
}

// planReplay decides how to take up a run that did not succeed, from its whole history. Fits tells whether the code at
// hand can go on from what a history recorded.
func planReplay(events []*history.HistoryEvent, fits func([]*history.HistoryEvent) error) replayPlan {
	if len(events) == 0 || events[0].GetWorkflowExecutionStartedEventAttributes() == nil {
		return replayPlan{action: replayStart, why: "its history is gone"}
	}
	p := replayPlan{action: replayStart, began: events[0], resetTo: firstWorkflowTask(events)}
	if p.resetTo == 0 {
		p.why = "no worker ever took it up"
		return p
	}
	if err := fits(events); err != nil {
		p.why = "its history does not fit this version's code: " + mismatch(err)
		return p
	}
	p.action, p.why = replayReset, ""
	return p
}

// firstWorkflowTask returns the first workflow task that was completed, 0 when there is none. Nothing has been read by
// then, so a run that is reset to it reads both sides as they are now.
func firstWorkflowTask(events []*history.HistoryEvent) int64 {
	for _, e := range events {
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return e.GetEventId()
		}
	}
	return 0
}

// skipReason says why a run, the newest of its id, is not for replaying; "" when it is.
func skipReason(id string, status enums.WorkflowExecutionStatus) string {
	switch {
	case unsuccessful(status):
		return ""
	case status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return "it is running; watch it with `starter watch " + id + "`"
	case status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return "it has completed"
	default:
		return "it is " + statusWord(status) + ", which no replay is for"
	}
}

// parentRun is the newest run of a run's parent.
type parentRun struct {
	id         string
	isNewer    bool // than the one that began the run in question
	willReplay bool // it is among those to replay, and did not succeed
}

// leftToParent says why a run is not for replaying although it did not succeed: an onboarding that is taken up again
// runs its bulk syncs again too. "" means that it is for replaying. A contact that failed for good is never left to its
// bulk sync, which does not take it up again.
func leftToParent(id string, parent parentRun) string {
	switch {
	case !strings.HasPrefix(id, "bulk/") || parent.id == "":
		return ""
	case parent.isNewer:
		return "a newer run of " + parent.id + " has taken over its work"
	case parent.willReplay:
		return parent.id + ", which is replayed too, runs it again"
	default:
		return ""
	}
}

// replayHistory runs the code at hand against a history, and fails where the two differ.
func (a *app) replayHistory(events []*history.HistoryEvent) error {
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableRegistrationAliasing: true, DataConverter: a.resolved.DataConverter, FailureConverter: a.resolved.FailureConverter,
	})
	if err != nil {
		return err
	}
	workflows.Register(replayer)
	events = decided(events)
	if len(events) < 3 {
		return nil // nothing was decided yet
	}
	return replayer.ReplayWorkflowHistory(platform.TemporalLogger(zap.NewNop()), &history.History{Events: events})
}

// decided leaves out an end that the workflow's code did not decide.
func decided(events []*history.HistoryEvent) []*history.HistoryEvent {
	if len(events) == 0 {
		return events
	}
	switch events[len(events)-1].GetEventType() {
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return events[:len(events)-1]
	default:
		return events
	}
}

// mismatch is what the replayer found, in one line.
func mismatch(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	const longest = 400
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}

// inputOf makes the input of a run of its workflow id, for a run whose history is gone.
func inputOf(id string) (connection, scenario string, workflow, in any, err error) {
	parts := strings.SplitN(id, "/", 3)
	switch {
	case len(parts) == 2 && parts[0] == "onboarding":
		return parts[1], workflows.ScenarioOnboarding, workflows.Onboarding, workflows.OnboardingInput{Connection: parts[1]}, nil
	case len(parts) == 2 && parts[0] == "check":
		return parts[1], workflows.ScenarioCheck, workflows.CheckConnection, workflows.CheckConnectionInput{Connection: parts[1]}, nil
	case len(parts) == 3 && slices.Contains(record.Kinds, record.Kind(parts[0])):
		kind, input := record.Kind(parts[0]), workflows.RecordSyncInput{Connection: parts[1]}
		if side, recordID, ok := strings.Cut(parts[2], ":"); ok {
			input.Side, input.RecordID = record.Side(side), recordID
		} else if n, err := fmt.Sscan(parts[2], &input.LinkID); n != 1 || err != nil {
			break
		}
		if input.Validate() == nil && workflows.RecordSyncID(kind, input) == id {
			return input.Connection, workflows.SyncScenarios[kind], workflows.RecordSyncs[kind], input, nil
		}
	case len(parts) == 2 && parts[0] == "sync":
		return parts[1], workflows.ScenarioSyncChanges, workflows.SyncChanges, workflows.SyncChangesInput{Connection: parts[1]}, nil
	case len(parts) == 3 && parts[0] == "review":
		input := workflows.ReviewInput{Connection: parts[1]}
		if n, err := fmt.Sscan(parts[2], &input.ReviewID); n != 1 || err != nil {
			break
		}
		if input.Validate() == nil && workflows.ReviewID(input.Connection, input.ReviewID) == id {
			return input.Connection, workflows.ScenarioReview, workflows.Review, input, nil
		}
	case len(parts) == 3 && parts[0] == "note-to-task" && parts[2] != "":
		return parts[1], workflows.ScenarioNoteToTask, workflows.NoteToTask, workflows.NoteToTaskInput{Connection: parts[1], NoteID: parts[2]}, nil
	case len(parts) == 2 && parts[0] == "verify":
		return parts[1], workflows.ScenarioVerify, workflows.Verify, workflows.VerifyInput{Connection: parts[1]}, nil
	case len(parts) == 2 && parts[0] == "plan-rules":
		return "", "", nil, nil, errors.New("its history is gone; `starter connections apply <rules.yaml> --plan` does its work")
	case len(parts) == 3 && (parts[0] == "explain" || parts[0] == "timeline"):
		return "", "", nil, nil, fmt.Errorf("its history is gone; `starter %s %s %s` does its work", parts[0], parts[1], parts[2])
	case len(parts) == 3 && parts[0] == "bulk":
		return "", "", nil, nil, fmt.Errorf("its history is gone; `starter start onboarding %s` does its work", parts[1])
	}
	return "", "", nil, nil, errors.New("its history is gone, and its id does not say what its input was")
}

// inputPayloads are the payloads of a first event's input, as they are.
func inputPayloads(began *history.HistoryEvent) *common.Payloads {
	return began.GetWorkflowExecutionStartedEventAttributes().GetInput()
}
