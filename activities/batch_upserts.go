package activities

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// upsertSalesforce creates by the external id. Nothing has to be settled, but the creates of live sync are noted all the
// same: the half of a contact that is about to get its other one must not be joined with a third record meanwhile.
func (b *batch) upsertSalesforce(ctx context.Context, field string, pairs []*pair) error {
	live := slices.DeleteFunc(slices.Clone(pairs), b.lookedFor)
	if len(live) > 0 {
		earlier, err := b.ledger.RecordIntents(ctx, b.token, record.Salesforce, b.begin(live, false))
		if err != nil {
			return err
		}
		for _, p := range live {
			if intent, open := earlier[p.link.ID]; open {
				p.link.Intent = &intent
			}
		}
	}
	unmade, err := b.unmade(ctx, field, pairs)
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(p *pair) bool { return !slices.Contains(unmade, p) })
	if begunBefore := slices.DeleteFunc(slices.Clone(live), func(p *pair) bool { return p.link.Intent == nil }); len(begunBefore) > 0 {
		if _, err := b.ledger.RecordIntents(ctx, b.token, record.Salesforce, b.begin(begunBefore, true)); err != nil {
			return err
		}
	}
	if len(unmade) == 0 {
		return nil
	}
	results, err := b.Salesforce.UpsertRecords(ctx, b.mapping().SalesforceObject(), field, b.creations(unmade))
	if err == nil {
		err = b.saved(unmade, results, record.Create)
		live = slices.DeleteFunc(live, func(p *pair) bool { return p.failure == nil })
	}
	if len(live) > 0 && (err == nil || notDone(crm.KindOf(err))) {
		if clear := b.ledger.ClearIntents(ctx, b.token, linkIDs(live)); err == nil {
			err = clear
		}
	}
	return err
}

// notDone tells of a write that failed whether it is certain that it was not carried out.
func notDone(kind crm.Kind) bool {
	return kind != "" && kind != crm.Ambiguous && kind != crm.Unavailable
}

// externalIDsAtOnce is how many records one call looks for by their external ids.
const externalIDsAtOnce = 25

// unmade returns the pairs whose record is still to be made. What an earlier attempt has made is taken in as it is: an upsert
// would undo what a person has changed meanwhile. Where somebody has, the record lane finds out what.
func (b *batch) unmade(ctx context.Context, field string, pairs []*pair) (left []*pair, err error) {
	var begun []*pair
	for _, p := range pairs {
		if p.link.Intent != nil || activity.GetInfo(ctx).Attempt > 1 {
			begun = append(begun, p)
		} else {
			left = append(left, p)
		}
	}
	object := b.mapping().SalesforceObject()
	fields := slices.DeleteFunc(slices.Clone(b.mapping().SalesforceFields()), func(field string) bool { return strings.Contains(field, ".") })
	for some := range slices.Chunk(begun, externalIDsAtOnce) {
		requests := make([]crm.Subrequest, len(some))
		for i, p := range some {
			requests[i] = crm.Subrequest{
				Method: http.MethodGet,
				URL:    "/sobjects/" + object + "/" + field + "/" + url.PathEscape(p.link.GoHighLevelID) + "?fields=" + strings.Join(fields, ","),
			}
		}
		answers, err := b.Salesforce.CompositeBatch(ctx, requests)
		if err != nil {
			return nil, err
		}
		for i, p := range some {
			row, made := answers[i].Body.(map[string]any)
			switch refused := answers[i].Err; {
			case refused == nil && made:
				if err := b.takeMade(p, row); err != nil {
					return nil, err
				}
			case refused == nil || refused.Kind == crm.NotFound:
				left = append(left, p)
			default:
				return nil, refused
			}
		}
	}
	return left, nil
}

// takeMade takes in the record that an earlier attempt has made for a pair.
func (b *batch) takeMade(p *pair, row crm.Document) error {
	found, err := b.readOf(kindOr(b.kind), record.Salesforce, row, true)
	if err != nil {
		return err
	}
	if !holds(found.Fields, p.decision.Writes(record.Salesforce)) {
		p.single = true
		return nil
	}
	b.creations([]*pair{p}) // for what is foreseen of it
	return b.adopt(p, record.Salesforce, &found)
}
