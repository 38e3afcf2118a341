package activities

import (
	"context"
	"encoding/json"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// PlanOnboarding counts what both sides hold of everything that the rules sync, and works out how many API calls an
// onboarding takes of each side, which share of a day that is, and how long the vendors' limits make it take. It checks access
// as the onboarding itself does, and counts nothing where that is missing. It takes a few dozen calls and writes nothing. Safe
// to repeat.
func (a *Contacts) PlanOnboarding(ctx context.Context, in ConnectionInput) (OnboardingPlan, error) {
	plan := OnboardingPlan{Connection: in.Connection}
	access, err := a.CheckAccess(ctx, in)
	if plan.Problems, plan.Notes = access.Problems, access.Notes; err != nil || len(plan.Problems) > 0 {
		return a.pausedPlan(ctx, plan, err)
	}
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return a.pausedPlan(ctx, plan, err)
	}
	for _, kind := range append([]record.Kind{record.Contact}, c.others()...) {
		k := KindPlan{Kind: kind, Records: map[record.Side]RecordCount{}, Calls: map[record.Side]Span{}}
		counts, err := a.Ledger.Count(ctx, in.Connection, kind, "")
		if err != nil {
			return plan, err
		}
		k.Linked = counts.Linked
		if err := c.countKind(ctx, &k, plan.Kinds); err != nil {
			return a.pausedPlan(ctx, OnboardingPlan{Connection: in.Connection, Notes: plan.Notes}, err)
		}
		plan.Kinds = append(plan.Kinds, k)
	}
	day, left, err := c.salesforceDay(ctx)
	if err != nil {
		return a.pausedPlan(ctx, plan, err)
	}
	_, leftInGoHighLevel := c.Calls(record.GoHighLevel)
	g := c.Rules.GoHighLevel.Allowance
	s := c.Rules.Salesforce.Allowance
	if s.Daily > 0 && s.Daily < day {
		day, left = s.Daily, min(left, s.Daily)
	}
	plan.Sides = map[record.Side]SidePlan{
		record.GoHighLevel: limits(plan.Kinds, record.GoHighLevel, g, g.Daily, leftInGoHighLevel),
		record.Salesforce:  limits(plan.Kinds, record.Salesforce, s, day, left),
	}
	for _, side := range plan.Sides {
		plan.TakesLeast, plan.TakesMost = max(plan.TakesLeast, side.TakesLeast), max(plan.TakesMost, side.TakesMost)
	}
	return plan, nil
}

func (a *Contacts) pausedPlan(ctx context.Context, plan OnboardingPlan, err error) (OnboardingPlan, error) {
	plan.Pause, err = paused(ctx, err)
	return plan, err
}

// salesforceDay is how many requests the org allows in 24 hours, and how many are left of them.
func (c *Connection) salesforceDay(ctx context.Context) (day, left int, err error) {
	doc, err := c.Salesforce.GetLimits(ctx)
	if err != nil {
		return 0, 0, err
	}
	limit, _ := doc["DailyApiRequests"].(map[string]any)
	return wholeNumber(limit["Max"]), wholeNumber(limit["Remaining"]), nil
}

// wholeNumber reads a number of a decoded document; 0 for anything else.
func wholeNumber(v any) int {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return int(i)
}

// countKind counts one kind on both sides, and the calls that it takes; before are the kinds that were counted already, of
// which contacts are the first.
func (c *Connection) countKind(ctx context.Context, k *KindPlan, before []KindPlan) (err error) {
	if k.Kind == record.Contact {
		got, err := c.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{PageLimit: 1})
		if err != nil {
			return err
		}
		k.Records[record.GoHighLevel] = RecordCount{Count: got.Total}
		n, err := c.countRows(ctx, contactObject, "")
		k.Records[record.Salesforce] = n
		contactCalls(k)
		return err
	}
	travel := c.travels()[k.Kind]
	k.Records[record.Salesforce], err = c.countRows(ctx, c.of(k.Kind).SalesforceObject(), travel.Since)
	if err != nil {
		return err
	}
	people := before[0]
	read := map[record.Side]Span{}
	switch k.Kind {
	case record.Task:
		read[record.GoHighLevel], err = c.countTasks(ctx, k)
	case record.Appointment:
		read[record.GoHighLevel], err = c.countAppointments(ctx, k)
	default:
		read[record.GoHighLevel], err = c.countNotes(ctx, k, people)
	}
	if err != nil {
		return err
	}
	perBatch := 2 // written, and read back
	rows := max(1, pages(k.Records[record.Salesforce].Count, salesforcePage))
	read[record.Salesforce] = Span{Least: rows, Most: rows}
	if c.of(k.Kind).SalesforceObject() == noteObject {
		n := k.Records[record.Salesforce].Count
		calls := rows + pages(n, salesforceBatch) + n // where each is shown, and its text
		read[record.Salesforce] = Span{Least: calls, Most: calls}
		perBatch = 1 // it is made together with what puts it on its contact, and the next poll reads it back
	}
	belongingCalls(k, read, travel, perBatch)
	return nil
}

// countRows counts an object's rows that were touched since a date; "" counts all.
func (c *Connection) countRows(ctx context.Context, object, since string) (RecordCount, error) {
	soql := "SELECT COUNT() FROM " + object
	if since != "" {
		soql += " WHERE LastModifiedDate >= " + since + "T00:00:00Z"
	}
	got, err := c.Salesforce.Query(ctx, soql)
	return RecordCount{Count: got.Total}, err
}
