package salesforcetest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	// jwtLives is how far ahead an assertion's expiry may lie.
	jwtLives = 5 * time.Minute
)

// bearer answers the JWT bearer flow.
func (f *Fake) bearer(assertion, origin string) *reply {
	invalid := func(why string) *reply { return oauthError("invalid_grant", why) }
	if f.options.JWTPublicKey == nil {
		return oauthError("invalid_app_access", "the app has no certificate")
	}
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return invalid("invalid assertion")
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	var claims struct {
		Issuer   string      `json:"iss"`
		Subject  string      `json:"sub"`
		Audience any         `json:"aud"`
		Expiry   json.Number `json:"exp"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decodePart(parts[0], &header) || !decodePart(parts[1], &claims) || header.Algorithm != "RS256" {
		return invalid("invalid assertion")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(f.options.JWTPublicKey, crypto.SHA256, sum[:], signature) != nil {
		return invalid("invalid assertion")
	}
	if claims.Issuer != f.options.ClientID {
		return oauthError("invalid_client_id", "client identifier invalid")
	}
	if !f.isAudience(claims.Audience, origin) {
		return invalid("audience is invalid")
	}
	seconds, err := claims.Expiry.Float64()
	left := time.Unix(int64(seconds), 0).Sub(f.now())
	if err != nil || left <= 0 || left > jwtLives {
		return invalid("expired authorization code")
	}
	user, ok := f.userNamed(claims.Subject)
	if !ok || !strings.EqualFold(claims.Subject, f.options.JWTUser) {
		return invalid("user hasn't approved this consumer")
	}
	return f.issue(user, "api", false, origin)
}

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// isAudience tells whether aud, a string or a list, names a login host or the org.
func (f *Fake) isAudience(aud any, origin string) bool {
	accepted := []string{
		"https://login.salesforce.com", "https://test.salesforce.com", "https://" + f.options.MyDomain + ".my.salesforce.com",
		origin, f.options.InstanceURL,
	}
	switch v := aud.(type) {
	case string:
		return v != "" && slices.Contains(accepted, strings.TrimSuffix(v, "/"))
	case []any:
		return slices.ContainsFunc(v, func(one any) bool { return f.isAudience(one, origin) })
	}
	return false
}
