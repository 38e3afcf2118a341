package activities_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// identities are n people: with an address, a number, both, or neither; and two who are exactly alike and have neither.
func identities(n int) []gohighleveltest.Contact {
	out := make([]gohighleveltest.Contact, n)
	for i := range out {
		out[i] = contact(fmt.Sprintf("Settler-%03d", i), "")
		if i%4 < 2 {
			out[i].Email = fmt.Sprintf("settler%03d@example.com", i)
		}
		if i%4 == 1 || i%4 == 2 {
			out[i].Phone = fmt.Sprintf("+1202555%04d", 100+i)
		}
	}
	return append(out, contact("Alikeson", ""), contact("Alikeson", ""))
}

// people counts each side's contacts by who they are.
func (w *world) people() map[record.Side]map[string]int {
	out := map[record.Side]map[string]int{record.GoHighLevel: {}, record.Salesforce: {}}
	for c := range w.ghl.All() {
		out[record.GoHighLevel][c.LastName+"|"+c.Email+"|"+c.Phone]++
	}
	text := func(v any) string { s, _ := v.(string); return s }
	for _, r := range w.sf.All("Contact") {
		out[record.Salesforce][text(r["LastName"])+"|"+text(r["Email"])+"|"+text(r["Phone"])]++
	}
	return out
}

// ageIntents makes what was begun old enough for the vendors' look-ups to be trusted.
func (w *world) ageIntents() {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), "UPDATE intents SET at = clock_timestamp() - interval '40 seconds'")
	require.NoError(w.t, err)
}

// oneEach sees to it that both sides hold the same people, each link two records, and nothing is left open.
func (w *world) oneEach(n int) {
	w.t.Helper()
	people := w.people()
	require.Equal(w.t, people[record.GoHighLevel], people[record.Salesforce])
	require.Equal(w.t, n, w.ghl.Count())
	require.Equal(w.t, n, w.sf.Count("Contact"))
	for _, link := range w.links() {
		require.Equal(w.t, record.LinkInStep, link.State, "problem %q", link.Problem)
		require.NotEmpty(w.t, link.GoHighLevelID)
		require.NotEmpty(w.t, link.SalesforceID)
		require.Nil(w.t, link.Intent)
	}
	require.Len(w.t, w.linked(record.GoHighLevel), n)
	require.Len(w.t, w.linked(record.Salesforce), n)
	require.Empty(w.t, w.handedOver())
	counts := do[record.Counts](w, onContacts.CountContacts, countInput)
	require.Zero(w.t, counts.Pending)
}

func TestHoweverCreatesInGoHighLevelFailEachPersonIsThereOnce(t *testing.T) {
	for _, duplicates := range []bool{false, true} {
		for _, noMarkers := range []bool{false, true} {
			t.Run(fmt.Sprintf("duplicates allowed %v without markers %v", duplicates, noMarkers), func(t *testing.T) {
				w := newWorld(t, setting{
					Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: duplicates, Seed: 7}},
					rules:   sandbox.RulesOptions{NoMarkers: noMarkers},
				})
				all := identities(30)
				for _, c := range all {
					w.addSalesforce(with(row(c.LastName, c.Email), "Phone", c.Phone))
				}
				w.match()
				w.ghl.SetFaults([]gohighleveltest.Fault{
					{Kind: gohighleveltest.FaultCutAfter, Rate: 0.3, Path: "/contacts/"},
					{Kind: gohighleveltest.Fault500, Rate: 0.1, Path: "/contacts/"},
					{Kind: gohighleveltest.Fault503, Rate: 0.1, Path: "/contacts/"},
					{Kind: gohighleveltest.FaultCutBefore, Rate: 0.1, Path: "/contacts/"},
				})
				w.persist()
				w.oneEach(len(all))
				require.Equal(t, len(all), w.ghl.Stats().Created)
			})
		}
	}
}

func TestRefusedForTheAllowanceNothingIsCreatedTwice(t *testing.T) {
	w := newWorld(t, setting{
		Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true, Seed: 3}},
		rules:   sandbox.RulesOptions{NoMarkers: true},
	})
	all := identities(12)
	for _, c := range all {
		w.addSalesforce(with(row(c.LastName, c.Email), "Phone", c.Phone))
	}
	w.match()
	w.ghl.SetFaults([]gohighleveltest.Fault{
		{Kind: gohighleveltest.Fault429, Rate: 0.2, Path: "/contacts/"},
		{Kind: gohighleveltest.FaultCutAfter, Rate: 0.2, Path: "/contacts/"},
	})
	w.persist()
	w.oneEach(len(all))
}

// allowanceIsBack ends what every worker waits for after a refusal.
func (w *world) allowanceIsBack() {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), `UPDATE budget_windows SET paused_until = 0`)
	require.NoError(w.t, err)
	w.anotherWorker()
}

