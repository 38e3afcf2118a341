// Package kms knows the key management services by whose keys a keyset may be encrypted: Google Cloud's and Amazon's, by
// Tink's own integrations.
package kms

import (
	"context"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go-gcpkms/v2/integration/gcpkms"
	"github.com/tink-crypto/tink-go/v2/core/registry"
)

// The schemes of the keys' addresses.
const (
	google = "gcp-kms://"
	amazon = "aws-kms://"
)

// Register makes the service of a key known to package vault, for that key alone. It logs in as its service's own tools do,
// and asks the service nothing yet. An empty address needs no service. Safe to repeat.
func Register(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	if _, err := registry.GetKMSClient(address); err == nil {
		return nil
	}
	var client registry.KMSClient
	var err error
	switch {
	case strings.HasPrefix(address, google):
		client, err = gcpkms.NewClient(ctx, address)
	case strings.HasPrefix(address, amazon):
		client, err = awskms.NewClientWithOptions(ctx, address)
	default:
		return fmt.Errorf("the key of the keyset is in no key management service that is known: %q begins neither with %s nor with %s", address, google, amazon)
	}
	if err != nil {
		return fmt.Errorf("reach the key management service of the keyset: %w", err)
	}
	registry.RegisterKMSClient(client)
	return nil
}
