package platform

import (
	"testing"

	enums "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

func event(id int64, kind enums.EventType) *historypb.HistoryEvent {
	return &historypb.HistoryEvent{EventId: id, EventType: kind}
}

func activity(id int64, attempt int32) *historypb.HistoryEvent {
	e := event(id, enums.EVENT_TYPE_ACTIVITY_TASK_STARTED)
	e.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{
		ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{Attempt: attempt},
	}
	return e
}

func marker(id, task int64) *historypb.HistoryEvent {
	e := event(id, enums.EVENT_TYPE_MARKER_RECORDED)
	e.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{
		MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{WorkflowTaskCompletedEventId: task},
	}
	return e
}

func TestActionsAreCountedAsTheyAreBilled(t *testing.T) {
	started, signaled := enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
	for name, c := range map[string]struct {
		events           []*historypb.HistoryEvent
		actions, signals int
	}{
		"a run with an activity that was tried three times": {
			[]*historypb.HistoryEvent{event(1, started), event(2, enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), activity(6, 3)}, 4, 0,
		},
		"a SignalWithStart is one, a signal after it another": {
			[]*historypb.HistoryEvent{event(1, started), event(2, signaled), event(3, enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED), event(7, signaled)}, 2, 2,
		},
		"the markers of one workflow task are one": {
			[]*historypb.HistoryEvent{event(1, started), marker(5, 4), marker(6, 4), marker(10, 9)}, 3, 0,
		},
		"a timer and a child": {
			[]*historypb.HistoryEvent{
				event(1, started), event(5, enums.EVENT_TYPE_TIMER_STARTED), event(6, enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED),
			}, 3, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var cost runCost
			for _, e := range c.events {
				cost.add(e)
			}
			if cost.actions != c.actions || cost.signals != c.signals {
				t.Errorf("%d actions and %d signals, want %d and %d", cost.actions, cost.signals, c.actions, c.signals)
			}
		})
	}
}
