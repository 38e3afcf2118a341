package assembly

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel"
	"github.com/tandem-sync/tandem/internal/crm/salesforce"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// directoryLife is how long a connection's custom fields, users and settings are taken as read.
const directoryLife = 10 * time.Minute

// Connections opens connections by id over the store and the vault. It keeps what it opened until the connection's
// rules change or its directory is old. It is safe for concurrent use.
type Connections struct {
	store *store.Store
	vault *vault.Vault
	http  map[record.Side]*http.Client
	test  *SelfTest // nil without a public address

	mu      sync.Mutex
	opened  map[string]*opened
	budgets map[string]map[record.Side]*budget.Budget // by connection
	opening singleflight.Group
}

type opened struct {
	*activities.Connection
	number  int
	budgets map[record.Side]*budget.Budget
	at      time.Time
	updated time.Time // the row's, when it was opened: a side that was connected again has another token and other scopes
	// considered is the connection under the rules that were considered last, which change nothing of the above.
	considered *activities.Connection
}

var _ activities.Connections = (*Connections)(nil)

// NewConnections takes the store of the connections, the vault that opens their credentials, and which hosts besides the
// vendors' own their requests may reach.
func NewConnections(s *store.Store, v *vault.Vault, allowed outbound.Hosts) *Connections {
	clients := map[record.Side]*http.Client{}
	for _, side := range record.Sides {
		clients[side] = outbound.Client(side, allowed)
	}
	return &Connections{store: s, vault: v, http: clients, opened: map[string]*opened{}, budgets: map[string]map[record.Side]*budget.Budget{}}
}

// Reachable lets checks of a connection look whether webhooks reach a worker. It is called before the first is opened.
func (c *Connections) Reachable(t *SelfTest) { c.test = t }

// Open returns a connection that is ready to be used.
func (c *Connections) Open(ctx context.Context, id string) (*activities.Connection, error) {
	row, err := c.store.GetConnection(ctx, id)
	if errors.Is(err, record.ErrNoConnection) {
		c.forget(id)
		return nil, &crm.Error{Operation: "open connection", Kind: crm.Invalid, Reason: fmt.Sprintf("there is no connection %q; see `starter connections list`", id)}
	}
	if err != nil {
		return nil, err
	}
	if row.State == record.ConnectionErasing {
		c.forget(id)
		return nil, &crm.Error{Operation: "open connection", Kind: crm.Invalid, Reason: fmt.Sprintf("connection %s is being erased", id)}
	}
	if !record.Connected(row.State) {
		return nil, &crm.Error{Operation: "open connection", Kind: crm.NeedsReconnect,
			Reason: fmt.Sprintf("connection %s is %s; connect it again by `starter connect gohighlevel %s` and `starter connect salesforce %s`", id, row.State, id, id)}
	}
	c.mu.Lock()
	held := c.opened[id]
	c.mu.Unlock()
	if held.is(row) && held.updated.Equal(row.UpdatedAt) && time.Since(held.at) < directoryLife {
		return held.as(row), nil
	}
	fresh, err, _ := c.opening.Do(id, func() (any, error) {
		// The first caller's end, or its lane's, must not fail the others.
		return c.open(crm.WithLane(context.WithoutCancel(ctx), crm.LaneLive), row)
	})
	if kind := crm.KindOf(err); held.is(row) &&
		(kind == crm.RateLimited || kind.Class() == crm.Person && len(row.Refusals) > 0 && held.updated.Equal(row.UpdatedAt)) {
		return held.as(row), nil // a directory that is a day old is better than none
	}
	if err != nil {
		return nil, err
	}
	return fresh.(*opened).as(row), nil
}

// is tells whether what is held is the stored connection under the rules in force. One that was erased may come again, and
// is another one.
func (o *opened) is(row store.Connection) bool {
	return o != nil && o.number == row.Number && o.RulesVersion == row.RulesVersion
}

// forget lets go of all that is held of a connection, its tokens and its keys among it.
func (c *Connections) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.opened, id)
	delete(c.budgets, id)
}

