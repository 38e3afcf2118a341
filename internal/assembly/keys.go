package assembly

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

const (
	// followEvery is how soon a changed keyset is taken over, and said to be, at the latest.
	followEvery = 2 * time.Second
	// sayEvery is how often a process that lives says which keys it holds. It is far less than the time after which one that
	// says nothing is taken to be gone.
	sayEvery = 15 * time.Second
)

// FollowKeys takes over the keyset whenever it changes, and tells the ledger which keys this process holds, until the
// context ends. What fails is logged, and tried again.
func FollowKeys(ctx context.Context, s *store.Store, v *vault.Vault, log *zap.Logger) {
	name := holderName()
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = s.ReleaseKeys(last, name) // it is forgotten soon in any case
	}()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	var said time.Time
	var held []vault.Key
	for failed := false; ; {
		changed, err := v.Reload()
		if changed {
			log.Info("the keyset has changed", zap.Uint32("primary", v.Primary()))
		}
		// A value that names an unknown key makes the vault look by itself, so changed does not tell everything.
		if keys := v.Keys(); !slices.Equal(keys, held) || time.Since(said) >= sayEvery {
			if saying := s.HoldKeys(ctx, name, keys); saying == nil {
				said, held = time.Now(), keys
			} else if err == nil {
				err = saying
			}
		}
		if err != nil && !failed && ctx.Err() == nil {
			log.Warn("following the keyset failed; it is tried again", zap.Error(err))
		}
		failed = err != nil
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// holderName names this process in a way that a person can find it by.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unnamed"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}
