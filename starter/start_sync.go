package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

func newStartSync(a *app) *cobra.Command {
	var kind string
	var one oneRecord
	var wait bool
	c := &cobra.Command{
		Use:   "sync <connection>",
		Short: "Sync now what is known to have changed, or one record step by step",
		Long: `Wakes the run that syncs what was announced or is pending. It looks for nothing new: changes are found by webhooks and by the
sweeps. A run that is at it already just goes on. With --kind it says how much of that kind there is to sync.

With --kind and a record it starts that record's own run instead: a ContactSync, TaskSync, NoteSync or AppointmentSync.`,
		Example: `  starter start sync acme
  starter start sync acme --kind task
  starter start sync acme --kind task --link 4711 --wait
  starter start sync acme --kind appointment --gohighlevel ocQHyuzHvysMo5N5VsXc`,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly(1)(c, args); err != nil {
				return err
			}
			return checkSync(kind, one, wait)
		},
		RunE: func(c *cobra.Command, args []string) error {
			return runStartSync(c.Context(), a, args[0], record.Kind(kind), one, wait)
		},
	}
	c.Flags().StringVar(&kind, "kind", "", "of this kind: "+strings.Join(kindNames(), ", "))
	one.flags(c, "record")
	c.Flags().BoolVar(&wait, "wait", false, "with a record: wait for the result")
	_ = c.RegisterFlagCompletionFunc("kind", fixed(kindNames())) // the flag is there
	return c
}

func kindNames() (out []string) {
	for _, kind := range record.Kinds {
		out = append(out, string(kind))
	}
	return out
}

func checkSync(kind string, one oneRecord, wait bool) error {
	var problems []error
	if kind != "" && !slices.Contains(kindNames(), kind) {
		problems = append(problems, fmt.Errorf("--kind %q: use %s", kind, strings.Join(kindNames(), ", ")))
	}
	if one.named() && kind == "" {
		problems = append(problems, errors.New("a record goes with --kind, which says what it is"))
	}
	if wait && !one.named() {
		problems = append(problems, errors.New("--wait goes with a record"))
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}

func runStartSync(ctx context.Context, a *app, connection string, kind record.Kind, one oneRecord, wait bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if kind != "" {
		if err := syncsKind(ctx, s, connection, kind); err != nil {
			return err
		}
	}
	if one.named() {
		in, err := one.input(connection)
		if err != nil {
			return err
		}
		return a.startRecordSync(ctx, kind, in, wait)
	}
	if err := workable(ctx, s, connection); err != nil {
		return err
	}
	out := map[string]any{"workflow_id": workflows.SyncChangesID(connection)}
	waits := ""
	if kind != "" {
		n, err := waiting(ctx, s, connection, kind)
		if err != nil {
			return err
		}
		out["kind"], out["pending"] = kind, n
		waits = fmt.Sprintf(", for which %s wait", counted(n, string(kind)))
		if n == 1 {
			waits += "s"
		}
	}
	if err := a.ring(ctx, connection); err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(out)
	}
	_, err = fmt.Fprintf(a.out, "Woke %[1]s%[2]s; watch it with `starter watch %[1]s`.\n", out["workflow_id"], waits)
	return err
}

// syncsKind fails, in words that say what to do, where the rules of a connection do not sync a kind.
func syncsKind(ctx context.Context, s *store.Store, connection string, kind record.Kind) error {
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err == nil && !syncs(loaded, kind) {
		err = needsPerson{fmt.Errorf("connection %s does not sync %ss; %s", connection, kind, turnOn(kind))}
	}
	return err
}

// waiting counts what of a kind was announced or is pending.
func waiting(ctx context.Context, s *store.Store, connection string, kind record.Kind) (int, error) {
	pending, err := s.Pending(ctx, connection, kind)
	if err != nil {
		return 0, err
	}
	announced, err := s.Announced(ctx, connection, kind)
	return pending + announced, err
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
	if waits := standstill(row.ID, row.State); waits != nil {
		return needsPerson{waits}
	}
	if len(row.Refusals) > 0 {
		return needsPerson{refusedBy(row.ID, row.Refusals)}
	}
	return nil
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
