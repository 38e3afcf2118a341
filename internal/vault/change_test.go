package vault

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"

	"github.com/tandem-sync/tandem/internal/record"
)

// kept is a keyset file and a vault that uses it, as a running worker does.
func kept(t *testing.T) (Source, *Vault) {
	t.Helper()
	source := Source{File: filepath.Join(t.TempDir(), "keyset.json")}
	require.NoError(t, WriteNew(source.File))
	v, err := Load(source)
	require.NoError(t, err)
	return source, v
}

func changed(t *testing.T, source Source, by func(*Keyset) error) *Keyset {
	t.Helper()
	k, err := ReadKeyset(source)
	require.NoError(t, err)
	require.NoError(t, by(k))
	require.NoError(t, k.Save())
	return k
}

// rotate adds a key and makes it primary, and returns its id.
func rotate(t *testing.T, source Source) (id uint32) {
	t.Helper()
	changed(t, source, func(k *Keyset) (err error) {
		if id, err = k.Add(); err != nil {
			return err
		}
		return k.Promote(id)
	})
	return id
}

func TestAKeyOnStandbyOpensAndDoesNotSealUntilItIsPromoted(t *testing.T) {
	source, v := kept(t)
	first := v.Primary()
	var second uint32
	k := changed(t, source, func(k *Keyset) (err error) { second, err = k.Add(); return err })
	standby, ok := k.Standby()
	require.True(t, ok)
	require.Equal(t, second, standby)
	require.Equal(t, []Key{{ID: first, Enabled: true, Primary: true}, {ID: second, Enabled: true}}, k.Keys())
	reloaded, err := v.Reload()
	require.NoError(t, err)
	require.True(t, reloaded)
	require.Equal(t, first, v.Primary())

	k = changed(t, source, func(k *Keyset) error { return k.Promote(second) })
	_, ok = k.Standby()
	require.False(t, ok, "a key that was primary before is none on standby")
	_, err = v.Reload()
	require.NoError(t, err)
	require.Equal(t, second, v.Primary())
	again, err := v.Reload()
	require.NoError(t, err)
	require.False(t, again, "nothing has changed")
}

func TestARunningVaultOpensWhatARotatedOneHasSealed(t *testing.T) {
	source, running := kept(t)
	old, err := running.Seal(journal, []byte("old"))
	require.NoError(t, err)
	id := rotate(t, source)
	rotated, err := Load(source)
	require.NoError(t, err)
	fresh, err := rotated.Seal(journal, []byte("new"))
	require.NoError(t, err)

	opened, err := running.Open(journal, fresh)
	require.NoError(t, err, "the unknown key makes it look at the file again")
	require.Equal(t, "new", string(opened))
	require.Equal(t, id, running.Primary())
	opened, err = running.Open(journal, old)
	require.NoError(t, err)
	require.Equal(t, "old", string(opened))
	key, ok := KeyOf(fresh)
	require.True(t, ok)
	require.Equal(t, id, key)
	require.Equal(t, Prefix(id), fresh[:PrefixSize])
}

func TestADisabledKeyStaysInTheKeysetAndOpensNothing(t *testing.T) {
	source, running := kept(t)
	first := running.Primary()
	old, err := running.Seal(journal, []byte("old"))
	require.NoError(t, err)
	rotate(t, source)
	changed(t, source, func(k *Keyset) error { return k.Disable(first) })
	_, err = running.Reload()
	require.NoError(t, err)
	require.Equal(t, Key{ID: first}, running.Keys()[0])
	_, err = running.Open(journal, old)
	require.ErrorIs(t, err, ErrDoesNotOpen)
	require.ErrorContains(t, err, "which is not an enabled key of the keyset")
}

func TestThePrimaryKeyCannotBeDisabledNorAnUnknownOnePromoted(t *testing.T) {
	source, v := kept(t)
	k, err := ReadKeyset(source)
	require.NoError(t, err)
	require.Error(t, k.Disable(v.Primary()))
	require.Error(t, k.Promote(v.Primary()+1))
	require.Equal(t, v.Keys(), k.Keys())
}

func TestARunningVaultRefusesAFileThatIsNotItsOwnAnyMore(t *testing.T) {
	source, running := kept(t)
	sealed, err := running.Seal(journal, []byte("x"))
	require.NoError(t, err)
	other := filepath.Join(t.TempDir(), "other.json")
	require.NoError(t, WriteNew(other))
	for name, breaks := range map[string]func() error{
		"another keyset":  func() error { return os.Rename(other, source.File) },
		"half a keyset":   func() error { return os.WriteFile(source.File, []byte(`{"primaryKeyId":`), 0o600) },
		"one for all":     func() error { return os.Chmod(source.File, 0o644) },
		"none whatsoever": func() error { return os.Remove(source.File) },
	} {
		t.Run(name, func(t *testing.T) {
			before, err := os.ReadFile(source.File)
			require.NoError(t, err)
			require.NoError(t, breaks())
			_, err = running.Reload()
			require.Error(t, err)
			opened, err := running.Open(journal, sealed)
			require.NoError(t, err, "it goes on with the keys that it has")
			require.Equal(t, "x", string(opened))
			require.NoError(t, os.RemoveAll(source.File))
			require.NoError(t, os.WriteFile(source.File, before, 0o600))
		})
	}
}

