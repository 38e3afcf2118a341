package workflows

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// desk is one note and its tasks, as the activities of a NoteToTask meet them. Each look takes the next plan; the last one
// stays.
type desk struct {
	diary
	mu         sync.Mutex
	begun      activities.NoteTasksBegun
	considered []activities.NoteConsidered
	plans      []activities.NoteTasksPlan
	errs       map[string][]error
	settled    activities.GoHighLevelTask
	commits    []activities.CommitNoteTaskInput
	onPlan     func()
}

func newDesk(plans ...activities.NoteTasksPlan) *desk {
	return &desk{considered: []activities.NoteConsidered{{Contact: ghlID, Anew: true, Owner: true}}, plans: plans, errs: map[string][]error{}}
}

func (d *desk) step(name string) error {
	d.note(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.errs[name]) == 0 {
		return nil
	}
	err := d.errs[name][0]
	d.errs[name] = d.errs[name][1:]
	return err
}

func next[T any](d *desk, list *[]T) (out T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if out = (*list)[0]; len(*list) > 1 {
		*list = (*list)[1:]
	}
	return out
}

func (d *desk) serve(env *testsuite.TestWorkflowEnvironment) {
	on := func(activity, do any) { env.OnActivity(activity, mock.Anything, mock.Anything).Return(do).Maybe() }
	on(noteTasks.BeginNoteTasks, func(context.Context, activities.NoteTasksInput) (activities.NoteTasksBegun, error) {
		return d.begun, d.step("begin")
	})
	on(noteTasks.ReadNoteToPlan, func(context.Context, activities.NoteTasksInput) (activities.SealedDocument, error) {
		return activities.SealedDocument{Document: activities.Sealed("note")}, d.step("read")
	})
	on(noteTasks.ConsiderNote, func(context.Context, activities.NoteToPlan) (activities.NoteConsidered, error) {
		return next(d, &d.considered), d.step("consider")
	})
	on(goHighLevel.ListGoHighLevelTasks, func(context.Context, activities.GoHighLevelContactInput) (activities.GoHighLevelTasks, error) {
		return activities.GoHighLevelTasks{}, d.step("list")
	})
	on(goHighLevel.GetGoHighLevelContact, func(context.Context, activities.GoHighLevelContactInput) (activities.GoHighLevelContact, error) {
		return activities.GoHighLevelContact{}, d.step("owner")
	})
	on(noteTasks.PlanNoteTasks, func(context.Context, activities.PlanNoteInput) (activities.NoteTasksPlan, error) {
		if d.onPlan != nil {
			d.onPlan()
		}
		return next(d, &d.plans), d.step("plan")
	})
	on(noteTasks.SettleNoteTask, func(_ context.Context, in activities.SettleNoteTaskInput) (activities.GoHighLevelTask, error) {
		return d.settled, d.step("settle " + in.Key)
	})
	on(goHighLevel.CreateGoHighLevelTask, func(context.Context, activities.GoHighLevelTaskWriteInput) (activities.GoHighLevelTask, error) {
		return activities.GoHighLevelTask{TaskID: "made"}, d.step("create")
	})
	on(goHighLevel.UpdateGoHighLevelTask, func(_ context.Context, in activities.GoHighLevelTaskWriteInput) (activities.GoHighLevelTask, error) {
		return activities.GoHighLevelTask{TaskID: in.TaskID}, d.step("update " + in.TaskID)
	})
	on(goHighLevel.SetGoHighLevelTaskCompleted, func(_ context.Context, in activities.GoHighLevelTaskCompletionInput) (activities.GoHighLevelTask, error) {
		return activities.GoHighLevelTask{TaskID: in.TaskID}, d.step("complete " + in.TaskID)
	})
	on(goHighLevel.DeleteGoHighLevelTask, func(_ context.Context, in activities.GoHighLevelTaskInput) error {
		return d.step("delete " + in.TaskID)
	})
	on(noteTasks.CommitNoteTask, func(_ context.Context, in activities.CommitNoteTaskInput) error {
		d.mu.Lock()
		d.commits = append(d.commits, in)
		d.mu.Unlock()
		return d.step("commit " + in.Step.Key)
	})
	on(noteTasks.WriteDoneLine, func(_ context.Context, in activities.DoneLineInput) error { return d.step("line " + in.Line) })
	on(noteTasks.LeaveNote, func(context.Context, activities.NoteTasksInput) error { return d.step("leave") })
}

// work runs a NoteToTask at the desk.
func (d *desk) work(t *testing.T, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	d.serve(env)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(NoteToTask, NoteToTaskInput{Connection: "acme", NoteID: "069X"})
	return env
}

// toldAfter signals after a while that something has changed.
func toldAfter(after time.Duration) func(*testsuite.TestWorkflowEnvironment) {
	return func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(SignalChanged, nil) }, after)
	}
}

var (
	createOne = activities.NoteTaskStep{Key: "1", Op: activities.NoteTaskCreate, Task: activities.Sealed("task")}
	oneOpen   = activities.NoteTasksPlan{Tasks: 1}
	allDone   = activities.NoteTasksPlan{Tasks: 1, Done: 1, Over: true}
)

