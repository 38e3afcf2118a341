package intake_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/intake"
)

func TestOnlyWhatIsSignedIsBelieved(t *testing.T) {
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	stranger := newSigner(t)
	body := event(1, "ContactUpdate", "loc1", "a")
	changed := strings.Replace(body, "Ann", "Eve", 1)
	for _, c := range []struct {
		what      string
		allowOld  bool
		body      string
		headers   func(w *world) []string
		status    int
		countedAs string
	}{
		{"signed", false, body, func(w *world) []string { return []string{current, w.vendor.sign(body)} }, 200, "accepted"},
		{"signed, with space around it", false, body, func(w *world) []string { return []string{current, " " + w.vendor.sign(body) + " "} }, 200, "accepted"},
		{"not signed", false, body, func(*world) []string { return nil }, 401, "unsigned"},
		{"not signed, though the legacy header is allowed", true, body, func(*world) []string { return nil }, 401, "unsigned"},
		{"signed by a stranger", false, body, func(*world) []string { return []string{current, stranger.sign(body)} }, 401, "forged"},
		{"signed, then changed", false, changed, func(w *world) []string { return []string{current, w.vendor.sign(body)} }, 401, "forged"},
		{"an empty header", false, body, func(*world) []string { return []string{current, ""} }, 401, "forged"},
		{"no base64", false, body, func(*world) []string { return []string{current, "%%%"} }, 401, "forged"},
		{"too short", false, body, func(*world) []string { return []string{current, "AAAA"} }, 401, "forged"},
		{"two signatures", false, body, func(w *world) []string {
			return []string{current, w.vendor.sign(body), current, w.vendor.sign(body)}
		}, 401, "forged"},
		{"legacy, which is off", false, body, func(*world) []string { return []string{legacy, signLegacy(t, old, body)} }, 401, "unsigned"},
		{"legacy, which is on", true, body, func(*world) []string { return []string{legacy, signLegacy(t, old, body)} }, 200, "accepted"},
		{"legacy, then changed", true, changed, func(*world) []string { return []string{legacy, signLegacy(t, old, body)} }, 401, "forged"},
		{"both, and both hold", true, body, func(w *world) []string {
			return []string{current, w.vendor.sign(body), legacy, signLegacy(t, old, body)}
		}, 200, "accepted"},
		{"a wrong one beside a legacy one that holds", true, body, func(*world) []string {
			return []string{current, stranger.sign(body), legacy, signLegacy(t, old, body)}
		}, 401, "forged"},
		{"an empty one beside a legacy one that holds", true, body, func(*world) []string {
			return []string{current, "", legacy, signLegacy(t, old, body)}
		}, 401, "forged"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t, func(config *intake.Config) {
				if c.allowOld {
					config.Keys.Legacy = &old.PublicKey
				}
			})
			require.Equal(t, c.status, w.send(c.body, c.headers(w)...))
			require.Equal(t, map[string]int64{c.countedAs: 1}, w.outcomes())
			if c.status != 200 {
				require.Empty(t, w.inbox.all())
				require.Empty(t, w.count("tandem_webhook_events"), "nothing of what is not believed is looked into")
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	next := newSigner(t)
	w := newWorld(t, func(c *intake.Config) { c.Keys.Current = append(c.Keys.Current, next.public) })
	first, second := event(1, "ContactUpdate", "loc1", "a"), event(2, "ContactUpdate", "loc1", "b")
	require.Equal(t, 200, w.deliver(first))
	require.Equal(t, 200, w.send(second, current, next.sign(second)))
	require.Len(t, w.inbox.all(), 2)
}

func TestKeysAreReadAsTheVendorPublishesThem(t *testing.T) {
	spki := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		return base64.StdEncoding.EncodeToString(der)
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	mine := newSigner(t)
	keys, err := intake.ParseKeys(intake.VendorKey + " , " + spki(mine.public))
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, mine.public, keys[1])
	for _, bad := range []string{"", "x", "AAAA", spki(&old.PublicKey), intake.VendorKey + ","} {
		_, err := intake.ParseKeys(bad)
		require.Error(t, err, bad)
	}
	_, err = intake.ParseKeys("x,AAAA")
	require.ErrorContains(t, err, "key 1")
	require.ErrorContains(t, err, "key 2")

	inPEM := func(key any) []byte {
		der, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	got, err := intake.ParseLegacyKey(inPEM(&old.PublicKey))
	require.NoError(t, err)
	require.Equal(t, &old.PublicKey, got)
	for _, bad := range [][]byte{nil, []byte("x"), inPEM(mine.public), []byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")} {
		_, err := intake.ParseLegacyKey(bad)
		require.Error(t, err)
	}
}

func TestAReceiverWithoutAKeyDoesNotStart(t *testing.T) {
	_, err := intake.New(intake.Config{})
	require.ErrorContains(t, err, "key")
}
