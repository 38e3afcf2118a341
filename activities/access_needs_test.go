package activities_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func (w *world) checked() activities.AccessReport {
	w.t.Helper()
	return do[activities.AccessReport](w, onContacts.CheckAccess, activities.ConnectionInput{Connection: acme})
}

// stands returns how what the report says of one thing stands, "" where it says nothing.
func stands(report activities.AccessReport, side record.Side, what, name string) activities.Granted {
	for _, n := range report.Needs {
		if n.Side == side && n.What == what && n.Name == name {
			return n.Granted
		}
	}
	return ""
}

func (w *world) asked() (names []string) {
	for _, s := range w.connection().Rules.Scopes() {
		if s.Side == record.GoHighLevel {
			names = append(names, s.Name)
		}
	}
	return names
}

func TestTheCheckListsEverythingThatIsNeededAndHowItStands(t *testing.T) {
	asked := newWorld(t, setting{rules: allKinds}).asked()
	w := newWorld(t, setting{
		rules: allKinds, scopes: slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return s == "calendars/events.write" }),
		Options: sandbox.Options{Salesforce: salesforcetest.Options{HiddenFields: []string{"Contact.Birthdate"}}},
	})
	report := w.checked()
	for _, c := range []struct {
		side       record.Side
		what, name string
		want       activities.Granted
	}{
		{record.GoHighLevel, activities.NeedScope, "contacts.write", activities.GrantedYes},
		{record.GoHighLevel, activities.NeedScope, "calendars/events.write", activities.GrantedNo},
		{record.GoHighLevel, activities.NeedCustomField, sandbox.PlanKey, activities.GrantedYes},
		{record.Salesforce, activities.NeedAPI, "REST API", activities.GrantedYes},
		{record.Salesforce, activities.NeedField, "Contact.Email", activities.GrantedYes},
		{record.Salesforce, activities.NeedField, "Contact.Birthdate", activities.GrantedNo},
		{record.Salesforce, activities.NeedObject, "Event", activities.GrantedYes},
		{record.Salesforce, activities.NeedField, "Task.Subject", activities.GrantedYes},
		{record.Salesforce, activities.NeedExternalID, "Contact." + sandbox.ExternalIDField, activities.GrantedYes},
		{record.Salesforce, activities.NeedClock, "within 30 s of ours", activities.GrantedYes},
		{record.GoHighLevel, activities.NeedClock, "within 30 s of ours", activities.GrantedYes},
	} {
		require.Equal(t, c.want, stands(report, c.side, c.what, c.name), "%s %s: %+v", c.what, c.name, report.Needs)
	}
	require.Empty(t, report.Notes)
	for _, n := range report.Needs {
		require.NotEmpty(t, n.For, "%+v", n)
	}
}

func TestAScopeThatNoRuleNeedsIsSaidToBeMoreThanNeeded(t *testing.T) {
	asked := newWorld(t, setting{}).asked()
	w := newWorld(t, setting{scopes: append(slices.Clone(asked), "opportunities.write", "calendars.readonly")})
	report := w.checked()
	require.Empty(t, report.Problems, "what is too much keeps nothing from working")
	require.Equal(t, activities.GrantedSurplus, stands(report, record.GoHighLevel, activities.NeedScope, "opportunities.write"))
	require.Equal(t, activities.GrantedSurplus, stands(report, record.GoHighLevel, activities.NeedScope, "calendars.readonly"))
	require.Len(t, report.Notes, 1)
	require.Contains(t, report.Notes[0], "calendars.readonly, opportunities.write")
}

func TestTheScopeToUninstallByIsNeitherMissedNorTooMuch(t *testing.T) {
	asked := newWorld(t, setting{}).asked()
	w := newWorld(t, setting{scopes: asked})
	report := w.checked()
	require.Empty(t, report.Problems)
	require.Empty(t, stands(report, record.GoHighLevel, activities.NeedScope, rules.UninstallScope))

	const optional = "uninstalling the app when the connection is erased (optional)"
	for purpose, agency := range map[string]bool{optional: false, "the location's token for the agency's; " + optional: true} {
		w := newWorld(t, setting{scopes: append(slices.Clone(asked), rules.UninstallScope)})
		if agency {
			credentials := w.store.Credentials(w.vault)
			granted, err := credentials.LoadCredential(t.Context(), acme, record.GoHighLevel)
			require.NoError(t, err)
			granted.AgencyAccessToken, granted.RefreshToken = w.ghl.GrantCompanyToken()
			granted.AgencyExpiresAt = time.Now().Add(time.Hour)
			require.NoError(t, credentials.PutCredential(t.Context(), acme, record.GoHighLevel, granted))
		}
		report := w.checked()
		require.Empty(t, report.Problems)
		require.Empty(t, report.Notes, "it is not more than needed")
		require.Contains(t, report.Needs, activities.Need{
			Side: record.GoHighLevel, What: activities.NeedScope, Name: rules.UninstallScope, For: purpose, Granted: activities.GrantedYes,
		})
	}
}

// ahead answers with a clock that is ahead of the true one.
func ahead(by time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			next.ServeHTTP(w, r)
		})
	}
}

func TestAClockThatIsOffIsSaid(t *testing.T) {
	asked := newWorld(t, setting{}).asked()
	w := newWorld(t, setting{scopes: asked, between: ahead(10 * time.Minute), betweenSalesforce: ahead(5 * time.Second)})
	report := w.checked()
	require.Empty(t, report.Problems)
	require.Len(t, report.Notes, 1, "%q", report.Notes)
	require.Regexp(t, `gohighlevel's clock is (10m0s|9m59s|9m58s) off`, report.Notes[0])
	require.Equal(t, activities.GrantedYes, stands(report, record.Salesforce, activities.NeedClock, "within 30 s of ours"))
}

