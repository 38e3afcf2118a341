package gohighlevel

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
)

func sent(t *testing.T, s *server) map[string]any {
	t.Helper()
	body, ok := decodeObject([]byte(s.got[len(s.got)-1].body))
	if !ok {
		t.Fatalf("the request's body is %q", s.got[len(s.got)-1].body)
	}
	return body
}

func TestPathsAreSpeltAsHighLevelSpellsThem(t *testing.T) {
	s := serve(t, nil, reply{500, "", nil})
	for name, want := range map[string]string{
		"GetContact":           "GET /contacts/c1",
		"ListContacts":         "GET /contacts/?limit=100&locationId=loc1",
		"ListBusinessContacts": "GET /contacts/business/b1?limit=25&locationId=loc1&skip=0",
		"SearchContacts":       "POST /contacts/search",
		"FindDuplicateContact": "GET /contacts/search/duplicate?email=ada%40example.com&locationId=loc1&number=%2B15550100",
		"CreateContact":        "POST /contacts/",
		"UpdateContact":        "PUT /contacts/c1",
		"UpsertContact":        "POST /contacts/upsert",
		"DeleteContact":        "DELETE /contacts/c1",
		"AddContactTags":       "POST /contacts/c1/tags",
		"RemoveContactTags":    "DELETE /contacts/c1/tags",
		"GetLocation":          "GET /locations/loc1",
		"ListCustomFields":     "GET /locations/loc1/customFields?model=contact",
		"CreateCustomField":    "POST /locations/loc1/customFields",
		"ListUsers":            "GET /users/?locationId=loc1",

		"ListTasks":        "GET /contacts/c1/tasks",
		"GetTask":          "GET /contacts/c1/tasks/t1",
		"CreateTask":       "POST /contacts/c1/tasks",
		"UpdateTask":       "PUT /contacts/c1/tasks/t1",
		"SetTaskCompleted": "PUT /contacts/c1/tasks/t1/completed",
		"DeleteTask":       "DELETE /contacts/c1/tasks/t1",
		"SearchTasks":      "POST /locations/loc1/tasks/search",

		"ListNotes":  "GET /contacts/c1/notes",
		"GetNote":    "GET /contacts/c1/notes/n1",
		"CreateNote": "POST /contacts/c1/notes",
		"UpdateNote": "PUT /contacts/c1/notes/n1",
		"DeleteNote": "DELETE /contacts/c1/notes/n1",

		"ListContactAppointments": "GET /contacts/c1/appointments",
		"ListCalendars":           "GET /calendars/?locationId=loc1&showDrafted=true",
		"ListCalendarEvents":      "GET /calendars/events?calendarId=k1&endTime=2&locationId=loc1&startTime=1",
		"GetAppointment":          "GET /calendars/events/appointments/a1",
		"CreateAppointment":       "POST /calendars/events/appointments",
		"UpdateAppointment":       "PUT /calendars/events/appointments/a1",
		"DeleteCalendarEvent":     "DELETE /calendars/events/a1",
	} {
		before := len(s.got)
		if err := everyCall[name].call(t.Context(), s.client); err == nil {
			t.Errorf("%s: no error", name)
		}
		if len(s.got) != before+1 {
			t.Fatalf("%s took %d requests", name, len(s.got)-before)
		}
		if got := s.got[before].method + " " + s.got[before].uri; got != want {
			t.Errorf("%s asks %s, want %s", name, got, want)
		}
	}
	if len(everyCall) != 34 {
		t.Errorf("%d calls are covered", len(everyCall))
	}
}

func TestAnIDIsEscapedIntoOneSegment(t *testing.T) {
	s := serve(t, nil, storedContact)
	if _, err := s.client.GetContact(t.Context(), "a/b?c#d"); err != nil {
		t.Fatal(err)
	}
	if got := s.got[0].uri; got != "/contacts/a%2Fb%3Fc%23d" {
		t.Errorf("asked %s", got)
	}
}

