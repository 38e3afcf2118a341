package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
)

// newDisconnectCommand makes `starter disconnect`, which stands among the connections' commands as well.
func newDisconnectCommand(a *app) *cobra.Command {
	var o disconnectOptions
	c := &cobra.Command{
		Use:   "disconnect <connection>",
		Short: "Forget a connection's access to both sides, or erase all that is kept of it",
		Long: `Forgets the access to both sides that was granted, and syncs the connection no more. Links, the journal and what is pending
stay, so that it goes on where it stopped once it is connected again. What was granted is not revoked at the CRMs: remove the
app or the token there as well.

With --erase the connection ends for good: its runs are stopped, its access is revoked at the CRMs as far as they let a
program do that, and all that is kept of it is destroyed: tokens, keys, links, the journal, what is pending, reviews. Nothing
is deleted in either CRM. What is left of it is counted afterwards, table by table. Where it is interrupted, the same command
goes on.`,
		Example: `  starter disconnect acme --yes
  starter connections disconnect acme --yes
  starter disconnect acme --erase
  starter disconnect acme --erase --yes -o json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.unrevoked && !o.erase {
				return usageError{fmt.Errorf("--without-revoking goes with --erase")}
			}
			if o.erase {
				return runErase(c.Context(), a, args[0], o)
			}
			return runDisconnect(c.Context(), a, args[0], o.yes)
		},
	}
	c.Flags().BoolVar(&o.yes, "yes", false, "do not ask first")
	c.Flags().BoolVar(&o.erase, "erase", false, "revoke the access, and destroy all that is kept of the connection")
	c.Flags().BoolVar(&o.unrevoked, "without-revoking", false, "with --erase: leave the revoking to a person, where a CRM does not answer")
	return c
}

type disconnectOptions struct{ yes, erase, unrevoked bool }

func runDisconnect(ctx context.Context, a *app, connection string, yes bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	if row.State == record.ConnectionErasing {
		return needsPerson{connectAgain(row.ID, row.State)}
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
