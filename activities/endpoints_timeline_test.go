package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAGoHighLevelTaskIsCreatedReadChangedCompletedAndDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	contactID := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	created := do[activities.GoHighLevelTask](w, onGoHighLevel.CreateGoHighLevelTask, activities.GoHighLevelTaskWriteInput{
		Connection: acme, ContactID: contactID, Task: w.seal(record.GoHighLevel, crm.Document{
			"title": "Call Ada Lovelace back", "body": "about the analytical engine", "dueDate": "2026-03-02T17:00:00Z", "completed": false,
		}),
	})
	stored, there := w.ghl.Task(created.TaskID)
	require.True(t, there)
	require.Equal(t, "Call Ada Lovelace back", stored.Title)
	require.Equal(t, "2026-03-02T17:00:00.000Z", unseal[crm.Document](w, record.GoHighLevel, created.Task)["dueDate"])

	named := activities.GoHighLevelTaskInput{Connection: acme, ContactID: contactID, TaskID: created.TaskID}
	read := do[activities.GoHighLevelTask](w, onGoHighLevel.GetGoHighLevelTask, named)
	require.Equal(t, created.TaskID, read.TaskID)
	require.Equal(t, contactID, unseal[crm.Document](w, record.GoHighLevel, read.Task)["contactId"])

	updated := do[activities.GoHighLevelTask](w, onGoHighLevel.UpdateGoHighLevelTask, activities.GoHighLevelTaskWriteInput{
		Connection: acme, ContactID: contactID, TaskID: created.TaskID, Task: w.seal(record.GoHighLevel, crm.Document{"title": "Call Ada again"}),
	})
	require.Equal(t, "Call Ada again", unseal[crm.Document](w, record.GoHighLevel, updated.Task)["title"])
	for _, completed := range []bool{true, false, true} {
		out := do[activities.GoHighLevelTask](w, onGoHighLevel.SetGoHighLevelTaskCompleted, activities.GoHighLevelTaskCompletionInput{
			Connection: acme, ContactID: contactID, TaskID: created.TaskID, Completed: completed,
		})
		require.Equal(t, completed, unseal[crm.Document](w, record.GoHighLevel, out.Task)["completed"])
	}
	listed := do[activities.GoHighLevelTasks](w, onGoHighLevel.ListGoHighLevelTasks,
		activities.GoHighLevelContactInput{Connection: acme, ContactID: contactID})
	require.Equal(t, []string{created.TaskID}, listed.TaskIDs)
	require.Equal(t, "about the analytical engine", unseal[[]crm.Document](w, record.GoHighLevel, listed.Tasks)[0]["body"])

	do[any](w, onGoHighLevel.DeleteGoHighLevelTask, named)
	require.Empty(t, w.ghl.Tasks())
	do[any](w, onGoHighLevel.DeleteGoHighLevelTask, named)
	_, err := w.try(onGoHighLevel.GetGoHighLevelTask, named)
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestTheTasksOfALocationAreSearchedToTheirEnd(t *testing.T) {
	w := newWorld(t, setting{})
	contactID := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	var all []gohighleveltest.Task
	for _, title := range []string{"Call about the roof", "Call about the door", "Send the estimate"} {
		all = append(all, gohighleveltest.Task{ContactID: contactID, Title: title, DueDate: time.Now()})
	}
	ids, err := w.ghl.LoadTasks(all)
	require.NoError(t, err)

	everything := do[activities.GoHighLevelTasks](w, onGoHighLevel.SearchGoHighLevelTasks, activities.SearchGoHighLevelTasksInput{Connection: acme})
	require.ElementsMatch(t, ids, everything.TaskIDs)
	require.Empty(t, everything.SearchAfter)
	in := activities.SearchGoHighLevelTasksInput{Connection: acme, Search: w.seal(record.GoHighLevel, crm.TaskSearch{Limit: 2, ContactIDs: []string{contactID}})}
	first := do[activities.GoHighLevelTasks](w, onGoHighLevel.SearchGoHighLevelTasks, in)
	require.Len(t, unseal[[]crm.Document](w, record.GoHighLevel, first.Tasks), 2)
	require.NotEmpty(t, first.SearchAfter)
	in.SearchAfter = first.SearchAfter
	second := do[activities.GoHighLevelTasks](w, onGoHighLevel.SearchGoHighLevelTasks, in)
	require.Empty(t, second.SearchAfter)
	require.ElementsMatch(t, ids, append(first.TaskIDs, second.TaskIDs...))
}

