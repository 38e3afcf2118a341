package salesforce_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
)

// session is a token source that asks the fake for a new grant on each refresh.
type session struct {
	mu       sync.Mutex
	fake     *salesforcetest.Fake
	instance string
	access   string
	renewed  int
}

func (s *session) Token(context.Context) (crm.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return crm.Token{Access: s.access, InstanceURL: s.instance}, nil
}

func (s *session) Refresh(_ context.Context, refused string) (crm.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused == s.access {
		s.access, _ = s.fake.GrantToken()
		s.renewed++
	}
	return crm.Token{Access: s.access, InstanceURL: s.instance}, nil
}

// connect returns a client of a fake org.
func connect(t *testing.T, options salesforcetest.Options, cfg salesforce.Config) (*salesforcetest.Fake, *salesforce.Client, *session) {
	t.Helper()
	fake := salesforcetest.New(options)
	server := httptest.NewServer(fake.Handler())
	t.Cleanup(server.Close)
	access, _ := fake.GrantToken()
	tokens := &session{fake: fake, instance: server.URL, access: access}
	cfg.Tokens, cfg.HTTP = tokens, &http.Client{}
	client, err := salesforce.New(cfg)
	require.NoError(t, err)
	return fake, client, tokens
}

func TestAnOrgTellsWhatItIs(t *testing.T) {
	_, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	versions, err := client.ListVersions(t.Context())
	require.NoError(t, err)
	var numbers []any
	for _, v := range versions {
		numbers = append(numbers, v["version"])
	}
	require.Contains(t, numbers, salesforce.DefaultAPIVersion)

	limits, err := client.GetLimits(t.Context())
	require.NoError(t, err)
	require.Contains(t, limits, "DailyApiRequests")

	objects, err := client.ListObjects(t.Context())
	require.NoError(t, err)
	var names []any
	for _, o := range objects {
		names = append(names, o["name"])
	}
	require.Contains(t, names, "Contact")

	contact, err := client.DescribeObject(t.Context(), "Contact")
	require.NoError(t, err)
	require.NotEmpty(t, contact["fields"])
}

func TestAnOrgWithoutAnAPINeedsAccess(t *testing.T) {
	_, client, _ := connect(t, salesforcetest.Options{APIDisabled: true}, salesforce.Config{})
	_, err := client.GetLimits(t.Context())
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
}

func TestACompositeCallIsAllOrNothing(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	create := func(contact crm.Document) []crm.Subrequest {
		return []crm.Subrequest{
			{Method: "POST", URL: "/sobjects/Account", ReferenceID: "account", Body: crm.Document{"Name": "Engines"}},
			{Method: "POST", URL: "/sobjects/Contact", ReferenceID: "contact", Body: contact},
		}
	}
	responses, err := client.Composite(t.Context(), create(crm.Document{"LastName": "Lovelace", "AccountId": "@{account.id}"}))
	require.NoError(t, err)
	require.Nil(t, responses[0].Err)
	require.Nil(t, responses[1].Err)
	account := responses[0].Body.(map[string]any)["id"]
	row, found := fake.Get("Contact", responses[1].Body.(map[string]any)["id"].(string))
	require.True(t, found)
	require.Equal(t, account, row["AccountId"])

	responses, err = client.Composite(t.Context(), create(crm.Document{}))
	require.NoError(t, err)
	require.Equal(t, crm.Rejected, responses[0].Err.Kind)
	require.Equal(t, "PROCESSING_HALTED", responses[0].Err.Code)
	require.Equal(t, []string{"LastName"}, responses[1].Err.Fields)
	require.Equal(t, 1, fake.Count("Account"))
}