func TestHoweverCreatesInSalesforceFailEachPersonIsThereOnce(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		for _, kind := range []string{"cut_after", "500", "503", "cut_before", "429"} {
			t.Run(fmt.Sprintf("%s without markers %v", kind, noMarkers), func(t *testing.T) {
				w := newWorld(t, setting{
					Options: sandbox.Options{Salesforce: salesforcetest.Options{Seed: 5}},
					rules:   sandbox.RulesOptions{NoMarkers: noMarkers},
				})
				all := identities(20)
				w.ghl.Load(all)
				w.match()
				w.sf.SetFaults([]salesforcetest.Fault{{Kind: kind, Rate: 0.7, Path: "/composite/sobjects"}})
				for range 60 {
					out, err := w.trySync()
					if err == nil && out.Claimed == 0 {
						break
					}
					w.ageIntents()
					if activities.KindOf(err) == crm.RateLimited {
						w.allowanceIsBack()
					}
				}
				w.oneEach(len(all))
				require.Equal(t, len(all), w.sf.Stats().Creates)
			})
		}
	}
}

func TestACreateOfUnknownOutcomeIsNotSettledBeforeItsLookUpCanBeTrusted(t *testing.T) {
	w := newWorld(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}})
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.match()
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Count: 1, Path: "/composite/sobjects"}})
	_, err := w.trySync()
	require.Equal(t, crm.Ambiguous, kindOf(t, err))
	_, err = w.trySync()
	require.Equal(t, crm.Busy, kindOf(t, err), "a row may stay unseen for a while after it is committed")
	require.Equal(t, 1, w.sf.Count("Contact"))
	w.ageIntents()
	w.sync()
	w.oneEach(1)
}

// A 422 is no proof that a contact was not created (HighLevel's issue 64).
func TestAContactThatWasCreatedAlthoughItWasRefusedIsFoundByTheRecordLane(t *testing.T) {
	var lies atomic.Int32
	lies.Store(1)
	w := newWorld(t, setting{between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != "/contacts/" || lies.Add(-1) < 0 {
				next.ServeHTTP(out, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			out.Header().Set("Content-Type", "application/json")
			out.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = out.Write([]byte(`{"statusCode":422,"message":["phone must be a valid phone number"],"error":"Unprocessable Entity"}`))
		})
	}})
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	require.Equal(t, 1, w.ghl.Count())
	link := w.linkOf(record.Salesforce, s)
	require.Equal(t, []int64{link.ID}, w.handedOver())

	claim := do[activities.RecordClaim](w, onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, LinkID: link.ID})
	decision := w.decide(claim)
	require.Equal(t, record.GoHighLevel, decision.Create)
	settled := do[activities.SettledRecord](w, onContacts.SettleContact,
		activities.SettleRecordInput{Claim: claim, Side: record.GoHighLevel, Plan: decision.Plan})
	require.Equal(t, activities.SettledRecord{RecordID: w.onlyContact().ID}, settled)
}

func TestSomebodyElsesContactIsNotTakenForOneThatCarriesOurMarker(t *testing.T) {
	w := newWorld(t, setting{Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true, IndexLag: 50 * time.Millisecond}}})
	s := w.addSalesforce(row("Walker", ""))
	w.match()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutBefore, Count: 1, Path: "/contacts/"}})
	_, err := w.trySync()
	require.Equal(t, crm.Ambiguous, kindOf(t, err))
	theirs := w.ghl.Create(gohighleveltest.Contact{FirstName: "Ada", LastName: "Walker"})
	w.persist()
	require.Equal(t, 2, w.ghl.Count())
	require.NotEqual(t, theirs, w.linkOf(record.Salesforce, s).GoHighLevelID)
}

func TestAMarkerThatTheLocationDoesNotHaveIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, setting{
		Options:   sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true, IndexLag: 50 * time.Millisecond}},
		editRules: func(r string) string { return strings.Replace(r, sandbox.ExternalIDKey, "contact.deleted_field", 1) },
	})
	w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.match()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Count: 1, Path: "/contacts/"}})
	w.persist()
	w.oneEach(1)
}

// The answer to a create is lost, and a person edits what it made before it is found again: that is an edit, which both sides
// come to hold, and not what they agreed on.
func TestWhatIsEditedInAContactThatALostCreateMadeReachesBothSides(t *testing.T) {
	w := newWorld(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}})
	ada := contact("Lovelace", "ada@example.com")
	ada.City = "London"
	g := w.addGoHighLevel(ada)
	w.match()
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Count: 1, Path: "/composite/sobjects"}})
	_, err := w.trySync()
	require.Equal(t, crm.Ambiguous, kindOf(t, err))
	require.NoError(t, w.sf.Edit("Contact", w.onlyRow()["Id"].(string), map[string]any{"MailingCity": "York"}))
	w.ageIntents()
	w.sync()
	w.runHandedOver()
	require.Equal(t, "York", w.contact(g).City)
	require.Equal(t, "York", w.onlyRow()["MailingCity"])
	w.oneEach(1)
}
