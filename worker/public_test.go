package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/platform"
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
