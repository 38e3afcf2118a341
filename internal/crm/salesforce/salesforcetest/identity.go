package salesforcetest

import (
	"net/http"
	"strings"
)

// userNamed finds an active user by username.
func (f *Fake) userNamed(name string) (uint32, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	users := f.table("User")
	username, active := users.object.field("Username").index, users.object.field("IsActive").index
	for i, r := range users.rows {
		if r != nil && !r.deleted && r.get(active) != "" && strings.EqualFold(r.get(username), name) {
			return uint32(i), true
		}
	}
	return 0, false
}

func (f *Fake) username(user uint32) string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	users := f.table("User")
	return users.rows[user].get(users.object.field("Username").index)
}

// bearerToken reads the Authorization header.
func bearerToken(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "OAuth") {
		return strings.TrimSpace(token)
	}
	return ""
}

// refusedIdentity is what the identity endpoints say, in plain text, to whom they do not know.
func refusedIdentity(token string) *reply {
	text := "Bad_OAuth_Token"
	if token == "" {
		text = "Missing_OAuth_Token"
	}
	return &reply{status: http.StatusForbidden, kind: "text/plain", body: []byte(text)}
}

func (f *Fake) userinfo(r *http.Request, origin string) *reply {
	token := bearerToken(r.Header)
	s, ok := f.session(token)
	if !ok {
		return refusedIdentity(token)
	}
	user, text := f.profile(s.User)
	return json200(marshal(map[string]any{
		"sub": origin + f.identityPath(s.User), "user_id": user, "organization_id": f.orgID,
		"preferred_username": text("Username"), "nickname": text("Alias"), "name": text("Name"), "email": text("Email"),
		"email_verified": true, "given_name": text("FirstName"), "family_name": text("LastName"),
		"zoneinfo": text("TimeZoneSidKey"), "locale": text("LocaleSidKey"), "language": text("LanguageLocaleKey"),
		"user_type": "STANDARD", "active": true, "urls": f.urls(origin),
	}))
}

// identity answers GET /id/{org}/{user}, the address that token responses call id.
func (f *Fake) identity(r *http.Request, origin, path string) *reply {
	token := bearerToken(r.Header)
	s, ok := f.session(token)
	if !ok {
		return refusedIdentity(token)
	}
	if strings.TrimSuffix(path, "/") != f.identityPath(s.User) {
		return &reply{status: http.StatusForbidden, kind: "text/plain", body: []byte("Wrong_Org")}
	}
	user, text := f.profile(s.User)
	return json200(marshal(map[string]any{
		"id": origin + f.identityPath(s.User), "asserted_user": true, "user_id": user, "organization_id": f.orgID,
		"username": text("Username"), "nick_name": text("Alias"), "display_name": text("Name"), "email": text("Email"),
		"email_verified": true, "first_name": text("FirstName"), "last_name": text("LastName"),
		"timezone": text("TimeZoneSidKey"), "locale": text("LocaleSidKey"), "language": text("LanguageLocaleKey"),
		"active": true, "user_type": "STANDARD", "is_app_installed": true, "urls": f.urls(origin),
	}))
}

// profile returns a user's id and a way to read its fields.
func (f *Fake) profile(user uint32) (id string, text func(string) any) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t := f.table("User")
	fields := f.record(t, user, t.rows[user])
	return t.id(user), func(name string) any { return fields[name] }
}

func (f *Fake) urls(origin string) map[string]string {
	base := origin + "/services/data/v{version}/"
	return map[string]string{
		"rest": base, "sobjects": base + "sobjects/", "query": base + "query/", "recent": base + "recent/",
		"custom_domain": origin,
	}
}

// discovery answers /.well-known/openid-configuration.
func (f *Fake) discovery(origin string) *reply {
	at := origin + "/services/oauth2/"
	return json200(marshal(map[string]any{
		"issuer": origin, "authorization_endpoint": at + "authorize", "token_endpoint": at + "token",
		"revocation_endpoint": at + "revoke", "userinfo_endpoint": at + "userinfo", "introspection_endpoint": at + "introspect",
		"scopes_supported":         []string{"api", "refresh_token", "offline_access", "openid", "id", "profile", "full"},
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
		"subject_types_supported": []string{"public"},
	}))
}
