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
	say(a.out, "Contact %d of %s: %s", e.Link, e.Connection, standing)
	say(a.out, "  GoHighLevel  %s", sideLine(e.GoHighLevelID, e.Now, record.GoHighLevel))
	say(a.out, "  Salesforce   %s", sideLine(e.SalesforceID, e.Now, record.Salesforce))
	if e.Now != nil && e.Now.Excluded {
		say(a.out, "  The connection's filter leaves it out.")
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
			rows = append(rows, []string{string(f.Field), valueText(f.GHL), valueText(f.SF), ruleText(*f.Rule)})
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
		return quoted(v.Value) + " (changed since they agreed)"
	case activities.ValueNew:
		return quoted(v.Value) + " (never agreed on)"
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
		return fmt.Sprintf("%s, conflict: newest, tie: %s", text, r.Tie)
	}
	return text + ", conflict: " + string(r.Conflict)
}

// showWrites shows what was written, oldest first.
func (a *app) showWrites(fields []explainedField) error {
	type line struct {
		field record.Field
		explainedWrite
	}
	var lines []line
	for _, f := range fields {
		for _, w := range f.Writes {
			lines = append(lines, line{f.Field, w})
		}
	}
	if len(lines) == 0 {
		say(a.out, "\nTandem wrote nothing of it yet.")
		return nil
	}
	slices.SortStableFunc(lines, func(x, y line) int { return x.At.Compare(y.At) })
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{
			clock(&l.At), string(l.field), sideName(l.Side), string(l.Operation), quoted(l.Before), quoted(l.After), why(l.explainedWrite),
			strconv.Itoa(l.RulesVersion), l.Origin, l.RunID,
		}
	}
	say(a.out, "")
	return a.table([]string{"WHEN", "FIELD", "WRITTEN TO", "OPERATION", "BEFORE", "AFTER", "WHY", "RULES", "ON BEHALF OF", "RUN"}, rows)
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
		return fmt.Sprintf("both sides had changed it; by the rule %s the value before lost", w.Rule)
	case reconcile.CauseVerdict:
		return "both sides had changed it; by a person's decision the value before lost"
	case reconcile.CauseRestore:
		return "changed where the rules allow no change"
	case reconcile.CauseMerge:
		return "added or removed in " + other
	case reconcile.CauseDelete:
		return "lost with the record"
	default:
		return string(w.Cause)
	}
}