// wanting names custom fields that the location lacks: text, a number, and a set, whose options a person chooses.
func wanting(r string) string {
	return r + "    custom.nickname: {type: text, gohighlevel: contact.nick_name, salesforce: Nick__c}\n" +
		"    custom.score: {type: number, gohighlevel: contact.score, salesforce: Score__c}\n" +
		"    custom.odd: {type: set, gohighlevel: contact.odd_ones, salesforce: Odd__c}\n"
}

func withSalesforceFields(s *sandbox.Sandbox) {
	s.Salesforce.AddCustomField("Contact", "Nick__c", "Text")
	s.Salesforce.AddCustomField("Contact", "Score__c", "Number")
	s.Salesforce.AddCustomField("Contact", "Odd__c", "MultiselectPicklist", salesforcetest.Values(false, "a"))
}

func (w *world) fix() activities.CreatedFields { return w.fixBy("") }

// fixBy lets the connected user see what it creates by a permission set.
func (w *world) fixBy(set string) activities.CreatedFields {
	w.t.Helper()
	return do[activities.CreatedFields](w, onContacts.CreateMissingFields, activities.CreateFieldsInput{Connection: acme, PermissionSet: set})
}

func TestMissingCustomFieldsAreCreatedOnceAndWhatNeedsAChoiceIsLeft(t *testing.T) {
	w := newWorld(t, setting{editRules: wanting, prepare: withSalesforceFields})
	require.Len(t, w.checked().Problems, 3)
	first := w.fix()
	require.Equal(t, []string{"contact.nick_name", "contact.score"}, first.Created)
	require.Len(t, first.Notes, 1)
	require.Contains(t, first.Notes[0], "contact.odd_ones")
	named(t, w.checked().Problems, []string{"GoHighLevel", "contact.odd_ones", "Settings > Custom Fields"})

	again := w.fix()
	require.Empty(t, again.Created)
	require.Equal(t, 2, w.ghl.Stats().ByOperation["POST /locations/{locationId}/customFields"])
}

func TestWithoutTheScopeNoFieldIsCreatedAndItIsSaidWhy(t *testing.T) {
	w := newWorld(t, setting{editRules: wanting, prepare: withSalesforceFields, scopes: without("locations/customFields.write")})
	out := w.fix()
	require.Empty(t, out.Created)
	require.NotEmpty(t, out.Notes)
	require.Contains(t, strings.Join(out.Notes, "\n"), "locations/customFields.write")
}

func TestAFieldWhoseCreationWasNotAnsweredIsNotCreatedTwice(t *testing.T) {
	lose := true
	w := newWorld(t, setting{editRules: wanting, prepare: withSalesforceFields, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/customFields") && lose {
				lose = false
				next.ServeHTTP(discarding{http.Header{}}, r)
				rw.WriteHeader(http.StatusBadGateway)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	require.Equal(t, []string{"contact.nick_name", "contact.score"}, w.fix().Created)
	require.Equal(t, 2, w.ghl.Stats().ByOperation["POST /locations/{locationId}/customFields"])
}

// discarding is where an answer goes that gets lost.
type discarding struct{ header http.Header }

func (d discarding) Header() http.Header         { return d.header }
func (d discarding) Write(p []byte) (int, error) { return len(p), nil }
func (d discarding) WriteHeader(int)             {}

func TestASideThatIsConnectedAgainIsCheckedWithWhatItWasGrantedNow(t *testing.T) {
	w := newWorld(t, setting{scopes: without("contacts.write")})
	named(t, w.checked().Problems, []string{"contacts.write"})
	credentials := w.store.Credentials(w.vault)
	granted, err := credentials.LoadCredential(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	granted.GrantedScopes = w.asked()
	granted.AccessToken, granted.RefreshToken = w.ghl.GrantToken(granted.GrantedScopes...)
	require.NoError(t, credentials.PutCredential(t.Context(), acme, record.GoHighLevel, granted))
	report := w.checked()
	require.Empty(t, report.Problems)
	require.Equal(t, activities.GrantedYes, stands(report, record.GoHighLevel, activities.NeedScope, "contacts.write"))
}

func TestAnOrgThatTheRulesDoNotNameIsNamed(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string {
		return anotherOrg.ReplaceAllString(r, "org: 00D000000000009AAA")
	}})
	named(t, w.checked().Problems, []string{"Salesforce", "00D000000000009AAA", "starter connect salesforce acme"})
}

var anotherOrg = regexp.MustCompile(`org: "?00D\w+"?`)

func TestWhetherWebhooksArriveIsSaidAndKeepsNothingFromWorking(t *testing.T) {
	asked := newWorld(t, setting{}).asked()
	w := newWorld(t, setting{scopes: asked})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	address, err := url.Parse(gone.URL)
	require.NoError(t, err)
	w.connections.Reachable(assembly.NewSelfTest(w.vault, address))
	require.NoError(t, w.store.HoldBack(t.Context(), acme))
	report := w.checked()
	require.Empty(t, report.Problems)
	require.Equal(t, record.ConnectionActive, w.state(), "what works without it holds nothing back")
	require.Equal(t, activities.GrantedNo, stands(report, record.GoHighLevel, activities.NeedWebhooks, gone.URL+"/webhooks/gohighlevel"))
	require.Len(t, report.Notes, 1)
	require.Contains(t, report.Notes[0], "nobody listens there")
}
