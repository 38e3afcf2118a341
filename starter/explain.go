package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

func newExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain <connection> <record> [field]",
		Short: "Tell of a record's fields who wrote what, when and why, and how they stand now",
		Long: `Tells of each field of a contact, a task, a note or an appointment who wrote what when: the side, the value before and the value after, why, under which version
of the rules, on whose behalf, and by which run. A value that lost is the value before. Then it tells what both sides hold now,
whether that is as they agreed last, and the rule that applies; that part needs a running worker.

It is named by its link's number, or by its id in GoHighLevel or in Salesforce, with the side in front where you like. What is
printed is your customers' data: it is opened here and kept nowhere else.`,
		Example: `  starter explain acme 4711
  starter explain acme ocQHyuzHvysMo5N5VsXc city
  starter explain acme salesforce:00T5g00000AbCdEAAV due
  starter explain acme 0035g00000AbCdEAAV -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 && len(args) != 3 {
				return exactly(2)(c, args)
			}
			return nil
		},
		ValidArgsFunction: a.connectionsFirst(a.fromLedger(explainable)),
		RunE: func(c *cobra.Command, args []string) error {
			field := ""
			if len(args) == 3 {
				field = args[2]
			}
			return runExplain(c.Context(), a, args[0], args[1], record.Field(field))
		},
	}
}

// explainable completes the field that is asked for.
func explainable(ctx context.Context, s *store.Store, args []string) ([]cobra.Completion, error) {
	if len(args) != 2 {
		return nil, nil
	}
	row, err := s.GetConnection(ctx, args[0])
	if err != nil {
		return nil, err
	}
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return nil, err
	}
	link, err := findRecord(ctx, s, args[0], args[1])
	if err != nil {
		link.Kind = record.Contact // what is not there yet may still be typed
	}
	policies := fieldRules(loaded, link.Kind)
	out := make([]cobra.Completion, len(policies))
	for i, p := range policies {
		out[i] = string(p.Field)
	}
	return out, nil
}

// explained is what `starter explain -o json` prints.
type explained struct {
	Connection    string           `json:"connection"`
	Kind          record.Kind      `json:"kind"`
	Link          int64            `json:"link"`
	GoHighLevelID string           `json:"gohighlevel_id,omitempty"`
	SalesforceID  string           `json:"salesforce_id,omitempty"`
	State         record.LinkState `json:"state,omitempty"` // "" where there is no link, and only the journal knows the record
	Problem       string           `json:"problem,omitempty"`
	Fields        []explainedField `json:"fields"`
	Reviews       []listedReview   `json:"reviews,omitempty"`
	// Now is how both sides stand; nil where it could not be read, and then Unread says why.
	Now    *sidesNow `json:"now,omitempty"`
	Unread string    `json:"unread,omitempty"`
}

// sidesNow is whether both records could be read.
type sidesNow struct {
	GoHighLevel activities.SideNow `json:"gohighlevel"`
	Salesforce  activities.SideNow `json:"salesforce"`
	Excluded    bool               `json:"excluded,omitempty"`
}

type explainedField struct {
	Field  record.Field             `json:"field"`
	Rule   *activities.FieldRuleNow `json:"rule,omitempty"`
	GHL    *activities.ValueNow     `json:"gohighlevel,omitempty"`
	SF     *activities.ValueNow     `json:"salesforce,omitempty"`
	Writes []explainedWrite         `json:"writes,omitempty"` // oldest first
}

// explainedWrite is one write to one field.
type explainedWrite struct {
	At           time.Time            `json:"at"`
	Side         record.Side          `json:"side"`
	Operation    record.Operation     `json:"operation"`
	Before       record.Value         `json:"before"`
	After        record.Value         `json:"after"`
	Cause        reconcile.Cause      `json:"cause"`
	Rule         reconcile.Resolution `json:"rule,omitempty"` // that settled a conflict
	RulesVersion int                  `json:"rules_version"`
	Origin       string               `json:"origin"` // on whose behalf
	RunID        string               `json:"run_id"`
}

func runExplain(ctx context.Context, a *app, connection, name string, field record.Field) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	keys, err := a.keys(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	link, err := findRecord(ctx, s, connection, name)
	if err != nil {
		return err
	}
	out := explained{
		Connection: connection, Kind: link.Kind, Link: link.ID, GoHighLevelID: link.GoHighLevelID, SalesforceID: link.SalesforceID,
		State: link.State, Problem: link.Problem,
	}
	if out.Fields, err = written(ctx, s, assembly.NewCipher(keys, connection), link); err != nil {
		return err
	}
	if out.State == "" && len(out.Fields) == 0 {
		return fmt.Errorf("%s has no record %s: %w", connection, name, record.ErrNoLink)
	}
	for _, decided := range []bool{true, false} {
		found, err := s.Reviews(ctx, connection, store.ReviewFilter{LinkID: link.ID, Decided: decided})
		if err != nil {
			return err
		}
		for _, r := range found {
			out.Reviews = append(out.Reviews, describeReview(r))
		}
	}
	if out.State != "" {
		now, unread, err := a.standing(ctx, row, link.Kind, link.ID)
		if err != nil {
			return err
		}
		out.Unread = unread
		out.add(now)
	}
	if err := out.narrow(field); err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(out)
	}
	return a.showExplanation(out)
}

// written reads what was written to a link's records, field by field.
func written(ctx context.Context, s *store.Store, cipher activities.Cipher, link record.Link) ([]explainedField, error) {
	rows, err := s.History(ctx, link)
	if err != nil {
		return nil, err
	}
	var out []explainedField
	for _, row := range rows {
		writes, err := activities.OpenJournal(cipher, row)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the journal: %w", row.ID, err)
		}
		for _, w := range writes {
			i := slices.IndexFunc(out, func(f explainedField) bool { return f.Field == w.Field })
			if i < 0 {
				i, out = len(out), append(out, explainedField{Field: w.Field})
			}
			out[i].Writes = append(out[i].Writes, explainedWrite{
				At: row.At, Side: row.Side, Operation: row.Operation, Before: w.Before, After: w.After, Cause: w.Cause, Rule: w.Rule,
				RulesVersion: row.RulesVersion, Origin: row.Origin, RunID: row.RunID,
			})
		}
	}
	return out, nil
}

// add adds how both sides stand, in the order of the rules; fields that the rules have no more come last.
func (e *explained) add(now *activities.Explanation) {
	if now == nil {
		return
	}
	e.Now = &sidesNow{GoHighLevel: now.GoHighLevel, Salesforce: now.Salesforce, Excluded: now.Excluded}
	var fields []explainedField
	for _, f := range now.Fields {
		one := explainedField{Field: f.Field, Rule: &f.Rule, GHL: f.GoHighLevel, SF: f.Salesforce}
		if i := slices.IndexFunc(e.Fields, func(h explainedField) bool { return h.Field == f.Field }); i >= 0 {
			one.Writes = e.Fields[i].Writes
			e.Fields = slices.Delete(e.Fields, i, i+1)
		}
		fields = append(fields, one)
	}
	e.Fields = append(fields, e.Fields...)
}

// narrow leaves only the field that is asked for, if any.
func (e *explained) narrow(field record.Field) error {
	if field == "" {
		return nil
	}
	i := slices.IndexFunc(e.Fields, func(f explainedField) bool { return f.Field == field })
	if i < 0 && e.Now == nil && (slices.Contains(record.FieldsOf(e.Kind), field) || field.IsCustom()) {
		e.Fields = nil // nothing was written to it, and how it stands could not be read
		return nil
	}
	if i < 0 {
		names := make([]record.Field, len(e.Fields))
		for j, f := range e.Fields {
			names[j] = f.Field
		}
		return usageError{errors.New("there is no field " + strconv.Quote(string(field)) + "; there are " + fieldList(names))}
	}
	e.Fields = e.Fields[i : i+1]
	return nil
}
