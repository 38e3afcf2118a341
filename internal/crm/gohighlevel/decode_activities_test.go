package gohighlevel

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestEverySpellingOfAnActivityComesToOneShape(t *testing.T) {
	for name, c := range map[string]struct {
		decode      decoder
		given, want string
	}{
		"a task as it is read":       {taskOf("c1"), `{"id":"t","title":"x","contactId":"c1"}`, `{"id":"t","title":"x","contactId":"c1"}`},
		"a task without its contact": {taskOf("c1"), `{"id":"t"}`, `{"id":"t","contactId":"c1"}`},
		"a row of the search":        {taskOf(""), `{"_id":"t","contactId":"c1","updatedAt":"d","deleted":false,"searchAfter":[1,"t"]}`, `{"id":"t","contactId":"c1","updatedAt":"d","dateUpdated":"d","deleted":false,"searchAfter":[1,"t"]}`},
		"a row with both ids":        {taskOf(""), `{"_id":"m","id":"t"}`, `{"id":"t"}`},
		"a contact in its details":   {taskOf(""), `{"_id":"t","contactDetails":{"_id":"c2"}}`, `{"id":"t","contactId":"c2","contactDetails":{"_id":"c2"}}`},
		"both dates of change":       {taskOf(""), `{"_id":"t","dateUpdated":"a","updatedAt":"b"}`, `{"id":"t","dateUpdated":"a","updatedAt":"b"}`},
		"a note":                     {noteOf("c1"), `{"id":"n","body":"<p>x</p>"}`, `{"id":"n","body":"<p>x</p>","contactId":"c1"}`},
		"an appointment":             {appointmentOf(""), `{"id":"a","appointmentStatus":"confirmed","status":"booked"}`, `{"id":"a","appointmentStatus":"confirmed","status":"booked"}`},
		"its state misspelt":         {appointmentOf(""), `{"id":"a","appoinmentStatus":"noshow"}`, `{"id":"a","appointmentStatus":"noshow"}`},
		"its state by another name":  {appointmentOf("c1"), `{"id":"a","status":"cancelled"}`, `{"id":"a","status":"cancelled","appointmentStatus":"cancelled","contactId":"c1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			given, _ := decodeObject([]byte(c.given))
			want, ok := decodeObject([]byte(c.want))
			got, err := c.decode(given)
			if !ok || err != nil || !reflect.DeepEqual(map[string]any(got), want) {
				t.Errorf("got %v, %v\nwant %v", got, err, want)
			}
		})
	}
}

func TestAnActivityIsReadInOrOutOfItsEnvelope(t *testing.T) {
	s := serve(t, nil, reply{200, `{"id":"a1","calendarId":"k1"}`, nil}, reply{200, `{"event":{"id":"a1"}}`, nil}, reply{200, `{"appointment":{"id":"a1"}}`, nil})
	for range 3 {
		if got, err := s.client.GetAppointment(t.Context(), "a1"); err != nil || got["id"] != "a1" {
			t.Errorf("got %v, %v", got, err)
		}
	}
	for _, body := range []string{`{"event":null}`, `{"event":[]}`, `{}`, `{"event":{"title":"x"}}`} {
		s := serve(t, nil, reply{200, body, nil})
		_, err := s.client.GetAppointment(t.Context(), "a1")
		if got := failureOf(t, err); got.Code != "unexpected_shape" {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestATaskSearchIsReadUnderEitherStatusAndEitherNesting(t *testing.T) {
	for _, r := range []reply{
		{201, `{"tasks":[{"_id":"t1","searchAfter":[1,"t1"]},{"_id":"t2","searchAfter":[2,"t2"]}]}`, nil},
		{200, `{"tasks":[[{"_id":"t1","searchAfter":[1,"t1"]},{"_id":"t2","searchAfter":[2,"t2"]}]]}`, nil},
	} {
		s := serve(t, nil, r)
		page, err := s.client.SearchTasks(t.Context(), crm.TaskSearch{Limit: 2, SearchAfter: []any{3, "t0"}})
		if err != nil || len(page.Tasks) != 2 || page.Tasks[1]["id"] != "t2" || !reflect.DeepEqual(page.SearchAfter, []any{json.Number("2"), "t2"}) {
			t.Errorf("got %+v, %v", page, err)
		}
		if got := s.got[0].body; got != `{"limit":2,"searchAfter":[3,"t0"]}` {
			t.Errorf("asked %s", got)
		}
	}
	lost := serve(t, nil, reply{201, `{"tasks":[{"_id":"t1"}]}`, nil})
	_, err := lost.client.SearchTasks(t.Context(), crm.TaskSearch{Limit: 1})
	if got := failureOf(t, err); got.Code != "page_without_cursor" {
		t.Errorf("a full page without a cursor passes for the last: %v", got)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		op     *operation
		status int
		body   string
		kind   crm.Kind
		code   string
	}{
		"a task":                           {getTask, 400, `{"message":"Task with id T not found"}`, crm.NotFound, "task_not_found"},
		"a task, in other words":           {updateTask, 400, `{"message":"Task not found for id:T"}`, crm.NotFound, "task_not_found"},
		"a task by 404":                    {deleteTask, 404, `{"message":"Not Found"}`, crm.NotFound, "task_not_found"},
		"a task, without being named":      {deleteTask, 400, `{"message":"Not found"}`, crm.NotFound, "task_not_found"},
		"the contact of a task":            {setTaskCompleted, 400, `{"message":"Contact with id C not found"}`, crm.NotFound, "contact_not_found"},
		"the contact of a task by 404":     {getTask, 404, `{"message":"Contact not found"}`, crm.NotFound, "contact_not_found"},
		"the contact of a new task":        {createTask, 400, `{"message":"Contact with id C not found"}`, crm.NotFound, "contact_not_found"},
		"the user of a new task":           {createTask, 400, `{"message":"User with id U not found"}`, crm.Rejected, "refused"},
		"the user of a changed task":       {updateTask, 400, `{"message":"User with id U not found"}`, crm.Rejected, "refused"},
		"a note":                           {updateNote, 400, `{"message":"Note with id N not found"}`, crm.NotFound, "note_not_found"},
		"an appointment":                   {getAppointment, 400, `{"message":"Appointment not found"}`, crm.NotFound, "appointment_not_found"},
		"an appointment called an event":   {updateAppointment, 400, `{"message":"Event with id E not found"}`, crm.NotFound, "appointment_not_found"},
		"the contact of a new appointment": {createAppointment, 400, `{"message":"Contact not found"}`, crm.NotFound, "contact_not_found"},
		"its calendar":                     {createAppointment, 400, `{"message":"Calendar not found"}`, crm.Rejected, "refused"},
		"a free slot":                      {createAppointment, 400, `{"message":"The slot you have selected is no longer available."}`, crm.Rejected, "slot_taken"},
		"a due date":                       {createTask, 422, `{"message":["dueDate must be a valid ISO 8601 date string"]}`, crm.Rejected, "value_refused"},
		"a scope":                          {listCalendarEvents, 401, `{"message":"The token is not authorized for this scope."}`, crm.NeedsAccess, "scope_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(c.op, c.status, http.Header{}, []byte(c.body), noon)
			if got.Kind != c.kind || got.Code != c.code {
				t.Errorf("classified as %s/%s, want %s/%s", got.Kind, got.Code, c.kind, c.code)
			}
		})
	}
}

func FuzzDecodeActivity(f *testing.F) {
	for _, seed := range []string{
		`{"_id":"t","contactDetails":{"_id":7},"updatedAt":5}`, `{"id":"","_id":"t"}`, `{"id":[],"_id":{}}`, `[]`, `{"id":"a","status":null}`,
		`{"id":"a","appoinmentStatus":"new","status":[]}`, `{"id":"n","contactId":false,"body":"<br>"}`,
	} {
		f.Add("c1", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, contactID string, content []byte) {
		for name, decode := range map[string]decoder{
			"task": taskOf(contactID), "note": noteOf(contactID), "appointment": appointmentOf(contactID), "record": decodeRecord,
		} {
			object, ok := decodeObject(content)
			if !ok {
				return
			}
			record, err := decode(object)
			if err != nil {
				continue
			}
			if text(record["id"]) == "" || record["_id"] != nil {
				t.Fatalf("a %s without an id: %v", name, record)
			}
			if name != "record" && contactID != "" && text(record["contactId"]) == "" {
				t.Fatalf("a %s without its contact: %v", name, record)
			}
			once, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			again, err := decode(map[string]any(record))
			if err != nil {
				t.Fatal(err)
			}
			if twice, _ := json.Marshal(again); string(twice) != string(once) {
				t.Fatalf("the second time changed %s to %s", once, twice)
			}
		}
	})
}
