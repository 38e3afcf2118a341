package salesforcetest

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// grant is one user's consent to the app. Its sessions and its refresh token die with it.
type grant struct {
	ID      int
	User    uint32
	Scope   string
	Refresh string // the live refresh token, "" for none
	Revoked bool
}

type session struct {
	Grant  int
	User   uint32
	Scope  string
	Issued time.Time
}

// code is an authorisation code that was given out and not yet redeemed.
type code struct {
	User      uint32
	Scope     string
	Redirect  string
	Challenge string
	Issued    time.Time
}

// authState is what a snapshot keeps of the tokens.
type authState struct {
	Grants   []*grant // by ID
	Sessions map[string]session
	// Refreshes leads from each refresh token ever given out to its grant.
	Refreshes map[string]int
	Codes     map[string]code
}

type auth struct {
	mu     sync.Mutex
	random *rand.Rand
	authState
}

func (a *auth) reset() {
	a.authState = authState{Sessions: map[string]session{}, Refreshes: map[string]int{}, Codes: map[string]code{}}
}

// refreshTokensPerUser is how many refresh tokens of the app a user may have; the next one revokes the oldest grant.
const refreshTokensPerUser = 5

// secret makes n characters that nobody guesses but whoever knows the seed. The caller holds the lock.
func (a *auth) secret(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(base62[a.random.IntN(len(base62))])
	}
	return b.String()
}

// hasRefresh tells whether a scope comes with a refresh token.
func hasRefresh(scope string) bool {
	for s := range strings.FieldsSeq(scope) {
		if s == "refresh_token" || s == "offline_access" || s == "full" {
			return s != "full"
		}
	}
	return false
}

// open makes a grant with its first session. The caller holds the lock.
func (f *Fake) open(user uint32, scope string, refreshable bool) (access, refresh string) {
	a := &f.auth
	g := &grant{ID: len(a.Grants), User: user, Scope: scope}
	a.Grants = append(a.Grants, g)
	if refreshable {
		g.Refresh = "5Aep861" + a.secret(64)
		a.Refreshes[g.Refresh] = g.ID
		f.revokeOldest(user)
	}
	return f.openSession(g), g.Refresh
}

func (f *Fake) revokeOldest(user uint32) {
	var live []*grant
	for _, g := range f.auth.Grants {
		if g.User == user && g.Refresh != "" && !g.Revoked {
			live = append(live, g)
		}
	}
	if len(live) > refreshTokensPerUser {
		f.revoke(live[0])
	}
}

// openSession adds a session to a grant. The caller holds the lock.
func (f *Fake) openSession(g *grant) string {
	access := f.orgID[:15] + "!AQ" + f.auth.secret(90)
	f.auth.Sessions[access] = session{Grant: g.ID, User: g.User, Scope: g.Scope, Issued: f.now()}
	return access
}

// revoke ends a grant. The caller holds the lock.
func (f *Fake) revoke(g *grant) {
	g.Revoked = true
	for token, s := range f.auth.Sessions {
		if s.Grant == g.ID {
			delete(f.auth.Sessions, token)
		}
	}
}

// session returns the live session of an access token.
func (f *Fake) session(token string) (session, bool) {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	s, ok := f.auth.Sessions[token]
	if !ok {
		return s, false
	}
	if ttl := f.options.SessionTTL; ttl > 0 && f.now().Sub(s.Issued) >= ttl {
		delete(f.auth.Sessions, token)
		return s, false
	}
	return s, true
}

func (f *Fake) endSession(token string) {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	delete(f.auth.Sessions, token)
}

// GrantToken lets DefaultUser consent to the app with the scopes api and refresh_token, and returns the tokens. As in
// the org, a user's sixth grant revokes the oldest.
func (f *Fake) GrantToken() (access, refresh string) {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	return f.open(f.apiUser, "refresh_token api", true)
}

// RevokeGrant revokes all tokens of all users, as an administrator does who revokes the app.
func (f *Fake) RevokeGrant() {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	for _, g := range f.auth.Grants {
		f.revoke(g)
	}
	f.auth.Codes = map[string]code{}
}

// ExpireSessions ends all sessions; refresh tokens stay.
func (f *Fake) ExpireSessions() {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	f.auth.Sessions = map[string]session{}
}
