package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func newConnectionsCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "connections",
		Short: "Pair GoHighLevel locations with Salesforce orgs",
		Example: `  starter connections init acme --location ve9EPM428h8vShlRW1KT --org 00D5g000004XyzAEAS > acme.yaml
  starter connections add acme.yaml
  starter connections check acme`,
	}
	c.AddCommand(newConnectionsInit(a), newConnectionsAdd(a), newConnectionsList(a), newConnectionsShow(a), newConnectionsCheck(a),
		newConnectionsApply(a), newConnectionsPause(a), newConnectionsResume(a), newDisconnectCommand(a))
	return c
}

func newConnectionsInit(a *app) *cobra.Command {
	var location, org string
	c := &cobra.Command{
		Use:     "init <name>",
		Short:   "Print a rules file to begin with, every default commented",
		Example: "  starter connections init acme --location ve9EPM428h8vShlRW1KT --org 00D5g000004XyzAEAS > acme.yaml",
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var problems []error
			if location == "" {
				problems = append(problems, errors.New("--location is missing: the location's id stands in the address of its dashboard, behind /location/"))
			}
			if org == "" {
				problems = append(problems, errors.New("--org is missing: the org's id stands in Salesforce under Setup > Company Information"))
			}
			if err := errors.Join(problems...); err != nil {
				return usageError{err}
			}
			file := rules.Example(args[0], location, org)
			if _, err := rules.Parse(args[0]+".yaml", file); err != nil {
				return err
			}
			_, err := a.out.Write(file)
			return err
		},
	}
	c.Flags().StringVar(&location, "location", "", "GoHighLevel location id")
	c.Flags().StringVar(&org, "org", "", "Salesforce org id")
	return c
}

func newConnectionsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the connections", Example: "  starter connections list -o json", Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.ledger(c.Context())
			if err != nil {
				return err
			}
			all, err := s.ListConnections(c.Context())
			if err != nil {
				return err
			}
			rows, list := [][]string{}, []map[string]any{}
			var attention []string
			for _, row := range all {
				loaded, err := rules.Parse(row.ID, []byte(row.Rules))
				if err != nil {
					return err
				}
				state := record.ShownState(row.State, row.Refusals)
				waits := refusalLines(row.ID, row.Refusals) // what a person should do
				if why := standstill(row.ID, state); why != nil {
					waits = append(waits, why.Error())
				}
				attention = append(attention, waits...)
				rows = append(rows, []string{row.ID, state, loaded.GoHighLevel.Location, loaded.Salesforce.Org, strconv.Itoa(row.RulesVersion)})
				one := map[string]any{
					"connection": row.ID, "state": state, "location": loaded.GoHighLevel.Location, "org": loaded.Salesforce.Org,
					"rules_version": row.RulesVersion, "attention": waits,
				}
				if len(row.Refusals) > 0 {
					one["refusals"] = row.Refusals
				}
				list = append(list, one)
			}
			if a.json() {
				return a.printJSON(list)
			}
			if len(rows) == 0 {
				a.say("There are no connections yet; `starter connections add` makes one.")
				return nil
			}
			if err := a.table([]string{"CONNECTION", "STATE", "LOCATION", "ORG", "RULES"}, rows); err != nil {
				return err
			}
			for _, line := range attention {
				say(a.out, "! %s", line)
			}
			return nil
		},
	}
}

func newConnectionsShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show <connection>", Short: "Show a connection's rules and account", Example: "  starter connections show acme", Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.ledger(c.Context())
			if err != nil {
				return err
			}
			row, err := s.GetConnection(c.Context(), args[0])
			if err != nil {
				return noConnection(err, args[0])
			}
			st, err := statusOf(c.Context(), s, row)
			if err != nil {
				return err
			}
			if a.json() {
				return a.printJSON(map[string]any{"connection": row.ID, "rules": row.Rules, "rules_version": row.RulesVersion, "created_at": row.CreatedAt, "status": st[0], "kinds": st})
			}
			if err := a.showStatus(st); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "\nRules, version %d:\n\n%s", row.RulesVersion, row.Rules)
			return err
		},
	}
}

func noConnection(err error, id string) error {
	if errors.Is(err, record.ErrNoConnection) {
		return fmt.Errorf("there is no connection %q; `starter connections list` shows them: %w", id, err)
	}
	return err
}

// readRules reads and checks a rules file.
func readRules(path string) (*rules.Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("rules file: %w", err)}
	}
	return rules.Parse(path, text)
}
