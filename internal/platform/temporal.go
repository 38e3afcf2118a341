// Package platform reaches Temporal and sets up logs and metrics, in the same way for every program of the house.
package platform

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

// TemporalSettings override what the environment and the profile file say; empty fields leave them.
type TemporalSettings struct {
	Profile   string
	Address   string
	Namespace string
	APIKey    string
	TLS       bool
}

// TemporalOptions resolves the usual Temporal connection settings: flags before TEMPORAL_* environment variables before
// the profile file that Temporal's own CLI uses.
func TemporalOptions(s TemporalSettings, logger log.Logger) (client.Options, error) {
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{ConfigFileProfile: s.Profile})
	if err != nil {
		return client.Options{}, fmt.Errorf("Temporal settings: %w", err)
	}
	if s.Address != "" {
		profile.Address = s.Address
	}
	if s.Namespace != "" {
		profile.Namespace = s.Namespace
	}
	if s.APIKey != "" {
		profile.APIKey = s.APIKey
	}
	if s.TLS && profile.TLS == nil {
		profile.TLS = &envconfig.ClientConfigTLS{}
	}
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return client.Options{}, fmt.Errorf("Temporal settings: %w", err)
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	options.Logger = logger
	return options, nil
}