func TestAGoHighLevelNoteIsCreatedReadChangedAndDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	contactID := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	created := do[activities.GoHighLevelNote](w, onGoHighLevel.CreateGoHighLevelNote, activities.GoHighLevelNoteWriteInput{
		Connection: acme, ContactID: contactID, Note: w.seal(record.GoHighLevel, crm.Document{"body": "Ada wants a quote for the engine"}),
	})
	stored, there := w.ghl.Note(created.NoteID)
	require.True(t, there)
	require.Equal(t, "Ada wants a quote for the engine", stored.Body)

	named := activities.GoHighLevelNoteInput{Connection: acme, ContactID: contactID, NoteID: created.NoteID}
	read := do[activities.GoHighLevelNote](w, onGoHighLevel.GetGoHighLevelNote, named)
	require.Equal(t, contactID, unseal[crm.Document](w, record.GoHighLevel, read.Note)["contactId"])
	updated := do[activities.GoHighLevelNote](w, onGoHighLevel.UpdateGoHighLevelNote, activities.GoHighLevelNoteWriteInput{
		Connection: acme, ContactID: contactID, NoteID: created.NoteID, Note: w.seal(record.GoHighLevel, crm.Document{"body": "<p>She has a quote</p>"}),
	})
	require.Equal(t, "<p>She has a quote</p>", unseal[crm.Document](w, record.GoHighLevel, updated.Note)["body"])
	listed := do[activities.GoHighLevelNotes](w, onGoHighLevel.ListGoHighLevelNotes,
		activities.GoHighLevelContactInput{Connection: acme, ContactID: contactID})
	require.Equal(t, []string{created.NoteID}, listed.NoteIDs)
	require.Len(t, unseal[[]crm.Document](w, record.GoHighLevel, listed.Notes), 1)

	do[any](w, onGoHighLevel.DeleteGoHighLevelNote, named)
	require.Empty(t, w.ghl.Notes())
	do[any](w, onGoHighLevel.DeleteGoHighLevelNote, named)
	_, err := w.try(onGoHighLevel.GetGoHighLevelNote, named)
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestAGoHighLevelAppointmentIsBookedReadMovedAndDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	contactID := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	calendar := w.ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	start := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Minute)
	created := do[activities.GoHighLevelAppointment](w, onGoHighLevel.CreateGoHighLevelAppointment, activities.GoHighLevelAppointmentWriteInput{
		Connection: acme, Appointment: w.seal(record.GoHighLevel, crm.Document{
			"calendarId": calendar, "contactId": contactID, "startTime": start.Format(time.RFC3339), "title": "Visit to Ada Lovelace",
			"address": "12 St James's Square", "ignoreFreeSlotValidation": true,
		}),
	})
	stored, there := w.ghl.Appointment(created.AppointmentID)
	require.True(t, there)
	require.True(t, stored.StartTime.Equal(start))

	named := activities.GoHighLevelAppointmentInput{Connection: acme, AppointmentID: created.AppointmentID}
	read := do[activities.GoHighLevelAppointment](w, onGoHighLevel.GetGoHighLevelAppointment, named)
	require.Equal(t, "Visit to Ada Lovelace", unseal[crm.Document](w, record.GoHighLevel, read.Appointment)["title"])
	moved := do[activities.GoHighLevelAppointment](w, onGoHighLevel.UpdateGoHighLevelAppointment, activities.GoHighLevelAppointmentWriteInput{
		Connection: acme, AppointmentID: created.AppointmentID, Appointment: w.seal(record.GoHighLevel, crm.Document{
			"startTime": start.Add(time.Hour).Format(time.RFC3339), "appointmentStatus": "cancelled", "ignoreFreeSlotValidation": true,
		}),
	})
	require.Equal(t, "cancelled", unseal[crm.Document](w, record.GoHighLevel, moved.Appointment)["appointmentStatus"])

	window := activities.ListGoHighLevelCalendarEventsInput{Connection: acme, CalendarID: calendar, Start: start, End: start.Add(2 * time.Hour)}
	listed := do[activities.GoHighLevelAppointments](w, onGoHighLevel.ListGoHighLevelCalendarEvents, window)
	require.Equal(t, []string{created.AppointmentID}, listed.AppointmentIDs)
	require.Equal(t, contactID, unseal[[]crm.Document](w, record.GoHighLevel, listed.Appointments)[0]["contactId"])
	window.Start = start.Add(90 * time.Minute)
	require.Empty(t, do[activities.GoHighLevelAppointments](w, onGoHighLevel.ListGoHighLevelCalendarEvents, window).AppointmentIDs)
	ofContact := do[activities.GoHighLevelAppointments](w, onGoHighLevel.ListGoHighLevelContactAppointments,
		activities.GoHighLevelContactInput{Connection: acme, ContactID: contactID})
	require.Equal(t, []string{created.AppointmentID}, ofContact.AppointmentIDs)
	calendars := do[activities.SealedDocuments](w, onGoHighLevel.ListGoHighLevelCalendars, activities.ConnectionInput{Connection: acme})
	require.Equal(t, 1, calendars.Count)
	require.Equal(t, calendar, unseal[[]crm.Document](w, record.GoHighLevel, calendars.Documents)[0]["id"])

	do[any](w, onGoHighLevel.DeleteGoHighLevelCalendarEvent, named)
	require.Empty(t, w.ghl.Appointments())
	do[any](w, onGoHighLevel.DeleteGoHighLevelCalendarEvent, named)
	_, err := w.try(onGoHighLevel.GetGoHighLevelAppointment, named)
	require.Equal(t, crm.NotFound, kindOf(t, err))
	require.Zero(t, w.ghl.Stats().Notifications)
}
