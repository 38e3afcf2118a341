package gohighlevel

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestEverySpellingOfAContactComesToOneShape(t *testing.T) {
	for name, c := range map[string]struct{ given, want string }{
		"nothing but an id":      {`{"id":"c"}`, `{"id":"c","customFields":[]}`},
		"null custom fields":     {`{"id":"c","customFields":null}`, `{"id":"c","customFields":[]}`},
		"a search row's address": {`{"id":"c","address":"1 Elm St"}`, `{"id":"c","address":"1 Elm St","address1":"1 Elm St","customFields":[]}`},
		"both addresses":         {`{"id":"c","address":"old","address1":"new"}`, `{"id":"c","address":"old","address1":"new","customFields":[]}`},
		"typed names":            {`{"id":"c","firstName":"ada","firstNameRaw":"Ada","lastName":"lovelace","lastNameRaw":"Lovelace"}`, `{"id":"c","firstName":"Ada","firstNameRaw":"Ada","lastName":"Lovelace","lastNameRaw":"Lovelace","customFields":[]}`},
		"empty typed names":      {`{"id":"c","firstName":"Ada","firstNameRaw":null,"lastName":"L","lastNameRaw":""}`, `{"id":"c","firstName":"Ada","firstNameRaw":null,"lastName":"L","lastNameRaw":"","customFields":[]}`},
		"custom field spellings": {`{"id":"c","customFields":[{"id":"a","value":1.50},{"id":"b","fieldValue":["x"]},{"id":"c","field_value":"y"},{"id":"d","fieldValueString":"z"},{"id":"e"},{"id":"f","value":null,"key":"k"},{"value":"nobody's"}]}`, `{"id":"c","customFields":[{"id":"a","value":1.50},{"id":"b","value":["x"]},{"id":"c","value":"y"},{"id":"d","value":"z"},{"id":"e","value":null},{"id":"f","value":null}]}`},
		"false is a value":       {`{"id":"c","customFields":[{"id":"a","value":false,"fieldValue":true}]}`, `{"id":"c","customFields":[{"id":"a","value":false}]}`},
		"the older key":          {`{"id":"c","customField":[{"id":"a","value":"1"}]}`, `{"id":"c","customFields":[{"id":"a","value":"1"}]}`},
		"keyed by id":            {`{"id":"c","customFields":{"b":2,"a":1}}`, `{"id":"c","customFields":[{"id":"a","value":1},{"id":"b","value":2}]}`},
		"dates as sent":          {`{"id":"c","dateAdded":"2026-03-02T12:00:00Z","dateUpdated":1772452800000,"tags":null}`, `{"id":"c","dateAdded":"2026-03-02T12:00:00Z","dateUpdated":1772452800000,"tags":null,"customFields":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			given, _ := decodeObject([]byte(c.given))
			want, ok := decodeObject([]byte(c.want))
			got, err := decodeContact(given)
			if !ok || err != nil || !reflect.DeepEqual(map[string]any(got), want) {
				t.Errorf("got %v, %v\nwant %v", got, err, want)
			}
		})
	}
}

func TestWhatCannotBeReadDoesNotPassForEmpty(t *testing.T) {
	for _, given := range []any{nil, "c", []any{}, map[string]any{}, map[string]any{"id": ""}, map[string]any{"id": "c", "customFields": "f1=x"}} {
		if got, err := decodeContact(given); err == nil {
			t.Errorf("%v was read as %v", given, got)
		}
	}
}

func FuzzDecodeContact(f *testing.F) {
	for _, seed := range []string{
		`{"id":"c","address":"x","firstNameRaw":"A","customFields":[{"id":"f","fieldValue":1}]}`,
		`{"id":7,"customFields":{"f":[1,2]},"customField":[]}`, `{"id":"c","customFields":[null,3,{"id":{}}]}`,
		`{"id":"c","customFields":true}`, `[]`, `{"id":"c"} {}`, `{"id":"c","address1":"","address":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		object, ok := decodeObject(content)
		if !ok {
			return
		}
		contact, err := decodeContact(object)
		if err != nil {
			return
		}
		values, ok := contact["customFields"].([]any)
		if !ok {
			t.Fatalf("customFields is %T", contact["customFields"])
		}
		for _, v := range values {
			item, _ := v.(map[string]any)
			_, hasValue := item["value"]
			if id, isText := item["id"].(string); len(item) != 2 || !isText || id == "" || !hasValue {
				t.Fatalf("a custom field is %v", v)
			}
		}
		once, err := json.Marshal(contact)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeContact(map[string]any(contact))
		if err != nil {
			t.Fatal(err)
		}
		if twice, _ := json.Marshal(again); string(twice) != string(once) {
			t.Fatalf("the second time changed %s to %s", once, twice)
		}
	})
}

var (
	slug      = regexp.MustCompile(`^[a-z0-9_]+$`)
	plainName = regexp.MustCompile(`^[A-Za-z0-9_.]{1,64}$`)
	plainText = regexp.MustCompile(`^[A-Za-z0-9 ,;./'-]+$`)
	allKinds  = []crm.Kind{
		crm.Unavailable, crm.Ambiguous, crm.Busy, crm.RateLimited, crm.NeedsReconnect, crm.NeedsAccess, crm.Rejected, crm.Duplicate,
		crm.NotFound, crm.Invalid,
	}
)

func FuzzErrorBody(f *testing.F) {
	for i, seed := range []string{
		`{"statusCode":400,"message":"This location does not allow duplicated contacts.","meta":{"contactId":"a","matchingField":"email"},"traceId":"t"}`,
		`{"message":["property x should not exist",3,null]}`, `{"error":{"details":[{"message":"email must be an email"}]}}`,
		`<html>`, ``, `null`, `{"message":{"message":"Contact with id X not found"}}`, `Cannot GET /`, `{"meta":[]}`,
	} {
		f.Add(i, 400+i, "7", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which, status int, retry string, body []byte) {
		if status >= 200 && status < 300 {
			return
		}
		op := operations[((which%len(operations))+len(operations))%len(operations)]
		got := check(op, status, http.Header{"Retry-After": {retry}}, body, noon)
		if !slices.Contains(allKinds, got.Kind) || !slug.MatchString(got.Code) || !plainText.MatchString(got.Reason) {
			t.Fatalf("classified as %q %q %q", got.Kind, got.Code, got.Reason)
		}
		for _, name := range got.Fields {
			if !plainName.MatchString(name) {
				t.Fatalf("the field %q", name)
			}
		}
		if len(got.TraceID) > 64 || got.TraceID != "" && !traceable.MatchString(got.TraceID) || (got.ExistingID != "" && !recordID.MatchString(got.ExistingID)) {
			t.Fatalf("trace %q, existing %q", got.TraceID, got.ExistingID)
		}
		if got.RetryAfter < 0 || got.RetryAfter > 24*time.Hour {
			t.Fatalf("retry after %s", got.RetryAfter)
		}
		if got.Kind == crm.Ambiguous && op.effect != creates {
			t.Fatalf("%s is safe to repeat, but ambiguous", op.name)
		}
	})
}
