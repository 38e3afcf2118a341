package activities_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAPollFindsAppointmentsAndMarksThemOnce(t *testing.T) {
	w, ada := swept(t, setting{}, record.Appointment)
	calendars := []string{w.calendar(), w.calendar()}
	var want []told
	for i, start := range []time.Time{nextWeek, nextWeek.AddDate(0, 6, 0), nextWeek.AddDate(0, -2, 0)} {
		id := w.book(calendars[i%2], ada.ghl, fmt.Sprintf("Fitting of engine %d", i), start)
		want = append(want, told{record.Appointment, record.GoHighLevel, id, ada.ghl, false})
	}
	w.sweep()
	require.ElementsMatch(t, want, w.takeTold())
	require.Equal(t, map[string]int{"AppointmentCreate": 3}, w.heard(record.GoHighLevel))
	w.nothingNew()
}

func TestOurOwnAppointmentsAndEventsComingBackAreNoChange(t *testing.T) {
	w, calendar, ada := sweptBothWays(t)
	id := w.book(calendar, ada.ghl, "Fitting of the engine", nextWeek)
	event := w.event(ada.sf, "Test of the engine", nextWeek.Add(24*time.Hour))
	w.sweep()
	w.drain()
	require.Len(t, w.live("Event"), 2)
	require.Len(t, w.ghl.Appointments(), 2)
	w.nothingNew()

	require.NoError(t, w.ghl.RescheduleAppointment(id, nextWeek.Add(time.Hour)))
	require.NoError(t, w.sf.Edit("Event", event, map[string]any{"Subject": "Second test of the engine"}))
	w.sweep()
	require.ElementsMatch(t, []told{
		{record.Appointment, record.GoHighLevel, id, ada.ghl, false}, {record.Appointment, record.Salesforce, event, ada.sf, false},
	}, w.takeTold())
	w.hearOf(record.Appointment, inGoHighLevel(id), inSalesforce(event))
	w.nothingNew()
}

// sweptBothWays is bothWays with the kinds polled.
func sweptBothWays(t *testing.T) (*world, string, shared) {
	t.Helper()
	s := setting{prepare: withCalendar("calendar0visits00000"), editRules: kindRules(record.Appointment, "  create: both\n  calendar: calendar0visits00000\n")}
	w, ada := swept(t, s, record.Appointment)
	return w, "calendar0visits00000", ada
}

func TestAnEventThatWasWithdrawnIsNotPolledAgainAndAgain(t *testing.T) {
	w, ada := swept(t, setting{editRules: kindRules(record.Appointment, "  cancelled: delete\n")}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	w.sweep()
	w.drain()
	require.NoError(t, w.ghl.CancelAppointment(id))
	w.sweep()
	w.drain()
	require.Empty(t, w.live("Event"))
	w.sweep()
	w.drain() // a clock that is behind costs one more look
	w.nothingNew()
	require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": "confirmed"}))
	w.sweep()
	w.drain()
	require.Len(t, w.live("Event"), 1)
	w.nothingNew()
}

func TestTheRotationFindsAnAppointmentWhoseDeletionNobodyToldOf(t *testing.T) {
	w, ada := swept(t, setting{}, record.Appointment)
	calendar := w.calendar()
	id := w.book(calendar, ada.ghl, "Fitting of the engine", nextWeek)
	kept := w.book(calendar, ada.ghl, "Test of the engine", nextWeek.AddDate(-1, 0, 0))
	w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(id)), of(ada.ghl, inGoHighLevel(kept)))
	w.nothingNew()
	require.NoError(t, w.ghl.DeleteAppointment(id))
	w.nothingNew()
	w.compareNow()
	w.sweep()
	require.Equal(t, []told{{record.Appointment, record.GoHighLevel, id, "", true}}, w.takeTold(), "the one outside the window is there")
	require.NoError(t, w.ghl.EditAppointment(kept, map[string]any{"title": "Second test of the engine"}))
	w.hearOf(record.Appointment, gone(inGoHighLevel(id)))
	require.Len(t, w.live("Event"), 1)
	w.compareNow()
	w.sweep()
	require.Equal(t, []told{{record.Appointment, record.GoHighLevel, kept, ada.ghl, false}}, w.takeTold(), "changed outside the window")
}

