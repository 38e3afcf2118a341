package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// accessRows are the rows of what a connection's rules need, side by side. Without all of them, the fields of an object that
// are granted share a row: a person looks for what is not.
func accessRows(report activities.AccessReport, all bool) (rows [][]string, folded bool) {
	for _, side := range record.Sides {
		for _, n := range report.Needs {
			if n.Side != side {
				continue
			}
			object := grantedFields(n)
			if all || object == "" {
				rows = append(rows, []string{sideName(side), n.What, n.Name, string(n.Granted), n.For})
				continue
			}
			same := slices.DeleteFunc(slices.Clone(report.Needs), func(o activities.Need) bool { return o.Side != side || grantedFields(o) != object })
			if same[0] != n {
				continue
			}
			folded = true
			rows = append(rows, []string{sideName(side), n.What, object + ": " + counted(len(same), n.What), string(n.Granted), neededFor(same)})
		}
		if left, told := report.Allowances[side]; told && left.Left >= 0 {
			rows = append(rows, []string{sideName(side), "allowance", fmt.Sprintf("%d requests left today", left.Left), "", ""})
		}
	}
	return rows, folded
}

// grantedFields returns the object of a field that is granted, "" for anything else.
func grantedFields(n activities.Need) string {
	object, _, ofObject := strings.Cut(n.Name, ".")
	if n.What != activities.NeedField || n.Granted != activities.GrantedYes || !ofObject {
		return ""
	}
	return object
}

// neededFor names what is synced by fields: "tasks" of "tasks (read, write)", "contacts" of "email of contacts (read)".
func neededFor(fields []activities.Need) string {
	var out []string
	for _, n := range fields {
		kind, _, _ := strings.Cut(n.For, " (")
		if _, of, named := strings.Cut(kind, " of "); named {
			kind = of
		}
		if !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return strings.Join(out, ", ")
}
