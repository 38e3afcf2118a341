package platform_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/platform"
)

func settings(env map[string]string) platform.Settings {
	return platform.SettingsFromEnv(func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
}

func TestEveryProblemOfTheSettingsIsNamedAtOnce(t *testing.T) {
	err := settings(map[string]string{
		platform.EnvDatabaseURL: "mysql://x", platform.EnvListen: "9464", platform.EnvWebhookListen: "9465", platform.EnvLogLevel: "loud",
	}).Validate()
	for _, name := range []string{platform.EnvDatabaseURL, platform.EnvListen, platform.EnvWebhookListen, "loud"} {
		require.ErrorContains(t, err, name)
	}
}

func TestWebhooksAreReceivedOnlyWhereTheyAreAskedFor(t *testing.T) {
	env := map[string]string{platform.EnvDatabaseURL: "postgres://localhost/tandem"}
	for address, on := range map[string]bool{"": false, "off": false, "127.0.0.1:9465": true, ":9465": true} {
		env[platform.EnvWebhookListen] = address
		s := settings(env)
		require.NoError(t, s.Validate(), address)
		require.Equal(t, on, s.Webhooks.On(), address)
	}
}

func TestSweepsAreSpreadOverFourSchedulesUnlessTheSettingsSayOtherwise(t *testing.T) {
	for _, c := range []struct {
		shards, every string
		wantShards    int
		wantEvery     time.Duration
	}{
		{"", "", 4, 30 * time.Second}, {"64", "5m", 64, 5 * time.Minute}, {"", "0", 4, 0}, {"1", "1s", 1, time.Second},
	} {
		shards, every, err := settings(map[string]string{"TANDEM_SWEEP_SHARDS": c.shards, "TANDEM_SWEEP_EVERY": c.every}).Sweeps()
		require.NoError(t, err)
		require.Equal(t, c.wantShards, shards)
		require.Equal(t, c.wantEvery, every)
	}
	for _, c := range []struct{ shards, every string }{
		{"0", ""}, {"-1", ""}, {"many", ""}, {"1001", ""}, {"", "30"}, {"", "-1s"}, {"", "10ms"}, {"", "25h"},
	} {
		s := settings(map[string]string{
			"TANDEM_DATABASE_URL": "postgres://localhost/tandem", "TANDEM_SWEEP_SHARDS": c.shards, "TANDEM_SWEEP_EVERY": c.every,
		})
		_, _, err := s.Sweeps()
		require.Error(t, err, "%v", c)
		require.Error(t, s.Validate(), "%v", c)
	}
}

func TestConnectionsAreMaintainedHourlyUnlessTheSettingsSayOtherwise(t *testing.T) {
	for given, want := range map[string]time.Duration{"": time.Hour, "0": 0, "24h": 24 * time.Hour, "1m": time.Minute} {
		every, err := settings(map[string]string{"TANDEM_MAINTENANCE_EVERY": given}).Maintenance()
		require.NoError(t, err)
		require.Equal(t, want, every)
	}
	for _, given := range []string{"60", "-1h", "59s", "169h", "often"} {
		s := settings(map[string]string{"TANDEM_DATABASE_URL": "postgres://localhost/tandem", "TANDEM_MAINTENANCE_EVERY": given})
		_, err := s.Maintenance()
		require.ErrorContains(t, err, "TANDEM_MAINTENANCE_EVERY", given)
		require.Error(t, s.Validate(), given)
	}
}

func TestThePublicAddressIsHTTPSUnlessItIsThisMachines(t *testing.T) {
	for _, given := range []string{"https://tandem.example", "https://tandem.example/below/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"} {
		u, err := settings(map[string]string{"TANDEM_PUBLIC_URL": given}).Public()
		require.NoError(t, err, given)
		require.Equal(t, given, u.String())
	}
	none, err := settings(nil).Public()
	require.NoError(t, err)
	require.Nil(t, none)
	for _, given := range []string{
		"tandem.example", "http://tandem.example", "http://10.0.0.1", "https://", "https://u:p@tandem.example", "https://tandem.example/?a=b", "https://tandem.example/#x",
		"ftp://127.0.0.1", "https:tandem.example",
	} {
		s := settings(map[string]string{"TANDEM_DATABASE_URL": "postgres://localhost/tandem", "TANDEM_PUBLIC_URL": given})
		require.ErrorContains(t, s.Validate(), "TANDEM_PUBLIC_URL", given)
	}
}
