package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// The exit codes, as the root command's help documents them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPerson      = 3
	exitNotFound    = 4
	exitUnreachable = 5
)

// usageError is wrong usage or input.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// unreachable is a server that does not answer.
type unreachable struct{ error }

func (e unreachable) Unwrap() error { return e.error }

// needsPerson is something that only a person can mend.
type needsPerson struct{ error }

func (e needsPerson) Unwrap() error { return e.error }

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "starter",
		Short: "Keep GoHighLevel and Salesforce in step",
		Long: `Tandem keeps contacts, tasks, notes and appointments of a GoHighLevel location and a Salesforce org in step. The starter starts its
workflows on Temporal, watches them, and replays the ones that failed; it shows and decides what waits for a person.

Without addresses it uses the dev stack that runs on this machine (starter dev); otherwise --database-url or
TANDEM_DATABASE_URL, TANDEM_KEYSET_FILE, and Temporal's usual settings (flags, TEMPORAL_* variables, profile file).

Exit codes:
  0  done
  1  failed
  2  wrong usage or input
  3  needs a person: access to grant, a side to reconnect, something to review
  4  no such connection or run, review, contact or certificate
  5  Temporal or Postgres does not answer`,
		Example: `  starter demo                          see it work, with two fake CRMs
  starter dev                           start Temporal, Postgres, a worker and the fakes here
  starter connections add acme.yaml     pair a location with an org
  starter start onboarding acme --watch
  starter reviews list                  see what waits for a person`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "table" && a.output != "json" {
				return usageError{fmt.Errorf("--output %q: use table or json", a.output)}
			}
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.output, "output", "o", "table", "how to print results: table or json")
	flags.StringVar(&a.temporal.Address, "temporal-address", "", "Temporal's host:port (default: TEMPORAL_ADDRESS, the profile, or the dev stack)")
	flags.StringVar(&a.temporal.Namespace, "namespace", "", "Temporal namespace")
	flags.StringVar(&a.temporal.Profile, "profile", "", "profile of Temporal's configuration file")
	flags.StringVar(&a.temporal.APIKey, "api-key", "", "Temporal API key; better in TEMPORAL_API_KEY, where others on this machine cannot see it")
	flags.BoolVar(&a.temporal.TLS, "tls", false, "use TLS to reach Temporal")
	flags.StringVar(&a.databaseURL, "database-url", "", "Tandem's Postgres (default: TANDEM_DATABASE_URL, or the dev stack)")
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	root.AddCommand(
		newDemoCommand(a), newDevCommand(a), newSandboxCommand(a), newMigrateCommand(a), newConnectionsCommand(a), newConnectCommand(a),
		newStartCommand(a), newWatchCommand(a), newStatusCommand(a), newReviewsCommand(a), newExplainCommand(a), newTimelineCommand(a), newRunsCommand(a),
		newReplayCommand(a), newNoteToTaskCommand(a), newScopesCommand(a), newMaintenanceCommand(a), newVerifyCommand(a), newKeysCommand(a), newDisconnectCommand(a),
		newVersionCommand(a),
	)
	fitHelp(root)
	a.completeConnections(root)
	return root
}

// execute runs a command line and returns the exit code; the one place where an error becomes one.
func execute(ctx context.Context, a *app, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	a.close()
	if err == nil {
		return exitDone
	}
	if ctx.Err() != nil {
		a.say("starter: interrupted")
		return exitFailed
	}
	a.say("starter: %s", explain(err))
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	var gone unreachable
	var person needsPerson
	var problems rules.Problems
	var notFound *serviceerror.NotFound
	var noServer *serviceerror.Unavailable
	var noAnswer *serviceerror.DeadlineExceeded
	switch {
	case errors.As(err, &usage), errors.As(err, &problems), unknownCommand(err):
		return exitUsage
	case errors.As(err, &gone), errors.As(err, &noServer), errors.As(err, &noAnswer):
		return exitUnreachable
	case errors.As(err, &notFound), errors.Is(err, record.ErrNoConnection), errors.Is(err, record.ErrNoReview), errors.Is(err, record.ErrNoLink),
		errors.Is(err, record.ErrNoCertificate):
		return exitNotFound
	case errors.As(err, &person), activities.KindOf(err).Class() == crm.Person && activities.KindOf(err) != "":
		return exitPerson
	}
	return exitFailed
}

// unknownCommand tells cobra's own complaints, which have no type.
func unknownCommand(err error) bool {
	for _, start := range []string{"unknown command", "accepts ", "requires ", "required flag"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// explain says in words for a person what Temporal says in its own.
func explain(err error) string {
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return "no such run, or its history is past the retention: " + notFound.Error()
	}
	return err.Error()
}

// exactly wraps cobra's count of arguments into a usage error that shows the usage.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s: want %d arguments, got %d; usage: %s", c.CommandPath(), n, len(args), c.UseLine())}
		}
		return nil
	}
}
