package gohighleveltest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEveryChangeIsAnnouncedWhoeverMadeIt(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	var id string
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"the API creates", func() { id = c.create(object{"firstName": "Ada", "tags": []string{"a"}}) }, []string{ContactCreate}},
		{"the API updates", func() { c.want(200, "PUT", "/contacts/"+id, object{"city": "Rome"}) }, []string{ContactUpdate}},
		{"the API updates nothing", func() { c.want(200, "PUT", "/contacts/"+id, object{"city": "Rome"}) }, []string{ContactUpdate}},
		{"the API adds tags", func() { c.want(201, "POST", "/contacts/"+id+"/tags", object{"tags": []string{"b"}}) }, []string{ContactTagUpdate}},
		{"the API removes tags", func() { c.want(200, "DELETE", "/contacts/"+id+"/tags", object{"tags": []string{"b"}}) }, []string{ContactTagUpdate}},
		{"the API upserts", func() {
			c.want(200, "POST", "/contacts/upsert", object{"locationId": c.fake.LocationID(), "email": "ada@example.com", "firstName": "Ada"})
		}, []string{ContactCreate}},
		{"the API upserts again", func() {
			c.want(200, "POST", "/contacts/upsert", object{"locationId": c.fake.LocationID(), "email": "ada@example.com", "firstName": "A"})
		}, []string{ContactUpdate}},
		{"a person edits much at once", func() {
			require.NoError(t, c.fake.Edit(id, map[string]any{"city": "Pisa", "tags": []string{"x"}, "dnd": true}))
		}, []string{ContactDndUpdate, ContactTagUpdate, ContactUpdate}},
		{"a person blocks a channel", func() {
			require.NoError(t, c.fake.Edit(id, map[string]any{"dndSettings": map[string]DNDSetting{"SMS": {Status: "active"}}}))
		}, []string{ContactDndUpdate}},
		{"changes that HighLevel is silent about", func() {
			require.NoError(t, c.fake.Edit(id, map[string]any{"followers": []string{"u"}}))
			require.NoError(t, c.fake.Edit(id, map[string]any{"inboundDndSettings": DNDSetting{Status: "active"}}))
			c.want(200, "POST", "/contacts/bulk/business", object{"locationId": c.fake.LocationID(), "ids": []string{id}, "businessId": "b1"})
		}, nil},
		{"a change that is refused", func() { c.want(422, "PUT", "/contacts/"+id, object{"shoeSize": 44}) }, nil},
		{"people are loaded", func() { c.fake.Load([]Contact{{FirstName: "L"}}) }, nil},
		{"people are imported", func() { c.fake.Import([]Contact{{FirstName: "I"}, {FirstName: "J"}}) }, []string{ContactCreate, ContactCreate}},
		{"the API deletes", func() { c.want(200, "DELETE", "/contacts/"+id, nil) }, []string{ContactDelete}},
	} {
		t.Run(step.what, func(t *testing.T) {
			x.forget()
			step.do()
			c.drain()
			var got []string
			for _, r := range x.got() {
				got = append(got, r.text("type"))
			}
			require.ElementsMatch(t, step.want, got)
		})
	}
}

func TestAMergeIsADeletionAndAnUpdate(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	winner := c.fake.Create(Contact{FirstName: "Ada", Tags: []string{"a"}})
	loser := c.fake.Create(Contact{FirstName: "Adah", Tags: []string{"b"}})
	c.drain()
	x.forget()
	require.NoError(t, c.fake.Merge(winner, loser))
	c.drain()
	require.ElementsMatch(t, []string{ContactDelete + " " + loser, ContactUpdate + " " + winner}, x.names())
}

