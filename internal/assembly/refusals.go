package assembly

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/record"
)

// Refusals counts the sides of active connections that refuse Tandem a token.
type Refusals struct {
	source refusalSource
	gauge  metric.Int64Gauge
}

// refusalSource is what the count is made from.
type refusalSource interface {
	CountRefusals(ctx context.Context) (map[record.Side]map[string]int, error)
}

// NewRefusals makes the gauge tandem_connections_refused. It is by side and by state of the refusal; which connections these
// are, `starter connections list` tells.
func NewRefusals(source refusalSource, meter metric.Meter) (*Refusals, error) {
	gauge, err := meter.Int64Gauge("tandem_connections_refused",
		metric.WithDescription("Connections that a side refuses a token: reconnect needs a person, suspended may pass by itself."))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &Refusals{source: source, gauge: gauge}, nil
}

// Count sets the gauge, also where there is nothing to count: what is over must not stay.
func (r *Refusals) Count(ctx context.Context) error {
	counts, err := r.source.CountRefusals(ctx)
	if err != nil {
		return err
	}
	for _, side := range record.Sides {
		for _, state := range []string{record.RefusalReconnect, record.RefusalSuspended} {
			r.gauge.Record(ctx, int64(counts[side][state]),
				metric.WithAttributes(attribute.String("side", string(side)), attribute.String("state", state)))
		}
	}
	return nil
}

// CountEvery counts now and then until the context ends.
func (r *Refusals) CountEvery(ctx context.Context, every time.Duration, log *zap.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := r.Count(ctx); err != nil && ctx.Err() == nil {
			log.Warn("refused connections could not be counted; it is tried again", zap.Error(err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
