package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
)

// Timeline reads what both sides hold of a contact's tasks, notes and appointments for a person who waits for it, and
// returns an activities.Timeline, sealed.
func Timeline(ctx workflow.Context, in TimelineInput) (activities.Sealed, error) {
	if err := in.Validate(); err != nil {
		return nil, invalidInput(err)
	}
	var out activities.Sealed
	err := workflow.ExecuteActivity(personCall(ctx, fmt.Sprintf("Read the timeline of contact %d on both sides", in.LinkID)), records.ReadTimeline,
		activities.TimelineInput{Connection: in.Connection, LinkID: in.LinkID}).Get(ctx, &out)
	if err != nil {
		return nil, permanent(ctx, err)
	}
	return out, nil
}