func TestAPayloadIsFlatAndLeavesOutWhatIsEmpty(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	field := c.fake.AddCustomField("X", "", "TEXT")
	id := c.fake.Create(Contact{
		FirstName: "Ada", LastName: "King", Email: "Ada@Example.com", DateOfBirth: "1815-12-10", Tags: []string{"VIP"},
		CustomFields: []CustomValue{{field, "v"}},
	})
	c.drain()
	got := x.got()[0]
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`, got.body["webhookId"])
	delete(got.body, "webhookId")
	require.Equal(t, object{
		"type": ContactCreate, "locationId": c.fake.LocationID(), "id": id, "firstName": "Ada", "lastName": "King", "name": "Ada King",
		"email": "Ada@Example.com", "dateOfBirth": "1815-12-10T00:00:00.000Z", "dateAdded": "2026-03-01T09:00:00.000Z", "dnd": false,
		"tags": []any{"vip"}, "customFields": []any{object{"id": field, "value": "v"}},
		"timestamp": "2026-03-01T09:00:00.000Z", "appId": "66f1c0de4be1a2b3c4d5e6f7", "versionId": "66f1c0de4be1a2b3c4d5e6f7",
	}, got.body)
}

func TestInstallAndUninstallGoToTheDefaultURLAlone(t *testing.T) {
	own := receive(t, nil)
	c, x := listening(t, Options{Webhooks: []WebhookEndpoint{{URL: own.server.URL, Events: []string{ContactCreate}}}}, nil)
	id := c.fake.Create(Contact{FirstName: "Ada"})
	c.fake.Install()
	c.fake.Uninstall()
	c.fake.UninstallCompany()
	c.drain()
	require.Equal(t, []string{ContactCreate + " " + id}, own.names())
	require.Len(t, x.got(), 3)
	for _, r := range x.got() {
		require.Equal(t, "66f1c0de4be1a2b3c4d5e6f7", r.text("appId"))
		switch {
		case r.text("type") == AppInstalled:
			require.Equal(t, c.fake.LocationID(), r.text("locationId"))
			require.Equal(t, c.fake.CompanyID(), r.text("companyId"))
		case r.text("locationId") == "":
			require.Equal(t, AppUninstalled, r.text("type"))
			require.Equal(t, c.fake.CompanyID(), r.text("companyId"))
		default:
			require.Equal(t, AppUninstalled, r.text("type"))
			require.Equal(t, c.fake.LocationID(), r.text("locationId"))
		}
	}
	c.want(401, "GET", "/contacts/"+id, nil)
}

func TestWebhooksAreDeliveredOnlyToThisMachine(t *testing.T) {
	f := New(Options{})
	for _, url := range []string{"http://example.com/", "http://localhost:1/", "https://127.0.0.1:1/", "http://127.0.0.2:1/", "://"} {
		require.Error(t, f.SetWebhookURL(url), url)
		require.Panics(t, func() { New(Options{Webhooks: []WebhookEndpoint{{URL: url}}}) }, url)
	}
	require.Error(t, f.SetWebhookURL("http://127.0.0.1:1/", "ContactMerge"))
	_, err := newWebhookClient().Get("http://127.0.0.2:9/")
	require.ErrorContains(t, err, "not delivered to 127.0.0.2")
}

func TestAURLThatIsTakenBackGetsNothingMore(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	require.NoError(t, c.fake.SetWebhookURL(""))
	c.fake.Create(Contact{FirstName: "Ada"})
	c.drain()
	require.Empty(t, x.got())
	require.Zero(t, c.fake.WebhookStats().Events)
}

func TestAnIDNeverComesBackAfterARestart(t *testing.T) {
	c, x := listening(t, Options{Seed: 4}, nil)
	c.fake.Create(Contact{FirstName: "Ada"})
	c.drain()
	c.clock.advance(time.Second)
	d, y := listening(t, Options{Seed: 4, Clock: c.clock.Now}, nil)
	d.fake.Create(Contact{FirstName: "Ada"})
	d.drain()
	require.Equal(t, c.fake.WebhookPublicKey(), d.fake.WebhookPublicKey())
	require.NotEqual(t, x.got()[0].text("webhookId"), y.got()[0].text("webhookId"))
}
