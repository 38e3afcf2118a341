package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Pause is a used-up allowance, or a connection that a person has paused, as a result: the work is to go on where it
// stopped after For. An activity that failed instead would be tried again and again, each time at the cost of an action.
type Pause struct {
	// Side is whose allowance is used up; "" where the connection is paused.
	Side record.Side   `json:"side"`
	For  time.Duration `json:"for"`
	Lane crm.Lane      `json:"lane"`
	// Unchecked tells, with no Side, that the connection is held back until a check of it passes.
	Unchecked bool `json:"unchecked,omitempty"`
}

// lookAgain is how often bulk work looks whether its connection is still paused.
const lookAgain = 20 * time.Second

// resting returns a pause while a person has paused the connection, or it is held back; nil while it works.
func (c *Connection) resting(ctx context.Context) *Pause {
	if c.State != record.ConnectionPaused && c.State != record.ConnectionUnchecked {
		return nil
	}
	return &Pause{For: lookAgain, Lane: crm.LaneOf(ctx), Unchecked: c.State == record.ConnectionUnchecked}
}

// Exhausted tells whether an error, before or after Translate, says that the allowance of a side is used up for longer
// than an activity is worth being retried, and for how long from then.
func Exhausted(err error) (side record.Side, until time.Duration, ok bool) {
	var e *crm.Error
	if errors.As(err, &e) {
		return e.Side, e.RetryAfter, e.Kind == crm.RateLimited && e.RetryAfter > longWait
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == string(crm.RateLimited) {
		p, _ := ProblemOf(err)
		return p.Side, app.NextRetryDelay(), app.NextRetryDelay() > longWait
	}
	return "", 0, false
}

// paused turns an error that says that the allowance is used up into a Pause; other errors stay.
func paused(ctx context.Context, err error) (*Pause, error) {
	side, wait, ok := Exhausted(err)
	if !ok {
		return nil, err
	}
	return &Pause{Side: side, For: wait, Lane: crm.LaneOf(ctx)}, nil
}

// errResting ends a batch whose connection was turned off under way.
var errResting = errors.New("the connection is not active any more")

// mayWrite fails with errResting where the connection was turned off since the batch began: a batch may take minutes.
func (b *batch) mayWrite(ctx context.Context) error {
	live, err := b.ledger.Live(ctx, b.ID)
	if err == nil && live.State != record.ConnectionActive {
		err = errResting
	}
	return err
}

// stop is what a batch comes to that an error ended. Where an allowance is used up, or the connection is turned off, it
// gives back what is left of it: either may last, and meanwhile somebody in another lane, or the next run, can have it.
func (b *batch) stop(ctx context.Context, owner string, left int, err error) (SyncRecordsResult, error) {
	out := SyncRecordsResult{Claimed: b.done(), Left: left, Allowances: b.allowances()}
	if errors.Is(err, errResting) {
		out.Pause = &Pause{For: lookAgain, Lane: crm.LaneOf(ctx)}
	} else if out.Pause, err = paused(ctx, err); err != nil {
		return SyncRecordsResult{}, err
	}
	return out, b.ledger.Release(ctx, owner, b.token)
}

// done counts the pairs whose outcome is in the ledger.
func (b *batch) done() (n int) {
	for _, p := range b.pairs {
		if p.committed {
			n++
		}
	}
	return n
}
