package workflows

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// world is one contact in two CRMs and a ledger, as the activities of a ContactSync meet it.
type world struct {
	diary
	state sync.Mutex
	link  activities.RecordClaim
	// holds says which records are there. What a side lacks is created; both together are decided by both.
	holds map[record.Side]bool
	both  activities.RecordDecision
	// create is what the decision adds when the other half is missing.
	create activities.RecordDecision
	// settled is what looking for the other half finds while it is not there.
	settled activities.SettledRecord
	// errs are the errors of the next calls, by name; nil among them stands for success.
	errs map[string][]error
	// landed tells that a create which fails took effect all the same.
	landed    bool
	committed []activities.CommitRecordInput
	verdicts  []string // which step was handed which verdict, in order
	// absence is what became of a record that is not there, while nobody has decided about it.
	absence activities.Absence
	// asks tells whether what is in review waits for a person; else it counts as settled at once.
	asks               bool
	waves              bool  // what is in review belongs to a wave, which waits in a run of its own
	review             int64 // the review that is open
	remindIn, decideIn time.Duration
	again              int  // during how many more syncs the contact changes
	forgotten          bool // the link is not there any more
	// These are called, once set, in the middle of a commit and of a reminder.
	onCommit, onRemind func()
}

const (
	ghlID  = "ghl-1"
	sfID   = "sf-1"
	linkID = int64(17)
	// survivorID is the record that others were merged into, on whichever side.
	survivorID = "survivor"
)

// newWorld is a contact that both sides hold and that is linked.
func newWorld() *world {
	return &world{
		link: activities.RecordClaim{
			Connection: "acme", LinkID: linkID, Token: 5, GoHighLevelID: ghlID, SalesforceID: sfID,
		},
		holds: map[record.Side]bool{record.GoHighLevel: true, record.Salesforce: true},
		errs:  map[string][]error{},
	}
}

// only is a contact that one side holds.
func only(side record.Side) *world {
	w := newWorld()
	w.holds[side.Other()] = false
	if side == record.GoHighLevel {
		w.link.SalesforceID = ""
	} else {
		w.link.GoHighLevelID = ""
	}
	return w
}

// step notes a call and returns the error that is planned for it.
func (w *world) step(name string) error {
	w.note(name)
	w.state.Lock()
	defer w.state.Unlock()
	if len(w.errs[name]) == 0 {
		return nil
	}
	err := w.errs[name][0]
	w.errs[name] = w.errs[name][1:]
	return err
}

func (w *world) has(side record.Side) bool {
	w.state.Lock()
	defer w.state.Unlock()
	return w.holds[side]
}

func (w *world) put(side record.Side) {
	w.state.Lock()
	defer w.state.Unlock()
	w.holds[side] = true
}

func (w *world) commits() []activities.CommitRecordInput {
	w.state.Lock()
	defer w.state.Unlock()
	return slices.Clone(w.committed)
}

// states are those that were committed, in order.
func (w *world) states() (out []record.LinkState) {
	for _, c := range w.commits() {
		out = append(out, c.State)
	}
	return out
}

// fail plans errors for the next calls of a name.
func (w *world) fail(name string, errs ...error) {
	w.state.Lock()
	defer w.state.Unlock()
	w.errs[name] = errs
}

// changesDuring makes the contact change during each of the next syncs.
func (w *world) changesDuring(syncs int) {
	w.state.Lock()
	defer w.state.Unlock()
	w.again = syncs
}

// forget takes the link out of the ledger.
func (w *world) forget() {
	w.state.Lock()
	defer w.state.Unlock()
	w.forgotten = true
}

// lastCommit is what the ledger was told in the end.
func (w *world) lastCommit(t *testing.T) activities.CommitRecordInput {
	t.Helper()
	all := w.commits()
	if len(all) == 0 {
		t.Fatal("nothing was committed")
	}
	return all[len(all)-1]
}

// serve lets an environment's activities work on the world.
func (w *world) serve(env *testsuite.TestWorkflowEnvironment) {
	w.serveLedger(env)
	w.serveGoHighLevel(env)
	w.serveSalesforce(env)
}

