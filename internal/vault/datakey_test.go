package vault

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADataKeyOpensOnlyItsOwnersValues(t *testing.T) {
	plain, err := NewDataKey()
	require.NoError(t, err)
	key, err := OpenDataKey(7, "acme", plain)
	require.NoError(t, err)
	sealed, err := key.Seal([]byte("x"))
	require.NoError(t, err)
	again, err := key.Seal([]byte("x"))
	require.NoError(t, err)
	require.NotEqual(t, sealed, again)
	opened, err := key.Open(sealed)
	require.NoError(t, err)
	require.Equal(t, "x", string(opened))

	for what, other := range map[string]struct {
		id    int64
		owner string
	}{"another owner": {7, "bare"}, "the house": {7, ""}, "another id": {8, "acme"}, "another split of the two": {0x61, "cme"}} {
		key, err := OpenDataKey(other.id, other.owner, plain)
		require.NoError(t, err)
		_, err = key.Open(sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen, what)
	}
	for i := range sealed {
		sealed[i] ^= 1
		_, err := key.Open(sealed)
		require.ErrorIs(t, err, ErrDoesNotOpen)
		sealed[i] ^= 1
	}
	_, err = OpenDataKey(7, "acme", plain[1:])
	require.Error(t, err)
}