func TestAFirstPollLooksAsFarBackAsTheRulesSay(t *testing.T) {
	long := nextWeek.AddDate(-3, 0, 0)
	for since, found := range map[string]bool{"": true, long.AddDate(0, 0, -7).Format(time.DateOnly): true, long.AddDate(0, 0, 7).Format(time.DateOnly): false} {
		yaml := ""
		if since != "" {
			yaml = "  since: " + since + "\n"
		}
		s := setting{prepare: withCalendar("calendar0visits00000"), editRules: kindRules(record.Appointment, yaml)}
		s.rules.Kinds = []record.Kind{record.Appointment}
		w := newWorld(t, s)
		ghl, _ := w.couple("Lovelace", "ada@example.com")
		id := w.book("calendar0visits00000", ghl, "Fitting of the engine", long)
		w.sweepFrom(time.Now())
		w.sweep()
		seen := false
		for _, m := range w.takeTold() {
			seen = seen || m.ID == id
		}
		require.Equal(t, found, seen, "since %q", since)
	}
}

// failing lets some requests of a path fail, after so many that do not.
type failing struct {
	mu    sync.Mutex
	path  string
	after int
	count int
}

func (f *failing) between(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		fails := strings.HasPrefix(r.URL.Path, f.path) && f.after == 0 && f.count > 0
		if strings.HasPrefix(r.URL.Path, f.path) && f.after > 0 {
			f.after--
		}
		if fails {
			f.count--
		}
		f.mu.Unlock()
		if fails {
			http.Error(rw, "{}", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

func TestAPollOfCalendarsThatWasCutOffGoesOnWhereItWas(t *testing.T) {
	f := &failing{path: "/calendars/events", after: -1}
	w, ada := swept(t, setting{between: f.between, notDescribed: true}, record.Appointment)
	var want []string
	for i := range 4 {
		want = append(want, w.book(w.calendar(), ada.ghl, fmt.Sprintf("Fitting of engine %d", i), nextWeek))
	}
	f.mu.Lock()
	f.after, f.count = 2, 1
	f.mu.Unlock()
	w.due()
	do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Len(t, ids(w.announcedNow(), record.GoHighLevel), 2, "two calendars were read")
	w.ghl.ResetStats()
	w.sweep()
	require.ElementsMatch(t, want, ids(w.announcedNow(), record.GoHighLevel))
}

func TestAPollOfSalesforceFindsArchivedEventsAndLeavesOutWhatIsNobodys(t *testing.T) {
	w, _, ada := sweptBothWays(t)
	old := w.event(ada.sf, "Fitting of the engine", nextWeek)
	w.sweep()
	w.drain()
	require.Len(t, w.ghl.Appointments(), 1)
	require.NoError(t, w.sf.Archive("Event", old))
	require.NoError(t, w.sf.Edit("Event", old, map[string]any{"Subject": "Second fitting"}))
	w.event("", "All hands", nextWeek)
	w.sweep()
	require.Equal(t, []told{{record.Appointment, record.Salesforce, old, ada.sf, false}}, w.takeTold())
	w.hearOf(record.Appointment, inSalesforce(old))
	require.Equal(t, "Second fitting", w.ghl.Appointments()[0].Title)
	w.nothingNew()

	// Whoever has forgotten what was deleted looks at all ids, and the archive's are among them.
	_, err := w.db.Exec(t.Context(), `UPDATE sweeps SET deleted_to = clock_timestamp() - interval '20 days' WHERE side = 2 AND kind = 4`)
	require.NoError(t, err)
	w.sweep()
	for _, m := range w.takeTold() {
		require.NotEqual(t, old, m.ID, "an archived event counts as deleted")
	}
}

func TestEventsOfASeriesAndCopiesForInviteesMakeNoAppointments(t *testing.T) {
	for name, field := range map[string]map[string]any{
		"a copy for an invitee": {"IsChild": true}, "the pattern of a series": {"IsRecurrence2": true}, "another kind of series": {"GroupEventType": "3"},
	} {
		w, _, ada := sweptBothWays(t)
		fields := map[string]any{"WhoId": ada.sf, "Subject": "Fitting of the engine", "StartDateTime": nextWeek, "EndDateTime": nextWeek.Add(time.Hour)}
		for k, v := range field {
			fields[k] = v
		}
		w.sf.Create("Event", fields)
		w.sweep()
		w.drain()
		require.Empty(t, w.ghl.Appointments(), name)
		w.nothingNew()
	}
}

func TestADeletedEventIsFoundByAPoll(t *testing.T) {
	w, ada := swept(t, setting{}, record.Appointment)
	w.book(w.calendar(), ada.ghl, "Fitting of the engine", nextWeek)
	w.sweep()
	w.drain()
	event := w.only("Event")["Id"].(string)
	require.NoError(t, w.sf.Delete("Event", event))
	w.sweep()
	require.Equal(t, []told{{record.Appointment, record.Salesforce, event, "", true}}, w.takeTold())
	w.hearOf(record.Appointment, gone(inSalesforce(event)))
	require.Empty(t, w.ghl.Appointments())
	w.nothingNew()
}
