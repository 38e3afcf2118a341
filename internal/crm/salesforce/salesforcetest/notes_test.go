package salesforcetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func encoded(html string) string { return base64.StdEncoding.EncodeToString([]byte(html)) }

// note writes a note through the API, links it to records and returns its id.
func (b *bench) note(title, html string, entities ...string) string {
	b.Helper()
	id := b.add("ContentNote", fields{"Title": title, "Content": encoded(html)})
	for _, entity := range entities {
		b.add("ContentDocumentLink", fields{"ContentDocumentId": id, "LinkedEntityId": entity, "ShareType": "V"})
	}
	return id
}

func TestANoteIsWrittenInBase64AndReadAsRewrittenHTML(t *testing.T) {
	b := newBench(t, Options{})
	id := b.note("Call", "Hello &amp; <b>goodbye</b><br>now")
	require.Equal(t, "069", id[:3])
	path := v67 + "/sobjects/ContentNote/" + id + "/Content"
	row := b.query("SELECT Id, Title, Content, TextPreview, FileType, FileExtension, ContentSize, IsReadOnly, OwnerId FROM ContentNote")[0]
	require.Equal(t, path, row["Content"])
	require.Equal(t, "Hello & goodbye now", row["TextPreview"])
	require.Equal(t, "SNOTE", row["FileType"])
	require.Equal(t, b.org.APIUserID(), row["OwnerId"])
	require.Equal(t, path, b.ok("GET", v67+"/sobjects/ContentNote/"+id, nil).object(t)["Content"])
	a := b.ok("GET", path, nil)
	require.Equal(t, "<p>Hello &amp; <b>goodbye</b><br>now</p>\n", a.text)
	require.NotContains(t, a.header.Get("Content-Type"), "json")
	require.EqualValues(t, len(a.text), row["ContentSize"])
	b.clock.advance(time.Minute)
	require.Equal(t, 204, b.patch("ContentNote", id, fields{"Content": encoded("changed")}).status)
	require.Equal(t, "<p>changed</p>\n", b.ok("GET", path, nil).text)
	changed := b.query("SELECT ContentModifiedDate, LastModifiedDate, CreatedDate FROM ContentNote WHERE LastModifiedDate >= 2026-11-23T17:01:00Z")[0]
	require.Equal(t, "2026-11-23T17:01:00.000+0000", changed["ContentModifiedDate"])
	require.Equal(t, "2026-11-23T17:01:00.000+0000", changed["LastModifiedDate"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", changed["CreatedDate"])
	require.Equal(t, map[int]int{200: 2}, b.org.Stats().Requests["GET /sobjects/{object}/{id}/{blob}"])
	require.Equal(t, 404, b.do("GET", v67+"/sobjects/ContentNote/069000000000000AAA/Content", nil).status)
	require.Nil(t, b.ok("GET", v67+"/sobjects/ContentNote/"+b.add("ContentNote", fields{"Title": "Empty"}), nil).object(t)["Content"])
	batch := b.ok("POST", v67+"/composite/batch", fields{"batchRequests": []fields{{"method": "GET", "url": "v67.0/sobjects/ContentNote/" + id + "/Content"}}})
	require.Equal(t, true, batch.object(t)["hasErrors"], "bytes cannot be a part of JSON")
}

func TestEachRuleOfNotesRefusesWithItsCode(t *testing.T) {
	b := newBench(t, Options{})
	id := b.note("Call", "x")
	for name, one := range map[string]struct {
		change fields
		code   string
	}{
		"no title":       {fields{"Title": " "}, "REQUIRED_FIELD_MISSING"},
		"long title":     {fields{"Title": strings.Repeat("x", 256)}, "STRING_TOO_LONG"},
		"not base64":     {fields{"Content": "<p>x</p>"}, "INVALID_BASE64_CHARACTERS"},
		"forbidden tag":  {fields{"Content": encoded("<div>x</div>")}, "UNKNOWN_EXCEPTION"},
		"unescaped":      {fields{"Content": encoded("a & b")}, "UNKNOWN_EXCEPTION"},
		"named entity":   {fields{"Content": encoded("caf&eacute;")}, "UNKNOWN_EXCEPTION"},
		"another owner":  {fields{"OwnerId": b.org.PersonUserID()}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"preview":        {fields{"TextPreview": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"no such column": {fields{"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD"},
	} {
		require.Equal(t, one.code, b.patch("ContentNote", id, one.change).code(t), name)
	}
	a := b.do("POST", v67+"/sobjects/ContentNote", fields{"Title": "x", "Content": encoded("it's")})
	require.Contains(t, a.text, "Note can't be saved because it contains HTML tags or unescaped characters that are not allowed in a Note.")
	require.Equal(t, "NOT_FOUND", b.do("PATCH", v67+"/sobjects/ContentNote/Title/x", fields{}).code(t), "there is no upsert")
	now := b.clock.now()
	for _, what := range []string{"updated", "deleted"} {
		for _, object := range []string{"ContentNote", "ContentDocumentLink"} {
			require.Equal(t, "INVALID_TYPE_FOR_OPERATION", b.do("GET", window(object, what, now.Add(-time.Hour), now), nil).code(t))
		}
	}
	code, _ := b.refused("SELECT Id, SystemModstamp FROM ContentNote")
	require.Equal(t, "INVALID_FIELD", code)
	code, _ = b.refused("SELECT Id FROM ContentNote WHERE Content = 'x'")
	require.Equal(t, "INVALID_FIELD", code)
	require.NotEmpty(t, b.patch("ContentDocument", id, fields{"Title": "x"}).code(t))
	require.Equal(t, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", b.do("POST", v67+"/sobjects/ContentDocument", fields{}).code(t))
	for _, object := range []string{"ContentNote", "ContentDocument", "ContentDocumentLink", "Note"} {
		require.Panics(t, func() { b.org.AddCustomField(object, "X__c", "Text") }, object)
	}
	require.Panics(t, func() { b.org.Create("ContentDocument", fields{"Title": "x"}) })
}

func TestLinksAreFoundByIDsAlone(t *testing.T) {
	b := newBench(t, Options{})
	ada, grace := b.create(fields{"LastName": "Lovelace"}), b.create(fields{"LastName": "Hopper"})
	one, two := b.note("One", "x", ada, grace), b.note("Two", "y", ada)
	const links = "SELECT ContentDocumentId, LinkedEntityId, ShareType, Visibility FROM ContentDocumentLink WHERE "
	require.Equal(t, []any{one, two}, columnOf(b.query(links+"LinkedEntityId = '"+ada+"' ORDER BY Id"), "ContentDocumentId"))
	require.Equal(t, []any{one, one, two}, columnOf(b.query(links+"LinkedEntityId IN ('"+ada+"','"+grace+"') ORDER BY ContentDocumentId"), "ContentDocumentId"))
	require.ElementsMatch(t, []any{b.org.APIUserID(), ada, grace}, columnOf(b.query(links+"ContentDocumentId = '"+one+"'"), "LinkedEntityId"))
	require.Len(t, b.query(links+"ContentDocumentId IN ('"+one+"','"+two+"') AND Id > '06A000000000000'"), 5)
	row := b.query("SELECT ContentDocument.Title, ContentDocument.FileType, LinkedEntity.Type FROM ContentDocumentLink WHERE LinkedEntityId = '" + grace + "' AND ContentDocument.FileType = 'SNOTE'")[0]
	require.Equal(t, "One", row["ContentDocument"].(fields)["Title"])
	require.Equal(t, "Contact", row["LinkedEntity"].(fields)["Type"])
	for where, message := range map[string]string{
		"":                       "requires a filter by a single Id",
		" WHERE ShareType = 'V'": "requires a filter by a single Id",
		" WHERE SystemModstamp > 2026-01-01T00:00:00Z":                                       "requires a filter by a single Id",
		" WHERE LinkedEntityId != '" + ada + "'":                                             "requires a filter by a single Id",
		" WHERE LinkedEntityId = null":                                                       "requires a filter by a single Id",
		" WHERE LinkedEntityId = '" + ada + "' OR ContentDocumentId = '" + one + "'":         "requires a filter by a single Id",
		" WHERE NOT LinkedEntityId = '" + ada + "'":                                          "requires a filter by a single Id",
		" WHERE ContentDocumentId = '" + one + "' AND ShareType = 'V'":                       "filtering on non-id fields",
		" WHERE LinkedEntityId IN ('" + ada + "') AND SystemModstamp > 2026-01-01T00:00:00Z": "filtering on non-id fields",
	} {
		code, text := b.refused("SELECT Id FROM ContentDocumentLink" + where)
		require.Equal(t, "MALFORMED_QUERY", code, where)
		require.Contains(t, text, message, where)
	}
	link := columnOf(b.query("SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '"+grace+"'"), "Id")[0].(string)
	require.Len(t, b.query(links+"Id = '"+link+"'"), 1)
	for name, one := range map[string]struct {
		record fields
		code   string
	}{
		"twice":            {fields{"ContentDocumentId": one, "LinkedEntityId": ada, "ShareType": "V"}, "DUPLICATE_VALUE"},
		"without a share":  {fields{"ContentDocumentId": two, "LinkedEntityId": grace}, "REQUIRED_FIELD_MISSING"},
		"a strange share":  {fields{"ContentDocumentId": two, "LinkedEntityId": grace, "ShareType": "X"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"no document":      {fields{"LinkedEntityId": grace, "ShareType": "V"}, "REQUIRED_FIELD_MISSING"},
		"to no such thing": {fields{"ContentDocumentId": two, "LinkedEntityId": "003000000000000AAA", "ShareType": "V"}, "INVALID_CROSS_REFERENCE_KEY"},
	} {
		require.Equal(t, one.code, b.do("POST", v67+"/sobjects/ContentDocumentLink", one.record).code(t), name)
	}
	require.Equal(t, 204, b.patch("ContentDocumentLink", link, fields{"ShareType": "C"}).status)
	require.Equal(t, "INVALID_FIELD_FOR_INSERT_UPDATE", b.patch("ContentDocumentLink", link, fields{"LinkedEntityId": ada}).code(t))
}

func TestLinkingLaterChangesNothingOfTheNote(t *testing.T) {
	b := newBench(t, Options{})
	ada, grace := b.create(fields{"LastName": "Lovelace"}), b.create(fields{"LastName": "Hopper"})
	id := b.org.Create("ContentNote", fields{"Title": "Old", "Content": "<div>it's \"me\" & you</div>"})
	require.Equal(t, "<p>it&#39;s &quot;me&quot; &amp; you</p>\n", b.held("ContentNote", id)["Content"], "a person's editor knows no rules")
	before := b.held("ContentNote", id)
	b.clock.advance(time.Hour)
	require.NoError(t, b.org.LinkNote(id, ada))
	require.Error(t, b.org.LinkNote(id, ada))
	b.ok("POST", "/__admin/link", fields{"note": id, "entity": grace})
	require.Equal(t, before, b.held("ContentNote", id))
	shown := func(contact string) []any {
		return columnOf(b.query("SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '"+contact+"'"), "ContentDocumentId")
	}
	require.Equal(t, []any{id}, shown(ada))
	require.NoError(t, b.org.UnlinkNote(id, ada))
	require.Error(t, b.org.UnlinkNote(id, ada))
	require.Empty(t, shown(ada))
	b.ok("POST", "/__admin/unlink", fields{"note": id, "entity": grace})
	require.Empty(t, shown(grace))
	require.Equal(t, before, b.held("ContentNote", id))
	owner := columnOf(b.query("SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = '"+id+"'"), "Id")
	require.Len(t, owner, 1, "the link to its owner")
	require.Equal(t, "INSUFFICIENT_ACCESS_OR_READONLY", b.do("DELETE", v67+"/sobjects/ContentDocumentLink/"+owner[0].(string), nil).code(t))
	require.NoError(t, b.org.LinkNote(id, ada))
}

func TestADeletedNoteTakesItsLinksAndNeverReturns(t *testing.T) {
	b := newBench(t, Options{})
	ada := b.create(fields{"LastName": "Lovelace"})
	kept, gone, file := b.note("Kept", "x", ada), b.note("Gone", "y", ada), b.note("File", "z", ada)
	b.clock.advance(10 * time.Minute)
	require.Equal(t, 204, b.do("DELETE", v67+"/sobjects/ContentNote/"+gone, nil).status)
	require.Equal(t, 204, b.do("DELETE", v67+"/sobjects/ContentDocument/"+file, nil).status)
	for _, object := range []string{"ContentNote", "ContentDocument"} {
		require.Equal(t, []any{kept}, columnOf(b.query("SELECT Id FROM "+object), "Id"))
		require.Equal(t, []any{gone, file}, columnOf(b.queryAll("SELECT Id FROM "+object+" WHERE IsDeleted = true ORDER BY Id"), "Id"))
		require.Error(t, b.org.Undelete(object, gone))
	}
	require.Equal(t, []any{kept}, columnOf(b.query("SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '"+ada+"'"), "ContentDocumentId"))
	now := b.clock.now()
	deleted := b.ok("GET", window("ContentDocument", "deleted", now.Add(-5*time.Minute), now.Add(time.Minute)), nil).object(t)["deletedRecords"]
	require.Len(t, deleted, 2)
	require.Equal(t, 404, b.do("GET", v67+"/sobjects/ContentNote/"+gone+"/Content", nil).status)
	require.Equal(t, "ENTITY_IS_DELETED", b.do("POST", v67+"/sobjects/ContentDocumentLink", fields{"ContentDocumentId": gone, "LinkedEntityId": ada, "ShareType": "V"}).code(t))
	require.NoError(t, b.org.Purge("ContentNote", gone))
	require.Equal(t, []any{file}, columnOf(b.queryAll("SELECT Id FROM ContentDocument WHERE IsDeleted = true"), "Id"))
}

func TestANoteOutlivesItsContactAndMovesWithAMerge(t *testing.T) {
	b := newBench(t, Options{})
	winner, loser := b.create(fields{"LastName": "A"}), b.create(fields{"LastName": "B"})
	both, moved, left := b.note("Both", "x", winner, loser), b.note("Moved", "y", loser), b.note("Left", "z", loser)
	before := b.held("ContentNote", moved)
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Delete("ContentNote", left))
	require.NoError(t, b.org.Merge(winner, loser))
	shown := "SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '" + winner + "' ORDER BY Id"
	require.Equal(t, []any{both, moved}, columnOf(b.query(shown), "ContentDocumentId"))
	require.Equal(t, before, b.held("ContentNote", moved))
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Delete("Contact", winner))
	require.Empty(t, b.query(shown))
	require.Equal(t, 2, b.org.Count("ContentNote"))
	require.NoError(t, b.org.Delete("ContentNote", both))
	require.NoError(t, b.org.Undelete("Contact", winner))
	require.Equal(t, []any{moved}, columnOf(b.query(shown), "ContentDocumentId"))
}

func TestANoteAndItsLinkAreMadeTogetherOrNotAtAll(t *testing.T) {
	b := newBench(t, Options{})
	ada := b.create(fields{"LastName": "Lovelace"})
	create := func(entity string) []any {
		return b.ok("POST", v67+"/composite", fields{"allOrNone": true, "compositeRequest": []fields{
			{"method": "POST", "url": v67 + "/sobjects/ContentNote", "referenceId": "n", "body": fields{"Title": "Call", "Content": encoded("x")}},
			{"method": "POST", "url": v67 + "/sobjects/ContentDocumentLink", "referenceId": "l", "body": fields{
				"ContentDocumentId": "@{n.id}", "LinkedEntityId": entity, "ShareType": "V", "Visibility": "AllUsers",
			}},
		}}).object(t)["compositeResponse"].([]any)
	}
	require.EqualValues(t, 400, create("003000000000000AAA")[1].(fields)["httpStatusCode"])
	for _, object := range []string{"ContentNote", "ContentDocument", "ContentDocumentLink"} {
		require.Zero(t, b.org.Count(object), object)
	}
	require.EqualValues(t, 201, create(ada)[1].(fields)["httpStatusCode"])
	require.Equal(t, 1, b.org.Count("ContentNote"))
	require.Equal(t, 1, b.org.Count("ContentDocument"))
	require.Equal(t, 2, b.org.Count("ContentDocumentLink"))
}

func TestAnOrgWithoutEnhancedNotesHasClassicOnes(t *testing.T) {
	b := newBench(t, Options{NoEnhancedNotes: true})
	require.NotContains(t, b.ok("GET", v67+"/sobjects", nil).text, `"ContentNote"`)
	code, _ := b.refused("SELECT Id FROM ContentNote")
	require.Equal(t, "INVALID_TYPE", code)
	require.Equal(t, 404, b.do("POST", v67+"/sobjects/ContentNote", fields{"Title": "x"}).status)
	ada := b.create(fields{"LastName": "Lovelace"})
	id := b.add("Note", fields{"ParentId": ada, "Title": "Call", "Body": "one\ntwo <b>"})
	require.Equal(t, "one\r\ntwo <b>", b.held("Note", id)["Body"])
	require.Equal(t, []any{id}, columnOf(b.query("SELECT Id, Parent.Name FROM Note WHERE ParentId IN ('"+ada+"') AND Parent.Type = 'Contact'"), "Id"))
	for name, one := range map[string]struct {
		change fields
		code   string
	}{
		"no title":       {fields{"Title": nil}, "REQUIRED_FIELD_MISSING"},
		"long title":     {fields{"Title": strings.Repeat("x", 81)}, "STRING_TOO_LONG"},
		"long body":      {fields{"Body": strings.Repeat("x", 32001)}, "STRING_TOO_LONG"},
		"another parent": {fields{"ParentId": ada}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
	} {
		require.Equal(t, one.code, b.patch("Note", id, one.change).code(t), name)
	}
	require.Equal(t, "REQUIRED_FIELD_MISSING", b.do("POST", v67+"/sobjects/Note", fields{"Title": "x"}).code(t))
	code, _ = b.refused("SELECT Id FROM Note WHERE Body = 'x'")
	require.Equal(t, "INVALID_FIELD", code)
	require.NoError(t, b.org.Delete("Contact", ada))
	require.Zero(t, b.org.Count("Note"))
	require.NoError(t, b.org.Undelete("Contact", ada))
	require.Equal(t, 1, b.org.Count("Note"))
}

func TestALateNoteIsUnseenWithItsDocument(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: 10 * time.Second})
	id := b.org.Create("ContentNote", fields{"Title": "Late", "Content": "x"})
	for _, object := range []string{"ContentNote", "ContentDocument"} {
		require.Empty(t, b.query("SELECT Id FROM "+object))
	}
	b.clock.advance(10 * time.Second)
	for _, object := range []string{"ContentNote", "ContentDocument"} {
		require.Equal(t, []any{id}, columnOf(b.query("SELECT Id FROM "+object), "Id"))
	}
}

func TestASnapshotKeepsNotesTasksAndTheirLinks(t *testing.T) {
	b := newBench(t, Options{})
	b.org.AddCustomField("Activity", "GHL_Id__c", "Text", ExternalID(), Unique())
	ada := b.create(fields{"LastName": "Lovelace"})
	id := b.note("Call", "x", ada)
	for i := range 3 {
		b.add("Task", fields{"WhoId": ada, "GHL_Id__c": fmt.Sprint(i)})
	}
	var saved bytes.Buffer
	require.NoError(t, b.org.Save(&saved))
	other := newBench(t, Options{Clock: b.clock.now})
	other.note("To be replaced", "x")
	require.NoError(t, other.org.Restore(&saved))
	other.token = b.token
	for _, object := range []string{"Task", "Event", "ContentNote", "ContentDocument", "ContentDocumentLink", "Note", "TaskStatus", "User"} {
		require.Equal(t, b.org.All(object), other.org.All(object), object)
	}
	require.Len(t, other.query("SELECT Id FROM Task WHERE WhoId = '"+ada+"' AND GHL_Id__c IN ('0', '2')"), 2)
	require.Equal(t, "<p>x</p>\n", other.ok("GET", v67+"/sobjects/ContentNote/"+id+"/Content", nil).text)
	require.Equal(t, 204, other.patch("ContentNote", id, fields{"Title": "Renamed"}).status)
	require.Equal(t, "Renamed", other.held("ContentDocument", id)["Title"])
}