func TestANoteIsFollowedUntilAllIsDone(t *testing.T) {
	made, marked := oneOpen, allDone
	made.Steps = []activities.NoteTaskStep{createOne}
	marked.Mark, marked.Line = true, "Task done on 2026-11-26"
	marked.Steps = []activities.NoteTaskStep{{Key: "parent", Op: activities.NoteTaskUpdate, TaskID: "p"}}
	d := newDesk(made, marked)
	d.considered = append(d.considered, activities.NoteConsidered{Contact: ghlID})
	began := time.UnixMilli(1795485000000)
	env := d.work(t, toldAfter(30*24*time.Hour))
	var out NoteToTaskResult
	succeeded(t, env, &out)
	same(t, "outcome", out, NoteToTaskResult{Tasks: 1, Done: 1, Created: 1, Changed: 1})
	lines := d.read()
	slices.Sort(lines[3:5]) // both are read at once
	same(t, "calls", lines, []string{
		"begin", "read", "consider", "list", "owner", "plan", "create", "commit 1",
		"begin", "read", "consider", "list", "plan", "update p", "commit parent", "line Task done on 2026-11-26",
	})
	if waited := env.Now().Sub(began); waited < 30*24*time.Hour {
		t.Errorf("it waited %s", waited)
	}
}

func TestANoteWithNothingToDoTakesNoCallToGoHighLevel(t *testing.T) {
	d := newDesk(oneOpen)
	d.considered = []activities.NoteConsidered{{Over: true, Reason: "nothing"}}
	var out NoteToTaskResult
	succeeded(t, d.work(t, nil), &out)
	same(t, "outcome", out, NoteToTaskResult{Reason: "nothing"})
	same(t, "calls", d.read(), []string{"begin", "read", "consider"})
}

func TestANoteThatIsGoneOrNotWantedAnyMoreEndsItsRun(t *testing.T) {
	gone := newDesk(oneOpen)
	gone.errs["read"] = []error{refusal(record.Salesforce, crm.NotFound)}
	succeeded(t, gone.work(t, nil), nil)
	same(t, "calls", gone.read(), []string{"begin", "read", "leave"})
	off := newDesk(oneOpen)
	off.begun.Off = true
	succeeded(t, off.work(t, nil), nil)
	same(t, "calls", off.read(), []string{"begin"})
}

func TestAChangeDuringALookCausesAnother(t *testing.T) {
	d := newDesk(allDone)
	var env *testsuite.TestWorkflowEnvironment
	var once sync.Once
	d.onPlan = func() { once.Do(func() { env.SignalWorkflow(SignalChanged, nil) }) }
	env = newEnv(t)
	d.serve(env)
	env.ExecuteWorkflow(NoteToTask, NoteToTaskInput{Connection: "acme", NoteID: "069X"})
	succeeded(t, env, nil)
	same(t, "looks", d.count("plan"), 2)
}

func TestACreateOfUnknownOutcomeIsLookedForBeforeItIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		found string
		calls []string
	}{
		"it went through": {"found", []string{"create", "settle 1", "commit 1"}},
		"it did not":      {"", []string{"create", "settle 1", "create", "commit 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := allDone
			plan.Steps = []activities.NoteTaskStep{createOne}
			d := newDesk(plan, allDone)
			d.settled.TaskID = c.found
			d.errs["create"] = []error{refusal(record.GoHighLevel, crm.Ambiguous)}
			succeeded(t, d.work(t, nil), nil)
			calls := d.read()
			same(t, "calls", calls[6:6+len(c.calls)], c.calls)
			same(t, "committed as found", d.commits[0].Found, c.found != "")
		})
	}
}

func TestAStepLeftFromAnEarlierRunIsLookedForFirst(t *testing.T) {
	plan := allDone
	unsure, withdrawn := createOne, activities.NoteTaskStep{Key: "2", Op: activities.NoteTaskDelete, Settle: true}
	unsure.Settle = true
	plan.Steps = []activities.NoteTaskStep{unsure, withdrawn}
	d := newDesk(plan, allDone)
	d.settled.TaskID = "found"
	var out NoteToTaskResult
	succeeded(t, d.work(t, nil), &out)
	same(t, "calls", d.read()[6:11], []string{"settle 1", "commit 1", "settle 2", "delete found", "commit 2"})
	same(t, "creates", d.count("create"), 0)
	same(t, "withdrawn", out.Withdrawn, 1)
}

func TestATaskThatIsGoneWhenItIsWrittenIsLookedAtAgain(t *testing.T) {
	plan := oneOpen
	plan.Steps = []activities.NoteTaskStep{{Key: "1", Op: activities.NoteTaskComplete, TaskID: "t", Completed: true}}
	d := newDesk(plan, allDone)
	d.errs["complete t"] = []error{refusal(record.GoHighLevel, crm.NotFound)}
	succeeded(t, d.work(t, nil), nil)
	same(t, "looks", d.count("plan"), 2)
	same(t, "committed as gone", d.commits[0].Gone, true)
}

