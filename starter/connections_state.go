package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
)

func newConnectionsPause(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "pause <connection>",
		Short: "Stop syncing a connection; what changes meanwhile is kept",
		Long: `Stops syncing a connection. What changes meanwhile is remembered and synced once it is resumed. A run that is in the middle of
a contact ends that contact first.`,
		Example: "  starter connections pause acme",
		Args:    exactly(1),
		RunE:    func(c *cobra.Command, args []string) error { return runPause(c.Context(), a, args[0]) },
	}
}

func runPause(ctx context.Context, a *app, connection string) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	was, err := s.MoveConnection(ctx, connection, record.ConnectionPaused, record.ConnectionActive)
	if err != nil {
		return noConnection(err, connection)
	}
	if was != record.ConnectionActive && was != record.ConnectionPaused {
		return needsPerson{fmt.Errorf("connection %s is %s, and syncs nothing already", connection, was)}
	}
	return a.printState(connection, was, record.ConnectionPaused,
		fmt.Sprintf("`starter connections resume %s` lets it go on.", connection))
}

func newConnectionsResume(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "resume <connection>",
		Short:   "Go on syncing a connection that was paused",
		Long:    "Goes on syncing a connection that was paused, beginning with what changed meanwhile.",
		Example: "  starter connections resume acme",
		Args:    exactly(1),
		RunE:    func(c *cobra.Command, args []string) error { return runResume(c.Context(), a, args[0]) },
	}
}

func runResume(ctx context.Context, a *app, connection string) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	was, err := s.MoveConnection(ctx, connection, record.ConnectionActive, record.ConnectionPaused)
	if err != nil {
		return noConnection(err, connection)
	}
	if was != record.ConnectionActive && was != record.ConnectionPaused {
		return needsPerson{connectAgain(connection, was)}
	}
	live, err := s.Live(ctx, connection)
	if err != nil {
		return err
	}
	if live.On() {
		// Also where it was active already: an earlier resume may have died before it rang.
		if err := a.ring(ctx, connection); err != nil {
			return fmt.Errorf("connection %s is active again, but its sync could not be woken; `starter start sync %s` does: %w", connection, connection, err)
		}
	}
	return a.printState(connection, was, record.ConnectionActive, "What changed meanwhile is being synced.")
}

// connectAgain says what to do about a connection that has lost its access.
func connectAgain(connection, state string) error {
	commands := fmt.Sprintf("`starter connect gohighlevel %s`", connection)
	if state != record.ConnectionUninstalled {
		commands += fmt.Sprintf(" and `starter connect salesforce %s`", connection)
	}
	return fmt.Errorf("connection %s is %s: connect it again by %s", connection, state, commands)
}

func newConnectionsDisconnect(a *app) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "disconnect <connection>",
		Short: "Forget a connection's access to both sides, and sync it no more",
		Long: `Forgets the access to both sides that was granted, and syncs the connection no more. Links, the journal and what is pending
stay, so that it goes on where it stopped once it is connected again. What was granted is not revoked at the CRMs: remove the
app or the token there as well.`,
		Example: "  starter connections disconnect acme --yes",
		Args:    exactly(1),
		RunE:    func(c *cobra.Command, args []string) error { return runDisconnect(c.Context(), a, args[0], yes) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask first")
	return c
}

func runDisconnect(ctx context.Context, a *app, connection string, yes bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return noConnection(err, connection)
	}
	if err := a.confirm(ctx, yes, fmt.Sprintf("Forget the access of connection %s to both sides?", connection)); err != nil {
		return err
	}
	was, err := s.Disconnect(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	return a.printState(connection, was, record.ConnectionDisconnected,
		fmt.Sprintf("Its links and its journal stay; `starter connect gohighlevel %s` and `starter connect salesforce %s` connect it again.", connection, connection))
}

// printState tells that a connection is in a state, and what follows.
func (a *app) printState(connection, was, is, next string) error {
	if a.json() {
		return a.printJSON(map[string]string{"connection": connection, "was": was, "state": is})
	}
	already := ""
	if was == is {
		already = " already"
	}
	_, err := fmt.Fprintf(a.out, "Connection %s is %s%s. %s\n", connection, is, already, next)
	return err
}
