package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAGoHighLevelContactIsCreatedReadChangedAndDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	created := do[activities.GoHighLevelContact](w, onGoHighLevel.CreateGoHighLevelContact, activities.GoHighLevelWriteInput{
		Connection: acme, Contact: w.seal(record.GoHighLevel, crm.Document{
			"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "phone": "+12025550143", "tags": []string{"vip"},
		}),
	})
	require.True(t, created.Created)
	stored := w.onlyContact()
	require.Equal(t, stored.ID, created.ContactID)
	require.Equal(t, "Lovelace", stored.LastName)
	require.Equal(t, "ada@example.com", unseal[crm.Document](w, record.GoHighLevel, created.Contact)["email"])

	named := activities.GoHighLevelContactInput{Connection: acme, ContactID: created.ContactID}
	read := do[activities.GoHighLevelContact](w, onGoHighLevel.GetGoHighLevelContact, named)
	require.Equal(t, created.ContactID, read.ContactID)
	require.Equal(t, "Lovelace", unseal[crm.Document](w, record.GoHighLevel, read.Contact)["lastName"])

	updated := do[activities.GoHighLevelContact](w, onGoHighLevel.UpdateGoHighLevelContact, activities.GoHighLevelWriteInput{
		Connection: acme, ContactID: created.ContactID,
		Contact: w.seal(record.GoHighLevel, crm.Document{"lastName": "Lovelace-King", "phone": nil}),
	})
	require.False(t, updated.Created)
	require.Equal(t, "Lovelace-King", unseal[crm.Document](w, record.GoHighLevel, updated.Contact)["lastName"])
	require.Empty(t, w.contact(created.ContactID).Phone)
	require.Equal(t, "ada@example.com", w.contact(created.ContactID).Email)

	do[any](w, onGoHighLevel.DeleteGoHighLevelContact, named)
	require.Zero(t, w.ghl.Count())
	do[any](w, onGoHighLevel.DeleteGoHighLevelContact, named)
	_, err := w.try(onGoHighLevel.GetGoHighLevelContact, named)
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestAnUpsertTellsWhetherItCreated(t *testing.T) {
	w := newWorld(t, setting{})
	in := activities.GoHighLevelWriteInput{
		Connection: acme, Contact: w.seal(record.GoHighLevel, crm.Document{"lastName": "Lovelace", "email": "ada@example.com"}),
	}
	first := do[activities.GoHighLevelContact](w, onGoHighLevel.UpsertGoHighLevelContact, in)
	second := do[activities.GoHighLevelContact](w, onGoHighLevel.UpsertGoHighLevelContact, in)
	require.True(t, first.Created)
	require.False(t, second.Created)
	require.Equal(t, first.ContactID, second.ContactID)
	require.Equal(t, 1, w.ghl.Count())
}

func TestTagsAreAddedAndRemovedOneSetAtATime(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Tags = []string{"vip", "lead"}
	id := w.addGoHighLevel(c)
	in := activities.GoHighLevelTagsInput{Connection: acme, ContactID: id, Tags: w.seal(record.GoHighLevel, []string{"webinar"})}
	added := do[activities.GoHighLevelTags](w, onGoHighLevel.AddGoHighLevelContactTags, in)
	require.ElementsMatch(t, []string{"vip", "lead", "webinar"}, unseal[[]string](w, record.GoHighLevel, added.Tags))
	in.Tags = w.seal(record.GoHighLevel, []string{"lead"})
	removed := do[activities.GoHighLevelTags](w, onGoHighLevel.RemoveGoHighLevelContactTags, in)
	require.ElementsMatch(t, []string{"vip", "webinar"}, unseal[[]string](w, record.GoHighLevel, removed.Tags))
	require.ElementsMatch(t, []string{"vip", "webinar"}, w.contact(id).Tags)
}

func TestASearchIsPagedToItsEnd(t *testing.T) {
	w := newWorld(t, setting{})
	var all []gohighleveltest.Contact
	for _, last := range []string{"Lovelace", "Hopperfield", "Hamilton"} {
		all = append(all, contact(last, last+"@example.com"))
	}
	ids := w.ghl.Load(all)
	in := activities.SearchGoHighLevelContactsInput{Connection: acme, Search: w.seal(record.GoHighLevel, crm.ContactSearch{
		PageLimit: 2, Sort: []crm.SearchSort{{Field: "email", Direction: "asc"}},
		Filters: []crm.SearchGroup{{Field: "email", Operator: "contains", Value: "example.com"}},
	})}
	first := do[activities.GoHighLevelContacts](w, onGoHighLevel.SearchGoHighLevelContacts, in)
	require.Equal(t, []string{ids[2], ids[1]}, first.ContactIDs)
	require.Equal(t, 3, first.Total)
	docs := unseal[[]crm.Document](w, record.GoHighLevel, first.Contacts)
	require.Equal(t, "Hamilton", docs[0]["lastName"])
	require.NotEmpty(t, first.SearchAfter)

	in.SearchAfter = first.SearchAfter
	second := do[activities.GoHighLevelContacts](w, onGoHighLevel.SearchGoHighLevelContacts, in)
	require.Equal(t, []string{ids[0]}, second.ContactIDs)
	require.Empty(t, second.SearchAfter)
}

