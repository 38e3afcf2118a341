package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// sideNames are what people call the sides.
var sideNames = map[record.Side]string{record.GoHighLevel: "GoHighLevel", record.Salesforce: "Salesforce"}

// pauseNote says what a run waits for while an allowance is used up; "" for no pause.
func pauseNote(ctx workflow.Context, p *activities.Pause) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s's daily allowance: %s goes on at %s UTC",
		sideNames[p.Side], p.Lane, workflow.Now(ctx).Add(p.For).UTC().Format("15:04"))
}

// waitWhileResting sleeps until it is time to see whether a connection that is not active is active again.
func waitWhileResting(ctx workflow.Context, state string, show func(note string)) error {
	note := "The connection is " + state
	show(note)
	defer show("")
	return workflow.NewTimerWithOptions(ctx, restCheck, workflow.TimerOptions{Summary: note}).Get(ctx, nil)
}

// waitOut sleeps for as long as an allowance is used up; show is called with what it waits for, and with "" once that is
// over.
func waitOut(ctx workflow.Context, p *activities.Pause, show func(note string)) error {
	note := pauseNote(ctx, p)
	show(note)
	defer show("")
	return workflow.NewTimerWithOptions(ctx, p.For, workflow.TimerOptions{Summary: note}).Get(ctx, nil)
}
