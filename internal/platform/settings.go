package platform

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Settings are what every program of the house needs besides Temporal's own settings.
type Settings struct {
	// DatabaseURL is Tandem's Postgres, as postgres://user:password@host:port/database.
	DatabaseURL string
	// Listen is the worker's private address for health and metrics, as host:port.
	Listen    string
	LogLevel  string
	LogFormat string
	// SweepShards is over how many Schedules the polling of the connections is spread; as text, until it is validated.
	SweepShards string
	// SweepEvery is how often each of them fires; "0" lets this worker make none.
	SweepEvery string
}

// The environment variables of Settings.
const (
	EnvDatabaseURL = "TANDEM_DATABASE_URL"
	EnvListen      = "TANDEM_LISTEN"
	EnvLogLevel    = "TANDEM_LOG_LEVEL"
	EnvLogFormat   = "TANDEM_LOG_FORMAT"
	EnvSweepShards = "TANDEM_SWEEP_SHARDS"
	EnvSweepEvery  = "TANDEM_SWEEP_EVERY"
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
		SweepShards: get(EnvSweepShards, "4"),
		SweepEvery:  get(EnvSweepEvery, "30s"),
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
	if _, _, err := s.Sweeps(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
