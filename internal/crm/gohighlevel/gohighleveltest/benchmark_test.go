package gohighleveltest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(b *testing.B, h http.Handler, token, method, path, body string) {
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	q.Header.Set("Authorization", "Bearer "+token)
	q.Header.Set("Version", "2021-07-28")
	q.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	if w.Code >= http.StatusBadRequest {
		b.Fatal(w.Code, w.Body.String())
	}
}

// BenchmarkCreateContact measures one POST /contacts/ without the network.
func BenchmarkCreateContact(b *testing.B) {
	f := New(Options{})
	token, _ := f.GrantToken()
	h := f.Handler()
	for i := 0; b.Loop(); i++ {
		serve(b, h, token, "POST", "/contacts/", fmt.Sprintf(
			`{"locationId":%q,"firstName":"Ada","lastName":"King","email":"p%d@example.com","phone":"+1202%07d","tags":["a"]}`,
			f.LocationID(), i, i))
	}
}

// BenchmarkSearchPage measures one page of 500 rows out of 100,000.
func BenchmarkSearchPage(b *testing.B) {
	f := New(Options{})
	token, _ := f.GrantToken()
	h := f.Handler()
	batch := make([]Contact, 100_000)
	for i := range batch {
		batch[i] = Contact{
			FirstName: "Ada", LastName: "King", Email: fmt.Sprintf("p%d@example.com", i), Tags: []string{"a", "b"},
			DateAdded: time.UnixMilli(1_700_000_000_000 + int64(i)),
		}
	}
	f.Load(batch)
	body := fmt.Sprintf(`{"locationId":%q,"pageLimit":500,"sort":[{"field":"dateUpdated","direction":"asc"}],`+
		`"searchAfter":[1700000050000,"x"]}`, f.LocationID())
	for b.Loop() {
		serve(b, h, token, "POST", "/contacts/search", body)
	}
}
