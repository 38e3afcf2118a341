package platform

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/secret"
)

// Settings are what every program of the house needs besides Temporal's own settings.
type Settings struct {
	// DatabaseURL is Tandem's Postgres, as postgres://user:password@host:port/database.
	DatabaseURL string
	// Listen is the worker's private address for health and metrics, as host:port.
	Listen string
	// ListenToken is what callers of the private address must present, or ListenTokenFile the file that holds it.
	ListenToken     secret.Text
	ListenTokenFile string

	// PublicURL is the address under which the outside reaches the workers' public listener, as https://tandem.example;
	// "" for none.
	PublicURL string

	Webhooks WebhookSettings
	Codec    CodecSettings
	// AllowHosts are hosts besides the vendors' own that requests may reach, separated by commas.
	AllowHosts string
	LogLevel   string
	LogFormat  string
	// SweepShards is over how many Schedules the polling of the connections is spread; as text, until it is validated.
	SweepShards string
	// SweepEvery is how often each of them fires; "0" lets this worker make none.
	SweepEvery string
	// MaintenanceEvery is how often connections are maintained, over as many Schedules; "0" lets this worker make none.
	MaintenanceEvery string
}

// WebhookSettings are how the worker receives GoHighLevel's webhooks.
type WebhookSettings struct {
	// Listen is the worker's public address, as host:port; Off for none.
	Listen string
	// Keys are the vendor's public keys, base64 and separated by commas; "" means the key that it signs with now.
	Keys string
	// LegacyKeyFile is a PEM file with the key of the legacy signature; "" refuses such signatures.
	LegacyKeyFile string
	// AppID is the marketplace app's id, so that another app's uninstall has no effect; "" takes every app for ours.
	AppID string
}

// Off is the address of what is not served.
const Off = "off"

// On tells whether webhooks are received.
func (w WebhookSettings) On() bool { return w.Listen != Off }

// The environment variables of Settings.
const (
	EnvDatabaseURL = "TANDEM_DATABASE_URL"
	EnvListen      = "TANDEM_LISTEN"
	EnvListenToken = "TANDEM_LISTEN_TOKEN"
	EnvLogLevel    = "TANDEM_LOG_LEVEL"
	EnvLogFormat   = "TANDEM_LOG_FORMAT"

	EnvListenTokenFile = "TANDEM_LISTEN_TOKEN_FILE"

	EnvWebhookListen        = "TANDEM_WEBHOOK_LISTEN"
	EnvWebhookKeys          = "TANDEM_GHL_WEBHOOK_KEYS"
	EnvWebhookLegacyKeyFile = "TANDEM_GHL_WEBHOOK_LEGACY_KEY_FILE"
	EnvWebhookAppID         = "TANDEM_GHL_APP_ID"

	EnvAllowHosts = "TANDEM_ALLOW_HOSTS"
	EnvPublicURL  = "TANDEM_PUBLIC_URL"

	EnvSweepShards = "TANDEM_SWEEP_SHARDS"
	EnvSweepEvery  = "TANDEM_SWEEP_EVERY"

	EnvMaintenanceEvery = "TANDEM_MAINTENANCE_EVERY"
)

// SettingsFromEnv reads the settings and their defaults.
func SettingsFromEnv(lookup func(string) (string, bool)) Settings {
	get := func(name, fallback string) string {
		if v, ok := lookup(name); ok && v != "" {
			return v
		}
		return fallback
	}
	return Settings{
		DatabaseURL: get(EnvDatabaseURL, ""),
		Listen:      get(EnvListen, "127.0.0.1:9464"),
		ListenToken: secret.New(get(EnvListenToken, "")), ListenTokenFile: get(EnvListenTokenFile, ""),
		Webhooks: WebhookSettings{
			Listen: get(EnvWebhookListen, Off), Keys: get(EnvWebhookKeys, ""),
			LegacyKeyFile: get(EnvWebhookLegacyKeyFile, ""), AppID: get(EnvWebhookAppID, ""),
		},
		PublicURL:   get(EnvPublicURL, ""),
		Codec:       codecSettings(get),
		AllowHosts:  get(EnvAllowHosts, ""),
		LogLevel:    get(EnvLogLevel, "info"),
		LogFormat:   get(EnvLogFormat, "json"),
		SweepShards: get(EnvSweepShards, "4"),
		SweepEvery:  get(EnvSweepEvery, "30s"),

		MaintenanceEvery: get(EnvMaintenanceEvery, "1h"),
	}
}

