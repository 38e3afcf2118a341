package platform_test

import (
	"testing"

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
