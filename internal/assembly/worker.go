// Package assembly builds the concrete things, once, for the worker and for whole-system tests: clients over tokens over
// the vault over the store. No other package names them together.
package assembly

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/workflows"
)

// stopGrace is how long a stopping worker lets its activities finish. Whatever is cut off is taken up by another worker.
const stopGrace = 20 * time.Second

// The worker's slots. What limits the work is the vendors; more slots would only hold more waiting calls.
const (
	activitySlots = 64
	workflowSlots = 64
)

// Ledger is all that the activities need to remember.
type Ledger interface {
	activities.Ledger
	activities.SweepLedger
	activities.NoteLedger
	activities.MaintenanceLedger
	activities.VerifyLedger
}

// NewWorker makes a worker for the house's task queue with everything registered, in the same way for production and
// tests. What activities themselves ask of Temporal goes by the second client.
func NewWorker(working, c client.Client, connections activities.Connections, ledger Ledger) worker.Worker {
	w := worker.New(working, workflows.TaskQueue, worker.Options{
		WorkerStopTimeout:                      stopGrace,
		MaxConcurrentActivityExecutionSize:     activitySlots,
		MaxConcurrentWorkflowTaskExecutionSize: workflowSlots,
		DisableRegistrationAliasing:            true,
		Interceptors:                           []interceptor.WorkerInterceptor{&activities.ErrorInterceptor{}, &activities.HeartbeatInterceptor{}},
	})
	workflows.Register(w)
	workflows.RegisterActivities(w, connections, ledger, Doorbell{Temporal: c})
	return w
}

// Flusher writes down what was counted in memory.
type Flusher interface {
	Flush(ctx context.Context) error
}

// FlushEvery flushes now and then until the context ends, and once more then.
func FlushEvery(ctx context.Context, f Flusher, every time.Duration, log *zap.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := f.Flush(ctx); err != nil && ctx.Err() == nil {
				log.Warn("writing down API usage failed; it is tried again", zap.Error(err))
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := f.Flush(last); err != nil {
				log.Warn("writing down API usage failed", zap.Error(err))
			}
			return
		}
	}
}
