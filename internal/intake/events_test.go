package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestEventsOfWhatBelongsToAContactBecomeMarks(t *testing.T) {
	mark := func(id, contact string, only bool) record.Mark {
		return record.Mark{Side: record.GoHighLevel, RecordID: id, ContactID: contact, OnlyLinked: only}
	}
	for what, c := range map[string]struct {
		body string
		kind record.Kind
		want record.Mark
	}{
		"an appointment in a part of its own":  {`{"type":"AppointmentCreate","locationId":"loc1","appointment":{"id":"a1","contactId":"ada"}}`, record.Appointment, mark("a1", "ada", false)},
		"a moved one":                          {`{"type":"AppointmentUpdate","locationId":"loc1","appointment":{"id":"a1","contactId":"ada","startTime":"2026-12-01T09:00:00-05:00"}}`, record.Appointment, mark("a1", "ada", false)},
		"a deleted one":                        {`{"type":"AppointmentDelete","locationId":"loc1","appointment":{"id":"a1","contactId":"ada"}}`, record.Appointment, mark("a1", "ada", true)},
		"one within a data wrapper":            {`{"type":"AppointmentUpdate","locationId":"loc1","data":{"appointment":{"id":"a1","contactId":"ada"}}}`, record.Appointment, mark("a1", "ada", false)},
		"one whose event has an id of its own": {`{"id":"evt","type":"AppointmentCreate","locationId":"loc1","appointment":{"id":"a1","contactId":"ada"}}`, record.Appointment, mark("a1", "ada", false)},
		"one that is flat":                     {`{"type":"AppointmentCreate","locationId":"loc1","id":"a1","contactId":"ada"}`, record.Appointment, mark("a1", "ada", false)},
		"one of nobody, which can be read":     {`{"type":"AppointmentCreate","locationId":"loc1","appointment":{"id":"a1"}}`, record.Appointment, mark("a1", "", false)},
		"one whose contact is no id":           {`{"type":"AppointmentCreate","locationId":"loc1","appointment":{"id":"a1","contactId":"a b\u0000"}}`, record.Appointment, mark("a1", "", false)},
		"a task of nobody, which cannot":       {`{"type":"TaskCreate","locationId":"loc1","id":"t1"}`, record.Task, mark("t1", "", true)},
		"a completed task":                     {`{"type":"TaskComplete","locationId":"loc1","id":"t1","contactId":"ada"}`, record.Task, mark("t1", "ada", false)},
		"a deleted task":                       {`{"type":"TaskDelete","locationId":"loc1","id":"t1","contactId":"ada"}`, record.Task, mark("t1", "ada", true)},
		"a note":                               {`{"type":"NoteUpdate","locationId":"loc1","id":"n1","contactId":"ada"}`, record.Note, mark("n1", "ada", false)},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, nil)
			require.Equal(t, 200, w.deliver(c.body))
			require.Len(t, w.inbox.all(), 1)
			require.Equal(t, c.kind, w.inbox.all()[0].Kind)
			require.Equal(t, c.want, w.inbox.all()[0].Mark)
		})
	}
}

func TestAnAppointmentThatCannotBeMadeOutIsNotKept(t *testing.T) {
	for _, body := range []string{
		`{"type":"AppointmentCreate","locationId":"loc1"}`,
		`{"type":"AppointmentCreate","locationId":"loc1","appointment":{}}`,
		`{"type":"AppointmentCreate","locationId":"loc1","appointment":"a1"}`,
		`{"type":"AppointmentCreate","locationId":"loc1","appointment":[{"id":"a1"}]}`,
		`{"type":"AppointmentCreate","locationId":"loc1","appointment":{"id":7}}`,
		`{"type":"AppointmentCreate","appointment":{"id":"a1","contactId":"ada"}}`,
	} {
		w := newWorld(t, nil)
		require.Equal(t, 200, w.deliver(body))
		require.Empty(t, w.inbox.all(), body)
	}
}
