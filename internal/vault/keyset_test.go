package vault

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

var journal = Scope{Connection: "acme", Purpose: "journal"}

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

func TestTheEnvironmentNamesExactlyOneKeyset(t *testing.T) {
	source, err := SourceFromEnv(lookupIn(map[string]string{EnvFile: "/keys/tandem.json", EnvValue: ""}))
	require.NoError(t, err)
	require.Equal(t, Source{File: "/keys/tandem.json"}, source)

	source, err = SourceFromEnv(lookupIn(map[string]string{EnvValue: "{}"}))
	require.NoError(t, err)
	require.Equal(t, Source{Value: "{}"}, source)

	_, err = SourceFromEnv(lookupIn(nil))
	require.ErrorContains(t, err, EnvFile)
	_, err = SourceFromEnv(lookupIn(map[string]string{EnvFile: "/k", EnvValue: "{}"}))
	require.ErrorContains(t, err, "keep one")
}

func TestANewKeysetFileIsPrivateAndNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, WriteNew(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	require.ErrorIs(t, WriteNew(path), fs.ErrExist)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file stays behind")

	vault, err := Load(Source{File: path})
	require.NoError(t, err)
	sealed, err := vault.Seal(journal, []byte("x"))
	require.NoError(t, err)
	again, err := Load(Source{Value: string(before)})
	require.NoError(t, err)
	opened, err := again.Open(journal, sealed)
	require.NoError(t, err)
	require.Equal(t, "x", string(opened))
}

func TestANewKeysetNeedsItsDirectory(t *testing.T) {
	require.ErrorIs(t, WriteNew(filepath.Join(t.TempDir(), "missing", "keyset.json")), fs.ErrNotExist)
}

func TestAKeysetFileThatOthersMayReadIsRefused(t *testing.T) {
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o644, 0o660, 0o606} {
		path := filepath.Join(t.TempDir(), "keyset.json")
		require.NoError(t, WriteNew(path))
		require.NoError(t, os.Chmod(path, mode))
		_, err := Load(Source{File: path})
		require.ErrorContains(t, err, "chmod 600", "mode %04o", mode)
	}
	path := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, WriteNew(path))
	require.NoError(t, os.Chmod(path, 0o400))
	_, err := Load(Source{File: path})
	require.NoError(t, err)
}

func TestAMissingOrImpossibleSourceIsRefused(t *testing.T) {
	_, err := Load(Source{})
	require.Error(t, err)
	_, err = Load(Source{File: "a", Value: "b"})
	require.Error(t, err)
	_, err = Load(Source{File: filepath.Join(t.TempDir(), "missing")})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestADamagedKeysetIsRefusedWithoutQuotingIt(t *testing.T) {
	content, err := Generate()
	require.NoError(t, err)
	damaged := bytes.Replace(content, []byte(`"keyData"`), []byte(`"keyDoto"`), 1)
	require.NotEqual(t, content, damaged)
	for _, value := range []string{string(damaged), "s3cret", `{"key":"s3cret"}`, "{}", string(content[:len(content)/2])} {
		_, err := Load(Source{Value: value})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "s3cret")
		require.NotContains(t, err.Error(), "Doto")
	}
}

func TestOnlyAES256GCMKeysAreTaken(t *testing.T) {
	for name, template := range map[string]*tinkpb.KeyTemplate{
		"a short key": aead.AES128GCMKeyTemplate(), "another cipher": aead.XChaCha20Poly1305KeyTemplate(),
		"no prefix": aead.AES256GCMNoPrefixKeyTemplate(),
	} {
		handle, err := keyset.NewHandle(template)
		require.NoError(t, err)
		content, err := encode(handle)
		require.NoError(t, err)
		_, err = Load(Source{Value: string(content)})
		require.ErrorContains(t, err, "AES-256-GCM", name)
	}
}

func TestAfterARotationOldValuesOpenAndNewOnesUseTheNewKey(t *testing.T) {
	content, err := Generate()
	require.NoError(t, err)
	before, err := Load(Source{Value: string(content)})
	require.NoError(t, err)
	old, err := before.Seal(journal, []byte("old"))
	require.NoError(t, err)

	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	require.NoError(t, err)
	first, err := handle.Primary()
	require.NoError(t, err)
	manager := keyset.NewManagerFromHandle(handle)
	second, err := manager.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	require.NoError(t, manager.SetPrimary(second))
	rotated := loadFrom(t, manager)

	opened, err := rotated.Open(journal, old)
	require.NoError(t, err)
	require.Equal(t, "old", string(opened))
	fresh, err := rotated.Seal(journal, []byte("new"))
	require.NoError(t, err)
	id, ok := keyID(fresh)
	require.True(t, ok)
	require.Equal(t, second, id)
	_, err = before.Open(journal, fresh)
	require.ErrorIs(t, err, ErrDoesNotOpen)

	require.NoError(t, manager.Disable(first.KeyID()))
	retired := loadFrom(t, manager)
	_, err = retired.Open(journal, old)
	require.ErrorContains(t, err, "which is not an enabled key of the keyset")
	_, err = retired.Open(journal, fresh)
	require.NoError(t, err)
}

func loadFrom(t *testing.T, manager *keyset.Manager) *Vault {
	t.Helper()
	handle, err := manager.Handle()
	require.NoError(t, err)
	content, err := encode(handle)
	require.NoError(t, err)
	vault, err := Load(Source{Value: string(content)})
	require.NoError(t, err)
	return vault
}

func TestASourcePrintsWithoutTheKeyset(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, Source{Value: "s3cret"}), "s3cret", verb)
		require.NotContains(t, fmt.Sprintf(verb, &Source{Value: "s3cret"}), "s3cret", verb)
	}
	require.Contains(t, fmt.Sprint(Source{File: "/keys/a.json"}), "/keys/a.json")
}
