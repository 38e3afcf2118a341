package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// Explain reads both sides of a contact, a task, a note or an appointment for a person who waits for it, and returns an
// activities.Explanation, sealed.
func Explain(ctx workflow.Context, in ExplainInput) (activities.Sealed, error) {
	if err := in.Validate(); err != nil {
		return nil, invalidInput(err)
	}
	var out activities.Sealed
	err := workflow.ExecuteActivity(personCall(ctx, fmt.Sprintf("Read both sides of %s %d", cmp.Or(in.Kind, record.Contact), in.LinkID)), contacts.ExplainContact,
		activities.ExplainContactInput{Connection: in.Connection, Kind: in.Kind, LinkID: in.LinkID}).Get(ctx, &out)
	if err != nil {
		return nil, permanent(ctx, err)
	}
	return out, nil
}
