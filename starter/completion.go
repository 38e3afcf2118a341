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
	"github.com/tandem-sync/tandem/internal/store"
)

// completionPatience is how long a shell waits for what to complete.
const completionPatience = 2 * time.Second

// completing is how cobra asks for what may stand next on a command line.
type completing = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective)

// completeConnections lets the shell complete the connection that a command names first.
func (a *app) completeConnections(root *cobra.Command) {
	for _, c := range root.Commands() {
		a.completeConnections(c)
		if _, args, _ := strings.Cut(c.Use, " "); c.ValidArgsFunction == nil && (strings.HasPrefix(args, "<connection>") || strings.HasPrefix(args, "[connection]")) {
			c.ValidArgsFunction = a.connectionsFirst(nil)
		}
		if c.Flags().Lookup("connection") != nil {
			_ = c.RegisterFlagCompletionFunc("connection", a.fromLedger(connectionNames)) // the flag is there
		}
	}
}

// connectionsFirst completes a connection, and what follows it as next has it.
func (a *app) connectionsFirst(next completing) completing {
	first := a.fromLedger(connectionNames)
	return func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			return first(c, args, word)
		case next != nil:
			return next(c, args, word)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// fromLedger completes by what the ledger holds; nothing while it does not answer at once.
func (a *app) fromLedger(list func(context.Context, *store.Store, []string) ([]cobra.Completion, error)) completing {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(c.Context(), completionPatience)
		defer cancel()
		s, err := a.ledger(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		words, err := list(ctx, s, args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

func connectionNames(ctx context.Context, s *store.Store, _ []string) ([]cobra.Completion, error) {
	all, err := s.ListConnections(ctx)
	out := make([]cobra.Completion, len(all))
	for i, row := range all {
		out[i] = cobra.CompletionWithDesc(row.ID, record.ShownState(row.State, row.Refusals))
	}
	return out, err
}

// openReviews completes reviews that wait, except those that stand on the line already.
func openReviews(ctx context.Context, s *store.Store, args []string) ([]cobra.Completion, error) {
	all, err := s.Reviews(ctx, args[0], store.ReviewFilter{})
	var out []cobra.Completion
	for _, r := range all {
		if id := strconv.FormatInt(r.ID, 10); !slices.Contains(args[1:], id) {
			out = append(out, cobra.CompletionWithDesc(id, r.Reason))
		}
	}
	return out, err
}

// fitting completes what can be decided in the reviews on the line; everything where none is named yet.
func fitting(ctx context.Context, s *store.Store, args []string) ([]cobra.Completion, error) {
	var out []cobra.Completion
	for _, choice := range allChoices() {
		fits := true
		for _, arg := range args[min(1, len(args)):] {
			id, err := strconv.ParseInt(arg, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("review %q: %w", arg, err)
			}
			r, err := s.GetReview(ctx, args[0], id)
			if err != nil {
				return nil, err
			}
			fits = fits && slices.Contains(record.Choices(r.Reason), choice)
		}
		if fits {
			out = append(out, string(choice))
		}
	}
	return out, nil
}

// fixed completes by what is always the same.
func fixed(words []string) completing {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
