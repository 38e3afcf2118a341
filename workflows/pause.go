package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// sideNames are what people call the sides.
var sideNames = map[record.Side]string{record.GoHighLevel: "GoHighLevel", record.Salesforce: "Salesforce"}

// pauseNote says what a run waits for while an allowance is used up or a connection is paused; "" for no pause.
func pauseNote(ctx workflow.Context, p *activities.Pause) string {
	if p == nil {
		return ""
	}
	if p.Refusal != nil {
		return refusalLine(*p.Refusal)
	}
	if p.Side == "" && p.Unchecked {
		return "The connection is held back until `starter connections check` passes"
	}
	if p.Side == "" {
		return "The connection is paused; `starter connections resume` lets it go on"
	}
	return fmt.Sprintf("%s's daily allowance: %s goes on at %s UTC",
		sideNames[p.Side], p.Lane, workflow.Now(ctx).Add(p.For).UTC().Format("15:04"))
}

// refusalLine says what a run waits for while a side refuses the connection. What a person does about it stands in the reason.
func refusalLine(r record.Refusal) string {
	return fmt.Sprintf("%s refuses the connection (%s): %s", sideNames[r.Side], r.State, r.Reason)
}

// refusalNote says the same to people who look at a run of a connection that has ended for that.
func refusalNote(connection string, refusals ...record.Refusal) string {
	md := ""
	for _, r := range refusals {
		md += fmt.Sprintf("**%s**\n\n", refusalLine(r))
		if r.State == record.RefusalReconnect {
			md += fmt.Sprintf("Connect it by `starter connect %s %s`.\n\n", r.Side, connection)
		}
	}
	return md + "What changes meanwhile is kept, and is synced once that is over.\n"
}

// mayBeRefused tells whether what failed may come of a side that refuses the connection.
func mayBeRefused(err error) bool {
	kind := activities.KindOf(err)
	return kind == crm.NeedsReconnect || kind == crm.NeedsAccess
}

// isRest tells whether a pause is that of a connection, and not of an allowance.
func isRest(p *activities.Pause) bool { return p != nil && p.Side == "" }

// waitOut sleeps for as long as an allowance is used up; show is called with what it waits for, and with "" once that is
// over. A connection may be paused for weeks: each look at it that finds it so, of which looks keeps count, doubles the time
// to the next.
func waitOut(ctx workflow.Context, p *activities.Pause, looks *int, show func(note string)) error {
	note := pauseNote(ctx, p)
	show(note)
	defer show("")
	wait := p.For
	if isRest(p) {
		wait = min(wait<<min(*looks, 10), restLongest)
		*looks++
	}
	return workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: note}).Get(ctx, nil)
}
