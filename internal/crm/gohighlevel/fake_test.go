package gohighlevel_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

func TestAContactLivesItsLifeThroughTheClient(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	ctx := t.Context()
	document := must[crm.Document](t)
	tags := must[[]string](t)
	score := l.fake.AddCustomField("Score", "score", "NUMERICAL")
	hobbies := l.fake.AddCustomField("Hobbies", "hobbies", "CHECKBOX", "chess", "maths")

	created := document(l.client.CreateContact(ctx, crm.Document{
		"firstName": "Ada", "lastName": "Lovelace", "email": "Ada@Example.com", "phone": "+12125550100", "companyName": "Engines",
		"country": "GB", "dateOfBirth": "1815-12-10", "tags": []string{"VIP"},
		"customFields": []any{
			map[string]any{"id": score, "field_value": 42.5}, map[string]any{"id": hobbies, "field_value": []string{"chess"}},
		},
	}))
	id := created["id"].(string)
	read := document(l.client.GetContact(ctx, id))
	for field, want := range map[string]string{"firstName": "Ada", "lastName": "Lovelace", "phone": "+12125550100", "companyName": "Engines"} {
		if created[field] != want || read[field] != want {
			t.Errorf("%s: created %v, read %v, want %s", field, created[field], read[field], want)
		}
	}
	values := map[any]any{}
	for _, item := range read["customFields"].([]any) {
		values[item.(map[string]any)["id"]] = item.(map[string]any)["value"]
	}
	if values[score] != json.Number("42.5") || fmt.Sprint(values[hobbies]) != "[chess]" {
		t.Errorf("custom fields are %v", values)
	}

	updated := document(l.client.UpdateContact(ctx, id, crm.Document{"city": "London", "lastName": nil, "locationId": l.fake.LocationID()}))
	if updated["city"] != "London" || (updated["lastName"] != nil && updated["lastName"] != "") || updated["firstName"] != "Ada" {
		t.Errorf("updated to %v", updated)
	}
	if got := tags(l.client.AddContactTags(ctx, id, []string{"New Lead"})); !slices.Contains(got, "new lead") || !slices.Contains(got, "vip") {
		t.Errorf("the tags are %q", got)
	}
	if got := tags(l.client.RemoveContactTags(ctx, id, []string{"vip"})); !slices.Equal(got, []string{"new lead"}) {
		t.Errorf("the tags are %q", got)
	}
	if found := document(l.client.FindDuplicateContact(ctx, crm.DuplicateLookup{Email: "ada@example.COM"})); found["id"] != id {
		t.Errorf("found %v by e-mail", found)
	}
	if found := document(l.client.FindDuplicateContact(ctx, crm.DuplicateLookup{Phone: "+12125550100"})); found["id"] != id {
		t.Errorf("found %v by phone", found)
	}

	for range 2 {
		if err := l.client.DeleteContact(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.client.GetContact(ctx, id)
	wantKind(t, err, crm.NotFound)
	_, err = l.client.UpdateContact(ctx, id, crm.Document{"city": "Bath"})
	wantKind(t, err, crm.NotFound)
	_, err = l.client.AddContactTags(ctx, id, []string{"vip"})
	wantKind(t, err, crm.NotFound)
	if found := document(l.client.FindDuplicateContact(ctx, crm.DuplicateLookup{Email: "ada@example.com"})); found != nil {
		t.Errorf("found %v, which is deleted", found)
	}
}

func TestASecondContactIsRefusedAndTheFirstNamed(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	first := must[crm.Document](t)(l.client.CreateContact(t.Context(), crm.Document{"email": "ada@example.com"}))
	_, err := l.client.CreateContact(t.Context(), crm.Document{"email": "ADA@example.com"})
	got := wantKind(t, err, crm.Duplicate)
	if got.ExistingID != first["id"] || !slices.Equal(got.Fields, []string{"email"}) || got.TraceID == "" {
		t.Errorf("got %+v", *got)
	}
	stored, created, err := l.client.UpsertContact(t.Context(), crm.Document{"email": "ada@example.com", "firstName": "Ada"})
	if err != nil || created || stored["id"] != first["id"] || stored["firstName"] != "Ada" {
		t.Errorf("upsert: %v, %v, %v", stored, created, err)
	}
	stored, created, err = l.client.UpsertContact(t.Context(), crm.Document{"email": "grace@example.com"})
	if err != nil || !created || stored["id"] == first["id"] {
		t.Errorf("upsert: %v, %v, %v", stored, created, err)
	}
}

func TestOneUnknownPropertyRefusesTheWholeRequest(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	id := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	_, err := l.client.UpdateContact(t.Context(), id, crm.Document{"firstName": "Grace", "companyName": "Engines"})
	if got := wantKind(t, err, crm.Invalid); got.Code != "unknown_property" || !slices.Equal(got.Fields, []string{"companyName"}) {
		t.Errorf("got %+v", *got)
	}
	if contact, _ := l.fake.Get(id); contact.FirstName != "Ada" {
		t.Errorf("the name became %q", contact.FirstName)
	}
}

// load puts n contacts of one business into the location.
func load(l location, n int) map[string]bool {
	all := make([]gohighleveltest.Contact, n)
	for i := range all {
		all[i] = gohighleveltest.Contact{FirstName: fmt.Sprintf("Name%d", i), Address1: "1 Elm St", BusinessID: "b1", Email: fmt.Sprintf("p%d@example.com", i)}
	}
	ids := map[string]bool{}
	for _, id := range l.fake.Load(all) {
		ids[id] = true
	}
	return ids
}

func TestEveryPageIsReadOnceWhicheverWayOnePages(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	ctx := t.Context()
	ids := load(l, 1203)
	const tooMany = 200
	for name, next := range map[string]func() (func() ([]crm.Document, bool, error), int){
		"search": func() (func() ([]crm.Document, bool, error), int) {
			q := crm.ContactSearch{PageLimit: 500, Sort: []crm.SearchSort{{Field: "dateUpdated", Direction: "asc"}}}
			return func() ([]crm.Document, bool, error) {
				page, err := l.client.SearchContacts(ctx, q)
				q.SearchAfter = page.SearchAfter
				return page.Contacts, len(page.SearchAfter) > 0, err
			}, 3
		},
		"list": func() (func() ([]crm.Document, bool, error), int) {
			q := crm.ContactList{}
			return func() ([]crm.Document, bool, error) {
				page, err := l.client.ListContacts(ctx, q)
				q.StartAfter, q.StartAfterID = page.StartAfter, page.StartAfterID
				return page.Contacts, page.StartAfterID != "", err
			}, 13
		},
		"business": func() (func() ([]crm.Document, bool, error), int) {
			q := crm.BusinessContactList{Limit: 100}
			return func() ([]crm.Document, bool, error) {
				page, err := l.client.ListBusinessContacts(ctx, "b1", q)
				q.Skip += len(page.Contacts)
				return page.Contacts, len(page.Contacts) == q.Limit, err
			}, 13
		},
	} {
		t.Run(name, func(t *testing.T) {
			read, calls := next()
			seen := map[string]bool{}
			n, pages := 0, 0
			for more := true; more && pages < tooMany; pages++ {
				var contacts []crm.Document
				var err error
				if contacts, more, err = read(); err != nil {
					t.Fatal(err)
				}
				for _, contact := range contacts {
					id := contact["id"].(string)
					if !ids[id] {
						t.Fatalf("a stranger: %s", id)
					}
					seen[id] = true
					n++
				}
			}
			if len(seen) != len(ids) || n != len(ids) || pages != calls {
				t.Errorf("read %d rows of %d contacts by %d calls; there are %d, in %d pages", n, len(seen), pages, len(ids), calls)
			}
		})
	}
	page := must[crm.ContactPage](t)(l.client.SearchContacts(ctx, crm.ContactSearch{PageLimit: 1}))
	if got := page.Contacts[0]; got["address1"] != "1 Elm St" || got["firstName"].(string)[:4] != "Name" {
		t.Errorf("a search row reads %v", got)
	}
}

func TestTheLocationsSettingsFieldsAndUsersAreRead(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	field := l.fake.AddCustomField("Score", "score", "NUMERICAL")
	user := l.fake.AddUser("Ada", "King", "ada@example.com")
	location := must[crm.Document](t)(l.client.GetLocation(t.Context()))
	if settings, ok := location["settings"].(map[string]any); !ok || location["id"] != l.fake.LocationID() || settings["allowDuplicateContact"] != false {
		t.Errorf("the location is %v", location)
	}
	fields := must[[]crm.Document](t)(l.client.ListCustomFields(t.Context()))
	if len(fields) != 1 || fields[0]["id"] != field || fields[0]["fieldKey"] != "contact.score" {
		t.Errorf("the fields are %v", fields)
	}
	users := must[[]crm.Document](t)(l.client.ListUsers(t.Context()))
	if !slices.ContainsFunc(users, func(u crm.Document) bool { return u["id"] == user && u["email"] == "ada@example.com" }) {
		t.Errorf("the users are %v", users)
	}
}

func TestAnExpiredTokenIsRefreshedByOneOfManyCallers(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	id := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	l.fake.ExpireAccessTokens()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, err := l.client.GetContact(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if l.grant.refreshes != 1 {
		t.Errorf("refreshed %d times", l.grant.refreshes)
	}
	l.fake.RevokeGrant()
	_, err := l.client.GetContact(t.Context(), id)
	wantKind(t, err, crm.NeedsReconnect)
}

func TestAMissingScopeIsNamedAndNotRefreshed(t *testing.T) {
	l := open(t, gohighleveltest.Options{}, "contacts.readonly")
	_, err := l.client.CreateContact(t.Context(), crm.Document{"email": "ada@example.com"})
	if got := wantKind(t, err, crm.NeedsAccess); got.Reason != "the grant lacks scope contacts.write" {
		t.Errorf("got %+v", *got)
	}
	if l.grant.refreshes != 0 {
		t.Error("the token was refreshed")
	}
}

func TestFaultsOfTheVendorAreToldApart(t *testing.T) {
	const made, notMade = 1, 0
	for kind, want := range map[string]struct {
		create, read crm.Kind
		contacts     int
	}{
		gohighleveltest.Fault500:       {crm.Ambiguous, crm.Unavailable, notMade},
		gohighleveltest.Fault503:       {crm.Ambiguous, crm.Unavailable, notMade},
		gohighleveltest.Fault429:       {crm.RateLimited, crm.RateLimited, notMade},
		gohighleveltest.FaultCutBefore: {crm.Ambiguous, crm.Unavailable, notMade},
		gohighleveltest.FaultCutAfter:  {crm.Ambiguous, crm.Unavailable, made},
	} {
		t.Run(kind, func(t *testing.T) {
			l := open(t, gohighleveltest.Options{})
			l.fake.SetFaults([]gohighleveltest.Fault{{Kind: kind, Path: "/contacts/"}})
			_, err := l.client.CreateContact(t.Context(), crm.Document{"email": "ada@example.com"})
			wantKind(t, err, want.create)
			_, err = l.client.SearchContacts(t.Context(), crm.ContactSearch{})
			wantKind(t, err, want.read)
			if got := l.fake.Count(); got != want.contacts {
				t.Errorf("there are %d contacts", got)
			}
		})
	}
}

func TestAUsedUpWindowSaysHowLongToWait(t *testing.T) {
	l := open(t, gohighleveltest.Options{Burst: 1})
	if _, err := l.client.GetLocation(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := l.client.GetLocation(t.Context())
	if got := wantKind(t, err, crm.RateLimited); got.RetryAfter <= 0 {
		t.Errorf("got %+v", *got)
	}
}
