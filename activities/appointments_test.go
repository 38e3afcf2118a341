package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// nextWeek is when appointments take place, to the minute.
var nextWeek = time.Now().Add(7 * 24 * time.Hour).UTC().Truncate(time.Minute)

func TestAnAppointmentAppearsAsAnEventOfTheContactOnce(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		s := setting{}
		s.rules.NoMarkers = noMarkers
		w, ada := timeline(t, s, record.Appointment)
		id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
		mark := of(ada.ghl, inGoHighLevel(id))
		w.hearOf(record.Appointment, mark)
		event := w.only("Event")
		require.Equal(t, ada.sf, event["WhoId"])
		require.Equal(t, "Fitting of the engine", event["Subject"])
		w.lasts(event, nextWeek, nextWeek.Add(30*time.Minute))
		link := w.linkOfKind(record.Appointment, record.GoHighLevel, id)
		require.Equal(t, record.LinkInStep, link.State)
		require.Equal(t, event["Id"], link.SalesforceID)
		require.Equal(t, [2]string{ada.ghl, ada.sf}, [2]string{link.GoHighLevelContact, link.SalesforceContact})
		w.silentOf(record.Appointment, mark, inSalesforce(link.SalesforceID))
	}
}

func TestAnAppointmentThatIsAnnouncedWithoutItsContactIsReadAllTheSame(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	w.hearOf(record.Appointment, inGoHighLevel(id))
	require.Equal(t, ada.sf, w.only("Event")["WhoId"])
}

func TestTheStatusOfAnAppointmentIsShown(t *testing.T) {
	const statusField = "GHL_Status__c"
	for name, c := range map[string]struct {
		rules string
		shows func(map[string]any) any
		want  map[string]any
	}{
		"in front of the subject": {"", func(e map[string]any) any { return e["Subject"] }, map[string]any{
			"new": "Fitting", "confirmed": "Fitting", "cancelled": "[Cancelled] Fitting", "noshow": "[No-show] Fitting",
			"showed": "[Showed] Fitting", "invalid": "[Invalid] Fitting",
		}},
		"in a field": {"  status: {show: field, field: " + statusField + "}\n", func(e map[string]any) any { return e[statusField] }, map[string]any{
			"confirmed": "Confirmed", "cancelled": "Cancelled", "noshow": "No-show",
		}},
		"nowhere": {"  status: {show: off}\n", func(e map[string]any) any { return e["Subject"] }, map[string]any{"cancelled": "Fitting"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := setting{editRules: kindRules(record.Appointment, c.rules)}
			s.prepare = withStatusField(statusField)
			w, ada := timeline(t, s, record.Appointment)
			id := w.book(w.calendar(), ada.ghl, "Fitting", nextWeek)
			mark := of(ada.ghl, inGoHighLevel(id))
			w.hearOf(record.Appointment, mark)
			for status, want := range c.want {
				require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": status}))
				w.hearOf(record.Appointment, mark)
				require.Equal(t, want, c.shows(w.only("Event")), status)
				w.silentOf(record.Appointment, mark, inSalesforce(w.only("Event")["Id"].(string)))
				a, _ := w.ghl.Appointment(id)
				require.Equal(t, status, a.Status, "what Salesforce cannot tell apart stays as it was")
			}
		})
	}
}

func TestAnEventWhoseAppointmentIsCancelledIsDeletedByRuleAndComesBack(t *testing.T) {
	for status, rule := range map[string]string{"cancelled": "  cancelled: delete\n", "noshow": "  no_show: delete\n"} {
		for _, noMarkers := range []bool{false, true} {
			s := setting{editRules: kindRules(record.Appointment, rule)}
			s.rules.NoMarkers = noMarkers
			w, ada := timeline(t, s, record.Appointment)
			id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
			mark := of(ada.ghl, inGoHighLevel(id))
			w.hearOf(record.Appointment, mark)
			first := w.only("Event")["Id"].(string)

			require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": status}))
			w.hearOf(record.Appointment, mark)
			require.Empty(t, w.live("Event"))
			link := w.linkOfKind(record.Appointment, record.GoHighLevel, id)
			require.Equal(t, record.LinkExcluded, link.State)
			require.Equal(t, record.ProblemWithdrawn, link.Problem)
			require.Empty(t, link.SalesforceID)
			require.Equal(t, record.Delete, w.lastWrite(link.ID, record.Salesforce, record.Title).operation)

			// Our own deletion coming back, and looking once more, change nothing.
			w.silentOf(record.Appointment, mark, gone(inSalesforce(first)), inSalesforce(first))
			_, there := w.ghl.Appointment(id)
			require.True(t, there)

			require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": "confirmed"}))
			w.hearOf(record.Appointment, mark)
			require.Equal(t, "Fitting of the engine", w.only("Event")["Subject"])
			link = w.linkOfKind(record.Appointment, record.GoHighLevel, id)
			require.Equal(t, record.LinkInStep, link.State)
			w.silentOf(record.Appointment, mark, inSalesforce(link.SalesforceID), gone(inSalesforce(first)))
		}
	}
}

