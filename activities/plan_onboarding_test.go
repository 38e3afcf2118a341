package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func (w *world) onboardingPlan() activities.OnboardingPlan {
	w.t.Helper()
	return do[activities.OnboardingPlan](w, onContacts.PlanOnboarding, activities.ConnectionInput{Connection: acme})
}

func span(least, most int) activities.Span { return activities.Span{Least: least, Most: most} }

func counted(n int) activities.RecordCount { return activities.RecordCount{Count: n} }

func TestAPlanCountsWhatBothSidesHoldOfEachKindAndWritesNothing(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	var people []string
	for i := range 3 {
		people = append(people, w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i))))
	}
	someone := w.addSalesforce(map[string]any{"LastName": "Byron", "Email": "george@example.com"})
	for i := range 4 {
		w.addTask(people[0], fmt.Sprintf("Task %d", i), time.Date(2031, 6, 2, 15, 0, 0, 0, time.UTC))
	}
	_, err := w.ghl.CreateNote(gohighleveltest.Note{ContactID: people[0], Body: "It was a lot"})
	require.NoError(t, err)
	note := w.sf.Create("ContentNote", map[string]any{"Title": "What was said", "Content": "<p>It was a lot</p>"})
	require.NoError(t, w.sf.LinkNote(note, someone))
	w.sf.Create("Event", map[string]any{
		"WhoId": someone, "Subject": "Lunch", "StartDateTime": "2031-05-20T14:30:00Z", "DurationInMinutes": 30,
	})
	calendar := w.ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	_, err = w.ghl.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: calendar, ContactID: people[0], Title: "Visit", Status: "confirmed", StartTime: time.Now().Add(48 * time.Hour),
	})
	require.NoError(t, err)
	w.ghl.ResetStats()
	w.sf.ResetStats()

	plan := w.onboardingPlan()
	require.Empty(t, plan.Problems)
	held := map[record.Kind][2]activities.RecordCount{}
	for _, k := range plan.Kinds {
		held[k.Kind] = [2]activities.RecordCount{k.Records[record.GoHighLevel], k.Records[record.Salesforce]}
	}
	require.Equal(t, map[record.Kind][2]activities.RecordCount{
		record.Contact: {counted(3), counted(1)}, record.Task: {counted(4), counted(0)}, record.Note: {counted(1), counted(1)},
		record.Appointment: {counted(1), counted(1)},
	}, held)
	require.Equal(t, record.Contact, plan.Kinds[0].Kind, "the others belong to them")
	require.Zero(t, w.writes())
	require.LessOrEqual(t, w.ghl.Requests()+w.sf.Requests(), 60, "with what access is checked by")
}

func TestAPlanTellsTheCallsBetweenNoPairsAndAsManyAsCanBe(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 5 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
	}
	for i := range 3 {
		w.addSalesforce(map[string]any{"LastName": "Byron", "Email": fmt.Sprintf("george%d@example.com", i)})
	}
	plan := w.onboardingPlan()
	// Either way both sides are read twice. If all three are among the five, GoHighLevel lacks none, and Salesforce two.
	require.Equal(t, span(2, 8), plan.Sides[record.GoHighLevel].Calls)
	// Up to three batches share the eight, each of which Salesforce is asked for, makes and changes at once.
	require.Equal(t, span(3, 11), plan.Sides[record.Salesforce].Calls)

	w.onboard()
	again := w.onboardingPlan()
	require.Equal(t, 8, again.Kinds[0].Linked)
	require.Equal(t, span(2, 2), again.Sides[record.GoHighLevel].Calls, "what is in step already needs no write")
	require.Equal(t, span(2, 2), again.Sides[record.Salesforce].Calls)
}

func TestAPlanSpreadsOverDaysWhatADayDoesNotAllow(t *testing.T) {
	w := newWorld(t, setting{rules: sandbox.RulesOptions{Requests: 10, Window: time.Second, Daily: 100, BackfillShare: "50%"}})
	for i := range 120 {
		w.addSalesforce(map[string]any{"LastName": "Byron", "Email": fmt.Sprintf("george%d@example.com", i)})
	}
	plan := w.onboardingPlan()
	side := plan.Sides[record.GoHighLevel]
	require.Equal(t, 100, side.Day)
	require.InDelta(t, 0.5, side.Share, 0)
	require.LessOrEqual(t, side.Left, 50, "the rest of the day is for what people wait for")
	require.Equal(t, 120, side.Calls.Least)
	require.Equal(t, 2*24*time.Hour, side.TakesLeast, "50 today, 50 tomorrow, and the rest the day after")
	require.Equal(t, side.TakesMost, plan.TakesMost, "Salesforce allows all of it at once")
}

func TestAPlanOfAConnectionThatLacksAccessNamesAllOfItAndCountsNothing(t *testing.T) {
	w := newWorld(t, setting{scopes: []string{"contacts.readonly", "locations.readonly", "locations/customFields.readonly"}})
	w.sf.HideField("Contact."+sandbox.PlanField, true)
	plan := w.onboardingPlan()
	require.Len(t, plan.Problems, 2)
	require.Empty(t, plan.Kinds)
	require.Empty(t, plan.Sides)
}
