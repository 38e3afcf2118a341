package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// timelinePatience is how long a person waits for both CRMs' lists.
const timelinePatience = 30 * time.Second

func newTimelineCommand(a *app) *cobra.Command {
	var kinds []string
	c := &cobra.Command{
		Use:   "timeline <connection> <contact>",
		Short: "Show a contact's tasks, notes and appointments of both sides, in order of time",
		Long: `Reads a contact's tasks, notes and appointments in both CRMs as they are now, and shows them in one list in order of time: a
task by its due date, a note by when it was written, an appointment by when it begins, in the location's time zone. Each says
where it lives on both sides, or why it is on one side only. It needs a running worker, and writes nothing.

The contact is named by its link's number, or by its id in GoHighLevel or in Salesforce, with the side in front where you like.
What is printed is your customers' data: it is opened here and kept nowhere else.`,
		Example: `  starter timeline acme 4711
  starter timeline acme salesforce:0035g00000AbCdEAAV
  starter timeline acme ocQHyuzHvysMo5N5VsXc --kind task --kind appointment -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly(2)(c, args); err != nil {
				return err
			}
			return checkTimelineKinds(kinds)
		},
		ValidArgsFunction: a.connectionsFirst(a.fromLedger(linkedContacts)),
		RunE: func(c *cobra.Command, args []string) error {
			return runTimeline(c.Context(), a, args[0], args[1], kinds)
		},
	}
	c.Flags().StringSliceVar(&kinds, "kind", nil, "only this `kind`, as often as you like: "+strings.Join(kindNames()[1:], ", "))
	_ = c.RegisterFlagCompletionFunc("kind", fixed(kindNames()[1:])) // the flag is there
	return c
}

func checkTimelineKinds(kinds []string) error {
	var problems []error
	for _, kind := range kinds {
		if !slices.Contains(kindNames()[1:], kind) {
			problems = append(problems, fmt.Errorf("--kind %q: use %s", kind, strings.Join(kindNames()[1:], ", ")))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}

// linkedContacts completes a contact by its link, of many the first ones.
func linkedContacts(ctx context.Context, s *store.Store, args []string) ([]cobra.Completion, error) {
	const most = 50
	if len(args) != 1 {
		return nil, nil
	}
	work, err := s.Links(ctx, args[0], record.Contact, 0, most)
	var out []cobra.Completion
	for _, w := range work {
		out = append(out, cobra.CompletionWithDesc(fmt.Sprint(w.Link.ID), string(w.Link.State)))
	}
	return out, err
}

// shownTimeline is what `starter timeline -o json` prints.
type shownTimeline struct {
	Connection    string           `json:"connection"`
	Link          int64            `json:"link"`
	GoHighLevelID string           `json:"gohighlevel_id,omitempty"`
	SalesforceID  string           `json:"salesforce_id,omitempty"`
	State         record.LinkState `json:"state"`
	Problem       string           `json:"problem,omitempty"`
	TimeZone      string           `json:"time_zone"`
	Kinds         []record.Kind    `json:"kinds"`         // that are shown
	Off           []record.Kind    `json:"off,omitempty"` // that the rules do not sync
	Entries       []shownEntry     `json:"entries"`
	Older         int              `json:"older,omitempty"` // left out because there are too many
	// Unread lists what could not be read.
	Unread []activities.TimelineGap `json:"unread,omitempty"`
}

// shownEntry is an entry with where it lives, in words.
type shownEntry struct {
	activities.TimelineEntry
	// Only is the one side that holds it; "" where both do.
	Only record.Side `json:"only,omitempty"`
	Why  string      `json:"why,omitempty"` // it is not in step, in words
}

func runTimeline(ctx context.Context, a *app, connection, name string, only []string) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return err
	}
	var off, wanted []record.Kind
	for _, kind := range record.Kinds[1:] {
		if !syncs(loaded, kind) {
			off = append(off, kind)
		}
		if len(only) == 0 || slices.Contains(only, string(kind)) {
			wanted = append(wanted, kind)
		}
	}
	if !slices.ContainsFunc(wanted, func(kind record.Kind) bool { return syncs(loaded, kind) }) {
		return needsPerson{fmt.Errorf("connection %s does not sync %s; %s", connection, kindList(wanted, "or"), turnOn(wanted...))}
	}
	link, err := findRecord(ctx, s, connection, name)
	if err != nil {
		return err
	}
	if err := isContact(connection, name, link); err != nil {
		return err
	}
	read, err := a.readTimeline(ctx, row, link.ID)
	if err != nil {
		return err
	}
	out := shownTimeline{
		Connection: connection, Link: link.ID, GoHighLevelID: link.GoHighLevelID, SalesforceID: link.SalesforceID, State: link.State,
		Problem: link.Problem, TimeZone: read.Zone, Off: off, Entries: []shownEntry{}, Older: read.Older,
	}
	for _, kind := range read.Kinds {
		if slices.Contains(wanted, kind) {
			out.Kinds = append(out.Kinds, kind)
		}
	}
	for _, e := range read.Entries {
		if slices.Contains(wanted, e.Kind) {
			out.Entries = append(out.Entries, showEntry(e))
		}
	}
	for _, gap := range read.Unread {
		if slices.Contains(wanted, gap.Kind) {
			out.Unread = append(out.Unread, gap)
		}
	}
	if a.json() {
		return a.printJSON(out)
	}
	return a.showTimeline(out)
}

// isContact fails, in words that say what to do, where a name is not a contact's.
func isContact(connection, name string, link record.Link) error {
	switch {
	case link.State == "":
		return fmt.Errorf("%s has no contact %s: %w", connection, name, record.ErrNoLink)
	case link.Kind == record.Contact:
		return nil
	}
	of := link.GoHighLevelContact
	if link.SalesforceContact != "" {
		of = link.SalesforceContact
	}
	if of == "" {
		return usageError{fmt.Errorf("%s is the %s %d and no contact; `starter explain %s %d` tells of it", name, link.Kind, link.ID, connection, link.ID)}
	}
	return usageError{fmt.Errorf("%s is the %s %d and no contact; it belongs to `starter timeline %s %s`", name, link.Kind, link.ID, connection, of)}
}

// readTimeline asks a worker for a contact's timeline.
func (a *app) readTimeline(ctx context.Context, row store.Connection, link int64) (activities.Timeline, error) {
	keys, err := a.keys(ctx)
	if err != nil {
		return activities.Timeline{}, err
	}
	if !record.Connected(row.State) {
		return activities.Timeline{}, needsPerson{connectAgain(row.ID, row.State)}
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return activities.Timeline{}, err
	}
	if err := a.needsWorker(ctx, temporal); err != nil {
		return activities.Timeline{}, err
	}
	asking, cancel := context.WithTimeout(ctx, timelinePatience)
	defer cancel()
	run, err := temporal.ExecuteWorkflow(crm.WithLane(asking, crm.LaneHuman), client.StartWorkflowOptions{
		ID: workflows.TimelineID(row.ID, link), TaskQueue: workflows.TaskQueue, StaticSummary: "Read a contact's timeline for a person",
		TypedSearchAttributes:    workflows.SearchAttributes(workflows.ScenarioTimeline, row.ID),
		WorkflowExecutionTimeout: explainLife, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.Timeline, workflows.TimelineInput{Connection: row.ID, LinkID: link})
	var sealed activities.Sealed
	if err == nil {
		err = run.Get(asking, &sealed)
	}
	if err != nil && ctx.Err() == nil && asking.Err() != nil {
		return activities.Timeline{}, fmt.Errorf("the timeline could not be read within %s; the CRMs, or the worker, are slow: try again", timelinePatience)
	}
	if err != nil {
		return activities.Timeline{}, err
	}
	return activities.OpenTimeline(assembly.NewCipher(keys, row.ID), sealed)
}