func TestAnAppointmentThatWasNeverConfirmedGetsNoEventWhereTheRulesWantNone(t *testing.T) {
	w, ada := timeline(t, setting{editRules: kindRules(record.Appointment, "  cancelled: delete\n")}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	require.NoError(t, w.ghl.CancelAppointment(id))
	w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(id)))
	require.Empty(t, w.sf.All("Event"))
	require.Equal(t, record.ProblemWithdrawn, w.linkOfKind(record.Appointment, record.GoHighLevel, id).Problem)
	require.NoError(t, w.ghl.DeleteAppointment(id))
	w.hearOf(record.Appointment, gone(inGoHighLevel(id)))
}

func TestAWithdrawalThatWasCutOffIsNotTakenForAPersonsDeletion(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Appointment, mark)
	require.NoError(t, w.ghl.CancelAppointment(id))
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")["Id"].(string)
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Appointment, record.GoHighLevel, id).State)
	// From now on the rules want no such event; the run that deleted it died before it could say so.
	w.setRules(kindRules(record.Appointment, "  cancelled: delete\n")(w.rulesText()))
	require.NoError(t, w.sf.Delete("Event", event))
	w.hearOf(record.Appointment, mark)
	a, there := w.ghl.Appointment(id)
	require.True(t, there, "the appointment stays")
	require.Equal(t, "cancelled", a.Status)
	require.Equal(t, record.ProblemWithdrawn, w.linkOfKind(record.Appointment, record.GoHighLevel, id).Problem)
}

func TestAnEventThatIsTakenOutOfTheBinIsTheAppointmentsAgain(t *testing.T) {
	w, calendar, ada := bothWays(t, "  cancelled: delete\n")
	id := w.book(calendar, ada.ghl, "Fitting of the engine", nextWeek)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")["Id"].(string)
	require.NoError(t, w.ghl.CancelAppointment(id))
	w.hearOf(record.Appointment, mark)
	require.NoError(t, w.sf.Undelete("Event", event))
	w.hearOf(record.Appointment, of(ada.sf, inSalesforce(event)))
	require.Len(t, w.ghl.Appointments(), 1, "it is not booked once more")
	require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": "confirmed"}))
	w.hearOf(record.Appointment, mark)
	require.Len(t, w.live("Event"), 1)
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Appointment, record.GoHighLevel, id).State)
}

func TestAnEditOfAnEventReachesTheAppointmentBeforeTheEventIsWithdrawn(t *testing.T) {
	w, ada := timeline(t, setting{editRules: kindRules(record.Appointment, "  cancelled: delete\n")}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")["Id"].(string)
	require.NoError(t, w.sf.Edit("Event", event, map[string]any{"Location": "Ockham Park"}))
	require.NoError(t, w.ghl.CancelAppointment(id))
	w.hearOf(record.Appointment, mark)
	require.Empty(t, w.live("Event"))
	a, _ := w.ghl.Appointment(id)
	require.Equal(t, "Ockham Park", a.Address)
}

func TestARescheduledAppointmentMovesItsEventAndTheOtherWayRound(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Appointment, mark)
	later := nextWeek.Add(50 * time.Hour)
	require.NoError(t, w.ghl.RescheduleAppointment(id, later))
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")
	w.lasts(event, later, later.Add(30*time.Minute))

	last := later.Add(-3 * time.Hour)
	require.NoError(t, w.sf.Edit("Event", event["Id"].(string), map[string]any{"StartDateTime": last, "EndDateTime": last.Add(time.Hour)}))
	w.hearOf(record.Appointment, inSalesforce(event["Id"].(string)))
	a, _ := w.ghl.Appointment(id)
	require.Equal(t, [2]time.Time{last, last.Add(time.Hour)}, [2]time.Time{a.StartTime, a.EndTime})
	w.silentOf(record.Appointment, mark, inSalesforce(event["Id"].(string)))
}

func TestAnAppointmentKeepsItsHourAcrossAChangeOfTheClock(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	calendar := w.calendar()
	for _, local := range []string{
		"2027-03-13T09:00:00", "2027-03-14T01:30:00", "2027-03-14T03:00:00", "2027-03-14T09:00:00",
		"2027-11-06T09:00:00", "2027-11-07T00:30:00", "2027-11-07T09:00:00",
	} {
		start, err := time.ParseInLocation("2006-01-02T15:04:05", local, newYork)
		require.NoError(t, err)
		title := "Visit at " + local
		id := w.book(calendar, ada.ghl, title, start)
		w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(id)))
		link := w.linkOfKind(record.Appointment, record.GoHighLevel, id)
		event, _ := w.sf.Get("Event", link.SalesforceID)
		w.lasts(event, start, start.Add(30*time.Minute))
		w.silentOf(record.Appointment, inGoHighLevel(id), inSalesforce(link.SalesforceID))
	}
}

