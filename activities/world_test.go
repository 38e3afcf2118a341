package activities_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/spectest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/storetest"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// acme is the connection of every test.
const acme = "acme"

// setting is what a test asks of its world.
type setting struct {
	sandbox.Options
	rules sandbox.RulesOptions
	// editRules changes the rules file before it is stored.
	editRules func(string) string
	// scopes are GoHighLevel's grant; all of them when nil.
	scopes []string
	// prepare defines fields and users before the connection is opened for the first time.
	prepare func(*sandbox.Sandbox)
	// notDescribed leaves out the check of GoHighLevel's traffic against HighLevel's description.
	notDescribed bool
	// between stands between the GoHighLevel client and the fake, betweenSalesforce likewise.
	between           func(http.Handler) http.Handler
	betweenSalesforce func(http.Handler) http.Handler
}

// world is one connection between two fakes, over a database of its own, with the activities as a worker registers
// them.
type world struct {
	t           testing.TB
	ghl         *gohighleveltest.Fake
	sf          *salesforcetest.Fake
	store       *store.Store
	db          *pgx.Conn
	vault       *vault.Vault
	connections *assembly.Connections
	bell        bell
	readings    int
	batches     int
}

// bell notes which connections it was rung for.
type bell struct {
	mu   sync.Mutex
	rung []string
	// broken lets ringing fail.
	broken bool
	// heard is called when it rings, unless it is nil.
	heard func()
}

// count returns how often it rang.
func (b *bell) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rung)
}

func (b *bell) Ring(_ context.Context, connection string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("the bell is broken")
	}
	b.rung = append(b.rung, connection)
	if b.heard != nil {
		b.heard()
	}
	return nil
}

func newWorld(t testing.TB, s setting) *world {
	t.Helper()
	address := storetest.New(t)
	db, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })

	box := sandbox.New(s.Options)
	if s.prepare != nil {
		s.prepare(box)
	}
	handler := box.GoHighLevel.Handler()
	if !s.notDescribed {
		handler = spectest.Validate(t, handler)
	}
	if s.between != nil {
		handler = s.between(handler)
	}
	sfHandler := box.Salesforce.Handler()
	if s.betweenSalesforce != nil {
		sfHandler = s.betweenSalesforce(sfHandler)
	}
	ghlServer, sfServer := httptest.NewServer(handler), httptest.NewServer(sfHandler)
	t.Cleanup(ghlServer.Close)
	t.Cleanup(sfServer.Close)

	s.rules.Connection, s.rules.GoHighLevelURL = acme, ghlServer.URL
	if s.rules.IndexLag == 0 {
		s.rules.IndexLag = s.GoHighLevel.IndexLag
	}
	file := string(box.Rules(s.rules))
	if s.editRules != nil {
		file = s.editRules(file)
	}
	keyset, err := vault.Generate()
	require.NoError(t, err)
	v, err := vault.Load(vault.Source{Value: string(keyset)})
	require.NoError(t, err)
	key, err := vault.NewFingerprintKey()
	require.NoError(t, err)
	sealed, err := v.Seal(vault.Scope{Connection: acme, Purpose: assembly.FingerprintPurpose}, key)
	require.NoError(t, err)
	_, err = db.AddConnection(t.Context(), store.Connection{
		ID: acme, Rules: file, State: record.ConnectionActive, Location: box.GoHighLevel.LocationID(), FingerprintKey: sealed,
	})
	require.NoError(t, err)

	credentials := db.Credentials(v)
	now := time.Now()
	scopes := s.scopes
	if scopes == nil {
		scopes = gohighleveltest.AllScopes
	}
	access, refresh := box.GoHighLevel.GrantToken(scopes...)
	require.NoError(t, credentials.PutCredential(t.Context(), acme, record.GoHighLevel, &oauth.Credential{
		Side: record.GoHighLevel, Flow: oauth.AuthorizationCode, ClientID: gohighleveltest.DefaultClientID,
		ClientSecret: gohighleveltest.DefaultClientSecret, LocationID: box.GoHighLevel.LocationID(),
		TokenURL: ghlServer.URL + "/oauth/token", AccessToken: access, RefreshToken: refresh, GrantedScopes: scopes,
		IssuedAt: now, ExpiresAt: now.Add(23 * time.Hour),
	}))
	access, refresh = box.Salesforce.GrantToken()
	require.NoError(t, credentials.PutCredential(t.Context(), acme, record.Salesforce, &oauth.Credential{
		Side: record.Salesforce, Flow: oauth.AuthorizationCode, ClientID: salesforcetest.DefaultClientID,
		ClientSecret: salesforcetest.DefaultClientSecret, TokenURL: sfServer.URL + "/services/oauth2/token",
		InstanceURL: sfServer.URL, OrgID: box.Salesforce.OrgID(), UserID: box.Salesforce.APIUserID(), AccessToken: access, RefreshToken: refresh, IssuedAt: now,
	}))
	return &world{
		t: t, ghl: box.GoHighLevel, sf: box.Salesforce, store: db, db: conn, vault: v,
		connections: assembly.NewConnections(db, v, devstack.Fakes()),
	}
}

// anotherWorker goes on in a process that knows nothing but what is in the database.
func (w *world) anotherWorker() {
	w.connections = assembly.NewConnections(w.store, w.vault, devstack.Fakes())
}

// The activities by name.
var (
	onGoHighLevel *activities.GoHighLevel
	onSalesforce  *activities.Salesforce
	onContacts    *activities.Contacts
	onSweeps      *activities.Sweeps
)

// env is a place to execute activities in, as a worker would.
func (w *world) env() *testsuite.TestActivityEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.ErrorInterceptor{}}})
	env.SetTestTimeout(time.Minute)
	workflows.RegisterActivities(env, w.connections, w.store, &w.bell)
	return env
}

// try executes one activity, and sees to it that nothing of a customer is to be read in what it takes and returns.
func (w *world) try(activity, in any) (converter.EncodedValue, error) {
	w.t.Helper()
	require.Empty(w.t, w.exposed(in), "a customer shows in an activity's input")
	out, err := w.env().ExecuteActivity(activity, in)
	if err != nil {
		require.Empty(w.t, w.exposed(err), "a customer shows in an activity's error")
		return out, err
	}
	if out.HasValue() {
		var value any
		require.NoError(w.t, out.Get(&value))
		require.Empty(w.t, w.exposed(value), "a customer shows in an activity's result")
	}
	return out, nil
}

// do executes one activity that must succeed.
func do[T any](w *world, activity, in any) T {
	w.t.Helper()
	encoded, err := w.try(activity, in)
	require.NoError(w.t, err)
	var out T
	if encoded.HasValue() {
		require.NoError(w.t, encoded.Get(&out))
	}
	return out
}

// connection opens the connection, to seal and unseal with.
func (w *world) connection() *activities.Connection {
	w.t.Helper()
	c, err := w.connections.Open(w.t.Context(), acme)
	require.NoError(w.t, err)
	return c
}