func TestARequestThatCannotBeMeantIsNotSent(t *testing.T) {
	s := serve(t, nil, storedContact)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"no id":         func() error { return s.client.DeleteContact(ctx, "") },
		"a parent path": func() error { return s.client.DeleteContact(ctx, "..") },
		"no business": func() error {
			_, err := s.client.ListBusinessContacts(ctx, "", crm.BusinessContactList{})
			return err
		},
		"no tags":            func() error { _, err := s.client.RemoveContactTags(ctx, "c1", nil); return err },
		"nothing to look up": func() error { _, err := s.client.FindDuplicateContact(ctx, crm.DuplicateLookup{}); return err },
		"no JSON":            func() error { _, err := s.client.CreateContact(ctx, crm.Document{"x": func() {}}); return err },
	} {
		if got := failureOf(t, call()); got.Kind != crm.Invalid {
			t.Errorf("%s: %v", name, got)
		}
	}
	if len(s.got) != 0 || s.meter.acquired != 0 {
		t.Errorf("%d requests were sent, %d allowances taken", len(s.got), s.meter.acquired)
	}
}

func TestTheLocationIsAddedToCreatesAndKeptOutOfUpdates(t *testing.T) {
	s := serve(t, nil, storedContact)
	given := crm.Document{"firstName": "Ada", "email": nil, "locationId": "another"}
	if _, err := s.client.CreateContact(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"firstName": "Ada", "email": nil, "locationId": "loc1"}
	if got := sent(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("create sent %v", got)
	}
	if _, _, err := s.client.UpsertContact(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	if got := sent(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("upsert sent %v", got)
	}
	if _, err := s.client.UpdateContact(t.Context(), "c1", given); err != nil {
		t.Fatal(err)
	}
	delete(want, "locationId")
	if got := sent(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("update sent %v", got)
	}
	if given["locationId"] != "another" || len(given) != 3 {
		t.Errorf("the caller's document became %v", given)
	}
}

func TestAnUpsertTellsWhetherItCreated(t *testing.T) {
	for _, c := range []struct {
		reply
		created bool
	}{
		{reply{200, `{"new":true,"contact":{"id":"c1"}}`, nil}, true},
		{reply{201, `{"new":false,"contact":{"id":"c1"}}`, nil}, false},
		{reply{201, `{"contact":{"id":"c1"}}`, nil}, true},
		{reply{200, `{"contact":{"id":"c1"}}`, nil}, false},
	} {
		s := serve(t, nil, c.reply)
		contact, created, err := s.client.UpsertContact(t.Context(), crm.Document{})
		if err != nil || created != c.created || contact["id"] != "c1" {
			t.Errorf("%s: got %v, %v, %v", c.body, contact, created, err)
		}
	}
}

func TestDeletingWhatIsGoneSucceeds(t *testing.T) {
	for _, r := range []reply{
		{200, `{"succeded":true}`, nil}, {200, `{"succeeded":true}`, nil}, {200, `{}`, nil},
		{400, `{"message":"Contact with id c1 not found"}`, nil}, {404, `{"message":"Not Found"}`, nil}, {410, ``, nil},
	} {
		if err := serve(t, nil, r).client.DeleteContact(t.Context(), "c1"); err != nil {
			t.Errorf("%d %s: %v", r.status, r.body, err)
		}
	}
	for _, r := range []reply{{200, `{"succeded":false}`, nil}, {200, `{"succeeded":false}`, nil}, {403, ``, nil}} {
		if err := serve(t, nil, r).client.DeleteContact(t.Context(), "c1"); err == nil {
			t.Errorf("%d %s passes for a deletion", r.status, r.body)
		}
	}
}

func TestTheSearchContinuesWhereItsLastRowSays(t *testing.T) {
	s := serve(t, nil,
		reply{200, `{"contacts":[{"id":"c1","searchAfter":[1,"c1"]},{"id":"c2","searchAfter":[1772452800123456789,"c2",null]}],"total":7}`, nil},
		reply{200, `{"contacts":[{"id":"c3","searchAfter":[3,"c3"]}],"total":7}`, nil},
		reply{200, `{"contacts":[]}`, nil},
		reply{200, `{"contacts":[{"id":"c1"},{"id":"c2"}]}`, nil})
	first, err := s.client.SearchContacts(t.Context(), crm.ContactSearch{PageLimit: 2, Query: "ada"})
	if err != nil || first.Total != 7 || len(first.Contacts) != 2 {
		t.Fatalf("got %+v, %v", first, err)
	}
	second, err := s.client.SearchContacts(t.Context(), crm.ContactSearch{PageLimit: 2, SearchAfter: first.SearchAfter})
	if err != nil || len(second.SearchAfter) != 0 || len(second.Contacts) != 1 {
		t.Fatalf("got %+v, %v", second, err)
	}
	if got, want := s.got[1].body, `{"locationId":"loc1","pageLimit":2,"searchAfter":[1772452800123456789,"c2",null]}`; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	if third, err := s.client.SearchContacts(t.Context(), crm.ContactSearch{}); err != nil || len(third.SearchAfter) != 0 || third.Total != -1 {
		t.Errorf("got %+v, %v", third, err)
	}
	if got := sent(t, s)["pageLimit"]; got != json.Number("500") {
		t.Errorf("the page limit is %v without one", got)
	}
	_, err = s.client.SearchContacts(t.Context(), crm.ContactSearch{PageLimit: 2})
	if got := failureOf(t, err); got.Code != "page_without_cursor" {
		t.Errorf("a full page without a cursor passes for the last: %v", got)
	}
}

func TestTheListContinuesByBothCursorsAndNeverByAnAddress(t *testing.T) {
	const row = `{"id":"c1","dateAdded":"2026-03-02T12:00:00.123Z"}`
	for name, c := range map[string]struct {
		body  string
		total int
		after int64
		id    string
	}{
		"meta says":                    {`{"contacts":[` + row + `],"count":9,"meta":{"total":8,"startAfter":1772452800000,"startAfterId":"m1","nextPage":2,"nextPageUrl":"http://evil.invalid/"}}`, 8, 1772452800000, "m1"},
		"meta says in text":            {`{"contacts":[` + row + `],"meta":{"startAfter":"1772452800000","startAfterId":"m1"}}`, -1, 1772452800000, "m1"},
		"meta is missing":              {`{"contacts":[` + row + `],"count":9}`, 9, 1772452800123, "c1"},
		"the page is empty":            {`{"contacts":[],"meta":{"startAfter":1,"startAfterId":"m1","nextPage":2}}`, -1, 0, ""},
		"the page is short and last":   {`{"contacts":[],"meta":{"startAfter":1,"startAfterId":"m1","nextPage":null}}`, -1, 0, ""},
		"two rows where one was asked": {`{"contacts":[` + row + `,{"id":"c2","dateAdded":"2026-03-02T12:00:01Z"}]}`, -1, 1772452801000, "c2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, reply{200, c.body, nil})
			page, err := s.client.ListContacts(t.Context(), crm.ContactList{Limit: 1, StartAfter: 5, StartAfterID: "s1", Query: "a b"})
			if err != nil || page.Total != c.total || page.StartAfter != c.after || page.StartAfterID != c.id {
				t.Errorf("got %+v, %v", page, err)
			}
			if got, want := s.got[0].uri, "/contacts/?limit=1&locationId=loc1&query=a+b&startAfter=5&startAfterId=s1"; got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
		})
	}
	short := serve(t, nil, reply{200, `{"contacts":[` + row + `],"meta":{"startAfter":1,"startAfterId":"m1","nextPage":2}}`, nil})
	if page, err := short.client.ListContacts(t.Context(), crm.ContactList{}); err != nil || page.StartAfterID != "m1" {
		t.Errorf("a short page that announces another: %+v, %v", page, err)
	}
	lost := serve(t, nil, reply{200, `{"contacts":[{"id":"c1"}]}`, nil})
	_, err := lost.client.ListContacts(t.Context(), crm.ContactList{Limit: 1})
	if got := failureOf(t, err); got.Code != "page_without_cursor" {
		t.Errorf("a full page without a cursor passes for the last: %v", got)
	}
}

