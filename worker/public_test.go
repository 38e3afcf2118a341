package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestWebhooksAreBelievedFromTheVendorUnlessTheSettingsSayOtherwise(t *testing.T) {
	vendors, err := intake.ParseKeys(intake.VendorKey)
	require.NoError(t, err)
	keys, err := webhookKeys(platform.WebhookSettings{})
	require.NoError(t, err)
	require.Equal(t, intake.Keys{Current: vendors}, keys)

	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "legacy.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	keys, err = webhookKeys(platform.WebhookSettings{Keys: intake.VendorKey + "," + intake.VendorKey, LegacyKeyFile: file})
	require.NoError(t, err)
	require.Len(t, keys.Current, 2)
	require.Equal(t, &private.PublicKey, keys.Legacy)
}

func TestEveryProblemOfTheWebhookKeysIsNamedAtOnce(t *testing.T) {
	_, err := webhookKeys(platform.WebhookSettings{Keys: "nonsense", LegacyKeyFile: filepath.Join(t.TempDir(), "missing.pem")})
	require.ErrorContains(t, err, platform.EnvWebhookKeys)
	require.ErrorContains(t, err, platform.EnvWebhookLegacyKeyFile)
}

func TestThePublicAddressTakesAnswersOfAuthorisationsOnlyWhereItIsKnown(t *testing.T) {
	ask := func(p program, path string) int {
		w := httptest.NewRecorder()
		p.public(&intake.Receiver{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	require.Equal(t, http.StatusNotFound, ask(program{}, "/oauth/callback"))
	known := program{ledger: &store.Store{}, reach: assembly.NewSelfTest(nil, &url.URL{})}
	require.Equal(t, http.StatusBadRequest, ask(known, "/oauth/callback"), "nothing is awaited without a state")
	for _, path := range []string{"/", "/metrics", "/healthz", "/oauth/", "/oauth/callback/x", "/codec/decode"} {
		require.Equal(t, http.StatusNotFound, ask(known, path), path)
	}
}
