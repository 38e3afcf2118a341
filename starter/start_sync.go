package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

func newStartSync(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "sync <connection>",
		Short: "Sync now what is known to have changed",
		Long: `Wakes the run that syncs what was announced or is pending. It looks for nothing new: changes are found by webhooks and by the
sweeps. A run that is at it already just goes on.`,
		Example: "  starter start sync acme",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.ledger(c.Context())
			if err != nil {
				return err
			}
			if err := workable(c.Context(), s, args[0]); err != nil {
				return err
			}
			if err := a.ring(c.Context(), args[0]); err != nil {
				return err
			}
			id := workflows.SyncChangesID(args[0])
			if a.json() {
				return a.printJSON(map[string]string{"workflow_id": id})
			}
			_, err = fmt.Fprintf(a.out, "Woke %s; watch it with `starter watch %s`.\n", id, id)
			return err
		},
	}
}

// workable fails, in words that say what to do, where a connection is not kept in step at the moment.
func workable(ctx context.Context, s *store.Store, connection string) error {
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	if err := active(row); err != nil {
		return err
	}
	live, err := s.Live(ctx, connection)
	if err == nil && live.Since.IsZero() {
		err = needsPerson{fmt.Errorf("connection %s is not onboarded yet: `starter start onboarding %s --watch`", connection, connection)}
	}
	return err
}

// active fails, in words that say what to do, where nothing may be written for a connection.
func active(row store.Connection) error {
	switch row.State {
	case record.ConnectionActive:
		return nil
	case record.ConnectionPaused:
		return needsPerson{fmt.Errorf("connection %s is paused; `starter connections resume %s` lets it go on", row.ID, row.ID)}
	default:
		return needsPerson{connectAgain(row.ID, row.State)}
	}
}

// ring wakes the run that syncs what is pending, and warns when nobody is there to execute it.
func (a *app) ring(ctx context.Context, connection string) error {
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	if err := (assembly.Doorbell{Temporal: temporal}).Ring(ctx, connection); err != nil {
		return err
	}
	a.warnWithoutWorker(ctx, temporal)
	return nil
}
