package spectest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// listener is a test that only remembers what it was told.
type listener struct {
	testing.TB
	breaches []string
	logs     []string
	cleanups []func()
}

func (l *listener) Helper()          {}
func (l *listener) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }
func (l *listener) Log(args ...any)  { l.logs = append(l.logs, fmt.Sprint(args...)) }
func (l *listener) Errorf(format string, args ...any) {
	l.breaches = append(l.breaches, fmt.Sprintf(format, args...))
}

func needDescription(t *testing.T) {
	t.Helper()
	if _, err := load(); errors.Is(err, errNoDescription) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

type exchange struct {
	method, path, requestBody string
	status                    int
	answer                    string
	prepare                   func(*http.Request)
}

// breaches carries an exchange out through Validate and returns what was reported.
func (e exchange) breaches(t *testing.T, times int) []string {
	t.Helper()
	heard := &listener{TB: t}
	handler := Validate(heard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) != e.requestBody {
			t.Errorf("the handler got the body %q", body)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.answer)
	}))
	for range times {
		var body io.Reader
		if e.requestBody != "" {
			body = strings.NewReader(e.requestBody)
		}
		request := httptest.NewRequest(e.method, e.path, body)
		request.Header.Set("Authorization", "Bearer a-token")
		request.Header.Set("Version", "2021-07-28")
		if body != nil {
			request.Header.Set("Content-Type", "application/json")
		}
		if e.prepare != nil {
			e.prepare(request)
		}
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, request)
		if got.Code != e.status || got.Body.String() != e.answer {
			t.Errorf("the client got %d %q", got.Code, got.Body)
		}
	}
	return heard.breaches
}

const (
	aTask      = `{"task":{"id":"t1","title":"x","dueDate":"2026-03-02T12:00:00.000Z","completed":false,"contactId":"c1"}}`
	aFoundTask = `{"_id":"t1","title":"x","contactId":"c1","completed":false,"searchAfter":[1,"t1"]}`
	anEvent    = `{"id":"a1","title":"","calendarId":"k1","locationId":"l1","contactId":"c1","groupId":"","appointmentStatus":"new",
		"assignedUserId":"","users":[],"startTime":"2026-03-02T12:00:00-05:00","endTime":"2026-03-02T12:30:00-05:00",
		"dateAdded":"2026-03-02T12:00:00-05:00","dateUpdated":"2026-03-02T12:00:00-05:00"}`
)

func calendars(r *http.Request) { r.Header.Set("Version", "2021-04-15") }

const aContact = `{"contact":{"id":"c1","firstName":"Ada","customFields":[{"id":"f1","value":3}]}}`

