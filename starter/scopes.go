package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func newScopesCommand(a *app) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use:   "scopes --for <rules.yaml>",
		Short: "Print the scopes that a connection's rules need, and why",
		Long: `Prints exactly the scopes to select in the GoHighLevel marketplace app or private integration, and in the Salesforce app, for
what a rules file syncs, and what each is needed for. More than these need not be granted. It reads the file alone: nothing has
to be connected, or to run.`,
		Example: "  starter scopes --for acme.yaml\n  starter scopes --for acme.yaml -o json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			if path == "" {
				return usageError{errors.New("--for is missing: name a rules file; `starter connections init` prints one")}
			}
			return runScopes(a, path)
		},
	}
	c.Flags().StringVar(&path, "for", "", "rules file")
	return c
}

func runScopes(a *app, path string) error {
	loaded, err := readRules(path)
	if err != nil {
		return err
	}
	scopes := loaded.Scopes()
	if a.json() {
		return a.printJSON(scopes)
	}
	var rows [][]string
	inOneLine := map[record.Side][]string{}
	for _, s := range scopes {
		rows = append(rows, []string{sideName(s.Side), s.Name, strings.Join(s.For, "; ")})
		inOneLine[s.Side] = append(inOneLine[s.Side], s.Name)
	}
	if err := a.table([]string{"SIDE", "SCOPE", "NEEDED FOR"}, rows); err != nil {
		return err
	}
	for _, side := range record.Sides {
		say(a.out, "\n%s in one line: %s", sideName(side), strings.Join(inOneLine[side], " "))
	}
	say(a.out, "\nOptional in GoHighLevel: %[1]s, by which an app uninstalls itself when the connection is erased (connect with --scope %[1]s); "+
		"an app that an agency installs needs it", rules.UninstallScope)
	return nil
}

// scopesOf are the names of the scopes that the rules need of a side: no more are asked for.
func scopesOf(loaded *rules.Rules, side record.Side) (names []string) {
	for _, s := range loaded.Scopes() {
		if s.Side == side {
			names = append(names, s.Name)
		}
	}
	return names
}
