package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// What is planted. Each is so odd that nothing else can be it.
const (
	canaryName    = "Quxzelda"
	canaryFamily  = "Vornaquist"
	canaryEmail   = "quxzelda.vornaquist@canary-mail.example"
	canaryPhone   = "+12015550147"
	canaryCity    = "Wexfordzingen"
	canaryRival   = "Blorbstadt"
	canaryTitle   = "Frobnicate the zygomorph"
	canaryItem    = "Zapf the quibbleworth"
	canaryText    = "Her secret is plonkwaffle marmalade"
	canaryRefused = "Grumblethwack"
	canaryEvent   = "Meet at the snorkelfjord"
	canaryPlan    = "plan-yttrbqz"
)

// customers are the planted values of customers, by what they are.
func customers() map[string]string {
	return map[string]string{
		"first name": canaryName, "last name": canaryFamily, "e-mail": canaryEmail, "phone": canaryPhone[2:], "city": canaryCity,
		"another city": canaryRival, "title": canaryTitle, "item of a note": canaryItem, "note text": canaryText,
		"refused name": canaryRefused, "appointment": canaryEvent, "custom field": canaryPlan,
	}
}

// secretsOf are what gives access now, by what it is.
func (s *system) secretsOf(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, side := range record.Sides {
		c, err := s.Store.Credentials(s.Vault).LoadCredential(t.Context(), connection, side)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"access token": c.AccessToken, "refresh token": c.RefreshToken, "client secret": c.ClientSecret, "private token": c.PrivateToken,
		} {
			if len(value) >= 8 {
				found[fmt.Sprintf("%s of %s, %.6s", name, side, value)] = value
			}
		}
	}
	if len(found) < 6 {
		t.Fatalf("only %d secrets were found", len(found))
	}
	return found
}

// quoting refuses writes of a planted person the way a careless vendor does: it quotes everything it was sent.
func quoting(t testing.TB) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if strings.Contains(string(body), canaryRefused) && r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/search") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = fmt.Fprintf(w, `{"statusCode":422,"message":["%[1]s must be an email","property %[1]s should not exist","%[2]s is refused"],"error":%[3]q,"traceId":"%[2]s"}`,
					canaryRefused, canaryEmail, string(body)+r.Header.Get("Authorization"))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// TestWhatIsEntrustedIsFoundNowhere plants values of customers on both sides, lets everything happen to them that can, and