func TestABatchsPartsStandAlone(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	responses, err := client.CompositeBatch(t.Context(), []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/Contact", Body: crm.Document{"LastName": "Lovelace"}},
		{Method: "POST", URL: "/sobjects/Contact", Body: crm.Document{}},
		{Method: "GET", URL: "/query?q=SELECT+Id+FROM+Contact", ReferenceID: "q"},
	})
	require.NoError(t, err)
	require.Nil(t, responses[0].Err)
	require.Equal(t, crm.Rejected, responses[1].Err.Kind)
	require.Equal(t, "q", responses[2].ReferenceID)
	require.Len(t, responses[2].Body.(map[string]any)["records"], 1)
	require.Equal(t, 1, fake.Count("Contact"))
}

func TestAPageOfAQueryTellsTheOrgsClock(t *testing.T) {
	at := time.Date(2026, 11, 23, 17, 2, 11, 500, time.UTC)
	_, client, _ := connect(t, salesforcetest.Options{Clock: func() time.Time { return at }}, salesforce.Config{})
	for _, query := range []func(context.Context, string) (crm.RowPage, error){client.Query, client.QueryAll} {
		page, err := query(t.Context(), "SELECT Id FROM Contact")
		require.NoError(t, err)
		require.Equal(t, at.Truncate(time.Second), page.At)
	}
}

func TestQueriesReadEveryPageWithAndWithoutDeletedRows(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{APIVersion: "61.0"})
	rows := make([]map[string]any, 4500)
	for i := range rows {
		rows[i] = map[string]any{"LastName": fmt.Sprintf("O'Name \\ %d", i)}
	}
	ids := fake.Load("Contact", rows)
	require.NoError(t, fake.Delete("Contact", ids[0]))

	count := func(page crm.RowPage, err error) map[string]bool {
		seen := map[string]bool{}
		for {
			require.NoError(t, err)
			for _, row := range page.Rows {
				require.NotContains(t, row, "attributes")
				seen[row["Id"].(string)] = true
			}
			if page.Next == "" {
				return seen
			}
			page, err = client.QueryMore(t.Context(), page.Next)
		}
	}
	const soql = "SELECT Id, Owner.Username FROM Contact ORDER BY Id"
	require.Len(t, count(client.Query(t.Context(), soql)), 4499)
	require.Len(t, count(client.QueryAll(t.Context(), soql)), 4500)

	page, err := client.Query(t.Context(), "SELECT Id FROM Contact WHERE LastName IN "+salesforce.In([]string{`O'Name \ 7`, `O'Name \ 8`, `' OR Name != '`}))
	require.NoError(t, err)
	require.Len(t, page.Rows, 2)
	_, err = client.Query(t.Context(), "SELECT Id FROM Contact WHERE")
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	_, err = client.Query(t.Context(), "SELECT Id, Mood__c FROM Contact")
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	var e *crm.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, []string{"Mood__c"}, e.Fields)
	_, err = client.QueryMore(t.Context(), "/services/data/v61.0/query/01g000000000000AAA-2000")
	require.Equal(t, crm.Invalid, crm.KindOf(err))
}

func TestChangesAndDeletionsAreListed(t *testing.T) {
	clock := time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	fake, client, _ := connect(t, salesforcetest.Options{Clock: func() time.Time { return clock }}, salesforce.Config{})
	kept := fake.Create("Contact", map[string]any{"LastName": "Lovelace"})
	gone := fake.Create("Contact", map[string]any{"LastName": "Babbage"})
	require.NoError(t, fake.Delete("Contact", gone))
	start, end := clock.Add(-time.Hour), clock.Add(time.Hour)
	clock = end

	updated, err := client.GetUpdated(t.Context(), "Contact", start, end)
	require.NoError(t, err)
	require.Contains(t, updated.IDs, kept)
	require.False(t, updated.CoveredUntil.IsZero())
	deleted, err := client.GetDeleted(t.Context(), "Contact", start, end)
	require.NoError(t, err)
	require.Len(t, deleted.Records, 1)
	require.Equal(t, gone, deleted.Records[0].ID)
	require.Equal(t, time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC), deleted.Records[0].DeletedAt)

	_, err = client.GetUpdated(t.Context(), "Contact", end, end)
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	page, err := client.Query(t.Context(), "SELECT Id FROM Contact WHERE SystemModstamp >= "+salesforce.DateTime(start))
	require.NoError(t, err)
	require.Len(t, page.Rows, 1)
}

