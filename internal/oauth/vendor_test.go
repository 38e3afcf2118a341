package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

const (
	testOrg  = "00Dxx0000001gPLEAY"
	testUser = "005xx000001SwiUAAS"
)

// vendor is a token endpoint with single-use refresh tokens: refresh-1 gives access-2 and refresh-2, and so on.
type vendor struct {
	*httptest.Server
	journal *journal

	mu     sync.Mutex
	calls  int
	paths  []string
	forms  []url.Values
	header []http.Header
	live   int // the number of the refresh token in force
	// respond answers instead where it is set and returns true.
	respond func(call int, w http.ResponseWriter, r *http.Request) bool
	// shape changes a grant before it is sent.
	shape func(grant map[string]any)
}

func newVendor(t testing.TB) *vendor {
	v := &vendor{live: 1, journal: &journal{}}
	v.Server = httptest.NewServer(http.HandlerFunc(v.serve))
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	v.mu.Lock()
	v.calls++
	call, respond := v.calls, v.respond
	v.paths = append(v.paths, r.URL.Path)
	v.forms = append(v.forms, r.PostForm)
	v.header = append(v.header, r.Header)
	v.mu.Unlock()
	if respond != nil && respond(call, w, r) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if token := r.PostForm.Get("refresh_token"); token != "" && token != fmt.Sprintf("refresh-%d", v.live) {
		v.journal.note("refused " + token)
		refuse(w, http.StatusBadRequest, `{"error":"invalid_grant","error_description":"expired access/refresh token"}`)
		return
	}
	v.live++
	grant := map[string]any{
		"access_token": fmt.Sprintf("access-%d", v.live), "refresh_token": fmt.Sprintf("refresh-%d", v.live),
		"scope": "contacts.readonly api", "token_type": "Bearer",
	}
	if r.URL.Path == "/oauth/token" {
		grant["expires_in"], grant["userType"], grant["locationId"], grant["companyId"] = 86399, "Location", "loc-1", "com-1"
	} else {
		issued := fmt.Sprint(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC).UnixMilli())
		identity := "https://login.salesforce.com/id/" + testOrg + "/" + testUser
		mac := hmac.New(sha256.New, []byte("secret-client"))
		mac.Write([]byte(identity + issued))
		grant["issued_at"], grant["id"], grant["instance_url"] = issued, identity, "https://acme.my.salesforce.com"
		grant["signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	if v.shape != nil {
		v.shape(grant)
	}
	v.journal.note("granted " + grant["access_token"].(string))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(grant)
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// refusing makes a respond that always refuses.
func refusing(status int, body string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, status, body)
		return true
	}
}

func (v *vendor) gohighlevel() Credential {
	return Credential{
		Side: record.GoHighLevel, Flow: AuthorizationCode, ClientID: "app-1", ClientSecret: "secret-client",
		TokenURL: v.URL + "/oauth/token", LocationID: "loc-1", CompanyID: "com-1",
		AccessToken: "access-1", RefreshToken: "refresh-1", State: StateActive, Generation: 1,
	}
}

func (v *vendor) salesforce() Credential {
	return Credential{
		Side: record.Salesforce, Flow: AuthorizationCode, ClientID: "app-1", ClientSecret: "secret-client",
		TokenURL: v.URL + salesforceTokenPath, OrgID: testOrg, UserID: testUser, InstanceURL: "https://old.my.salesforce.com",
		AccessToken: "access-1", RefreshToken: "refresh-1", State: StateActive, Generation: 1,
	}
}

// anywhere reaches the vendors of these tests, which are on this machine.
var anywhere = &http.Client{}

// source is the token source of another process over the store, whose pauses take no time.
func source(store Store, side record.Side, options ...Option) *TokenSource {
	s := NewTokenSource(store, "acme", side, append([]Option{WithHTTPClient(anywhere)}, options...)...)
	s.pause = func(context.Context, time.Duration) {}
	return s
}

// roundTrip is a transport in one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