// then looks for them, and for every token there was, in all that outlives it.
func TestWhatIsEntrustedIsFoundNowhere(t *testing.T) {
	gates := map[record.Side]*gate{record.GoHighLevel: {t: t, side: record.GoHighLevel}, record.Salesforce: {t: t, side: record.Salesforce}}
	s := &office{system: newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}},
		func(o *stack.Options) {
			o.WatchGoHighLevel = func(h http.Handler) http.Handler { return gates[record.GoHighLevel].around(quoting(t)(h)) }
			o.WatchSalesforce = gates[record.Salesforce].around
		})}
	hunt := &hunt{system: s.system, values: customers()}
	ghl, sf := s.Sandbox.GoHighLevel, s.Sandbox.Salesforce
	sf.AddValidationRule("Contact", canaryRefused+" <"+canaryEmail+"> may not be saved", func(fields map[string]any) bool {
		return fields["LastName"] == canaryRefused
	})
	s.Sandbox.Fill(sandbox.People{Both: 4, Seed: 9})
	planted := gohighleveltest.Contact{FirstName: canaryName, LastName: canaryFamily, Email: canaryEmail, Phone: canaryPhone, Country: "US"}
	id := ghl.Create(planted)
	sf.Create("Contact", map[string]any{"FirstName": canaryName, "LastName": canaryFamily, "Email": canaryEmail})
	ghl.Create(gohighleveltest.Contact{FirstName: canaryName, LastName: canaryRefused, Email: "refused." + canaryEmail})
	sf.Create("Contact", map[string]any{"FirstName": canaryRefused, "LastName": canaryName, "Email": "other." + canaryEmail})
	must(t, ghl.Edit(id, map[string]any{"customFields": []map[string]any{{"id": s.Sandbox.PlanID(), "value": canaryPlan}}}))
	note, err := ghl.CreateNote(gohighleveltest.Note{ContactID: id, Body: canaryText})
	must(t, err)
	_, err = ghl.CreateTask(gohighleveltest.Task{ContactID: id, Title: canaryTitle, Body: canaryText, DueDate: time.Now().Add(48 * time.Hour)})
	must(t, err)
	_, err = ghl.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"}), ContactID: id, Title: canaryEvent, Notes: canaryText,
		StartTime: time.Now().Add(72 * time.Hour).Truncate(time.Hour),
	})
	must(t, err)
	s.connect(t, func(r *sandbox.RulesOptions) {
		r.IndexLag, r.Kinds = 200*time.Millisecond, record.Kinds[1:]
		r.Fields = []string{"city: {conflict: ask}"}
		r.Extra = quick + "note_to_task: {enabled: true, mark_done: true}\n"
	})
	hunt.know(s.secretsOf(t))
	s.startWorker(t)
	s.onboard(t)
	l := s.find(t, record.GoHighLevel, id)

	// Live, both ways, while the vendors fail in every way they can.
	ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault429, Count: 2}, {Kind: gohighleveltest.Fault500, Count: 2},
		{Kind: gohighleveltest.Fault503, Count: 2}, {Kind: gohighleveltest.FaultCutAfter, Count: 2}, {Kind: gohighleveltest.FaultExpiredToken, Count: 1}})
	sf.SetFaults([]salesforceFault{{Kind: "429", Count: 2}, {Kind: "500", Count: 2}, {Kind: "503", Count: 2}, {Kind: "cut_after", Count: 2},
		{Kind: "expired_token", Count: 1}, {Kind: "lock_row", Count: 1}})
	s.inGHL(t, l, map[string]any{"address1": canaryCity + " Street 1"})
	s.inSF(t, l, map[string]any{"MailingPostalCode": "98052"})
	s.writeNote(t, l, canaryTitle, "<ul><li>"+canaryItem+"</li><li>"+canaryText+"</li></ul>")
	s.becomes(t, "the edit and the note arrive in spite of all", func() bool {
		row, _ := sf.Get("Contact", l.SalesforceID)
		street, _ := row["MailingStreet"].(string)
		return strings.HasPrefix(street, canaryCity) && len(s.madeOf(l, canaryItem)) == 1
	})
	ghl.SetFaults(nil)
	sf.SetFaults(nil)
	hunt.know(s.secretsOf(t))
	s.survivesRefusals(t, l, gates)
	hunt.know(s.secretsOf(t))
	review := s.dispute(t, l, canaryCity, canaryRival)
	hunt.overhear("reviews list", s.run(t, "reviews", "list"))
	s.run(t, "reviews", "decide", connection, review.number(), "--choose", "gohighlevel", "--by", "ann")
	s.cities(t, l, canaryCity)
	must(t, ghl.DeleteNote(note))
	s.becomes(t, "the deleted note is gone", func() bool { return named(s.enhancedNotes(), canaryText) == "" })

	// What people ask, and what they are told where it is wrong.
	s.run(t, "explain", connection, id)
	s.run(t, "timeline", connection, id)
	for _, args := range [][]string{
		{"status"}, {"status", "-o", "json"}, {"runs"}, {"runs", "--failed", "-o", "json"}, {"connections", "list"}, {"maintenance", connection},
	} {
		out, err := s.starter(t, args...)
		hunt.overhear("starter "+strings.Join(args, " "), out+fmt.Sprint(err))
	}
	hunt.overhear("an error of explain", s.refused(t, "explain", connection, "nobody"))
	hunt.overhear("an error of timeline", s.refused(t, "timeline", connection, "nobody"))
	hunt.overhear("metrics", s.metrics(t))

	// The grant ends, and one more edit meets that.
	ghl.RevokeGrant()
	s.inSF(t, l, map[string]any{"MailingStreet": canaryRival + " 2"})
	s.becomes(t, "the revoked grant is noticed", func() bool {
		c, err := s.Store.Credentials(s.Vault).LoadCredential(t.Context(), connection, record.GoHighLevel)
		return err == nil && c.State == oauth.StateReconnect
	})
	hunt.overhear("status without a grant", s.run(t, "status")+s.run(t, "connections", "list", "-o", "json")+s.metrics(t))
	for place, what := range hunt.search(t) {
		t.Errorf("found in %s: %s", place, strings.Join(what, ", "))
	}
	if t.Failed() {
		t.Log(hunt.excerpts)
	} else {
		hunt.mustFindWhatIsLeaked(t)
	}
}

