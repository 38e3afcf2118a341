package oauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tandem-sync/tandem/internal/record"
)

func secretive() Credential {
	return Credential{
		Side: record.Salesforce, Flow: JWTBearer, ClientID: "id", ClientSecret: "s3cret-1", PrivateToken: "s3cret-2",
		Username: "s3cret-3", PrivateKeyPEM: "s3cret-4", AccessToken: "s3cret-5", RefreshToken: "s3cret-6",
		AgencyAccessToken: "s3cret-7", AuthURL: "https://x/?k=s3cret-8", State: StateActive, OrgID: testOrg, LocationID: "loc-1",
		IssuedAt: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
	}
}

func TestPrintingACredentialShowsNoSecret(t *testing.T) {
	c := secretive()
	type holder struct {
		C Credential
		P *Credential
		L []Credential
		M map[string]Credential
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
		for _, value := range []any{c, &c, holder{C: c, P: &c, L: []Credential{c}, M: map[string]Credential{"a": c}}, []any{c}} {
			require.NotContains(t, fmt.Sprintf(verb, value), "s3cret", verb)
		}
	}
	require.Contains(t, fmt.Sprint(c), testOrg)
	require.NotContains(t, c.String()+c.GoString(), "s3cret")
	s := source(newMemoryStore(t, c), record.Salesforce)
	s.remember(&c, true)
	s.hold(&renewal{before: c, after: c})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		require.NotContains(t, fmt.Sprintf(verb, s), "s3cret", verb)
	}
}

func TestLoggingACredentialShowsNoSecret(t *testing.T) {
	c := secretive()
	core, logs := observer.New(zapcore.DebugLevel)
	zap.New(core).Info("x", zap.Any("value", c), zap.Any("pointer", &c), zap.Object("object", c), zap.Stringer("text", c))
	content, err := json.Marshal(logs.All()[0].ContextMap())
	require.NoError(t, err)
	require.NotContains(t, string(content), "s3cret")
	require.Contains(t, string(content), testOrg)

	var buffer bytes.Buffer
	slog.New(slog.NewJSONHandler(&buffer, nil)).Info("x", "value", c, "pointer", &c)
	require.NotContains(t, buffer.String(), "s3cret")
}

func TestACredentialSurvivesItsEncoding(t *testing.T) {
	c := secretive()
	c.ExpiresAt, c.GrantedScopes, c.Generation = c.IssuedAt.Add(time.Hour), []string{"api"}, 7
	content, err := c.Encode()
	require.NoError(t, err)
	back, err := DecodeCredential(content)
	require.NoError(t, err)
	require.Equal(t, c, *back)
	_, err = DecodeCredential([]byte(`{"access_token": "s3cret`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
}

func TestACredentialIsNeitherEncodedNorDecodedByAccident(t *testing.T) {
	shown, err := json.Marshal(map[string]any{"one": secretive(), "many": []any{struct{ Held *Credential }{new(secretive())}}})
	require.NoError(t, err)
	require.NotContains(t, string(shown), "s3cret")
	require.Contains(t, string(shown), testOrg)
	content, err := json.Marshal(secretive())
	require.NoError(t, err)
	require.ErrorContains(t, json.Unmarshal(content, &Credential{}), "DecodeCredential")
}