// as returns the connection as it stands by its row, which changes sooner than what else is held of it.
func (o *opened) as(row store.Connection) *activities.Connection {
	c := *o.Connection
	c.State, c.AsOf, c.Refusals = row.State, o.updated, row.Refusals
	return &c
}

func (c *Connections) open(ctx context.Context, row store.Connection) (*opened, error) {
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return nil, &crm.Error{Operation: "open connection", Kind: crm.Invalid, Reason: "its stored rules do not load: " + err.Error()}
	}
	key, err := c.vault.Open(vault.Scope{Connection: row.ID, Purpose: FingerprintPurpose}, row.FingerprintKey)
	if err != nil {
		return nil, fmt.Errorf("open the fingerprint key of connection %s: %w", row.ID, err)
	}
	fingerprints, err := record.NewFingerprinter(key)
	if err != nil {
		return nil, err
	}
	o := &opened{
		Connection: &activities.Connection{
			ID: row.ID, Rules: loaded, RulesVersion: row.RulesVersion, Fingerprints: fingerprints,
			Cipher: NewCipher(c.vault, row.ID),
		},
		number: row.Number, at: time.Now(), updated: row.UpdatedAt,
	}
	if o.budgets, err = c.allow(row.ID, loaded); err != nil {
		return nil, err
	}
	o.Calls = func(side record.Side) (int, int) {
		return int(o.budgets[side].Calls()), o.budgets[side].DailyRemaining()
	}
	if c.test != nil {
		o.Reach = c.test.Reach
	}
	o.Skew = func(side record.Side) (time.Duration, bool) { return o.budgets[side].Skew() }
	if err := c.clients(ctx, o); err != nil {
		return nil, err
	}
	directory, err := readDirectory(ctx, o.Connection)
	if err != nil {
		return nil, o.NameScopes(err)
	}
	o.Mapper = loaded.Mapper(directory)
	if err := mapKinds(ctx, o.Connection); err != nil {
		return nil, o.NameScopes(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened[row.ID] = o
	return o, nil
}

// allow returns the budgets of a connection, under the rules' allowances. They outlive the rules that they were made
// under, and are the same for all that open it: they hold what was counted, and who waits.
func (c *Connections) allow(id string, r *rules.Rules) (map[record.Side]*budget.Budget, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.budgets[id]
	if held == nil {
		held = map[record.Side]*budget.Budget{}
		c.budgets[id] = held
	}
	for side, allowance := range map[record.Side]rules.Allowance{
		record.GoHighLevel: r.GoHighLevel.Allowance, record.Salesforce: r.Salesforce.Allowance,
	} {
		var err error
		if held[side] != nil {
			err = held[side].Allow(allowance)
		} else {
			held[side], err = budget.New(budget.Config{Connection: id, Side: side, Allowance: allowance, Leases: c.store})
		}
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

func (c *Connections) clients(ctx context.Context, o *opened) (err error) {
	credentials := c.store.Credentials(c.vault)
	granted, err := credentials.LoadCredential(ctx, o.ID, record.GoHighLevel)
	if err != nil {
		return notConnected(record.GoHighLevel, o.ID, err)
	}
	org, err := credentials.LoadCredential(ctx, o.ID, record.Salesforce)
	if err != nil {
		return notConnected(record.Salesforce, o.ID, err)
	}
	o.Scopes = map[record.Side][]string{record.GoHighLevel: granted.GrantedScopes, record.Salesforce: org.GrantedScopes}
	o.OfAgency, o.SalesforceUser = granted.AgencyAccessToken != "", org.UserID
	o.GoHighLevel, err = gohighlevel.New(gohighlevel.Config{
		BaseURL: o.Rules.GoHighLevel.BaseURL, LocationID: o.Rules.GoHighLevel.Location, CompanyID: granted.CompanyID,
		Tokens: c.tokens(o.ID, record.GoHighLevel), Limiter: o.budgets[record.GoHighLevel], HTTP: c.http[record.GoHighLevel],
	})
	if err != nil {
		return err
	}
	o.Salesforce, err = salesforce.New(salesforce.Config{
		Tokens:  c.tokens(o.ID, record.Salesforce),
		Limiter: o.budgets[record.Salesforce], HTTP: c.http[record.Salesforce], APIVersion: o.Rules.Salesforce.APIVersion, ClientName: "Tandem/1",
		AllowDuplicates: o.Rules.Salesforce.AllowDuplicates,
	})
	return err
}

// KeepAlive renews the grant of a side where it was not renewed for longer than an age. Clients that hold the token before
// notice by themselves.
func (c *Connections) KeepAlive(ctx context.Context, id string, side record.Side, age time.Duration, dry bool) (due bool, err error) {
	return c.tokens(id, side).KeepAlive(ctx, age, dry)
}

// Works notes that a side takes the token that it refused before.
func (c *Connections) Works(ctx context.Context, id string, side record.Side) error {
	return c.tokens(id, side).Works(ctx)
}

func (c *Connections) tokens(id string, side record.Side) *oauth.TokenSource {
	return oauth.NewTokenSource(c.store.Credentials(c.vault), id, side, oauth.WithHTTPClient(c.http[side]))
}

func notConnected(side record.Side, connection string, err error) error {
	if !errors.Is(err, oauth.ErrNoCredential) {
		return err
	}
	return &crm.Error{Side: side, Operation: "open connection", Kind: crm.NeedsReconnect,
		Reason: fmt.Sprintf("connection %s is not authorised on this side; run `starter connect %s %s`", connection, side, connection)}
}

// readDirectory reads what the mapping needs to know of the two CRMs, and only that.
func readDirectory(ctx context.Context, c *activities.Connection) (rules.Directory, error) {
	d := rules.Directory{CustomFieldIDs: map[string]string{}}
	location, err := c.GoHighLevel.GetLocation(ctx)
	if err != nil {
		return d, err
	}
	settings, _ := location["settings"].(map[string]any)
	c.DuplicatesAllowed, _ = settings["allowDuplicateContact"].(bool)
	owners, custom := false, c.Rules.GoHighLevel.ExternalIDField != ""
	for _, f := range c.Rules.Contacts.Fields {
		owners = owners || f.Field == record.Owner
		custom = custom || strings.HasPrefix(f.GoHighLevelKey, "customFields.")
	}
	if custom {
		fields, err := c.GoHighLevel.ListCustomFields(ctx)
		if err != nil {
			return d, err
		}
		for _, f := range fields {
			key, _ := f["fieldKey"].(string)
			d.CustomFieldIDs[key], _ = f["id"].(string)
		}
	}
	if !owners {
		return d, nil
	}
	users, err := c.GoHighLevel.ListUsers(ctx)
	if err != nil {
		return d, err
	}
	d.GoHighLevelUsers = emails(users, "id", "email")
	page, err := c.Salesforce.Query(ctx, "SELECT Id, Email FROM User WHERE IsActive = true")
	for {
		if err != nil {
			return d, err
		}
		users = append(users[:0], page.Rows...)
		if d.SalesforceUsers == nil {
			d.SalesforceUsers = map[string]string{}
		}
		for id, email := range emails(users, "Id", "Email") {
			d.SalesforceUsers[id] = email
		}
		if page.Next == "" {
			return d, nil
		}
		page, err = c.Salesforce.QueryMore(ctx, page.Next)
	}
}

func emails(users []crm.Document, idKey, emailKey string) map[string]string {
	out := map[string]string{}
	for _, u := range users {
		id, _ := u[idKey].(string)
		if email, _ := u[emailKey].(string); id != "" && email != "" {
			out[id] = email
		}
	}
	return out
}

// Flush writes down the API calls counted since the last time.
func (c *Connections) Flush(ctx context.Context) error {
	c.mu.Lock()
	all := maps.Clone(c.budgets)
	c.mu.Unlock()
	var problems []error
	for id, sides := range all {
		for _, b := range sides {
			err := b.Flush(ctx)
			if errors.Is(err, record.ErrNoConnection) {
				c.forget(id) // it was erased, and nobody asks what it has used
				err = nil
			}
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
