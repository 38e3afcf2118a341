package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// story tells what became of one field of a contact on both sides.
func (a *account) story(link record.Link, field string) string {
	out := ""
	for _, side := range record.Sides {
		out += a.strokes(side, link.RecordID(side), field)
	}
	return out
}

// whole tells all that is known of a link: what the ledger has about it, how its run failed, and what became of both halves.
func (a *account) whole(t *testing.T, link record.Link) string {
	t.Helper()
	out := a.ledger.about(link) + a.failure(t, link) + "\n    " + a.storyOf(record.GoHighLevel, link.GoHighLevelID) + a.storyOf(record.Salesforce, link.SalesforceID)
	told := map[int64]bool{}
	for _, side := range record.Sides {
		for _, x := range a.tapes[side].strokes {
			if x.id != link.RecordID(side) || x.field != "contact" || link.Kind == record.Contact {
				continue
			}
			for _, id := range strings.Fields(x.after) {
				if of, there := a.ledger.byRecord[side][id]; there && !told[of.ID] {
					out, told[of.ID] = out+"it was of "+a.whole(t, of), true
				}
			}
		}
	}
	return out
}

// failure is why a link's run failed, as anyone can see it; "" where it did not.
func (a *account) failure(t *testing.T, link record.Link) string {
	t.Helper()
	if link.State != record.LinkFailed {
		return ""
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	id := workflows.RecordSyncID(link.Kind, workflows.RecordSyncInput{Connection: connection, LinkID: link.ID})
	return fmt.Sprintf("\n      its run: %v", a.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil))
}

func (a *account) storyOf(side record.Side, id string) string { return a.strokes(side, id, "") }

func (a *account) strokes(side record.Side, id, field string) string {
	out := fmt.Sprintf("%s %s:", side, id)
	for _, x := range a.tapes[side].strokes {
		if x.id != id || field != "" && x.field != field {
			continue
		}
		who := "the API"
		if x.person {
			who = "a person"
		}
		out += fmt.Sprintf("\n      %s %s: %s %q -> %q", x.at.Format("15:04:05.000"), who, x.field, x.before, x.after)
		if x.gone {
			out += " (gone)"
		}
	}
	return out + "\n    "
}
