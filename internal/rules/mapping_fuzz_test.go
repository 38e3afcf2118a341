package rules_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// values draws a normalised value of a field, as normalising leaves it.
func values(t *rapid.T, f rules.FieldRule) record.Value {
	n := record.Normaliser{Region: "US"}
	one := func(raw string) record.Value { return n.Normalise(f.Type, raw) }
	if rapid.IntRange(0, 4).Draw(t, "empty") == 0 {
		return nil
	}
	if f.Field == record.Owner {
		return record.Value{"sam@tandem.example"}
	}
	switch f.Type {
	case record.TypeSet:
		var elements []string
		for _, e := range rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "elements") {
			elements = append(elements, strings.ReplaceAll(n.Normalise(record.TypeText, e).Text(), ";", ""))
		}
		return n.NormaliseSet(elements)
	case record.TypeBool:
		return record.Value{"true"}
	case record.TypeNumber:
		return one(json.Number(rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,6})?`).Draw(t, "number")).String())
	case record.TypeDate:
		return one(time.Unix(rapid.Int64Range(-5e9, 5e9).Draw(t, "date"), 0).UTC().Format(time.DateOnly))
	case record.TypePhone:
		return one(rapid.SampledFrom([]string{"+12025550143", "(202) 555-0143", "+442079460958", "202-555-0143 x7", "ask reception"}).Draw(t, "phone"))
	case record.TypeCountry:
		return one(rapid.SampledFrom([]string{"US", "United Kingdom", "deu", "Côte d’Ivoire", "Middle Earth", "ZZ", "KR"}).Draw(t, "country"))
	case record.TypeEmail:
		return one(rapid.StringMatching(`[A-Za-z.']{1,8}@[a-z]{1,8}\.(com|example)`).Draw(t, "email"))
	case record.TypeURL:
		return one(rapid.StringMatching(`(https?://)?[A-Za-z]{1,8}\.com(/[a-z]{0,4}/?)?`).Draw(t, "url"))
	}
	return one(rapid.String().Draw(t, "text"))
}

func TestWhatIsWrittenReadsBackAsTheProjectedValue(t *testing.T) {
	loaded, err := rules.Parse("acme", []byte(mapped))
	require.NoError(t, err)
	m := loaded.Mapper(directory)
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.SampledFrom(record.Sides).Draw(t, "to")
		from := &record.Record{Side: to.Other(), Fields: record.Fields{}}
		for _, f := range loaded.Contacts.Fields {
			from.Fields[f.Field] = values(t, f)
		}
		want := record.Fields{}
		var writes []reconcile.Write
		for _, f := range loaded.Contacts.Fields {
			if to == record.Salesforce && f.Salesforce.ReadOnly {
				continue
			}
			value := m.Project(to, f.Field, from)
			want[f.Field] = value
			writes = append(writes, reconcile.Write{Field: f.Field, After: value})
		}
		var got record.Record
		if to == record.GoHighLevel {
			doc := wire(t, m.ToGoHighLevel(writes, true, "003x").Contact)
			doc["id"] = "g1"
			got, err = m.FromGoHighLevel(doc, false)
			require.Equal(t, "003x", got.ExternalID)
		} else {
			doc := wire(t, m.ToSalesforce(writes, true, "g1"))
			doc["Id"] = "003x"
			got, err = m.FromSalesforce(doc)
			require.Equal(t, "g1", got.ExternalID)
		}
		require.NoError(t, err)
		for field, value := range want {
			require.True(t, value.Equal(got.Fields[field]), "%s: wrote %q, reads %q", field, value, got.Fields[field])
		}
		require.Len(t, got.Fields, len(want))
	})
}

func TestASetChangesByItsElements(t *testing.T) {
	m := mapping(t, mapped)
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		n := record.Normaliser{}
		before := n.NormaliseSet(rapid.SliceOfN(element, 0, 5).Draw(t, "before"))
		after := n.NormaliseSet(rapid.SliceOfN(element, 0, 5).Draw(t, "after"))
		w := m.ToGoHighLevel([]reconcile.Write{{Field: record.Tags, Before: before, After: after}}, false, "")
		held := map[string]bool{}
		for _, e := range before {
			held[e] = true
		}
		for _, e := range w.AddTags {
			require.False(t, held[e], "added although it was there")
			held[e] = true
		}
		for _, e := range w.RemoveTags {
			require.True(t, held[e], "removed although it was not there")
			delete(held, e)
		}
		var result []string
		for e := range held {
			result = append(result, e)
		}
		require.True(t, after.Equal(n.NormaliseSet(result)))
	})
}

// oddDocuments are shapes that no description promises.
var oddDocuments = []string{
	`{}`, `{"id": 7, "Id": 7}`, `{"id": "g", "Id": "003", "customFields": {"a": 1}, "tags": "vip", "dnd": "maybe"}`,
	`{"id": "g", "Id": "003", "customFields": [null, 3, {"id": null}, {"id": "idPlan"}, {"id": "idPlan", "value": {"a": []}}, {"id": "idTopics", "value": [1, null, {"value": "x"}]}]}`,
	`{"id": "g", "Id": "003", "dndSettings": [], "dateAdded": {}, "dateUpdated": -1, "additionalEmails": {"email": 4}, "additionalPhones": [null, [], {"phone": {}}]}`,
	`{"id": "g", "Id": "003", "Account": "text", "OwnerId": [], "assignedTo": {}, "phone": "+", "Phone": "ext. ext.", "country": "\u0000", "MailingCountry": "  "}`,
	`{"id": "g", "Id": "003", "Account": {"Name": {"Name": 1e400}}, "Score__c": 1e400, "Birthdate": "0000-00-00", "dateOfBirth": 99999999999999, "GHL_Tags__c": ";;;"}`,
	`{"id": "g", "Id": "003", "dndSettings": {"Email": {"status": 3}, "Call": null}, "website": "http://%zz", "CreatedDate": "2026-13-45T99:99:99.000+0000"}`,
}

func fuzzed(f *testing.F, read func(*rules.Mapper, map[string]any) (record.Record, error)) {
	for _, text := range oddDocuments {
		f.Add([]byte(text))
	}
	m := mapping(f, mapped)
	known := map[record.Field]bool{}
	loaded, err := rules.Parse("acme", []byte(mapped))
	require.NoError(f, err)
	for _, rule := range loaded.Contacts.Fields {
		known[rule.Field] = true
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var doc map[string]any
		if decoder.Decode(&doc) != nil {
			t.Skip()
		}
		r, err := read(m, doc)
		if err != nil {
			return
		}
		require.NotEmpty(t, r.ID)
		again, err := read(m, doc)
		require.NoError(t, err)
		require.Equal(t, r, again, "reading is no game of chance")
		for field, value := range r.Fields {
			require.True(t, known[field], field)
			for _, element := range value {
				require.NotEmpty(t, element)
			}
			for _, to := range record.Sides {
				m.Project(to, field, &r)
			}
		}
	})
}

func FuzzFromGoHighLevel(f *testing.F) {
	fuzzed(f, func(m *rules.Mapper, doc map[string]any) (record.Record, error) { return m.FromGoHighLevel(doc, false) })
}

func FuzzFromGoHighLevelSearch(f *testing.F) {
	fuzzed(f, func(m *rules.Mapper, doc map[string]any) (record.Record, error) { return m.FromGoHighLevel(doc, true) })
}

func FuzzFromSalesforce(f *testing.F) {
	fuzzed(f, func(m *rules.Mapper, doc map[string]any) (record.Record, error) { return m.FromSalesforce(doc) })
}
