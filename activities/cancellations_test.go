package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAnAppointmentThatIsMadeAgainIsAsItsEventShowsIt(t *testing.T) {
	w, calendar, ada := bothWays(t, "")
	id := w.book(calendar, ada.ghl, "Fitting of the engine", nextWeek)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Appointment, mark)
	require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"appointmentStatus": "showed"}))
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")["Id"].(string)

	// It is deleted while somebody edits its event, which wins.
	require.NoError(t, w.ghl.DeleteAppointment(id))
	require.NoError(t, w.sf.Edit("Event", event, map[string]any{"Location": "Room 4"}))
	w.hearOf(record.Appointment, gone(mark))
	all := w.ghl.Appointments()
	require.Len(t, all, 1)
	require.Equal(t, [2]string{"showed", "Room 4"}, [2]string{all[0].Status, all[0].Address})
	require.Equal(t, "[Showed] Fitting of the engine", w.only("Event")["Subject"])
	w.silentOf(record.Appointment, of(ada.ghl, inGoHighLevel(all[0].ID)), inSalesforce(event))
}

func TestAWaveOfCancellationsDeletesNoEventsBeforeAPersonHasDecided(t *testing.T) {
	for choice, left := range map[record.Choice]int{record.ChooseDelete: 0, record.ChooseKeep: 2, record.ChooseRestore: 2} {
		t.Run(string(choice), func(t *testing.T) {
			w, ada := timeline(t, setting{editRules: kindRules(record.Appointment,
				"  cancelled: delete\n  deletions: {surge: {count: 1, share: 0%, window: 1h}}\n")}, record.Appointment)
			calendar := w.calendar()
			var marks []record.Mark
			for i := range 3 {
				id := w.book(calendar, ada.ghl, fmt.Sprintf("Visit %d", i), nextWeek.Add(time.Duration(i)*time.Hour))
				marks = append(marks, of(ada.ghl, inGoHighLevel(id)))
			}
			w.hearOf(record.Appointment, marks...)
			require.Len(t, w.live("Event"), 3)
			for _, m := range marks {
				require.NoError(t, w.ghl.CancelAppointment(m.RecordID))
			}
			w.hearOf(record.Appointment, marks...)
			require.Len(t, w.live("Event"), 2, "one is no wave")
			waves := w.reviews()
			require.Len(t, waves, 1)
			require.Equal(t, record.ReviewDeletionWave, waves[0].Reason)
			require.Equal(t, record.GoHighLevel, waves[0].Side)

			do[any](w, w.onReviews().DecideReview, activities.DecideReviewInput{
				Connection: acme, Verdict: record.Verdict{ReviewID: waves[0].ID, Choice: choice, By: "a person"},
			})
			w.drain()
			require.Len(t, w.live("Event"), left)
			require.Empty(t, w.reviews())
			w.silentOf(record.Appointment, marks...)
			require.Len(t, w.live("Event"), left, "what a person decided holds")

			// Whatever takes place after all is synced again.
			require.NoError(t, w.ghl.EditAppointment(marks[2].RecordID, map[string]any{"appointmentStatus": "confirmed", "title": "Visit after all"}))
			w.hearOf(record.Appointment, marks[2])
			require.Equal(t, record.LinkInStep, w.linkOfKind(record.Appointment, record.GoHighLevel, marks[2].RecordID).State)
		})
	}
}
