package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func newWatchCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "watch <workflow-id>",
		Short:   "Show a run's progress until it ends, and then its result",
		Example: "  starter watch onboarding/acme",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			temporal, err := a.dial(c.Context())
			if err != nil {
				return err
			}
			if _, err := temporal.DescribeWorkflowExecution(c.Context(), args[0], ""); err != nil {
				return err
			}
			return a.watch(c.Context(), temporal, temporal.GetWorkflow(c.Context(), args[0], ""), true)
		},
	}
}

// watch waits for a run, showing its progress if wanted, and prints its result.
func (a *app) watch(ctx context.Context, temporal client.Client, run client.WorkflowRun, progress bool) error {
	var raw json.RawMessage
	err := a.await(ctx, temporal, run, progress, &raw)
	if err != nil && ctx.Err() != nil {
		a.say("The run goes on without being watched; see it again with `starter watch %s`.", run.GetID())
	}
	if err != nil {
		return err
	}
	var c record.Certificate
	if strings.HasPrefix(run.GetID(), workflows.VerifyID("")) && json.Unmarshal(raw, &c) == nil {
		return a.printCertificate(c)
	}
	return a.printResult(raw)
}

func (a *app) await(ctx context.Context, temporal client.Client, run client.WorkflowRun, progress bool, result any) error {
	if !progress {
		return run.Get(ctx, result)
	}
	show := a.progress()
	defer show.Close()
	return follow(ctx, temporal, run, show, result)
}

// progress picks how progress is shown: bars on a terminal, lines elsewhere, objects under JSON.
func (a *app) progress() progressPrinter {
	switch {
	case a.json():
		return &progressObjects{app: a}
	case interactive(a.errOut):
		return newProgressBars(a.errOut)
	}
	return newProgressLines(a.errOut)
}

// progressObjects prints one JSON object per change, on standard error: the result alone is on standard output.
type progressObjects struct {
	app  *app
	last string
}

// Show prints what changed.
func (o *progressObjects) Show(p workflows.Progress, child *workflows.Progress) {
	line, err := json.Marshal(struct {
		workflows.Progress
		Work *workflows.Progress `json:"work,omitempty"`
	}{p, child})
	if err == nil && string(line) != o.last {
		o.last = string(line)
		o.app.say("%s", line)
	}
}

// Close has nothing to end.
func (o *progressObjects) Close() {}

func (a *app) printResult(raw json.RawMessage) error {
	if a.json() {
		return a.printJSON(raw)
	}
	var fields map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &fields) != nil {
		_, err := fmt.Fprintln(a.out, "Done.")
		return err
	}
	return a.table([]string{"RESULT", ""}, flatten("", fields))
}

// flatten turns nested fields into rows with dotted names, sorted.
func flatten(prefix string, fields map[string]any) [][]string {
	var rows [][]string
	for name, value := range fields {
		if nested, ok := value.(map[string]any); ok {
			rows = append(rows, flatten(prefix+name+".", nested)...)
			continue
		}
		rows = append(rows, []string{prefix + name, fmt.Sprint(value)})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][0] < rows[j][0] })
	return rows
}
