package salesforcetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

func someContact(i int) map[string]any {
	return fields{
		"FirstName": fmt.Sprintf("First%d", i%1000), "LastName": fmt.Sprintf("Last%d", i), "Email": fmt.Sprintf("person%d@example.com", i),
		"Phone": fmt.Sprintf("+1415%07d", i), "MailingStreet": "1 Main Street", "MailingCity": "San Francisco", "MailingState": "CA",
		"MailingPostalCode": "94105", "MailingCountry": "US", "LeadSource": "Web", "GHL_Id__c": fmt.Sprintf("ocQHyuzHvysM%08d", i),
	}
}

func loaded(n int) *Fake {
	org := New(Options{})
	for from := 0; from < n; from += 10_000 {
		rows := make([]map[string]any, 0, 10_000)
		for i := from; i < min(from+10_000, n); i++ {
			rows = append(rows, someContact(i))
		}
		org.Load("Contact", rows)
	}
	return org
}

// BenchmarkMillionContacts reports what a million contacts take in memory, and reads keyset pages of 2,000 of them.
func BenchmarkMillionContacts(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const contacts = 1_000_000
	org := loaded(contacts)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Run("keyset by id", func(b *testing.B) {
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/contacts, "bytes/row")
		benchKeyset(b, org, "SELECT Id, FirstName, LastName, Email, Phone, SystemModstamp FROM Contact WHERE Id > '%s' ORDER BY Id LIMIT 2000")
	})
	b.Run("keyset by stamp", func(b *testing.B) {
		benchKeyset(b, org, "SELECT Id, SystemModstamp FROM Contact WHERE (SystemModstamp = "+stampOf(org)+" AND Id > '%s') OR SystemModstamp > "+stampOf(org)+" ORDER BY SystemModstamp, Id LIMIT 2000")
	})
	b.Run("by e-mail", func(b *testing.B) {
		ask := asker(org)
		for i := range b.N {
			ask(fmt.Sprintf("SELECT Id FROM Contact WHERE Email IN ('person%d@example.com')", i%contacts))
		}
	})
}

func stampOf(org *Fake) string {
	t := org.table("Contact")
	return strings.Replace(formatSeconds(t.rows[0].stamp), ".000+0000", "Z", 1)
}

func asker(org *Fake) func(string) int {
	token, _ := org.GrantToken()
	handler := org.Handler()
	return func(q string) int {
		r := httptest.NewRequest("GET", v67+"/query?q="+url.QueryEscape(q), nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			panic(w.Body.String())
		}
		return w.Body.Len()
	}
}

func benchKeyset(b *testing.B, org *Fake, q string) {
	ask := asker(org)
	t := org.table("Contact")
	for i := range b.N {
		b.SetBytes(int64(ask(fmt.Sprintf(q, t.id(uint32(i*2000%len(t.rows)))))))
	}
}

// BenchmarkUpsert200 writes collections of 200 by external id, half of them creates.
func BenchmarkUpsert200(b *testing.B) {
	org := New(Options{})
	token, _ := org.GrantToken()
	handler := org.Handler()
	for n := range b.N {
		records := make([]fields, 200)
		for i := range records {
			records[i] = someContact(n*100 + i)
		}
		r := httptest.NewRequest("PATCH", v67+"/composite/sobjects/Contact/GHL_Id__c", strings.NewReader(string(marshal(collection(records...)))))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	b.ReportMetric(float64(b.N)*200/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkSmallCalls reads and changes single records from several goroutines over HTTP.
func BenchmarkSmallCalls(b *testing.B) {
	org := loaded(1000)
	token, _ := org.GrantToken()
	ids := org.All("Contact")
	server := httptest.NewServer(org.Handler())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			method, body := "GET", ""
			if i%2 == 0 {
				method, body = "PATCH", `{"Title":"x"}`
			}
			r, err := http.NewRequest(method, server.URL+v67+"/sobjects/Contact/"+ids[i%1000]["Id"].(string), strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			w, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_ = w.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