func (w *world) serveGoHighLevel(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(goHighLevel.GetGoHighLevelContact, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.GoHighLevelContactInput) (activities.GoHighLevelContact, error) {
			err := w.step("read gohighlevel")
			if err == nil && in.ContactID != survivorID && !w.has(record.GoHighLevel) {
				err = refusal(record.GoHighLevel, crm.NotFound)
			}
			return activities.GoHighLevelContact{ContactID: in.ContactID, Contact: activities.Sealed("ghl")}, err
		}).Maybe()
	write := func(name string) func(context.Context, activities.GoHighLevelWriteInput) (activities.GoHighLevelContact, error) {
		return func(_ context.Context, in activities.GoHighLevelWriteInput) (activities.GoHighLevelContact, error) {
			if err := w.write(name, record.GoHighLevel); err != nil {
				return activities.GoHighLevelContact{}, err
			}
			return activities.GoHighLevelContact{ContactID: ghlID, Contact: activities.Sealed("stored")}, nil
		}
	}
	env.OnActivity(goHighLevel.CreateGoHighLevelContact, mock.Anything, mock.Anything).Return(write("create gohighlevel")).Maybe()
	env.OnActivity(goHighLevel.UpdateGoHighLevelContact, mock.Anything, mock.Anything).Return(write("update gohighlevel")).Maybe()
	env.OnActivity(goHighLevel.DeleteGoHighLevelContact, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.GoHighLevelContactInput) error {
			return w.step("delete gohighlevel " + in.ContactID)
		}).Maybe()
	tags := func(name string) func(context.Context, activities.GoHighLevelTagsInput) (activities.GoHighLevelTags, error) {
		return func(_ context.Context, in activities.GoHighLevelTagsInput) (activities.GoHighLevelTags, error) {
			return activities.GoHighLevelTags{}, w.step(name + " " + in.ContactID)
		}
	}
	env.OnActivity(goHighLevel.AddGoHighLevelContactTags, mock.Anything, mock.Anything).Return(tags("add tags")).Maybe()
	env.OnActivity(goHighLevel.RemoveGoHighLevelContactTags, mock.Anything, mock.Anything).Return(tags("remove tags")).Maybe()
}

func (w *world) serveSalesforce(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(salesforce.GetSalesforceRecord, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SalesforceRecordInput) (activities.SealedDocument, error) {
			err := w.step("read salesforce")
			if err == nil && in.ID != survivorID && !w.has(record.Salesforce) {
				err = refusal(record.Salesforce, crm.NotFound)
			}
			return activities.SealedDocument{Document: activities.Sealed("sf")}, err
		}).Maybe()
	write := func(name string) func(context.Context, activities.SalesforceWriteInput) (activities.SalesforceSaved, error) {
		return func(_ context.Context, in activities.SalesforceWriteInput) (activities.SalesforceSaved, error) {
			if err := w.write(name, record.Salesforce); err != nil {
				return activities.SalesforceSaved{}, err
			}
			return activities.SalesforceSaved{ID: cmp.Or(in.ID, sfID)}, nil
		}
	}
	env.OnActivity(salesforce.CreateSalesforceRecord, mock.Anything, mock.Anything).Return(write("create salesforce")).Maybe()
	env.OnActivity(salesforce.UpsertSalesforceRecord, mock.Anything, mock.Anything).Return(write("upsert salesforce")).Maybe()
	env.OnActivity(salesforce.DeleteSalesforceRecord, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SalesforceRecordInput) error {
			return w.step("delete salesforce " + in.ID)
		}).Maybe()
	env.OnActivity(salesforce.UpdateSalesforceRecord, mock.Anything, mock.Anything).Return(write("update salesforce")).Maybe()
}

// write carries a write out, unless it fails without having landed.
func (w *world) write(name string, side record.Side) error {
	err := w.step(name)
	if err == nil || w.landed {
		w.put(side)
	}
	return err
}

// sync runs a ContactSync over the world.
func (w *world) sync(t *testing.T, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	w.serve(env)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(ContactSync, RecordSyncInput{Connection: "acme", LinkID: linkID, Origin: "epoch"})
	return env
}

// waits runs a ContactSync over the world, checks that it waits for a person, and returns how the contact was committed
// before. The run is cancelled then.
func (w *world) waits(t *testing.T) activities.CommitRecordInput {
	t.Helper()
	w.asks = true
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(env.CancelWorkflow, 365*24*time.Hour)
	})
	var canceled *temporal.CanceledError
	if err := env.GetWorkflowError(); !errors.As(err, &canceled) {
		t.Fatalf("the run ended with %v and did not wait", err)
	}
	same(t, "commits", len(w.commits()), 1)
	return w.lastCommit(t)
}
