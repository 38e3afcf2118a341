package vault

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

var scopes = rapid.Custom(func(t *rapid.T) Scope {
	return Scope{
		Connection: rapid.StringMatching(`[a-c/\x00-\x03]{0,4}`).Draw(t, "connection"),
		Side:       rapid.SampledFrom([]record.Side{"", record.GoHighLevel, record.Salesforce}).Draw(t, "side"),
		Purpose:    rapid.StringMatching(`[a-c/\x00-\x03]{1,4}`).Draw(t, "purpose"),
	}
})

func newVault(t testing.TB) *Vault {
	t.Helper()
	content, err := Generate()
	require.NoError(t, err)
	vault, err := Load(Source{Value: string(content)})
	require.NoError(t, err)
	return vault
}

func TestWhatIsSealedOpensAgain(t *testing.T) {
	vault := newVault(t)
	rapid.Check(t, func(t *rapid.T) {
		scope := scopes.Draw(t, "scope")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed, err := vault.Seal(scope, plain)
		require.NoError(t, err)
		opened, err := vault.Open(scope, sealed)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, opened))
		again, err := vault.Seal(scope, plain)
		require.NoError(t, err)
		require.NotEqual(t, sealed, again)
	})
}

func TestASealedValueOpensInNoOtherScope(t *testing.T) {
	vault := newVault(t)
	rapid.Check(t, func(t *rapid.T) {
		scope, other := scopes.Draw(t, "scope"), scopes.Draw(t, "other")
		if scope == other {
			t.Skip("the same scope")
		}
		require.NotEqual(t, scope.associatedData(), other.associatedData())
		sealed, err := vault.Seal(scope, []byte("customer data"))
		require.NoError(t, err)
		opened, err := vault.Open(other, sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen)
		require.Nil(t, opened)
	})
}

func TestTheBordersBetweenScopePartsCount(t *testing.T) {
	vault := newVault(t)
	sealed, err := vault.Seal(Scope{Connection: "ab", Side: "c", Purpose: "d"}, []byte("x"))
	require.NoError(t, err)
	for _, other := range []Scope{
		{Connection: "a", Side: "bc", Purpose: "d"},
		{Connection: "ab", Side: "", Purpose: "cd"},
		{Connection: "abc", Side: "", Purpose: "d"},
	} {
		_, err := vault.Open(other, sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen)
	}
}

func TestAnyFlippedByteKeepsItShut(t *testing.T) {
	vault := newVault(t)
	rapid.Check(t, func(t *rapid.T) {
		scope := scopes.Draw(t, "scope")
		plain := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "plain")
		sealed, err := vault.Seal(scope, plain)
		require.NoError(t, err)
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= rapid.ByteRange(1, 255).Draw(t, "flip")
		_, err = vault.Open(scope, sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen)
	})
}

func TestACutValueStaysShut(t *testing.T) {
	vault := newVault(t)
	scope := Scope{Connection: "acme", Side: record.Salesforce, Purpose: "credential"}
	sealed, err := vault.Seal(scope, []byte("a token"))
	require.NoError(t, err)
	for n := range sealed {
		_, err := vault.Open(scope, sealed[:n])
		require.ErrorIs(t, err, ErrDoesNotOpen)
	}
	_, err = vault.Open(scope, nil)
	require.ErrorIs(t, err, ErrDoesNotOpen)
}

func TestErrorsHoldNoPlaintext(t *testing.T) {
	vault := newVault(t)
	scope := Scope{Connection: "acme", Side: record.Salesforce, Purpose: "credential"}
	sealed, err := vault.Seal(scope, []byte("s3cret-token"))
	require.NoError(t, err)
	_, err = vault.Open(Scope{Connection: "other", Purpose: "credential"}, sealed)
	require.ErrorIs(t, err, ErrDoesNotOpen)
	require.NotContains(t, err.Error(), "s3cret")

	_, err = vault.Seal(Scope{Connection: "acme"}, []byte("s3cret-token"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
	_, err = vault.Open(Scope{Connection: "acme"}, sealed)
	require.Error(t, err)
}

func TestAValueOfAForeignKeysetNamesTheMissingKey(t *testing.T) {
	scope := Scope{Connection: "acme", Purpose: "journal"}
	sealed, err := newVault(t).Seal(scope, []byte("x"))
	require.NoError(t, err)
	_, err = newVault(t).Open(scope, sealed)
	require.ErrorIs(t, err, ErrDoesNotOpen)
	require.ErrorContains(t, err, "which is not an enabled key of the keyset")
}

func TestManySealAndOpenAtOnce(t *testing.T) {
	vault := newVault(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			scope := Scope{Connection: string(rune('a' + i)), Purpose: "journal"}
			for range 50 {
				sealed, err := vault.Seal(scope, []byte(scope.Connection))
				if err != nil {
					t.Error(err)
					return
				}
				opened, err := vault.Open(scope, sealed)
				if err != nil || string(opened) != scope.Connection {
					t.Errorf("opened %q: %v", opened, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestFingerprintKeysAreLongAndDiffer(t *testing.T) {
	one, err := NewFingerprintKey()
	require.NoError(t, err)
	two, err := NewFingerprintKey()
	require.NoError(t, err)
	require.Len(t, one, FingerprintKeySize)
	require.NotEqual(t, one, two)
}

func FuzzOpen(f *testing.F) {
	vault := newVault(f)
	scope := Scope{Connection: "acme", Side: record.GoHighLevel, Purpose: "credential"}
	sealed, err := vault.Seal(scope, []byte("token"))
	require.NoError(f, err)
	f.Add(sealed[:len(sealed)-1])
	f.Add([]byte{1, 0, 0, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, forged []byte) {
		if _, err := vault.Open(scope, forged); err == nil {
			t.Fatal("a forged value opened")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	vault := newVault(b)
	scope := Scope{Connection: "acme", Side: record.GoHighLevel, Purpose: "journal"}
	plain := bytes.Repeat([]byte("x"), 1024)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vault.Seal(scope, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	vault := newVault(b)
	scope := Scope{Connection: "acme", Side: record.GoHighLevel, Purpose: "journal"}
	sealed, err := vault.Seal(scope, bytes.Repeat([]byte("x"), 1024))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(1024)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := vault.Open(scope, sealed); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
