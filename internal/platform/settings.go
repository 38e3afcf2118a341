package platform

import (
	"errors"
	"fmt"
	"net"
	"net/url"
)

// Settings are what every program of the house needs besides Temporal's own settings.
type Settings struct {
	// DatabaseURL is Tandem's Postgres, as postgres://user:password@host:port/database.
	DatabaseURL string
	// Listen is the worker's private address for health and metrics, as host:port.
	Listen    string
	LogLevel  string
	LogFormat string
}

// The environment variables of Settings.
const (
	EnvDatabaseURL = "TANDEM_DATABASE_URL"
	EnvListen      = "TANDEM_LISTEN"
	EnvLogLevel    = "TANDEM_LOG_LEVEL"
	EnvLogFormat   = "TANDEM_LOG_FORMAT"
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
		LogLevel:    get(EnvLogLevel, "info"),
		LogFormat:   get(EnvLogFormat, "json"),
	}
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
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		problems = append(problems, fmt.Errorf("%s=%q: want host:port", EnvListen, s.Listen))
	}
	if _, err := NewLogger(s.LogLevel, s.LogFormat); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