// The bounds of the sweeps' settings.
const (
	mostShards   = 1000
	fastestSweep = time.Second
	slowestSweep = 24 * time.Hour
)

// Sweeps returns over how many Schedules polling is spread and how often each fires; 0 for no Schedules.
func (s Settings) Sweeps() (shards int, every time.Duration, err error) {
	shards, err = strconv.Atoi(s.SweepShards)
	if err != nil || shards < 1 || shards > mostShards {
		return 0, 0, fmt.Errorf("%s=%q: want a number from 1 to %d", EnvSweepShards, s.SweepShards, mostShards)
	}
	every, err = time.ParseDuration(s.SweepEvery)
	if err != nil || every != 0 && (every < fastestSweep || every > slowestSweep) {
		return 0, 0, fmt.Errorf("%s=%q: want a duration from %s to %s, as 30s, or 0 for no sweeps by this worker's doing",
			EnvSweepEvery, s.SweepEvery, fastestSweep, slowestSweep)
	}
	return shards, every, nil
}

// The bounds of how often connections are maintained.
const (
	fastestMaintenance = time.Minute
	slowestMaintenance = 7 * 24 * time.Hour
)

// Maintenance returns how often connections are maintained; 0 for no Schedules.
func (s Settings) Maintenance() (every time.Duration, err error) {
	every, err = time.ParseDuration(s.MaintenanceEvery)
	if err != nil || every != 0 && (every < fastestMaintenance || every > slowestMaintenance) {
		return 0, fmt.Errorf("%s=%q: want a duration from %s to %s, as 1h, or 0 for no maintenance by this worker's doing",
			EnvMaintenanceEvery, s.MaintenanceEvery, fastestMaintenance, slowestMaintenance)
	}
	return every, nil
}

// Allowed returns the hosts besides the vendors' own that requests may reach.
func (s Settings) Allowed() (outbound.Hosts, error) {
	hosts, err := outbound.ParseHosts(s.AllowHosts)
	if err != nil {
		return hosts, fmt.Errorf("%s: %w", EnvAllowHosts, err)
	}
	return hosts, nil
}

// Public returns the public address, to which paths are joined; nil where there is none.
func (s Settings) Public() (*url.URL, error) {
	if s.PublicURL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is no address of the form https://host", EnvPublicURL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())) {
		return nil, fmt.Errorf("%s=%q: codes and signatures come by https only", EnvPublicURL, s.PublicURL)
	}
	return u, nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Validate names every problem at once.
func (s Settings) Validate() error {
	var problems []error
	switch u, err := url.Parse(s.DatabaseURL); {
	case s.DatabaseURL == "":
		problems = append(problems, fmt.Errorf("%s is not set: give Tandem's Postgres as postgres://user:password@host:5432/tandem", EnvDatabaseURL))
	case err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql"):
		problems = append(problems, fmt.Errorf("%s is no postgres:// address", EnvDatabaseURL))
	}
	if _, err := s.PrivateToken(); err != nil {
		problems = append(problems, err)
	}
	if _, _, err := net.SplitHostPort(s.Webhooks.Listen); err != nil && s.Webhooks.On() {
		problems = append(problems, fmt.Errorf("%s=%q: want host:port, or %s", EnvWebhookListen, s.Webhooks.Listen, Off))
	}
	if err := s.Codec.validate(); err != nil {
		problems = append(problems, err)
	}
	if _, err := s.Allowed(); err != nil {
		problems = append(problems, err)
	}
	if _, err := s.Public(); err != nil {
		problems = append(problems, err)
	}
	if _, err := NewLogger(s.LogLevel, s.LogFormat); err != nil {
		problems = append(problems, err)
	}
	if _, _, err := s.Sweeps(); err != nil {
		problems = append(problems, err)
	}
	if _, err := s.Maintenance(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
