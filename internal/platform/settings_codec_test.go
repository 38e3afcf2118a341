package platform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNothingIsDecryptedForTheWebUIUnlessItIsSaidForWhom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("a-token-that-nobody-can-guess\n"), 0o600))
	const listen, origin = "127.0.0.1:9466", "https://temporal.example.com"
	for what, c := range map[string]struct {
		env  map[string]string
		says string // what is wrong; "" for nothing
	}{
		"off":             {nil, ""},
		"by a token":      {map[string]string{"LISTEN": listen, "ORIGIN": origin, "TOKEN": "a-token-that-nobody-can-guess"}, ""},
		"by a file":       {map[string]string{"LISTEN": listen, "ORIGIN": origin + ", http://localhost:8233", "TOKEN_FILE": file}, ""},
		"by an issuer":    {map[string]string{"LISTEN": listen, "ORIGIN": origin, "OIDC_ISSUER": "https://id.example.com", "OIDC_AUDIENCE": "ui"}, ""},
		"for everybody":   {map[string]string{"LISTEN": listen, "ORIGIN": origin}, "show everything to everybody"},
		"by two":          {map[string]string{"LISTEN": listen, "ORIGIN": origin, "TOKEN": "a-token-that-nobody-can-guess", "TOKEN_FILE": file}, "exactly one"},
		"a short token":   {map[string]string{"LISTEN": listen, "ORIGIN": origin, "TOKEN": "hunter2"}, "20 characters"},
		"no file":         {map[string]string{"LISTEN": listen, "ORIGIN": origin, "TOKEN_FILE": file + "x"}, "TOKEN_FILE"},
		"no audience":     {map[string]string{"LISTEN": listen, "ORIGIN": origin, "OIDC_ISSUER": "https://id.example.com"}, "OIDC_AUDIENCE"},
		"some of them":    {map[string]string{"LISTEN": listen, "ORIGIN": origin, "OIDC_ISSUER": "https://id.example.com", "OIDC_AUDIENCE": "ui", "OIDC_CLAIM": "groups=support"}, ""},
		"no value":        {map[string]string{"LISTEN": listen, "ORIGIN": origin, "OIDC_ISSUER": "https://id.example.com", "OIDC_AUDIENCE": "ui", "OIDC_CLAIM": "groups"}, "claim=value"},
		"an empty value":  {map[string]string{"LISTEN": listen, "ORIGIN": origin, "OIDC_ISSUER": "https://id.example.com", "OIDC_AUDIENCE": "ui", "OIDC_CLAIM": "groups= "}, "claim=value"},
		"claims of none":  {map[string]string{"LISTEN": listen, "ORIGIN": origin, "TOKEN": "a-token-that-nobody-can-guess", "OIDC_CLAIM": "groups=support"}, "no claims"},
		"no origin":       {map[string]string{"LISTEN": listen, "TOKEN": "a-token-that-nobody-can-guess"}, "TANDEM_CODEC_ORIGIN"},
		"every origin":    {map[string]string{"LISTEN": listen, "ORIGIN": "*", "TOKEN": "a-token-that-nobody-can-guess"}, "no origin"},
		"a page":          {map[string]string{"LISTEN": listen, "ORIGIN": origin + "/", "TOKEN": "a-token-that-nobody-can-guess"}, "no origin"},
		"a wrong address": {map[string]string{"LISTEN": "9466", "ORIGIN": origin, "TOKEN": "a-token-that-nobody-can-guess"}, "host:port"},
	} {
		env := map[string]string{"TANDEM_DATABASE_URL": "postgres://localhost/tandem"}
		for name, value := range c.env {
			env["TANDEM_CODEC_"+name] = value
		}
		s := settings(env)
		require.Equal(t, c.env != nil, s.Codec.On(), what)
		err := s.Validate()
		if c.says == "" {
			require.NoError(t, err, what)
			if c.env["TOKEN"]+c.env["TOKEN_FILE"] != "" {
				token, err := s.Codec.BearerToken()
				require.NoError(t, err, what)
				require.Equal(t, "a-token-that-nobody-can-guess", token, what)
			}
			continue
		}
		require.ErrorContains(t, err, c.says, what)
		require.NotContains(t, err.Error(), "hunter2", what)
	}
}

func TestATokenIsNeverPrinted(t *testing.T) {
	s := settings(map[string]string{"TANDEM_CODEC_TOKEN": "hunter2"})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, s), "hunter2", verb)
		require.NotContains(t, fmt.Sprintf(verb, s), "68756e74657232", verb)
	}
}
