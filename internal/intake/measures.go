package intake

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// outcome is what became of a request, as it is counted.
type outcome string

const (
	accepted        outcome = "accepted"
	duplicate       outcome = "duplicate"
	unsigned        outcome = "unsigned"
	forged          outcome = "forged"
	tooLarge        outcome = "too_large"
	interrupted     outcome = "interrupted" // the body ended early, or came too slowly
	unreadable      outcome = "unreadable"
	unknownLocation outcome = "unknown_location"
	otherApp        outcome = "other_app"
	stale           outcome = "stale"
	overloaded      outcome = "overloaded"
	failed          outcome = "failed"
	wrongMethod     outcome = "wrong_method"
)

// measures are the instruments. None is labelled by connection or location.
type measures struct {
	outcomes, events, uninstalled, unheard metric.Int64Counter
	latency                                metric.Float64Histogram
	batch                                  metric.Int64Histogram
}

func newMeasures(m metric.Meter, waiting func() int) (measures, error) {
	var out measures
	var problems [7]error
	out.outcomes, problems[0] = m.Int64Counter("tandem_webhooks", metric.WithDescription("webhooks by outcome"))
	out.events, problems[1] = m.Int64Counter("tandem_webhook_events", metric.WithDescription("webhooks with a valid signature, by event"))
	out.uninstalled, problems[2] = m.Int64Counter("tandem_webhook_uninstalled_connections", metric.WithDescription("connections turned off because the app was uninstalled"))
	out.unheard, problems[3] = m.Int64Counter("tandem_webhook_unheard_bells", metric.WithDescription("bells that could not be rung, and were left to the sweep"))
	out.latency, problems[4] = m.Float64Histogram("tandem_webhook_acknowledgement", metric.WithUnit("s"),
		metric.WithDescription("from a webhook's headers to its answer, where it was to be kept"))
	out.batch, problems[5] = m.Int64Histogram("tandem_webhook_batch", metric.WithDescription("webhooks kept at once"),
		metric.WithExplicitBucketBoundaries(1, 2, 5, 10, 20, 50, 100, 200, 500))
	_, problems[6] = m.Int64ObservableGauge("tandem_webhook_queue", metric.WithDescription("webhooks that wait to be kept"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(waiting()))
			return nil
		}))
	return out, errors.Join(problems[:]...)
}

func (m measures) outcome(ctx context.Context, o outcome) {
	m.outcomes.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", string(o))))
}

func (m measures) event(ctx context.Context, name string) {
	m.events.Add(ctx, 1, metric.WithAttributes(attribute.String("event", name)))
}

func (m measures) acknowledged(ctx context.Context, since time.Time) {
	m.latency.Record(ctx, time.Since(since).Seconds())
}
