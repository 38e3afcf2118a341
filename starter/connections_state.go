package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
	was, err := s.MoveConnection(ctx, connection, record.ConnectionPaused, record.ConnectionActive, record.ConnectionUnchecked)
	if err != nil {
		return noConnection(err, connection)
	}
	if was != record.ConnectionActive && was != record.ConnectionUnchecked && was != record.ConnectionPaused {
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
	if len(live.Refusals) > 0 {
		return needsPerson{refusedBy(connection, live.Refusals)}
	}
	if live.State == record.ConnectionUnchecked {
		return needsPerson{connectAgain(connection, live.State)}
	}
	if live.On() {
		// Also where it was active already: an earlier resume may have died before it rang.
		if err := a.ring(ctx, connection); err != nil {
			return fmt.Errorf("connection %s is active again, but its sync could not be woken; `starter start sync %s` does: %w", connection, connection, err)
		}
	}
	return a.printState(connection, was, record.ConnectionActive, "What changed meanwhile is being synced.")
}

// standstill says why a connection syncs nothing in a state, and what to do about it; nil where it works, and where what its
// sides refuse says it all.
func standstill(connection, state string) error {
	switch state {
	case record.ConnectionActive, record.RefusalReconnect, record.RefusalSuspended:
		return nil
	case record.ConnectionPaused:
		return fmt.Errorf("connection %s is paused; `starter connections resume %s` lets it go on", connection, connection)
	}
	return connectAgain(connection, state)
}

// connectAgain says what to do about a connection that has lost its access, or whose access is not checked.
func connectAgain(connection, state string) error {
	switch state {
	case record.ConnectionUnchecked:
		return fmt.Errorf("connection %s is held back, as no check has passed since it was connected: `starter connections check %s` tells what is missing, and lets it go on", connection, connection)
	case record.ConnectionErasing:
		return fmt.Errorf("connection %s is being erased, and does not come back: `starter disconnect %s --erase` goes on with it", connection, connection)
	}
	commands := fmt.Sprintf("`starter connect gohighlevel %s`", connection)
	if state != record.ConnectionUninstalled {
		commands += fmt.Sprintf(" and `starter connect salesforce %s`", connection)
	}
	return fmt.Errorf("connection %s is %s: connect it again by %s", connection, state, commands)
}

// refusalLines say what the sides refuse a connection, for how long, and what a person does about it.
func refusalLines(connection string, refusals []record.Refusal) []string {
	out := make([]string, len(refusals))
	for i, r := range refusals {
		cure := fmt.Sprintf("`starter connect %s %s`, and it goes on with what changed meanwhile", r.Side, connection)
		if r.State == record.RefusalSuspended {
			cure = "then it goes on by itself with what changed meanwhile"
		}
		out[i] = fmt.Sprintf("connection %s is refused by %s for %s: %s; %s",
			connection, sideName(r.Side), roughly(max(0, time.Since(r.Since))), r.Reason, cure)
	}
	return out
}

// refusedBy is the error of a connection that its sides refuse.
func refusedBy(connection string, refusals []record.Refusal) error {
	return errors.New(strings.Join(refusalLines(connection, refusals), "\n"))
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
