package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Pause is a used-up allowance, or a connection that rests because a person has paused it or a side refuses it, as a result:
// the work is to go on where it stopped after For. An activity that failed instead would be tried again and again, each time
// at the cost of an action.
type Pause struct {
	// Side is whose allowance is used up; "" where the connection rests.
	Side record.Side   `json:"side"`
	For  time.Duration `json:"for"`
	Lane crm.Lane      `json:"lane"`
	// Refusal is why the connection rests, where no person has paused it.
	Refusal *record.Refusal `json:"refusal,omitempty"`
	// Unchecked tells, with no Side, that the connection is held back until a check of it passes.
	Unchecked bool `json:"unchecked,omitempty"`
}

// lookAgain is how often bulk work looks whether its connection still rests.
const lookAgain = 20 * time.Second

// resting returns a pause while a person has paused the connection, must connect it again, or it is held back until a check
// passes; nil while it works. A refusal that may pass is found out by trying.
func (c *Connection) resting(ctx context.Context) *Pause {
	rest := &Pause{For: lookAgain, Lane: crm.LaneOf(ctx), Unchecked: c.State == record.ConnectionUnchecked}
	if c.State == record.ConnectionPaused || rest.Unchecked {
		return rest
	}
	if rest.Refusal = lasting(c.Refusals); rest.Refusal != nil {
		return rest
	}
	return nil
}

// lasting returns a refusal that only a person ends; nil where there is none.
func lasting(refusals []record.Refusal) *record.Refusal {
	for _, r := range refusals {
		if r.State == record.RefusalReconnect {
			return &r
		}
	}
	return nil
}

// refusals returns what the sides of a connection refuse, where an error may come of that; none where it is about something
// else.
func refusals(ctx context.Context, ledger interface {
	Live(ctx context.Context, connection string) (record.Live, error)
}, connection string, kind crm.Kind) ([]record.Refusal, error) {
	if kind != crm.NeedsReconnect && kind != crm.NeedsAccess {
		return nil, nil
	}
	live, err := ledger.Live(ctx, connection)
	return live.Refusals, err
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

// rested turns an error that says that the allowance is used up, or comes of a connection that a person has turned off or a
// side refuses, into a Pause; other errors stay.
func rested(ctx context.Context, ledger Ledger, connection string, err error) (*Pause, error) {
	kind := crm.KindOf(err)
	if errors.Is(err, errResting) {
		kind = crm.NeedsReconnect
	}
	refused, failed := refusals(ctx, ledger, connection, kind)
	if failed != nil {
		return nil, failed
	}
	if len(refused) > 0 {
		return &Pause{For: lookAgain, Lane: crm.LaneOf(ctx), Refusal: &refused[0]}, nil
	}
	if errors.Is(err, errResting) {
		live, err := ledger.Live(ctx, connection)
		return &Pause{For: lookAgain, Lane: crm.LaneOf(ctx), Unchecked: live.State == record.ConnectionUnchecked}, err
	}
	return paused(ctx, err)
}

// paused turns an error that says that the allowance is used up into a Pause; other errors stay.
func paused(ctx context.Context, err error) (*Pause, error) {
	side, wait, ok := Exhausted(err)
	if !ok {
		return nil, err
	}
	return &Pause{Side: side, For: wait, Lane: crm.LaneOf(ctx)}, nil
}

// errResting ends a batch whose connection was turned off under way, or is to be connected again.
var errResting = errors.New("the connection is not active any more")

// mayWrite fails with errResting where the connection was turned off since the batch began: a batch may take minutes.
func (b *batch) mayWrite(ctx context.Context) error {
	live, err := b.ledger.Live(ctx, b.ID)
	if err == nil && (live.State != record.ConnectionActive || lasting(live.Refusals) != nil) {
		err = errResting
	}
	return err
}

// stop is what a batch comes to that an error ended. Where an allowance is used up, or the connection is turned off or refused
// by a side, it gives back what is left of it: either may last, and meanwhile somebody in another lane, or the next run, can have it.
func (b *batch) stop(ctx context.Context, owner string, left int, err error) (SyncRecordsResult, error) {
	out := SyncRecordsResult{Claimed: b.done(), Left: left, Allowances: b.allowances()}
	if out.Pause, err = rested(ctx, b.ledger, b.ID, err); err != nil {
		if crm.KindOf(err).Class() != crm.Person || crm.KindOf(err) == "" {
			return SyncRecordsResult{}, err // to be retried by whoever holds the batch
		}
		return SyncRecordsResult{}, errors.Join(err, b.ledger.Release(ctx, owner, b.token))
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
