package gohighleveltest

import (
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"
)

// grants holds what the location or its agency granted, and the tokens that stand for it.
type grants struct {
	mu      sync.RWMutex
	paused  bool
	codes   map[string]*code
	access  map[string]*accessToken
	refresh map[string]*refreshToken
}

func newGrants() *grants {
	return &grants{codes: map[string]*code{}, access: map[string]*accessToken{}, refresh: map[string]*refreshToken{}}
}

// grant is one installation of the app.
type grant struct {
	ID         string
	UserType   string // Location or Company
	LocationID string // of a Location
	UserID     string
	Scopes     []string
	Revoked    bool
	// Left are the locations that the app was uninstalled from after a Company had installed it.
	Left []string
}

type code struct {
	Scopes      []string
	RedirectURI string
}

type accessToken struct {
	grant   *grant
	expires time.Time
}

type refreshToken struct {
	grant   *grant
	expires time.Time
	spent   time.Time // zero while it is not
	result  *issued   // what spending it gave
}

// issued is a pair of tokens as it is given out.
type issued struct {
	Access, Refresh, RefreshID string
	ExpiresIn                  int
}

const (
	userLocation = "Location"
	userCompany  = "Company"

	privateGrant = "private" // the ID of what stands for the private integration token

	refreshTokenTTL = 365 * 24 * time.Hour
	refreshGrace    = 30 * time.Second
)

const (
	invalidJWT        = "Invalid JWT"
	invalidToken      = "Invalid token: access token is invalid"
	wrongScope        = "The token is not authorized for this scope."
	wrongUserType     = "Token's user type mismatch!"
	wrongAuthClass    = "This authClass type is not allowed to access this scope. Please reach out to the Integration's vendor to resolve this issue."
	locationNotActive = "Location is not active"
	invalidGrant      = "Invalid grant: refresh token is invalid"
)

// authenticate returns the grant that an Authorization header stands for, or the vendor's refusal.
func (f *Fake) authenticate(header string) (*grant, string) {
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, invalidToken
	}
	o := f.options()
	if o.PrivateToken != "" && token == o.PrivateToken {
		return &grant{ID: privateGrant, UserType: userLocation, LocationID: o.LocationID, Scopes: AllScopes}, ""
	}
	f.grants.mu.RLock()
	defer f.grants.mu.RUnlock()
	t := f.grants.access[token]
	switch {
	case t == nil && strings.Count(token, ".") != 2:
		return nil, invalidJWT
	case t == nil || t.grant.Revoked:
		return nil, invalidToken
	case !f.clock().Before(t.expires):
		return nil, invalidJWT
	}
	return t.grant, ""
}

// mayCall returns the vendor's refusal of an operation, "" when the grant covers it.
func (g *grant) mayCall(r *route) string {
	switch {
	case r.access == companyOnly && g.UserType != userCompany:
		return wrongUserType
	case r.access == locationOnly && g.UserType != userLocation:
		return wrongAuthClass
	case !slices.Contains(g.Scopes, r.scope):
		return wrongScope
	}
	return ""
}

// resource is what the grant's allowance is counted for.
func (g *grant) resource(o *Options) string {
	if g.UserType == userCompany {
		return o.CompanyID
	}
	return g.LocationID
}

// issue makes a pair of tokens. The caller holds the lock.
func (f *Fake) issue(g *grant) *issued {
	now := f.clock()
	pair := &issued{Access: f.accessToken(g, now), RefreshID: f.ids.hex(24)}
	pair.Refresh = f.jwt(map[string]any{"authClass": g.UserType, "primaryAuthClassId": g.ID, "refreshTokenId": pair.RefreshID, "iat": now.Unix()})
	pair.ExpiresIn = int(f.options().AccessTokenTTL / time.Second)
	f.grants.refresh[pair.Refresh] = &refreshToken{grant: g, expires: now.Add(refreshTokenTTL)}
	return pair
}

// accessToken makes an access token. The caller holds the lock.
func (f *Fake) accessToken(g *grant, now time.Time) string {
	o := f.options()
	id := g.resource(o)
	token := f.jwt(map[string]any{
		"authClass": g.UserType, "authClassId": id, "source": "INTEGRATION", "sourceId": o.ClientID, "channel": "OAUTH",
		"primaryAuthClassId": id, "oauthMeta": map[string]any{"scopes": g.Scopes, "client": appID(o.ClientID)},
		"iat": now.Unix(), "exp": now.Add(o.AccessTokenTTL).Unix(),
	})
	f.grants.access[token] = &accessToken{grant: g, expires: now.Add(o.AccessTokenTTL)}
	return token
}

// jwt makes text of a JWT's form; its signature is random.
func (f *Fake) jwt(claims map[string]any) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc([]byte(mustJSON(claims))) + "." + f.ids.id(86)
}

func appID(clientID string) string {
	id, _, _ := strings.Cut(clientID, "-")
	return id
}

// GrantToken installs the app in the location with the given scopes, all of them when none is given, and returns the
// tokens that the token endpoint would have given.
func (f *Fake) GrantToken(scopes ...string) (access, refresh string) {
	return f.grantToken(userLocation, scopes)
}

// GrantCompanyToken installs the app in the agency and returns a Company token, which must be exchanged for a
// location's.
func (f *Fake) GrantCompanyToken(scopes ...string) (access, refresh string) {
	return f.grantToken(userCompany, scopes)
}

func (f *Fake) grantToken(userType string, scopes []string) (access, refresh string) {
	if len(scopes) == 0 {
		scopes = AllScopes
	}
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	pair := f.issue(f.newGrant(userType, scopes))
	return pair.Access, pair.Refresh
}

// newGrant makes a grant of the agency, or of the location that is imitated.
func (f *Fake) newGrant(userType string, scopes []string) *grant {
	g := &grant{ID: f.ids.hex(24), UserType: userType, UserID: f.ids.id(20), Scopes: slices.Clone(scopes)}
	if userType == userLocation {
		g.LocationID = f.LocationID()
	}
	return g
}

// RevokeGrant uninstalls the app everywhere: no token given so far works any more.
func (f *Fake) RevokeGrant() {
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	for _, t := range f.grants.access {
		t.grant.Revoked = true
	}
	for _, t := range f.grants.refresh {
		t.grant.Revoked = true
	}
	clear(f.grants.codes)
}

// ExpireAccessTokens makes every access token given so far an expired one. Refresh tokens keep working.
func (f *Fake) ExpireAccessTokens() {
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	for _, t := range f.grants.access {
		t.expires = time.Time{}
	}
}

// PauseLocation makes the location inactive, or active again. While it is inactive the token endpoint refuses; the
// same refresh token works afterwards.
func (f *Fake) PauseLocation(paused bool) {
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	f.grants.paused = paused
}
