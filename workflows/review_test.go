package workflows

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// docket is one review of several links, as the activities of a Review meet it.
type docket struct {
	diary
	state   sync.Mutex
	waiting *activities.Waiting // nil once it is settled
	errs    map[string][]error
	// onAttend is called, once set, in the middle of a reading.
	onAttend func()
}

func newDocket() *docket {
	return &docket{
		errs: map[string][]error{},
		waiting: &activities.Waiting{
			Review: record.Review{
				ID: 4, Connection: "acme", Kind: record.Contact, Reason: record.ReviewAmbiguousMatch,
				Links: []record.Link{{ID: 1, GoHighLevelID: "g-1"}, {ID: 2, SalesforceID: "s-2"}, {ID: 3, SalesforceID: "s-3"}},
			},
			Default: record.Verdict{ReviewID: 4, Choice: record.ChooseIgnore, By: "deadline"},
		},
	}
}

func (d *docket) step(name string) error {
	d.note(name)
	d.state.Lock()
	defer d.state.Unlock()
	if len(d.errs[name]) == 0 {
		return nil
	}
	err := d.errs[name][0]
	d.errs[name] = d.errs[name][1:]
	return err
}

func (d *docket) settle() {
	d.state.Lock()
	defer d.state.Unlock()
	d.waiting = nil
}

func (d *docket) review(t *testing.T, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	env.OnActivity(reviews.AttendReview, mock.Anything, activities.ReviewInput{Connection: "acme", ReviewID: 4}).Return(
		func(context.Context, activities.ReviewInput) (*activities.Waiting, error) {
			err := d.step("attend")
			d.state.Lock()
			defer d.state.Unlock()
			asked := d.waiting
			if call := d.onAttend; call != nil {
				d.onAttend = nil
				call()
			}
			return asked, err
		}).Maybe()
	env.OnActivity(reviews.RemindReview, mock.Anything, activities.ReviewInput{Connection: "acme", ReviewID: 4}).Return(
		func(context.Context, activities.ReviewInput) error { return d.step("remind") }).Maybe()
	env.OnActivity(reviews.DecideReview, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.DecideReviewInput) error {
			return d.step(fmt.Sprintf("decide %s/%d: %s by %s", in.Connection, in.Verdict.ReviewID, in.Verdict.Choice, in.Verdict.By))
		}).Maybe()
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(Review, ReviewInput{Connection: "acme", ReviewID: 4})
	return env
}

// together says that two records are the same person.
var together = record.Verdict{ReviewID: 4, Choice: record.ChooseLink, GoHighLevelID: "g-1", SalesforceID: "s-3", By: "ada"}

func TestAReviewWaitsAndCarriesTheDecisionOutOnce(t *testing.T) {
	d := newDocket()
	var first, second *answer
	env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
		first = decide(env, 1000*time.Hour, "u-1", together)
		second = decide(env, 1000*time.Hour, "u-2", together)
	})
	var out record.Verdict
	succeeded(t, env, &out)
	first.taken(t, together)
	second.taken(t, together)
	same(t, "verdict", out, together)
	same(t, "calls", d.read(), []string{"attend", "decide acme/4: link by ada"})
}

func TestADecisionThatDoesNotFitTheReviewIsRefused(t *testing.T) {
	d := newDocket()
	var stranger, choice *answer
	env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
		stranger = decide(env, time.Hour, "u-1", record.Verdict{ReviewID: 4, Choice: record.ChooseLink, GoHighLevelID: "g-9", SalesforceID: "s-9", By: "ada"})
		choice = decide(env, time.Hour, "u-2", record.Verdict{ReviewID: 4, Choice: record.ChooseDelete, By: "ada"})
		decide(env, 2*time.Hour, "u-3", together)
	})
	succeeded(t, env, nil)
	if err := stranger.refused(t, TypeInvalidVerdict, true); !strings.Contains(err.Error(), "neither record belongs to it") {
		t.Errorf("%q does not say why", err)
	}
	if err := choice.refused(t, TypeInvalidVerdict, true); !strings.Contains(err.Error(), "ignore, link, separate") {
		t.Errorf("%q does not name the choices", err)
	}
	same(t, "calls", d.read(), []string{"attend", "decide acme/4: link by ada"})
}

