package activities

import "context"

// Doorbell wakes a connection's SyncChanges run.
type Doorbell interface {
	// Ring starts the run, or tells the one that is open that something is pending. Safe to repeat.
	Ring(ctx context.Context, connection string) error
}
