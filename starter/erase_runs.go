package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/workflows"
)

const (
	// endingPause is how long visibility gets to follow before it is asked again, endingLooks how often it is asked.
	endingPause = 300 * time.Millisecond
	endingLooks = 200
)

// endRuns terminates the open runs of a connection, until visibility lists none any more, and returns how many there were.
func (a *app) endRuns(ctx context.Context, connection string) (int, error) {
	temporal, err := a.dial(ctx)
	if err != nil {
		return 0, err
	}
	query := fmt.Sprintf("%s = '%s' AND ExecutionStatus = 'Running'", workflows.ConnectionID.GetName(), connection)
	ended := map[string]bool{} // by run id
	for looks, quiet := 0, 0; quiet < 2; looks++ {
		if looks == endingLooks {
			return len(ended), errors.New("its runs do not end, as far as Temporal tells")
		}
		listed := 0
		for page := []byte(nil); ; {
			list, err := temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: a.namespace(), Query: query, NextPageToken: page})
			if err != nil {
				return len(ended), noSearchAttributes(err)
			}
			for _, info := range list.GetExecutions() {
				listed++
				id, run := info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()
				var over *serviceerror.NotFound
				err := temporal.TerminateWorkflow(ctx, id, run, "the connection is being erased")
				if err != nil && !errors.As(err, &over) {
					return len(ended), fmt.Errorf("end run %s: %w", id, err)
				}
				ended[run] = true
			}
			if page = list.GetNextPageToken(); len(page) == 0 {
				break
			}
		}
		if quiet++; listed > 0 {
			quiet = 0
		}
		select {
		case <-time.After(endingPause):
		case <-ctx.Done():
			return len(ended), ctx.Err()
		}
	}
	return len(ended), nil
}
