package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newMigrateCommand(a *app) *cobra.Command {
	var role string
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring Postgres to the schema of this version",
		Long: `Brings Tandem's Postgres to the schema of this version, under a lock, so that several may run it at once. Safe to repeat.

Run it as the role that is to own the tables. With --grant-to, another role gets what workers and the other commands need, and
no more: to read and write rows. Give workers an address with that role.`,
		Example: `  TANDEM_DATABASE_URL=postgres://tandem@db/tandem starter migrate
  starter migrate --database-url postgres://tandem@db/tandem --grant-to tandem_app`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runMigrate(c.Context(), a, role) },
	}
	c.Flags().StringVar(&role, "grant-to", "", "role that workers use, which may read and write rows and nothing else")
	return c
}

func runMigrate(ctx context.Context, a *app, role string) error {
	s, err := a.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	before, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	if role != "" {
		if err := s.Grant(ctx, role); err != nil {
			return err
		}
	}
	after, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(map[string]any{"from": before, "to": after})
	}
	if before == after {
		_, err = fmt.Fprintf(a.out, "The schema is at version %d already.\n", after)
	} else {
		_, err = fmt.Fprintf(a.out, "Migrated the schema from version %d to %d.\n", before, after)
	}
	return err
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  starter version -o json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version}
			if info, ok := debug.ReadBuildInfo(); ok {
				v["go"] = info.GoVersion
				for _, dep := range info.Deps {
					if dep.Path == "go.temporal.io/sdk" {
						v["temporal_sdk"] = dep.Version
					}
				}
			}
			if a.json() {
				return a.printJSON(v)
			}
			_, err := fmt.Fprintf(a.out, "starter %s (%s, Temporal SDK %s)\n", v["version"], v["go"], v["temporal_sdk"])
			return err
		},
	}
}