func TestAStepThatFailsForNowIsPlannedAnewAndJournaledWhereItMayHaveBeenCarriedOut(t *testing.T) {
	for name, step := range map[string]activities.NoteTaskStep{
		"update t": {Key: "1", Op: activities.NoteTaskUpdate, TaskID: "t"}, "complete t": {Key: "1", Op: activities.NoteTaskComplete, TaskID: "t"},
		"delete t": {Key: "1", Op: activities.NoteTaskDelete, TaskID: "t"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := allDone
			plan.Steps = []activities.NoteTaskStep{step, {Key: "2", Op: activities.NoteTaskUpdate, TaskID: "t2"}}
			d := newDesk(plan)
			d.errs[name] = []error{refusal(record.GoHighLevel, crm.Unavailable), refusal(record.GoHighLevel, crm.RateLimited)}
			succeeded(t, d.work(t, nil), nil)
			same(t, "looks", d.count("plan"), 3)
			same(t, "attempts", d.count(name), 3)
			same(t, "the next step", d.count("update t2"), 1)
			var unknown []bool
			for _, commit := range d.commits {
				unknown = append(unknown, commit.Unknown)
			}
			same(t, "outcomes", unknown, []bool{true, false, false})
		})
	}
}

func TestWhatIsRefusedForGoodHoldsUpNothingElseAndFailsTheRun(t *testing.T) {
	plan := oneOpen
	other := activities.NoteTaskStep{Key: "2", Op: activities.NoteTaskUpdate, TaskID: "t2"}
	plan.Steps = []activities.NoteTaskStep{createOne, other}
	d := newDesk(plan)
	d.errs["create"] = []error{refusal(record.GoHighLevel, crm.Rejected)}
	env := d.work(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, string(crm.Rejected)) })
	failed(t, env, string(crm.Rejected))
	same(t, "the other one", d.count("update t2"), 1)
}

func TestANoteWaitsForItsContactAndGivesUpInTheEnd(t *testing.T) {
	d := newDesk(allDone)
	nowhere := activities.NoteConsidered{Anew: true}
	d.considered = []activities.NoteConsidered{nowhere, nowhere, {Contact: ghlID}}
	succeeded(t, d.work(t, nil), nil)
	same(t, "looks", d.count("consider"), 3)

	d = newDesk(allDone)
	d.considered = []activities.NoteConsidered{nowhere}
	var out NoteToTaskResult
	env := d.work(t, nil)
	succeeded(t, env, &out)
	same(t, "reason", out.Reason, ReasonNoContact)
	if waited := env.Now().Sub(time.UnixMilli(1795485000000)); waited < 20*time.Hour || waited > 48*time.Hour {
		t.Errorf("it waited %s", waited)
	}
}

func TestAContactThatIsGoneIsWaitedForLikeOneThatIsNotThereYet(t *testing.T) {
	d := newDesk(allDone)
	d.errs["list"] = []error{refusal(record.GoHighLevel, crm.NotFound)}
	succeeded(t, d.work(t, nil), nil)
	same(t, "looks", d.count("list"), 2)
}

func TestALongFollowedNoteGoesOnInARunOfItsOwn(t *testing.T) {
	d := newDesk(oneOpen)
	env := d.work(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetContinueAsNewSuggested(true)
		toldAfter(time.Hour)(env)
	})
	if err := env.GetWorkflowError(); err == nil || !workflow.IsContinueAsNewError(err) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAMarkedNoteIsGivenItsRunOnce(t *testing.T) {
	o := newOffice()
	notes := []string{"069A", "069B"}
	var begun []string
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterWorkflowWithOptions(func(ctx workflow.Context, in NoteToTaskInput) (NoteToTaskResult, error) {
			begun = append(begun, workflow.GetInfo(ctx).WorkflowExecution.ID)
			return NoteToTaskResult{}, nil
		}, workflow.RegisterOptions{Name: "NoteToTask", DisableAlreadyRegisteredCheck: true})
		o.notes = notes
	})
	succeeded(t, env, nil)
	same(t, "runs", begun, []string{NoteToTaskID("acme", "069A"), NoteToTaskID("acme", "069B")})
	same(t, "looks", o.count("plan"), 1)
}

func TestWhereThereMayBeMoreMarkedNotesThereIsAnotherLook(t *testing.T) {
	o := newOffice()
	for range activities.NotesAtOnce + 1 {
		o.notes = append(o.notes, fmt.Sprintf("069-%d", len(o.notes)))
	}
	begun := 0
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterWorkflowWithOptions(func(workflow.Context, NoteToTaskInput) (NoteToTaskResult, error) {
			begun++
			return NoteToTaskResult{}, nil
		}, workflow.RegisterOptions{Name: "NoteToTask", DisableAlreadyRegisteredCheck: true})
	})
	succeeded(t, env, nil)
	same(t, "runs", begun, activities.NotesAtOnce+1)
	same(t, "looks", o.count("plan"), 2)
}
