package gohighlevel_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/spectest"
)

func TestVersion3IsASwitchInTheConfiguration(t *testing.T) {
	fake := gohighleveltest.New(gohighleveltest.Options{})
	server := httptest.NewServer(fake.Handler())
	defer server.Close()
	g := &grant{address: server.URL}
	g.access, g.refresh = fake.GrantToken()
	client, err := gohighlevel.New(gohighlevel.Config{
		BaseURL: server.URL, LocationID: fake.LocationID(), CompanyID: fake.CompanyID(), Tokens: g, HTTP: &http.Client{},
		Versions: map[string]string{gohighlevel.AllOperations: "v3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	created := must[crm.Document](t)(client.CreateContact(ctx, crm.Document{"email": "ada@example.com"}))
	updated := must[crm.Document](t)(client.UpdateContact(ctx, created["id"].(string), crm.Document{"firstName": "Ada"}))
	if updated["firstName"] != "Ada" {
		t.Errorf("updated to %v", updated)
	}
	for i := range 30 {
		fake.AddUser("Ada", string(rune('A'+i)), "ada@example.com")
	}
	if users := must[[]crm.Document](t)(client.ListUsers(ctx)); len(users) != 30 {
		t.Errorf("there are %d users", len(users))
	}
	_, err = client.CreateContact(ctx, crm.Document{"email": "ada@example.com"})
	if got := wantKind(t, err, crm.Duplicate); got.ExistingID != created["id"] {
		t.Errorf("got %+v", *got)
	}
	contact := created["id"].(string)
	task := must[crm.Document](t)(client.CreateTask(ctx, contact, crm.Document{"title": "Call", "dueDate": "2026-03-02T12:00:00Z", "completed": false}))
	if found := must[crm.TaskPage](t)(client.SearchTasks(ctx, crm.TaskSearch{})); len(found.Tasks) != 1 || found.Tasks[0]["id"] != task["id"] {
		t.Errorf("found %v", found)
	}
	if err := client.DeleteTask(ctx, contact, task["id"].(string)); err != nil {
		t.Fatal(err)
	}
	appointment := must[crm.Document](t)(client.CreateAppointment(ctx, crm.Document{
		"calendarId": fake.AddCalendar(gohighleveltest.Calendar{Name: "Visits"}), "contactId": contact, "startTime": "2026-03-02T15:00:00Z",
		"appointmentStatus": "completed", "ignoreFreeSlotValidation": true,
	}))
	if appointment["dateUpdated"] == nil || appointment["appointmentStatus"] != "completed" {
		t.Errorf("booked %v", appointment)
	}
	if err := client.DeleteContact(ctx, contact); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetContact(ctx, created["id"].(string))
	wantKind(t, err, crm.NotFound)
}

func TestTheDescriptionIsReallyCompared(t *testing.T) {
	before, skipped := spectest.Checked(), spectest.Skipped()
	l := open(t, gohighleveltest.Options{})
	if _, err := l.client.GetLocation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if spectest.Skipped() > skipped {
		t.Skip("SKIPPED: HighLevel's OpenAPI description not found; set " + spectest.DirectoryVariable)
	}
	if spectest.Checked() != before+1 {
		t.Errorf("%d exchanges were checked", spectest.Checked()-before)
	}
}