func TestBusinessContactsArePagedByOffset(t *testing.T) {
	s := serve(t, nil, reply{200, `{"contacts":[{"id":"c1"}],"count":41}`, nil})
	page, err := s.client.ListBusinessContacts(t.Context(), "b 1", crm.BusinessContactList{Limit: 10, Skip: 40, Query: "x"})
	if err != nil || page.Total != 41 || len(page.Contacts) != 1 {
		t.Fatalf("got %+v, %v", page, err)
	}
	if got := s.got[0].uri; got != "/contacts/business/b%201?limit=10&locationId=loc1&query=x&skip=40" {
		t.Errorf("asked %s", got)
	}
}

func TestALookUpThatFindsNobodyIsNoError(t *testing.T) {
	for _, body := range []string{`{"contact":null}`, `{"traceId":"t"}`} {
		s := serve(t, nil, reply{200, body, nil})
		if got, err := s.client.FindDuplicateContact(t.Context(), crm.DuplicateLookup{Phone: "+15550100"}); got != nil || err != nil {
			t.Errorf("%s: got %v, %v", body, got, err)
		}
	}
}

func TestTagCallsReturnTheTagsThatAreThereNow(t *testing.T) {
	s := serve(t, nil, reply{201, `{"tags":["vip","new"],"tagsAdded":["new"]}`, nil})
	got, err := s.client.AddContactTags(t.Context(), "c1", []string{"New"})
	if err != nil || !slices.Equal(got, []string{"vip", "new"}) || s.got[0].body != `{"tags":["New"]}` {
		t.Errorf("got %q, %v after %s", got, err, s.got[0].body)
	}
	s = serve(t, nil, reply{200, `{"tags":[]}`, nil})
	got, err = s.client.RemoveContactTags(t.Context(), "c1", []string{"vip"})
	if err != nil || got == nil || len(got) != 0 || s.got[0].body != `{"tags":["vip"]}` {
		t.Errorf("got %q, %v after %s", got, err, s.got[0].body)
	}
}