func TestAReviewThatIsSettledElsewhereEnds(t *testing.T) {
	t.Run("before it waits", func(t *testing.T) {
		d := newDocket()
		d.settle()
		var early *answer
		env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) { early = decide(env, 0, "u-1", together) })
		var out record.Verdict
		succeeded(t, env, &out)
		same(t, "verdict", out, record.Verdict{})
		early.refused(t, TypeDecided, false)
	})
	t.Run("while it waits", func(t *testing.T) {
		d := newDocket()
		env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
			env.RegisterDelayedCallback(func() {
				d.settle()
				env.SignalWorkflow(SignalChanged, nil)
			}, time.Hour)
		})
		succeeded(t, env, nil)
		same(t, "calls", d.read(), []string{"attend", "attend"})
	})
	t.Run("while it is being read", func(t *testing.T) {
		d := newDocket()
		env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
			d.onAttend = func() {
				d.waiting = nil
				env.SignalWorkflow(SignalChanged, nil)
			}
		})
		succeeded(t, env, nil)
		same(t, "calls", d.read(), []string{"attend", "attend"})
	})
}

func TestAReviewThatChangedAsksAnew(t *testing.T) {
	d := newDocket()
	var before, after *answer
	separate := record.Verdict{ReviewID: 4, Choice: record.ChooseLink, GoHighLevelID: "g-7", SalesforceID: "s-9", By: "ada"}
	env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
		before = decide(env, time.Hour, "u-1", separate)
		env.RegisterDelayedCallback(func() {
			d.state.Lock()
			grown := *d.waiting
			grown.Review.Links = append(grown.Review.Links, record.Link{ID: 7, GoHighLevelID: "g-7"}, record.Link{ID: 8, SalesforceID: "s-9"})
			d.waiting = &grown
			d.state.Unlock()
			env.SignalWorkflow(SignalChanged, nil)
		}, 2*time.Hour)
		after = decide(env, 3*time.Hour, "u-2", separate)
	})
	succeeded(t, env, nil)
	before.refused(t, TypeInvalidVerdict, true)
	after.taken(t, separate)
}

func TestTheDefaultOfAReviewIsTakenAtItsDeadlineAfterAReminder(t *testing.T) {
	d := newDocket()
	d.waiting.RemindIn, d.waiting.DecideIn = 72*time.Hour, 14*24*time.Hour
	var out record.Verdict
	succeeded(t, d.review(t, nil), &out)
	same(t, "verdict", out, record.Verdict{ReviewID: 4, Choice: record.ChooseIgnore, By: "deadline"})
	same(t, "calls", d.read(), []string{"attend", "remind", "decide acme/4: ignore by deadline"})
}

func TestAReviewThatWasDecidedOtherwiseMeanwhileFailsWithItsType(t *testing.T) {
	d := newDocket()
	d.errs["decide acme/4: link by ada"] = []error{refusal("", crm.Unavailable), refusal("", crm.Invalid)}
	other := record.Verdict{ReviewID: 4, Choice: record.ChooseSeparate, By: "grace"}
	var late *answer
	env := d.review(t, func(env *testsuite.TestWorkflowEnvironment) {
		marked(env, "Invalid")
		decide(env, time.Hour, "u-1", together)
		late = decide(env, time.Hour, "u-2", other)
	})
	failed(t, env, "Invalid")
	late.refused(t, TypeDecided, false)
}

func TestAReviewOfInvalidInputNamesAllProblems(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(Review, ReviewInput{})
	err := failed(t, env, TypeInvalidInput)
	for _, want := range []string{"connection is missing", "review_id is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