func TestASavedKeysetIsPrivateAndANewOneNeverOverwrites(t *testing.T) {
	source, _ := kept(t)
	rotate(t, source)
	info, err := os.Stat(source.File)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	k, err := ReadKeyset(source)
	require.NoError(t, err)
	require.ErrorIs(t, k.SaveNew(source.File), fs.ErrExist)
	elsewhere := filepath.Join(t.TempDir(), "next.json")
	require.NoError(t, k.SaveNew(elsewhere))
	moved, err := ReadKeyset(Source{File: elsewhere})
	require.NoError(t, err)
	require.Equal(t, k.Keys(), moved.Keys())
}

func TestAKeysetGivenByValueIsChangedIntoAFileOnly(t *testing.T) {
	content, err := Generate()
	require.NoError(t, err)
	source := Source{Value: string(content)}
	k, err := ReadKeyset(source)
	require.NoError(t, err)
	_, err = k.Add()
	require.NoError(t, err)
	require.ErrorContains(t, k.Save(), EnvValue)
	require.NoError(t, k.SaveNew(filepath.Join(t.TempDir(), "next.json")))
	v, err := Load(source)
	require.NoError(t, err)
	changed, err := v.Reload()
	require.NoError(t, err)
	require.False(t, changed)
}

func TestValuesAreSealedAndOpenedWhileTheKeysetIsRotated(t *testing.T) {
	source, v := kept(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				sealed, err := v.Seal(journal, []byte("x"))
				if err == nil {
					_, err = v.Open(journal, sealed)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		rotate(t, source)
		_, err := v.Reload()
		require.NoError(t, err)
	}
	group.Wait()
	require.Len(t, v.Keys(), 6)
}

// A sealed value is of one connection, one side and one purpose: moved to another, it is as good as damaged.
func TestASealedValueThatIsMovedDoesNotOpen(t *testing.T) {
	_, v := kept(t)
	at := Scope{Connection: "acme", Side: record.Salesforce, Purpose: "credential"}
	sealed, err := v.Seal(at, []byte("token"))
	require.NoError(t, err)
	for name, moved := range map[string]Scope{
		"to another connection": {Connection: "globex", Side: at.Side, Purpose: at.Purpose},
		"to the other side":     {Connection: at.Connection, Side: record.GoHighLevel, Purpose: at.Purpose},
		"to no side":            {Connection: at.Connection, Purpose: at.Purpose},
		"to another purpose":    {Connection: at.Connection, Side: at.Side, Purpose: "journal"},
		"across the boundary":   {Connection: at.Connection + "s", Side: "alesforce", Purpose: at.Purpose},
	} {
		_, err := v.Open(moved, sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen, name)
		require.NotContains(t, err.Error(), "token", name)
	}
	opened, err := v.Open(at, sealed)
	require.NoError(t, err)
	require.Equal(t, "token", string(opened))
}

func TestAKeysetEncryptedByAKeyManagementServiceIsLoadedAndRotated(t *testing.T) {
	address, err := fakekms.NewKeyURI()
	require.NoError(t, err)
	client, err := fakekms.NewClient(address)
	require.NoError(t, err)
	registry.RegisterKMSClient(client)
	source := Source{File: filepath.Join(t.TempDir(), "keyset.json"), KMS: address}
	require.NoError(t, Create(source))
	require.ErrorIs(t, Create(source), fs.ErrExist)

	v, err := Load(source)
	require.NoError(t, err)
	old, err := v.Seal(journal, []byte("old"))
	require.NoError(t, err)
	id := rotate(t, source)
	_, err = v.Reload()
	require.NoError(t, err)
	require.Equal(t, id, v.Primary())
	opened, err := v.Open(journal, old)
	require.NoError(t, err)
	require.Equal(t, "old", string(opened))

	_, err = Load(Source{File: source.File})
	require.ErrorContains(t, err, "not a clear Tink keyset", "what is stored is encrypted")
	other, err := fakekms.NewKeyURI()
	require.NoError(t, err)
	_, err = Load(Source{File: source.File, KMS: other})
	require.ErrorContains(t, err, "does not know", "the client was registered for one key alone")
	require.NotContains(t, err.Error(), string(old))
}