func TestExchangesThatKeepToTheDescriptionPassInSilence(t *testing.T) {
	needDescription(t)
	for name, e := range map[string]exchange{
		"reading a contact":          {method: "GET", path: "/contacts/c1", status: 200, answer: aContact},
		"creating a contact":         {method: "POST", path: "/contacts/", requestBody: `{"locationId":"l1","dateOfBirth":"1990-09-25","customFields":[{"id":"f","field_value":1.5}]}`, status: 201, answer: aContact},
		"an undocumented 2xx":        {method: "PUT", path: "/contacts/c1", requestBody: `{"lastName":null}`, status: 201, answer: `{"succeded":true,"contact":{"id":"c1"}}`},
		"a search":                   {method: "POST", path: "/contacts/search", requestBody: `{"locationId":"l1","pageLimit":500}`, status: 200, answer: `{"contacts":[{"id":"c1","searchAfter":[1,"c1"]}],"total":1}`},
		"a look-up that finds none":  {method: "GET", path: "/contacts/search/duplicate?locationId=l1&email=a%40b.c", status: 200, answer: `{"contact":null}`},
		"a look-up that finds one":   {method: "GET", path: "/contacts/search/duplicate?locationId=l1&email=a%40b.c", status: 200, answer: aContact},
		"creating a task":            {method: "POST", path: "/contacts/c1/tasks", requestBody: `{"title":"x","dueDate":"2026-03-02T12:00:00Z","completed":false}`, status: 201, answer: aTask},
		"a search for tasks":         {method: "POST", path: "/locations/l1/tasks/search", requestBody: `{"limit":500,"searchAfter":[1,"t0"]}`, status: 201, answer: `{"tasks":[` + aFoundTask + `]}`},
		"a note":                     {method: "GET", path: "/contacts/c1/notes/n1", status: 200, answer: `{"note":{"id":"n1","body":"<p>x</p>","pinned":false}}`},
		"an event":                   {method: "GET", path: "/calendars/events/appointments/a1", status: 200, answer: `{"event":` + anEvent + `}`, prepare: calendars},
		"a deleted event":            {method: "DELETE", path: "/calendars/events/a1", requestBody: `{}`, status: 201, answer: `{"succeeded":true}`, prepare: calendars},
		"an error in its own form":   {method: "GET", path: "/contacts/c1", status: 400, answer: `{"statusCode":400,"message":"Contact not found for id:c1"}`},
		"an error of something else": {method: "GET", path: "/contacts/c1", status: 502, answer: `<html>`},
		"a refused bad request":      {method: "PUT", path: "/contacts/c1", requestBody: `{"locationId":"l1"}`, status: 422, answer: `{"statusCode":422,"message":["property locationId should not exist"],"error":"Unprocessable Entity"}`},
		"a path outside":             {method: "GET", path: "/__admin/stats", status: 200, answer: `[]`},
		"version v3":                 {method: "GET", path: "/contacts/c1", status: 200, answer: `{"contact":1}`, prepare: func(r *http.Request) { r.Header.Set("Version", "v3") }},
	} {
		t.Run(name, func(t *testing.T) {
			if got := e.breaches(t, 1); len(got) > 0 {
				t.Errorf("reported: %q", got)
			}
		})
	}
}

