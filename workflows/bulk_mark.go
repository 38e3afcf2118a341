package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
)

// markAll makes everything pending that is kept in step, where the run is to sync all of it.
func (b *bulkSync) markAll(ctx workflow.Context) error {
	for b.in.MarkAll {
		b.phase = "mark"
		var out activities.MarkAllContactsResult
		err := workflow.ExecuteActivity(ledgerCall(ctx, fmt.Sprintf("Mark up to %s", count(markSize, string(b.in.Kind)))), contacts.MarkAllContacts,
			activities.MarkAllContactsInput{Connection: b.in.Connection, Kind: b.kindToSay(), After: b.in.Marked, Size: markSize}).Get(ctx, &out)
		if err != nil {
			return err
		}
		b.in.Total += out.Marked
		b.in.Marked, b.in.MarkAll = out.Last, out.Last != 0
		b.describe(ctx)
	}
	b.phase = "sync"
	return nil
}
