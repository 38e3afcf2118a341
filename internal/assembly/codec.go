package assembly

import (
	"time"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

// NewCodec returns the codec of everything that the house hands to Temporal, and the keys that it uses. A key is taken as
// read for a while; 0 reads one whenever it is needed.
func NewCodec(s *store.Store, v *vault.Vault, life time.Duration) (*codec.Codec, *codec.Keys) {
	keys := codec.NewKeys(s.PayloadKeys(v), life)
	return codec.New(keys, workflows.ConnectionOf), keys
}
