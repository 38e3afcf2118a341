package crm

import (
	"context"
	"time"
)

// Token is what a client needs to call a vendor.
type Token struct {
	// Access is the bearer token. It never reaches a log or an error text.
	Access string
	// InstanceURL is the base address that the vendor's token response named ("" where it names none).
	InstanceURL string
}

// TokenSource gives a client its current token. Both methods are safe for concurrent use.
type TokenSource interface {
	// Token returns the current token, refreshed beforehand where it is known to be about to expire.
	Token(ctx context.Context) (Token, error)
	// Refresh is called when the vendor refused the given access token as expired. It returns the token that
	// replaces it: one that another worker fetched meanwhile, or a fresh one. It fails with kind NeedsReconnect when
	// the grant itself is gone.
	Refresh(ctx context.Context, refused string) (Token, error)
}

// Limiter shares out a vendor's API allowance. A client calls Acquire before each request it sends and Observe after
// each response.
type Limiter interface {
	// Acquire waits until one request may be sent. It fails with kind RateLimited, carrying RetryAfter, where the wait
	// would be longer than a request is worth holding open (a used-up day), and with the context's error.
	Acquire(ctx context.Context) error
	// Observe takes what a response said about the allowance.
	Observe(Usage)
}

// Usage is what a response says about the allowance. Negative numbers mean "not said".
type Usage struct {
	BurstRemaining int
	DailyLimit     int
	DailyRemaining int
	// Refused tells that the vendor answered that the allowance is used up.
	Refused bool
	// RetryAfterSeconds is the vendor's own wish, 0 when it named none.
	RetryAfterSeconds int
	// Date is the vendor's clock as it answered, zero when it did not say.
	Date time.Time
}

// Unlimited is a Limiter that never waits.
type Unlimited struct{}

// Acquire never waits.
func (Unlimited) Acquire(ctx context.Context) error { return ctx.Err() }

// Observe takes nothing.
func (Unlimited) Observe(Usage) {}
