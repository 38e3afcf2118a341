package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func (a *app) showExplanation(e explained) error {
	standing := strings.ReplaceAll(string(e.State), "_", " ")
	if standing == "" {
		standing = "its link is gone, and only what was written is known"
	}
	if e.Problem != "" {
		standing += " (" + e.Problem + ")"
	}
	if e.Link == 0 {
		say(a.out, "%s of %s: it is not synced, and only what was written is known", titled(e.Kind), e.Connection)
	} else {
		say(a.out, "%s %d of %s: %s", titled(e.Kind), e.Link, e.Connection, standing)
	}
	say(a.out, "  GoHighLevel  %s", sideLine(e.GoHighLevelID, e.Now, record.GoHighLevel))
	say(a.out, "  Salesforce   %s", sideLine(e.SalesforceID, e.Now, record.Salesforce))
	if e.Now != nil && e.Now.Excluded {
		say(a.out, "  The rules leave it out.")
	}
	if e.Unread != "" {
		say(a.out, "\n%s", e.Unread)
	}
	if err := a.showNow(e.Fields); err != nil {
		return err
	}
	if err := a.showWrites(e.Fields); err != nil {
		return err
	}
	if len(e.Reviews) == 0 {
		return nil
	}
	var rows [][]string
	for _, r := range e.Reviews {
		rows = append(rows, []string{strconv.FormatInt(r.ID, 10), r.Reason, clock(&r.Since), clock(r.DecidedAt), orDash(string(r.Choice)), orDash(r.DecidedBy)})
	}
	say(a.out, "")
	return a.table([]string{"REVIEW", "REASON", "SINCE", "DECIDED", "CHOICE", "BY"}, rows)
}

func sideLine(id string, now *sidesNow, side record.Side) string {
	if now == nil || id == "" {
		return orDash(id)
	}
	at := now.GoHighLevel
	if side == record.Salesforce {
		at = now.Salesforce
	}
	switch {
	case at.Problem != "":
		return id + ", could not be read: " + string(at.Problem)
	case !at.Found:
		return id + ", not to be found"
	}
	return id
}

func (a *app) showNow(fields []explainedField) error {
	var rows [][]string
	for _, f := range fields {
		if f.Rule != nil {
			there := valueText(f.SF)
			if f.GHL != nil && f.SF != nil && f.GHL.Standing == f.SF.Standing && slices.Equal(f.GHL.Value, f.SF.Value) && !f.SF.Value.Empty() {
				there = "the same"
			}
			rows = append(rows, []string{string(f.Field), valueText(f.GHL), there, ruleText(*f.Rule)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	say(a.out, "")
	return a.table([]string{"FIELD", "IN GOHIGHLEVEL", "IN SALESFORCE", "RULE"}, rows)
}

// valueText is a value with how it stands; as agreed goes without saying.
func valueText(v *activities.ValueNow) string {
	if v == nil {
		return "not known"
	}
	switch v.Standing {
	case activities.ValueChanged:
		return quoted(v.Value) + " (changed since)"
	case activities.ValueNew:
		return quoted(v.Value) + " (not agreed on)"
	default:
		return quoted(v.Value)
	}
}

// quoted is a value between quotes, which leaves nothing of it to a terminal's interpretation.
func quoted(v record.Value) string {
	if v.Empty() {
		return "(empty)"
	}
	parts := make([]string, len(v))
	for i, element := range v {
		parts[i] = strconv.Quote(element)
	}
	return strings.Join(parts, ", ")
}

func ruleText(r activities.FieldRuleNow) string {
	text := strings.ReplaceAll(string(r.Direction), "_", " ")
	switch {
	case r.Set:
		return text + ", merged per element"
	case r.Direction != reconcile.Both:
		return text + ", drift: " + string(r.Drift)
	case r.Conflict == reconcile.Newest:
		return fmt.Sprintf("%s, conflict: newest %s", text, r.Tie)
	}
	return text + ", conflict: " + string(r.Conflict)
}

// fieldWrite is one write to one field, with the field.
type fieldWrite struct {
	field record.Field
	explainedWrite
}

// with tells whether two fields were written at once, by the same run.
func (w fieldWrite) with(o fieldWrite) bool {
	return w.At.Equal(o.At) && w.Side == o.Side && w.Operation == o.Operation && w.RunID == o.RunID && w.Origin == o.Origin
}

// showWrites shows what was written, oldest first: what was written at once together.
func (a *app) showWrites(fields []explainedField) error {
	var all []fieldWrite
	for _, f := range fields {
		for _, w := range f.Writes {
			all = append(all, fieldWrite{f.Field, w})
		}
	}
	if len(all) == 0 {
		say(a.out, "\nTandem wrote nothing of it yet.")
		return nil
	}
	slices.SortStableFunc(all, func(x, y fieldWrite) int { return x.At.Compare(y.At) })
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(w fieldWrite) bool { return !w.with(all[0]) })
		if n < 0 {
			n = len(all)
		}
		if err := a.showWrite(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// showWrite shows what was written at once.
func (a *app) showWrite(fields []fieldWrite) error {
	first := fields[0]
	say(a.out, "\n%s  written to %s (%s), under version %d of the rules", clock(&first.At), sideName(first.Side), first.Operation, first.RulesVersion)
	say(a.out, "on behalf of %s", first.Origin)
	say(a.out, "by run %s", first.RunID)
	rows := make([][]string, len(fields))
	for i, w := range fields {
		rows[i] = []string{string(w.field), quoted(w.Before), quoted(w.After), why(w.explainedWrite)}
	}
	return a.table([]string{"FIELD", "BEFORE", "AFTER", "WHY"}, rows)
}

// why says in words for what a value was written.
func why(w explainedWrite) string {
	other := sideName(w.Side.Other())
	switch w.Cause {
	case reconcile.CauseCreate:
		return "created from what " + other + " held"
	case reconcile.CauseEdit:
		return "changed in " + other
	case reconcile.CauseFill:
		return "was empty when they were matched"
	case reconcile.CauseConflict:
		return fmt.Sprintf("conflict: by the rule %s the value before lost", w.Rule)
	case reconcile.CauseVerdict:
		return "conflict: by a person's decision the value before lost"
	case reconcile.CauseRestore:
		return "changed where the rules allow no change"
	case reconcile.CauseMerge:
		return "added or removed in " + other
	case reconcile.CauseNote:
		if w.Side == record.Salesforce {
			return "the note says how its tasks stand"
		}
		return "a note asks for it"
	case reconcile.CauseDelete:
		return "lost with the record"
	default:
		return string(w.Cause)
	}
}
