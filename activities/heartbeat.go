package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// HeartbeatInterceptor reports, for every activity that has a heartbeat time-out, that it is alive, whatever it waits for:
// what a worker had under way when it died is then taken up again soon, and not only when the call itself would time out.
// An activity that ends sooner than a quarter of its time-out reports nothing: each report costs a Temporal action.
// Register it with every worker.
type HeartbeatInterceptor struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity puts the reports beside an activity.
func (*HeartbeatInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &beating{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type beating struct {
	interceptor.ActivityInboundInterceptorBase
}

func (b *beating) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if patience := activity.GetInfo(ctx).HeartbeatTimeout; patience > 0 {
		over, stop := context.WithCancel(ctx)
		defer stop()
		go beat(over, patience/4)
	}
	return b.Next.ExecuteActivity(ctx, in)
}

func beat(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			activity.RecordHeartbeat(ctx)
		}
	}
}
