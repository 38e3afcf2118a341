package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// PlanChangesInput names the connection whose pending changes are to be synced.
type PlanChangesInput struct {
	Connection string `json:"connection"`
	// Begun is how many reviews this run has given a run already: some of these may not have come to note that they wait.
	Begun int `json:"begun,omitempty"`
	// Busy lists links that this run has under way, for which nothing is to be planned.
	Busy []int64 `json:"busy,omitempty"`
	// BusyNotes lists notes whose run has been told of a change by this run.
	BusyNotes []string `json:"busy_notes,omitempty"`
}

// ChangesPlan is what is to be synced next, in which lane.
type ChangesPlan struct {
	// Live is false while the connection is not onboarded, or rests.
	Live bool `json:"live"`
	// Refusals are the sides that refuse the connection, for which it rests.
	Refusals []record.Refusal `json:"refusals,omitempty"`
	// Record lists links for the record lane, a run each: everything, or where Bulk is set, some that the bulk lane has
	// handed over.
	Record []int64 `json:"record,omitempty"`
	// Others lists links of the other kinds for the record lane, a run each.
	Others []record.LinkRef `json:"others,omitempty"`
	// Whole tells that Record and Others are all there is to sync: once it is in step, only a ring can tell of more.
	Whole bool `json:"whole,omitempty"`
	// Bulk is how many pending links the bulk lane takes; 0 for none.
	Bulk int `json:"bulk,omitempty"`
	// BulkKind is the kind of these; "" is contacts.
	BulkKind record.Kind `json:"bulk_kind,omitempty"`
	// Gather is how long changes are let gather before the next look, where some came while the bulk lane worked.
	Gather time.Duration `json:"gather,omitempty"`
	// Reviews are open reviews of several links that no run waits for yet.
	Reviews []int64 `json:"reviews,omitempty"`
	// Notes are Salesforce notes whose tasks are to be looked at, each by its NoteToTask run.
	Notes []string `json:"notes,omitempty"`
}

// reviewRunsAtOnce is how many reviews of several links get their run at once, at the least.
const reviewRunsAtOnce = 50

// NotesAtOnce is how many notes a plan names at most: where it names as many, there may be more.
const NotesAtOnce = 50

// gatherFor weighs how long a surge of changes takes to arrive against what each look and each run in bulk costs.
const gatherFor = 2 * time.Second

// PlanChanges turns what was announced into pending changes, and says what to sync next. While a side refuses the connection
// it says that, and asks neither vendor for anything. Safe to repeat.
func (a *Contacts) PlanChanges(ctx context.Context, in PlanChangesInput) (ChangesPlan, error) {
	refused, err := a.refused(ctx, in.Connection)
	if err != nil || refused != nil {
		return ChangesPlan{Refusals: refused}, err
	}
	plan, err := a.planChanges(ctx, in)
	if kind := crm.KindOf(err); plan.Live || err != nil && kind != crm.NeedsReconnect && kind != crm.NeedsAccess {
		return plan, err
	}
	// It may have come upon a refusal itself.
	refused, failed := a.refused(ctx, in.Connection)
	if failed != nil || refused != nil {
		return ChangesPlan{Refusals: refused}, failed
	}
	return plan, err
}

// refused returns what the sides of an active connection refuse; nil for nothing.
func (a *Contacts) refused(ctx context.Context, connection string) ([]record.Refusal, error) {
	live, err := a.Ledger.Live(ctx, connection)
	if err != nil || live.State != record.ConnectionActive {
		return nil, err
	}
	return live.Refusals, nil
}

func (a *Contacts) planChanges(ctx context.Context, in PlanChangesInput) (ChangesPlan, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return ChangesPlan{}, err
	}
	if c.State == record.ConnectionActive {
		if err := a.dropEchoes(ctx, c); err != nil {
			return ChangesPlan{}, err
		}
	}
	plan, err := a.Ledger.PlanChanges(ctx, in.Connection, c.others(), c.Rules.Live.RecordLaneMax, in.Busy)
	if err != nil || !plan.Live {
		return ChangesPlan{}, err
	}
	out := ChangesPlan{Live: true, Record: plan.Record, Others: plan.Others, Whole: plan.Whole, Bulk: plan.Bulk, BulkKind: plan.BulkKind}
	if out.Bulk > 0 {
		out.Gather = gatherFor
	}
	runs, err := a.Ledger.ReviewRuns(ctx, in.Connection, "", reviewRunsAtOnce+in.Begun)
	out.Reviews = runs.Unattended
	if err != nil {
		return out, err
	}
	out.Notes, err = a.Ledger.UnheededNotes(ctx, in.Connection, NotesAtOnce, in.BusyNotes)
	return out, err
}
