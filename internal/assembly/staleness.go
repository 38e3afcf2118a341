package assembly

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

// Staleness counts the connections that were without a successful pass for longer than their rules have it.
type Staleness struct {
	source staleSource
	gauge  metric.Int64Gauge
	limits map[string]staleLimit
}

// staleSource is what the count is made from.
type staleSource interface {
	ConnectionAges(ctx context.Context) ([]record.ConnectionAge, error)
	GetConnection(ctx context.Context, id string) (store.Connection, error)
}

type staleLimit struct {
	version int
	after   time.Duration
}

// NewStaleness makes the gauge tandem_connections_stale.
func NewStaleness(source staleSource, meter metric.Meter) (*Staleness, error) {
	gauge, err := meter.Int64Gauge("tandem_connections_stale",
		metric.WithDescription("Connections without a successful pass for longer than their rules have it."))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &Staleness{source: source, gauge: gauge, limits: map[string]staleLimit{}}, nil
}

// Count sets the gauge and returns it.
func (s *Staleness) Count(ctx context.Context) (int, error) {
	ages, err := s.source.ConnectionAges(ctx)
	if err != nil {
		return 0, err
	}
	stale, limits := 0, make(map[string]staleLimit, len(ages))
	for _, age := range ages {
		limit, known := s.limits[age.Connection]
		if !known || limit.version != age.RulesVersion {
			if limit, err = s.limit(ctx, age.Connection); err != nil {
				return 0, err
			}
		}
		limits[age.Connection] = limit
		if age.Age > limit.after {
			stale++
		}
	}
	s.limits = limits
	s.gauge.Record(ctx, int64(stale))
	return stale, nil
}

// limit reads the rules of a connection; those that do not load are stale at once, for nothing can be synced by them.
func (s *Staleness) limit(ctx context.Context, connection string) (staleLimit, error) {
	row, err := s.source.GetConnection(ctx, connection)
	if err != nil {
		return staleLimit{}, err
	}
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return staleLimit{version: row.RulesVersion}, nil
	}
	return staleLimit{version: row.RulesVersion, after: loaded.Live.Sweeps.StaleAfter}, nil
}

// CountEvery counts now and then until the context ends.
func (s *Staleness) CountEvery(ctx context.Context, every time.Duration, log *zap.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if _, err := s.Count(ctx); err != nil && ctx.Err() == nil {
			log.Warn("stale connections could not be counted; it is tried again", zap.Error(err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
