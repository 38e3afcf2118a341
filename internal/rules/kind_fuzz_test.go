package rules_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// checkRead fails where a record is not canonical, or where what is made of it for the other side cannot be sent.
func checkRead(t *testing.T, m rules.KindMapper, r record.Record) {
	n := record.Normaliser{Region: "US", Zone: setting.Zone}
	for field, v := range r.Fields {
		if !utf8.ValidString(v.Text()) || len(v) > 1 {
			t.Fatalf("%s holds %q", field, v)
		}
		if again := n.Normalise(record.TypeOf(field), v.Text()); !again.Equal(v) {
			t.Fatalf("%s holds %q, which is %q", field, v, again)
		}
	}
	if _, err := m.Included(r); err != nil {
		t.Fatal(err)
	}
	in := reconcile.Input{Policies: m.Policies(), Fingerprint: sum, Project: m.Project}
	if r.Side == record.GoHighLevel {
		in.GoHighLevel = &r
	} else {
		in.Salesforce = &r
	}
	to := r.Side.Other()
	w := m.Write(to, rules.Change{Writes: reconcile.Decide(in).Writes(to), Other: &r, ContactID: "003c"})
	if _, err := json.Marshal(w); err != nil {
		t.Fatal(err)
	}
}

func FuzzKindDocuments(f *testing.F) {
	for _, text := range []string{
		`{"id": "t1", "title": "[High] x", "body": "<p>a&nbsp;b", "dueDate": 1772955000000, "completed": "true", "assignedTo": {"id": 1}, "contactDetails": []}`,
		`{"Id": "0691", "Title": null, "Content": "<ul><li>x", "ContentDocumentLinks": {"records": [{"LinkedEntityId": "003c"}, 7, null]}, "CreatedBy": "x"}`,
		`{"Id": "00U1", "Subject": "[Cancelled]", "IsAllDayEvent": true, "StartDateTime": "0001-01-01T00:00:00Z", "EndDateTime": "9999-12-31T23:59:59Z", "DurationInMinutes": 99999999999}`,
		`{"id": "a", "startTime": {"seconds": 1}, "endTime": "2026-03-08 02:30:00", "appointmentStatus": "No-Show", "notes": 5, "isRecurring": true}`,
		`{"id": "n", "body": "[From Salesforce: x, 2026-05-04 08:00 -04:00]\n[Title: y]\n(1/2 abcdef)\nz", "title": "y"}`,
	} {
		f.Add(text)
	}
	mappers := kindMappers(f)
	f.Fuzz(func(t *testing.T, text string) {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var doc map[string]any
		if decoder.Decode(&doc) != nil {
			return
		}
		for _, m := range mappers {
			for _, partial := range []bool{true, false} {
				if r, err := m.FromGoHighLevel(doc, partial); err == nil {
					checkRead(t, m, r)
				}
			}
			if r, err := m.FromSalesforce(doc); err == nil {
				checkRead(t, m, r)
			}
			if notes, ok := m.(*rules.NoteMapper); ok {
				for _, side := range record.Sides {
					if groups, err := notes.Group(side, []map[string]any{doc, doc}); err == nil {
						for _, group := range groups {
							if r, err := notes.FromParts(side, group); err == nil {
								checkRead(t, m, r)
							}
						}
					}
				}
			}
		}
	})
}