func TestTheDeprecatedListIsPagedToItsEnd(t *testing.T) {
	w := newWorld(t, setting{})
	for _, last := range []string{"Lovelace", "Hopperfield", "Hamilton"} {
		w.addGoHighLevel(contact(last, last+"@example.com"))
	}
	in := activities.ListGoHighLevelContactsInput{Connection: acme, Limit: 2}
	seen := map[string]bool{}
	for range 3 {
		out := do[activities.GoHighLevelContacts](w, onGoHighLevel.ListGoHighLevelContacts, in)
		require.Len(t, unseal[[]crm.Document](w, record.GoHighLevel, out.Contacts), len(out.ContactIDs))
		for _, id := range out.ContactIDs {
			seen[id] = true
		}
		if in.StartAfterID = out.StartAfterID; in.StartAfterID == "" {
			break
		}
		in.StartAfter = out.StartAfter
	}
	require.Len(t, seen, 3)
	require.Empty(t, in.StartAfterID)
}

func TestABusinessListsItsOwnContacts(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.BusinessID = "63771dcac1116f0e21de8e12"
	id := w.addGoHighLevel(c)
	w.addGoHighLevel(contact("Hopperfield", "grace@example.com"))
	out := do[activities.GoHighLevelContacts](w, onGoHighLevel.ListGoHighLevelBusinessContacts,
		activities.ListGoHighLevelBusinessContactsInput{Connection: acme, BusinessID: c.BusinessID})
	require.Equal(t, []string{id}, out.ContactIDs)
	require.Equal(t, "ada@example.com", unseal[[]crm.Document](w, record.GoHighLevel, out.Contacts)[0]["email"])
}

func TestADuplicateIsFoundByAddressAndByNumberAndNobodyElseIs(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Phone = "+12025550143"
	id := w.addGoHighLevel(c)
	for _, lookup := range []crm.DuplicateLookup{{Email: "ada@example.com"}, {Phone: "+12025550143"}} {
		out := do[activities.GoHighLevelContact](w, onGoHighLevel.FindGoHighLevelDuplicateContact,
			activities.FindGoHighLevelDuplicateContactInput{Connection: acme, Lookup: w.seal(record.GoHighLevel, lookup)})
		require.Equal(t, id, out.ContactID)
		require.Equal(t, "Lovelace", unseal[crm.Document](w, record.GoHighLevel, out.Contact)["lastName"])
	}
	none := do[activities.GoHighLevelContact](w, onGoHighLevel.FindGoHighLevelDuplicateContact,
		activities.FindGoHighLevelDuplicateContactInput{Connection: acme, Lookup: w.seal(record.GoHighLevel, crm.DuplicateLookup{Email: "nobody@example.com"})})
	require.Empty(t, none.ContactID)
	require.Empty(t, none.Contact)
}

func TestALocationTellsItsSettingsFieldsAndUsers(t *testing.T) {
	w := newWorld(t, setting{prepare: func(s *sandbox.Sandbox) { s.GoHighLevel.AddUser("Grace", "Hopperfield", "grace@agency.example") }})
	in := activities.ConnectionInput{Connection: acme}
	location := unseal[crm.Document](w, record.GoHighLevel, do[activities.SealedDocument](w, onGoHighLevel.GetGoHighLevelLocation, in).Document)
	require.Equal(t, w.ghl.LocationID(), location["id"])
	require.Contains(t, location["settings"], "allowDuplicateContact")

	fields := do[activities.SealedDocuments](w, onGoHighLevel.ListGoHighLevelCustomFields, in)
	require.Equal(t, 2, fields.Count)
	keys := map[any]bool{}
	for _, f := range unseal[[]crm.Document](w, record.GoHighLevel, fields.Documents) {
		keys[f["fieldKey"]] = true
	}
	require.Equal(t, map[any]bool{sandbox.PlanKey: true, sandbox.ExternalIDKey: true}, keys)

	users := do[activities.SealedDocuments](w, onGoHighLevel.ListGoHighLevelUsers, in)
	require.Equal(t, users.Count, len(unseal[[]crm.Document](w, record.GoHighLevel, users.Documents)))
	require.Contains(t, string(must(w.connection().Cipher.Open(record.GoHighLevel, history, users.Documents))), "grace@agency.example")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
