package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestTheFilterOfRunsIsAQueryOfVisibility(t *testing.T) {
	for want, f := range map[string]runsFilter{
		"Scenario IS NOT NULL": {},
		"Scenario = 'contact-sync' AND ConnectionId = 'acme' AND StartTime >= '2026-03-13T12:00:00Z'": {
			scenario: "contact-sync", connection: "acme", since: span(24 * time.Hour),
		},
		"Scenario IS NOT NULL AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut') AND CloseTime >= '2026-03-14T11:30:00Z'": {
			failed: true, since: span(30 * time.Minute),
		},
	} {
		require.NoError(t, f.validate())
		require.Equal(t, want, f.query(noon))
	}
}

func TestATimeSpanMayBeInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "24h": 24 * time.Hour, "7d": 168 * time.Hour, "0d": 0} {
		var s span
		require.NoError(t, s.Set(text))
		require.Equal(t, want, time.Duration(s))
	}
	for _, text := range []string{"", "d", "-1d", "-5m", "9999999d", "1.5d", "soon", "5"} {
		var s span
		require.Error(t, s.Set(text), text)
	}
}

func FuzzATimeSpanIsNeverNegative(f *testing.F) {
	for _, text := range []string{"7d", "90m", "-3h", "99999999999999999999d", "2562048h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s span
		if s.Set(text) == nil && s < 0 {
			t.Fatalf("%q is %s", text, time.Duration(s))
		}
	})
}

func keyword(t *testing.T, word string) *common.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(word)
	require.NoError(t, err)
	return p
}

func TestARunIsDescribedByItsAttributesAndTimes(t *testing.T) {
	info := &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{WorkflowId: "contact/acme/7", RunId: "r"}, Type: &common.WorkflowType{Name: "ContactSync"},
		Status:    enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT,
		StartTime: timestamppb.New(noon.Add(-time.Minute)), CloseTime: timestamppb.New(noon.Add(-15 * time.Second)),
		SearchAttributes: &common.SearchAttributes{IndexedFields: map[string]*common.Payload{
			"Scenario": keyword(t, "contact-sync"), "ConnectionId": keyword(t, "acme"), "ProblemKind": keyword(t, "Rejected"),
		}},
	}
	end := noon.Add(-15 * time.Second)
	require.Equal(t, listedRun{
		WorkflowID: "contact/acme/7", RunID: "r", Type: "ContactSync", Scenario: "contact-sync", Connection: "acme", Status: "timed out",
		StartedAt: noon.Add(-time.Minute), EndedAt: &end, Seconds: 45, ProblemKind: "Rejected",
	}, describeRun(info, noon))

	info.CloseTime, info.Status = nil, enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	running := describeRun(info, noon)
	require.Nil(t, running.EndedAt)
	require.InDelta(t, 60, running.Seconds, 0)
}

func TestAFailureIsToldByWhatBeganIt(t *testing.T) {
	kind, message := innermost(&failure.Failure{Message: "child workflow execution error", Cause: &failure.Failure{
		Message: "activity error", Cause: &failure.Failure{
			Message:     "salesforce: refused",
			FailureInfo: &failure.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failure.ApplicationFailureInfo{Type: "Rejected"}},
		},
	}})
	require.Equal(t, "Rejected", kind)
	require.Equal(t, "salesforce: refused", message)
	kind, message = innermost(nil)
	require.Empty(t, kind+message)
}
