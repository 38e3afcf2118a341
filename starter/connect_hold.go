package main

import (
	"context"
	"fmt"
	"strings"

	"go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// keepGrants stores what a connection was granted, and holds the connection back until a check of it passes.
func keepGrants(ctx context.Context, s *store.Store, credentials *store.CredentialStore, id string, granted []oauth.Credential) error {
	if len(granted) == 0 {
		return nil
	}
	if err := s.HoldBack(ctx, id); err != nil {
		return err
	}
	for _, g := range granted {
		if err := credentials.PutCredential(ctx, id, g.Side, &g); err != nil {
			return err
		}
	}
	return s.Reconnected(ctx, id)
}

// probe checks a connection of which sides were just authorised, where a worker is there to do it. What is lacking takes
// nothing of the grants away.
func (a *app) probe(ctx context.Context, s *store.Store, id string, granted []oauth.Credential) error {
	var sides []string
	for _, g := range granted {
		sides = append(sides, sideName(g.Side))
	}
	kept := fmt.Sprintf("access to %s was granted and is kept", strings.Join(sides, " and "))
	row, err := s.GetConnection(ctx, id)
	if err != nil {
		return err
	}
	if !record.Connected(row.State) { // its other side is yet to be connected
		a.say("A%s. Connection %s goes on once its other side is connected as well.", kept[1:], id)
		return nil
	}
	temporal, err := a.dial(ctx)
	if err == nil {
		queue, described := temporal.DescribeTaskQueue(ctx, workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
		if described == nil && len(queue.Pollers) > 0 {
			if err := runCheck(ctx, a, id, checkOptions{}); err != nil {
				return fmt.Errorf("%s, but: %w", kept, err)
			}
			return nil
		}
	}
	a.say("A%s. No worker is there to check it, and nothing is synced before: start one, then starter connections check %s", kept[1:], id)
	return nil
}

// checked tells what a check that passed has let go on, and wakes the connection's sync: what was pending goes on by itself.
func (a *app) checked(ctx context.Context, s *store.Store, before store.Connection) error {
	row, err := s.GetConnection(ctx, before.ID)
	if err != nil || before.State != record.ConnectionUnchecked {
		return err
	}
	if row.State == record.ConnectionUnchecked {
		return needsPerson{fmt.Errorf("connection %s was changed while it was checked: %w", row.ID, connectAgain(row.ID, row.State))}
	}
	live, err := s.Live(ctx, row.ID)
	if err != nil || row.State != record.ConnectionActive {
		return err
	}
	if !live.On() {
		a.say("Connection %s is connected. Next: starter start onboarding %s --watch", row.ID, row.ID)
		return nil
	}
	a.say("Connection %s is connected again.", row.ID)
	if err := a.ring(ctx, row.ID); err != nil {
		a.say("What changed meanwhile is kept, but its sync could not be woken; `starter start sync %s` does: %v", row.ID, err)
		return nil
	}
	a.say("What changed meanwhile is being synced.")
	return nil
}
