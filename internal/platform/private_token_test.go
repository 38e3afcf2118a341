package platform_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/platform"
)

const token = "0123456789abcdef"

func TestAPrivateAddressBeyondLoopbackDemandsAToken(t *testing.T) {
	for address, demanded := range map[string]bool{
		"127.0.0.1:9464": false, "127.9.9.9:0": false, "localhost:9464": false, "[::1]:9464": false, "": false,
		":9464": true, "0.0.0.0:9464": true, "[::]:9464": true, "10.0.0.4:9464": true, "tandem:9464": true, "localhost.example:9464": true,
	} {
		env := map[string]string{platform.EnvDatabaseURL: "postgres://localhost/tandem", platform.EnvListen: address}
		err := settings(env).Validate()
		if !demanded {
			require.NoError(t, err, address)
		} else {
			require.ErrorContains(t, err, platform.EnvListenToken, address)
		}
		env[platform.EnvListenToken] = token
		require.NoError(t, settings(env).Validate(), address)
	}
}

func TestTheTokenIsTakenFromAFileAndNeverPrinted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	s := settings(map[string]string{platform.EnvListenTokenFile: file})
	got, err := s.PrivateToken()
	require.NoError(t, err)
	require.True(t, got.Is(token))

	s = settings(map[string]string{platform.EnvListenToken: token})
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", s, s, &s), token)
}

func TestATokenThatCannotServeIsRefusedWithoutShowingIt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, env := range []map[string]string{
		{platform.EnvListenToken: "short-token"},
		{platform.EnvListenToken: "with spaces in between"},
		{platform.EnvListenToken: "with-umlauts-äöüß-in-it"},
		{platform.EnvListenTokenFile: filepath.Join(dir, "missing")},
		{platform.EnvListenTokenFile: write("empty", " \n")},
		{platform.EnvListenTokenFile: write("short", "short-token")},
		{platform.EnvListenToken: token, platform.EnvListenTokenFile: write("both", token)},
	} {
		env[platform.EnvDatabaseURL] = "postgres://localhost/tandem"
		err := settings(env).Validate()
		require.ErrorContains(t, err, platform.EnvListenToken, "%v", env)
		require.NotContains(t, err.Error(), "short-token")
	}
}