// survivesRefusals shuts the gates of both sides by each status that refuses the caller as such, and has people edit meanwhile.
func (s *office) survivesRefusals(t testing.TB, l record.Link, gates map[record.Side]*gate) {
	t.Helper()
	for i, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		for _, side := range record.Sides {
			gates[side].refuse(status)
			s.inGHL(t, l, map[string]any{"address1": fmt.Sprintf("%s %d", canaryRival, i)})
			s.inSF(t, l, map[string]any{"MailingPostalCode": fmt.Sprintf("9805%d", i)})
			s.becomes(t, fmt.Sprintf("%s refuses by %d", side, status), func() bool { return gates[side].struck.Load() > 4 })
			gates[side].refuse(0)
		}
	}
	s.inGHL(t, l, map[string]any{"address1": canaryCity + " 3"})
	s.becomes(t, "an edit arrives once nothing is refused any more", func() bool {
		row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
		street, _ := row["MailingStreet"].(string)
		return street == canaryCity+" 3"
	})
}

// mustFindWhatIsLeaked leaks one value after another as a forgotten redaction would, and has the same search find each.
func (h *hunt) mustFindWhatIsLeaked(t *testing.T) {
	t.Helper()
	file, err := os.OpenFile(h.logFile(), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	type bare oauth.Credential // without the methods that redact
	c, err := h.Store.Credentials(h.Vault).LoadCredential(t.Context(), connection, record.Salesforce)
	must(t, err)
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), file, zapcore.DebugLevel))
	log.Info("a forgotten line", zap.Any("credential", bare(*c)))
	must(t, file.Close())

	db, err := pgx.Connect(t.Context(), h.Postgres.URL())
	must(t, err)
	defer func() { _ = db.Close(t.Context()) }() // all of it is committed
	_, err = db.Exec(t.Context(), `CREATE TABLE leaked (value bytea)`)
	must(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO leaked VALUES ($1)`, []byte(`{"note":"`+canaryText+`"}`))
	must(t, err)

	plain, err := client.DialContext(t.Context(), client.Options{HostPort: h.State.TemporalAddress, Namespace: h.State.Namespace})
	must(t, err)
	defer plain.Close()
	run, err := plain.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "leaked", TaskQueue: "nobody works here", StaticSummary: "about " + canaryEmail, Memo: map[string]any{"about": canaryPhone},
	}, workflows.Onboarding, workflows.OnboardingInput{Connection: connection})
	must(t, err)

	found := h.search(t)
	for place, value := range map[string]string{
		"file worker.log": "access token of salesforce", "table leaked": "note text", "workflow leaked": "e-mail", "file of Postgres": "note text",
	} {
		if !strings.Contains(fmt.Sprint(found[place]), value) {
			t.Errorf("the %s that leaked into %s is not found: %v", value, place, found)
		}
	}
	if !strings.Contains(fmt.Sprint(found["workflow leaked"]), "phone") {
		t.Errorf("what a memo leaks is not found: %v", found)
	}
	must(t, plain.TerminateWorkflow(t.Context(), run.GetID(), run.GetRunID(), "it was only to leak"))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