func TestOnlyContactsFieldsAreListed(t *testing.T) {
	s := serve(t, nil, reply{200, `{"customFields":[{"id":"f1","model":"contact"},{"id":"f2","model":"opportunity"},{"id":"f3"}]}`, nil})
	fields, err := s.client.ListCustomFields(t.Context())
	if err != nil || len(fields) != 2 || fields[0]["id"] != "f1" || fields[1]["id"] != "f3" {
		t.Errorf("got %v, %v", fields, err)
	}
}

func TestTheLocationComesOutOfItsEnvelope(t *testing.T) {
	s := serve(t, nil, reply{200, `{"location":{"id":"loc1","settings":{"allowDuplicateContact":true}}}`, nil}, reply{200, `{"location":{}}`, nil})
	location, err := s.client.GetLocation(t.Context())
	if err != nil || location["id"] != "loc1" {
		t.Errorf("got %v, %v", location, err)
	}
	_, err = s.client.GetLocation(t.Context())
	if got := failureOf(t, err); got.Code != "unexpected_shape" {
		t.Errorf("got %v", got)
	}
}

func TestUsersAreSearchedForUnderVersion3(t *testing.T) {
	s := serve(t, func(c *Config) {
		c.CompanyID = "comp1"
		c.Versions = map[string]string{AllOperations: "v3"}
	},
		reply{200, `{"users":[{"id":"u1"},{"id":"u2"}],"count":3}`, nil},
		reply{200, `{"users":[{"id":"u2"},{"id":"u3"}],"count":3}`, nil})
	users, err := s.client.ListUsers(t.Context())
	if err != nil || len(users) != 3 || len(s.got) != 2 {
		t.Fatalf("got %v, %v by %d requests", users, err, len(s.got))
	}
	if got := s.got[1].uri; got != "/users/search?companyId=comp1&limit=100&locationId=loc1&skip=2" {
		t.Errorf("asked %s", got)
	}
}