func TestADeletedAppointmentTakesItsEventWithItByPolicy(t *testing.T) {
	for policy, stays := range map[string]bool{"propagate": false, "ignore": true} {
		for _, side := range record.Sides {
			s := setting{editRules: kindRules(record.Appointment, "  deletions: {gohighlevel: "+policy+", salesforce: "+policy+"}\n")}
			w, ada := timeline(t, s, record.Appointment)
			id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
			w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(id)))
			event := w.only("Event")["Id"].(string)
			mark := inGoHighLevel(id)
			if side == record.GoHighLevel {
				require.NoError(t, w.ghl.DeleteAppointment(id))
			} else {
				mark = inSalesforce(event)
				require.NoError(t, w.sf.Delete("Event", event))
			}
			w.hearOf(record.Appointment, gone(mark))
			left := len(w.live("Event")) + len(w.ghl.Appointments())
			require.Equal(t, stays, left == 1, "%s in %s: %d left", policy, side, left)
			w.silentOf(record.Appointment, gone(mark))
		}
	}
}

// bothWays is a world in which events make appointments in a calendar.
func bothWays(t *testing.T, yaml string) (*world, string, shared) {
	t.Helper()
	s := setting{prepare: withCalendar("calendar0visits00000"), editRules: kindRules(record.Appointment, "  create: both\n  calendar: calendar0visits00000\n"+yaml)}
	w, ada := timeline(t, s, record.Appointment)
	return w, "calendar0visits00000", ada
}

// event adds an event of a contact as a person would, for an hour.
func (w *world) event(contact, subject string, start time.Time) string {
	return w.sf.Create("Event", map[string]any{
		"WhoId": contact, "Subject": subject, "StartDateTime": start, "EndDateTime": start.Add(time.Hour),
	})
}

func TestAnEventMakesAnAppointmentWhereTheRulesNameACalendar(t *testing.T) {
	w, calendar, ada := bothWays(t, "")
	event := w.event(ada.sf, "Fitting of the engine", nextWeek)
	w.hearOf(record.Appointment, of(ada.sf, inSalesforce(event)))
	all := w.ghl.Appointments()
	require.Len(t, all, 1)
	require.Equal(t, [3]string{calendar, ada.ghl, "Fitting of the engine"}, [3]string{all[0].CalendarID, all[0].ContactID, all[0].Title})
	require.Equal(t, [2]time.Time{nextWeek, nextWeek.Add(time.Hour)}, [2]time.Time{all[0].StartTime, all[0].EndTime})
	w.silentOf(record.Appointment, inSalesforce(event), inGoHighLevel(all[0].ID))
}

func TestAnEventMakesNoAppointmentWhereTheRulesDoNotWantIt(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	w.calendar()
	event := w.event(ada.sf, "Fitting of the engine", nextWeek)
	w.hearOf(record.Appointment, of(ada.sf, inSalesforce(event)))
	require.Empty(t, w.ghl.Appointments())
	require.Equal(t, record.LinkExcluded, w.linkOfKind(record.Appointment, record.Salesforce, event).State)
}

func TestAnAppointmentIsLinkedToTheEventThatSaysTheSame(t *testing.T) {
	for _, heardFirst := range []bool{false, true} {
		w, ada := timeline(t, setting{}, record.Appointment)
		event := w.event(ada.sf, "Fitting of the engine", nextWeek)
		if heardFirst {
			w.hearOf(record.Appointment, of(ada.sf, inSalesforce(event)))
		}
		id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
		w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(id)))
		require.Equal(t, event, w.only("Event")["Id"])
		require.Equal(t, event, w.linkOfKind(record.Appointment, record.GoHighLevel, id).SalesforceID)
	}
}

func TestAnAppointmentWhoseCreateHadNoAnswerIsNotMadeTwice(t *testing.T) {
	fold := time.Date(2027, 11, 7, 5, 30, 0, 0, time.UTC) // half past one, as it is an hour later again
	for name, start := range map[string]time.Time{
		"on any day": nextWeek, "in the hour that comes twice": fold, "in that hour's second coming": fold.Add(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			w, _, ada := bothWays(t, "")
			event := w.event(ada.sf, "Fitting of the engine", start)
			w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Path: "/calendars/events/appointments", Count: 1}})
			w.announceOf(record.Appointment, of(ada.sf, inSalesforce(event)))
			plan := w.plan()
			require.Len(t, plan.Others, 1)
			w.recordSync(record.Appointment, plan.Others[0].LinkID, w.aging)
			all := w.ghl.Appointments()
			require.Len(t, all, 1)
			require.Equal(t, start, all[0].StartTime)
			require.Equal(t, all[0].ID, w.linkOfKind(record.Appointment, record.Salesforce, event).GoHighLevelID)
		})
	}
}
