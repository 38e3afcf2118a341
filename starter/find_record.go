package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

// findRecord finds a link of any kind by a record's id, with its side in front or without, or by its own number. A number or
// a record of which only the journal knows comes back without a state.
func findRecord(ctx context.Context, s *store.Store, connection, name string) (record.Link, error) {
	id, sides := name, record.Sides
	for _, side := range record.Sides {
		if rest, named := strings.CutPrefix(name, string(side)+":"); named {
			id, sides = rest, []record.Side{side}
		}
	}
	for _, kind := range record.Kinds {
		for _, side := range sides {
			link, err := s.FindLink(ctx, connection, kind, side, id)
			if err != nil {
				return record.Link{}, err
			}
			if link != nil {
				return *link, nil
			}
		}
	}
	kind, side, err := s.WrittenAlone(ctx, connection, id)
	if err != nil {
		return record.Link{}, err
	}
	if kind != "" && slices.Contains(sides, side) {
		link := record.Link{Connection: connection, Kind: kind}
		if side == record.GoHighLevel {
			link.GoHighLevelID = id
		} else {
			link.SalesforceID = id
		}
		return link, nil
	}
	number, err := strconv.ParseInt(name, 10, 64)
	if err != nil || number <= 0 {
		return record.Link{}, fmt.Errorf("%s has no record %s, in GoHighLevel or in Salesforce: %w", connection, name, record.ErrNoLink)
	}
	for _, kind := range record.Kinds {
		work, err := s.Links(ctx, connection, kind, number-1, 1)
		if err != nil {
			return record.Link{}, err
		}
		if len(work) > 0 && work[0].Link.ID == number {
			return work[0].Link, nil
		}
	}
	return forgotten(ctx, s, connection, number)
}

// forgotten is a link that is gone, of the kind that its journal tells.
func forgotten(ctx context.Context, s *store.Store, connection string, number int64) (record.Link, error) {
	link := record.Link{Connection: connection, ID: number, Kind: record.Contact}
	rows, err := s.Journal(ctx, connection, number)
	if len(rows) > 0 {
		link.Kind = rows[0].Kind
	}
	return link, err
}

// fieldRules are the rules of a kind's fields, in print order.
func fieldRules(r *rules.Rules, kind record.Kind) []reconcile.Policy {
	switch kind {
	case record.Task:
		return r.Tasks.Fields
	case record.Note:
		return r.Notes.Fields
	case record.Appointment:
		return r.Appointments.Fields
	default:
		return r.Contacts.Policies()
	}
}

// syncs tells whether the rules sync a kind.
func syncs(r *rules.Rules, kind record.Kind) bool {
	switch kind {
	case record.Task:
		return r.Tasks.Enabled
	case record.Note:
		return r.Notes.Enabled
	case record.Appointment:
		return r.Appointments.Enabled
	default:
		return kind == record.Contact
	}
}

// syncedKinds are the kinds that the rules sync, in the order in which everything prints them.
func syncedKinds(r *rules.Rules) (out []record.Kind) {
	for _, kind := range record.Kinds {
		if syncs(r, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// titled is a kind at the beginning of a sentence.
func titled(kind record.Kind) string { return strings.ToUpper(string(kind)[:1]) + string(kind)[1:] }

// turnOn says how the rules sync kinds that they do not sync.
func turnOn(kinds ...record.Kind) string {
	lines := make([]string, len(kinds))
	for i, kind := range kinds {
		lines[i] = fmt.Sprintf("`%ss: {enabled: true}`", kind)
	}
	return strings.Join(lines, ", ") + " in the rules turns them on (starter connections apply)"
}