func TestAFaultHasItsKind(t *testing.T) {
	contact := crm.Document{"LastName": "Lovelace"}
	for fault, want := range map[string]struct{ reads, creating crm.Kind }{
		"429":        {crm.RateLimited, crm.RateLimited},
		"500":        {crm.Unavailable, crm.Ambiguous},
		"503":        {crm.Unavailable, crm.Ambiguous},
		"cut_before": {crm.Unavailable, crm.Ambiguous},
		"cut_after":  {crm.Unavailable, crm.Ambiguous},
		"lock_row":   {"", crm.Busy},
	} {
		t.Run(fault, func(t *testing.T) {
			fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
			fake.SetFaults([]salesforcetest.Fault{{Kind: fault}})
			_, err := client.GetLimits(t.Context())
			require.Equal(t, want.reads, crm.KindOf(err))
			_, err = client.CreateRecord(t.Context(), "Contact", contact)
			require.Equal(t, want.creating, crm.KindOf(err))
			if fault == "cut_after" {
				require.Equal(t, 1, fake.Count("Contact"), "the call that is in doubt was carried out")
			} else {
				require.Zero(t, fake.Count("Contact"))
			}
		})
	}
}

func TestASessionThatDiedIsRenewedOnce(t *testing.T) {
	fake, client, tokens := connect(t, salesforcetest.Options{}, salesforce.Config{})
	fake.SetFaults([]salesforcetest.Fault{{Kind: "expired_token", Count: 1}})
	_, err := client.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "Lovelace"})
	require.NoError(t, err)
	require.Equal(t, 1, tokens.renewed)
	require.Equal(t, 1, fake.Count("Contact"))

	fake.SetFaults([]salesforcetest.Fault{{Kind: "expired_token"}})
	_, err = client.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "Lovelace"})
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Equal(t, 2, tokens.renewed)
}

func TestAUsedUpAllowanceTellsWhenToComeBack(t *testing.T) {
	_, client, _ := connect(t, salesforcetest.Options{DailyRequests: 1}, salesforce.Config{})
	_, err := client.ListObjects(t.Context())
	require.NoError(t, err)
	_, err = client.ListObjects(t.Context())
	var e *crm.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, crm.RateLimited, e.Kind)
	require.Equal(t, 30*time.Minute, e.RetryAfter)
}

func TestManyWritersShareAClient(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	fake.SetFaults([]salesforcetest.Fault{{Kind: "expired_token", Count: 3}})
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			var err error
			for range 4 { // each of the three faults may hit a repeated call
				_, err = client.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", fmt.Sprintf("id%d", i), crm.Document{"LastName": "x"})
				if crm.KindOf(err) != crm.NeedsReconnect {
					break
				}
			}
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 20, fake.Count("Contact"))
}

func TestAFieldIsCreatedOnceAndOnlyByWhoeverMayCustomiseTheOrg(t *testing.T) {
	_, client, _ := connect(t, salesforcetest.Options{SetupAccess: true}, salesforce.Config{})
	metadata := crm.Document{"type": "Text", "label": "Plan Id", "length": 40}
	require.NoError(t, client.CreateCustomField(t.Context(), "Contact", "Plan_Id__c", metadata))
	again := client.CreateCustomField(t.Context(), "Contact", "Plan_Id__c", metadata)
	require.Equal(t, crm.Duplicate, crm.KindOf(again))
	_, client, _ = connect(t, salesforcetest.Options{}, salesforce.Config{})
	require.Equal(t, crm.NeedsAccess, crm.KindOf(client.CreateCustomField(t.Context(), "Contact", "Plan_Id__c", metadata)))
}