func TestBreachesOfTheDescriptionAreReported(t *testing.T) {
	needDescription(t)
	for name, c := range map[string]struct {
		exchange
		naming string
	}{
		"an answer of the wrong type":        {exchange{method: "GET", path: "/contacts/c1", status: 200, answer: `{"contact":{"id":"c1","firstName":7}}`}, "/contact/firstName"},
		"an answer that is no JSON":          {exchange{method: "GET", path: "/contacts/c1", status: 200, answer: `{`}, "answer 200"},
		"a search row without its cursor":    {exchange{method: "POST", path: "/contacts/search", requestBody: `{"locationId":"l1","pageLimit":5}`, status: 200, answer: `{"contacts":[{"id":"c1"}],"total":1}`}, "searchAfter"},
		"a look-up that answers a list":      {exchange{method: "GET", path: "/contacts/search/duplicate?locationId=l1&email=a", status: 200, answer: `{"contact":[]}`}, "/contact"},
		"an error with a number for message": {exchange{method: "GET", path: "/contacts/c1", status: 400, answer: `{"statusCode":400,"message":4}`}, "/message"},
		"a property the endpoint refuses":    {exchange{method: "PUT", path: "/contacts/c1", requestBody: `{"locationId":"l1"}`, status: 200, answer: aContact}, "locationId"},
		"a request without its location":     {exchange{method: "POST", path: "/contacts/", requestBody: `{"email":"a@b.c"}`, status: 201, answer: aContact}, "locationId"},
		"a page that is too large":           {exchange{method: "POST", path: "/contacts/search", requestBody: `{"locationId":"l1","pageLimit":501}`, status: 200, answer: `{"contacts":[],"total":0}`}, "/pageLimit"},
		"a task without its due date":        {exchange{method: "POST", path: "/contacts/c1/tasks", requestBody: `{"title":"x","completed":false}`, status: 201, answer: aTask}, "dueDate"},
		"a task's date that cannot be set":   {exchange{method: "PUT", path: "/contacts/c1/tasks/t1", requestBody: `{"dateAdded":"x"}`, status: 200, answer: aTask}, "dateAdded"},
		"a task search by another name":      {exchange{method: "POST", path: "/locations/l1/tasks/search", requestBody: `{"pageLimit":500}`, status: 201, answer: `{"tasks":[]}`}, "pageLimit"},
		"tasks in a list of lists":           {exchange{method: "POST", path: "/locations/l1/tasks/search", requestBody: `{}`, status: 201, answer: `{"tasks":[[` + aFoundTask + `]]}`}, "/tasks/0"},
		"a note's body of the wrong type":    {exchange{method: "GET", path: "/contacts/c1/notes/n1", status: 200, answer: `{"note":{"id":"n1","body":4}}`}, "/note/body"},
		"an event without its times":         {exchange{method: "GET", path: "/calendars/events/appointments/a1", status: 200, answer: `{"event":` + strings.Replace(anEvent, "startTime", "start", 1) + `}`, prepare: calendars}, "startTime"},
		"the contacts' version on calendars": {exchange{method: "GET", path: "/calendars/events/appointments/a1", status: 200, answer: `{"event":` + anEvent + `}`}, "2021-04-15"},
		"a missing query parameter":          {exchange{method: "GET", path: "/users/", status: 200, answer: `{"users":[]}`}, "locationId"},
		"a missing version":                  {exchange{method: "GET", path: "/contacts/c1", status: 200, answer: aContact, prepare: func(r *http.Request) { r.Header.Del("Version") }}, "Version"},
		"a missing token":                    {exchange{method: "GET", path: "/contacts/c1", status: 200, answer: aContact, prepare: func(r *http.Request) { r.Header.Del("Authorization") }}, "bearer token"},
		"a lost trailing slash":              {exchange{method: "POST", path: "/contacts", requestBody: `{"locationId":"l1"}`, status: 201, answer: aContact}, "no such operation"},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.breaches(t, 3)
			if len(got) != 1 || !strings.Contains(got[0], c.naming) || !strings.Contains(got[0], c.method+" ") {
				t.Errorf("want one report naming %q, got %q", c.naming, got)
			}
		})
	}
}

func TestNothingIsReportedAfterTheTestIsOver(t *testing.T) {
	needDescription(t)
	heard := &listener{TB: t}
	handler := Validate(heard, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) }))
	for _, cleanup := range heard.cleanups {
		cleanup()
	}
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/contacts/c1", nil))
	if len(heard.breaches) > 0 {
		t.Errorf("reported: %q", heard.breaches)
	}
}

func TestAHandlerMayCutTheConnection(t *testing.T) {
	needDescription(t)
	server := httptest.NewServer(Validate(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		_ = connection.Close()
	})))
	defer server.Close()
	if response, err := http.Get(server.URL + "/contacts/c1"); err == nil {
		_ = response.Body.Close()
		t.Error("an answer came over a connection that was cut")
	}
}

func TestWithoutADescriptionEverythingPassesAndTheTestSaysSo(t *testing.T) {
	if described, err := readAt(t.TempDir()); !errors.Is(err, errNoDescription) || described != nil {
		t.Fatalf("an empty directory gave %v, %v", described, err)
	}
	before := Skipped()
	heard := &listener{TB: t}
	next := http.NotFoundHandler()
	if got := validate(heard, next, nil, errNoDescription); fmt.Sprintf("%p", got) != fmt.Sprintf("%p", next) {
		t.Error("the handler was wrapped")
	}
	if Skipped() != before+1 || len(heard.logs) != 1 || !strings.HasPrefix(heard.logs[0], "SKIPPED: ") {
		t.Errorf("skipped %d times, logged %q", Skipped()-before, heard.logs)
	}
}
