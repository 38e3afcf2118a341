package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// certificateClasses explains the columns of a certificate.
const certificateClasses = `IN STEP both sides agree; IN FLIGHT a change is known and on its way; HELD waits for a person (starter reviews list); EXCLUDED
left out by the rules; FAILED a side refuses it (starter runs --failed); PARTED the other half is gone and was to stay so;
DRIFT different, and nobody knew. The fingerprint is of all that both sides have agreed on: equal ones mean equal content.`

func newStartVerify(a *app) *cobra.Command {
	var kinds []string
	var repair, wait, watch bool
	c := &cobra.Command{
		Use:   "verify <connection>",
		Short: "Read both sides in whole, compare everything, and certify the result",
		Long: `Reads both sides in whole, compares every link, and sorts every difference. Nothing is written on either side, unless --repair
says so: then what has drifted is synced like any change, and compared once more. Waited for, it fails where drift is left.

` + certificateClasses,
		Example: `  starter start verify acme --watch
  starter start verify acme --kind task --kind note --wait
  starter start verify acme --repair --watch -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly(1)(c, args); err != nil {
				return err
			}
			for _, kind := range kinds {
				if !slices.Contains(kindNames(), kind) {
					return usageError{fmt.Errorf("--kind %q: use %s", kind, strings.Join(kindNames(), ", "))}
				}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			in := workflows.VerifyInput{Connection: args[0], Repair: repair}
			for _, kind := range kinds {
				in.Kinds = append(in.Kinds, record.Kind(kind))
			}
			return runStartVerify(c.Context(), a, in, wait, watch)
		},
	}
	c.Flags().StringSliceVar(&kinds, "kind", nil, "only of this kind, which may be given several times: "+strings.Join(kindNames(), ", "))
	c.Flags().BoolVar(&repair, "repair", false, "sync what has drifted, and compare it once more")
	c.Flags().BoolVar(&wait, "wait", false, "wait for the certificate")
	c.Flags().BoolVar(&watch, "watch", false, "wait for the certificate and show progress")
	_ = c.RegisterFlagCompletionFunc("kind", fixed(kindNames())) // the flag is there
	return c
}

func runStartVerify(ctx context.Context, a *app, in workflows.VerifyInput, wait, watch bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, in.Connection); err != nil {
		return noConnection(err, in.Connection)
	}
	for _, kind := range in.Kinds {
		if err := syncsKind(ctx, s, in.Connection, kind); err != nil {
			return err
		}
	}
	if in.Repair {
		if err := workable(ctx, s, in.Connection); err != nil {
			return err
		}
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	if running(ctx, temporal, workflows.OnboardingID(in.Connection)) {
		return needsPerson{fmt.Errorf("connection %s is being onboarded, which compares everything at its end; watch it with `starter watch %s`",
			in.Connection, workflows.OnboardingID(in.Connection))}
	}
	id := workflows.VerifyID(in.Connection)
	run, err := a.startRun(ctx, temporal, id, workflows.ScenarioVerify, in.Connection, "Verify connection "+in.Connection, workflows.Verify, in)
	if err != nil {
		return err
	}
	if !wait && !watch {
		if a.json() {
			return a.printJSON(map[string]string{"workflow_id": run.GetID(), "run_id": run.GetRunID()})
		}
		_, err := fmt.Fprintf(a.out, "Started %s; `starter verify show %s` shows the certificate once it has ended.\n", id, in.Connection)
		return err
	}
	var c record.Certificate
	if err := a.await(ctx, temporal, run, watch, &c); err != nil {
		return err
	}
	if err := a.printCertificate(c); err != nil || c.Drift == 0 {
		return err
	}
	if in.Repair {
		return fmt.Errorf("connection %s still drifts: %s; their runs or reviews may say why", c.Connection, counted(c.Drift, "difference"))
	}
	return fmt.Errorf("connection %s has drifted: %s; `starter start verify %s --repair --watch` syncs them", c.Connection, counted(c.Drift, "difference"), c.Connection)
}

func newVerifyCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "verify", Short: "Show what comparing both sides came to",
		Example: "  starter verify show acme",
	}
	c.AddCommand(newVerifyShow(a))
	return c
}

func newVerifyShow(a *app) *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use:   "show <connection>",
		Short: "Show the last certificate, or a list of them",
		Long:  "Shows what the last comparison of both sides came to; `starter start verify` makes one, and the rules (live: verify) have one made now and then.\n\n" + certificateClasses,
		Example: `  starter verify show acme
  starter verify show acme --list
  starter verify show acme -o json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return runVerifyShow(c.Context(), a, args[0], list) },
	}
	c.Flags().BoolVar(&list, "list", false, "list all certificates that are kept, the newest first")
	return c
}

func runVerifyShow(ctx context.Context, a *app, connection string, list bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return noConnection(err, connection)
	}
	n := 1
	if list {
		n = 1000
	}
	all, err := s.Certificates(ctx, connection, n)
	if err != nil {
		return err
	}
	switch {
	case list && a.json():
		return a.printJSON(append([]record.Certificate{}, all...))
	case len(all) == 0:
		return fmt.Errorf("connection %s: %w; `starter start verify %s --watch` makes one", connection, record.ErrNoCertificate, connection)
	case list:
		return a.listCertificates(all)
	}
	return a.printCertificate(all[0])
}

func (a *app) listCertificates(all []record.Certificate) error {
	var rows [][]string
	for _, c := range all {
		compared := record.Verified{}
		var kinds []string
		for _, k := range c.Kinds {
			compared.Add(k.Verified)
			kinds = append(kinds, string(k.Kind))
		}
		rows = append(rows, []string{
			c.FinishedAt.UTC().Format("2006-01-02 15:04:05"), took(c), strconv.Itoa(c.RulesVersion), strings.Join(kinds, ","),
			strconv.Itoa(compared.Total()), strconv.Itoa(compared.InStep), strconv.Itoa(c.Drift), strconv.Itoa(c.Repaired),
		})
	}
	return a.table([]string{"FINISHED (UTC)", "TOOK", "RULES", "KINDS", "COMPARED", "IN STEP", "DRIFT", "REPAIRED"}, rows)
}

func took(c record.Certificate) string {
	return max(c.FinishedAt.Sub(c.StartedAt), 0).Round(time.Second).String()
}

// printCertificate prints one certificate.
func (a *app) printCertificate(c record.Certificate) error {
	if a.json() {
		return a.printJSON(c)
	}
	say(a.out, "Connection %s, compared until %s UTC (took %s), under version %d of its rules\n",
		c.Connection, c.FinishedAt.UTC().Format("2006-01-02 15:04:05"), took(c), c.RulesVersion)
	var rows [][]string
	for _, k := range c.Kinds {
		row := []string{string(k.Kind)}
		for _, n := range []int{k.GoHighLevel, k.Salesforce, k.InStep, k.InFlight, k.Held, k.Excluded, k.Failed, k.Parted, k.Drift, k.Repaired} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, append(row, k.Fingerprint))
	}
	return a.table([]string{
		"KIND", "IN GOHIGHLEVEL", "IN SALESFORCE", "IN STEP", "IN FLIGHT", "HELD", "EXCLUDED", "FAILED", "PARTED", "DRIFT", "REPAIRED", "FINGERPRINT",
	}, rows)
}
