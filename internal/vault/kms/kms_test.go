package kms

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"
)

func TestAKeysetInClearNeedsNoService(t *testing.T) {
	require.NoError(t, Register(t.Context(), ""))
}

func TestAServiceThatIsNotKnownIsNamedByItsAddress(t *testing.T) {
	require.ErrorContains(t, Register(t.Context(), "pigeon-kms://loft"), "gcp-kms://")
}

func TestAServiceThatIsRegisteredAlreadyIsLeftAlone(t *testing.T) {
	address, err := fakekms.NewKeyURI()
	require.NoError(t, err)
	require.Error(t, Register(t.Context(), address))
	client, err := fakekms.NewClient(address)
	require.NoError(t, err)
	registry.RegisterKMSClient(client)
	require.NoError(t, Register(t.Context(), address))
}

func TestAmazonsServiceIsKnownForTheKeyThatIsNamedAlone(t *testing.T) {
	const address = "aws-kms://arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	require.NoError(t, Register(t.Context(), address))
	_, err := registry.GetKMSClient(address)
	require.NoError(t, err)
	_, err = registry.GetKMSClient("aws-kms://arn:aws:kms:eu-west-1:111122223333:key/another")
	require.Error(t, err)
}
