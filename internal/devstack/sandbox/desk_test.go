package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestPeopleAddSeeChangeAndDeleteContactsInEitherCRM(t *testing.T) {
	for _, side := range record.Sides {
		t.Run(string(side), func(t *testing.T) {
			s := sandbox.New(sandbox.Options{})
			card := sandbox.Card{
				record.FirstName: "Ada", record.LastName: "Lovelace", record.Email: "ada@example.com", record.Phone: "+12127300142",
				record.Street: "1 Main St", record.City: "Boston", record.BirthDate: "1990-12-10", record.Tags: "lead,vip", sandbox.Plan: "pro",
			}
			id := s.Add(side, card)
			seen, there := s.Look(side, id)
			require.True(t, there)
			require.Equal(t, card, seen)
			require.Equal(t, "Ada Lovelace", seen.Name())
			found, there := s.Find(side, "ADA@example.com")
			require.True(t, there)
			require.Equal(t, id, found)

			require.NoError(t, s.Change(side, id, sandbox.Card{record.City: "", record.Tags: "vip", sandbox.Plan: "agency"}))
			seen, _ = s.Look(side, id)
			require.Empty(t, seen[record.City])
			require.Equal(t, "vip", seen[record.Tags])
			require.Equal(t, "agency", seen[sandbox.Plan])
			require.Equal(t, "1 Main St", seen[record.Street])

			require.NoError(t, s.Remove(side, id))
			_, there = s.Look(side, id)
			require.False(t, there)
			_, there = s.Find(side, "ada@example.com")
			require.False(t, there)
			require.Error(t, s.Remove(side, id))
			require.Error(t, s.Change(side, id, sandbox.Card{record.City: "York"}))
		})
	}
}

func TestPeopleSeeTasksNotesAndAppointmentsOfAContactInEitherCRM(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	day := time.Date(2031, 5, 12, 17, 30, 0, 0, time.UTC)
	for _, side := range record.Sides {
		who := s.Add(side, sandbox.Card{record.LastName: "Lovelace", record.Email: "ada@example.com"})
		task, err := s.AddTask(side, who, "Call back", day)
		require.NoError(t, err)
		require.Equal(t, []sandbox.Entry{{ID: task, Title: "Call back", When: "2031-05-12"}}, s.Entries(record.Task, side, who))
		require.NoError(t, s.CompleteTask(side, task))
		require.True(t, s.Entries(record.Task, side, who)[0].Done)
		note, err := s.AddNote(side, who, "Met at the fair", "Wants <all> of it")
		require.NoError(t, err)
		require.Equal(t, []sandbox.Entry{{ID: note, Title: "Met at the fair"}}, s.Entries(record.Note, side, who))
		for _, kind := range record.Kinds {
			require.Empty(t, s.Entries(kind, side, "nobody"))
		}
		_, err = s.AddTask(side, "nobody", "Call back", day)
		require.Error(t, err)
		_, err = s.AddNote(side, "nobody", "Met", "")
		require.Error(t, err)
	}
	who := s.Add(record.GoHighLevel, sandbox.Card{record.LastName: "Byron", record.Email: "george@example.com"})
	for range 2 {
		_, err := s.Book(who, "Viewing", day)
		require.NoError(t, err)
	}
	require.Len(t, s.GoHighLevel.Calendars(), 1, "a calendar is made once")
	require.Equal(t, "2031-05-12 17:30", s.Entries(record.Appointment, record.GoHighLevel, who)[0].When)
	inSalesforce := s.Add(record.Salesforce, sandbox.Card{record.LastName: "Byron"})
	event := s.Salesforce.Create("Event", map[string]any{"WhoId": inSalesforce, "Subject": "Viewing", "StartDateTime": day, "DurationInMinutes": 30})
	require.Equal(t, []sandbox.Entry{{ID: event, Title: "Viewing", When: "2031-05-12 17:30"}}, s.Entries(record.Appointment, record.Salesforce, inSalesforce))
}
