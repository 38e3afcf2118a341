package oauth

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestThirtyWorkersInFiveProcessesCostOneRefresh(t *testing.T) {
	for side, credential := range map[record.Side]func(*vendor) Credential{
		record.GoHighLevel: (*vendor).gohighlevel, record.Salesforce: (*vendor).salesforce,
	} {
		t.Run(string(side), func(t *testing.T) {
			v := newVendor(t)
			c := credential(v)
			store := newMemoryStore(t, c)
			store.journal = v.journal
			var group sync.WaitGroup
			for range 5 {
				s := source(store, c.Side)
				for range 30 {
					group.Go(func() {
						token, err := s.Token(t.Context())
						if err != nil {
							t.Errorf("no token: %v", err)
							return
						}
						if token.Access == "access-1" {
							token, err = s.Refresh(t.Context(), token.Access)
						}
						if err != nil || token.Access != "access-2" {
							t.Errorf("got %q: %v", token.Access, err)
						}
						v.journal.note("used " + token.Access)
					})
				}
			}
			group.Wait()
			require.Equal(t, 1, v.count())
			stored := store.get(t)
			require.Equal(t, "refresh-2", stored.RefreshToken)
			require.Equal(t, 2, stored.Generation)

			events := v.journal.list()
			require.Equal(t, []string{"granted access-2", "stored access-2"}, events[:2], "nobody uses a token that is not stored")
			require.Equal(t, 150, len(events)-2)
			require.False(t, slices.Contains(events, "used access-1"))
		})
	}
}

func TestAStoredTokenThatIsNotTheRefusedOneCostsNoCall(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.gohighlevel())
	s := source(store, record.GoHighLevel)
	_, err := s.Token(t.Context())
	require.NoError(t, err)
	newer := v.gohighlevel()
	newer.AccessToken, newer.Generation = "access-by-another", 2
	store.put(t, newer)

	token, err := s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-by-another", token.Access)
	require.Zero(t, v.count())
	token, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-by-another", token.Access)
}

func TestASpentGrantStopsUntilAPersonConnectsAgain(t *testing.T) {
	v := newVendor(t)
	v.respond = refusing(http.StatusBadRequest, `{"statusCode":400,"message":"Invalid grant: refresh token is invalid"}`)
	store := newMemoryStore(t, v.gohighlevel())
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.ErrorContains(t, err, "connect this side again")
	require.Equal(t, StateReconnect, store.get(t).State)
	for range 3 {
		_, err = s.Refresh(t.Context(), "access-1")
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
		_, err = s.Token(t.Context())
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
		_, err = source(store, record.GoHighLevel).Refresh(t.Context(), "another")
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	}
	require.Equal(t, 1, v.count())

	again := v.gohighlevel()
	again.AccessToken = "access-new"
	store.put(t, again)
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-new", token.Access)
}

func TestAPausedLocationKeepsItsGrant(t *testing.T) {
	v := newVendor(t)
	v.respond = refusing(http.StatusBadRequest, `{"statusCode":400,"message":"Location is not active","error":"Bad Request"}`)
	store := newMemoryStore(t, v.gohighlevel())
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	require.Equal(t, StateActive, store.get(t).State)
	require.Equal(t, "refresh-1", store.get(t).RefreshToken)

	v.respond = nil
	token, err := s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
}

func TestATokenIsRenewedAtFourFifthsOfItsLife(t *testing.T) {
	v := newVendor(t)
	issued := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := v.gohighlevel()
	c.IssuedAt, c.ExpiresAt = issued, issued.Add(100*time.Minute)
	now := issued.Add(79 * time.Minute)
	s := source(newMemoryStore(t, c), record.GoHighLevel, WithClock(func() time.Time { return now }))
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", token.Access)
	require.Zero(t, v.count())

	now = issued.Add(80 * time.Minute)
	token, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
	token, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
}

func TestAnEarlyRenewalThatFailsLeavesTheTokenInUseWhileItLives(t *testing.T) {
	v := newVendor(t)
	v.respond = refusing(http.StatusServiceUnavailable, "")
	issued := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := v.gohighlevel()
	c.IssuedAt, c.ExpiresAt = issued, issued.Add(100*time.Minute)
	now := issued.Add(85 * time.Minute)
	s := source(newMemoryStore(t, c), record.GoHighLevel, WithClock(func() time.Time { return now }))
	for range 5 {
		token, err := s.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "access-1", token.Access)
	}
	require.Equal(t, 1, v.count(), "it is not tried again with every call")
	now = now.Add(earlyRetry)
	_, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, v.count())

	now = issued.Add(101 * time.Minute)
	_, err = s.Token(t.Context())
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
}

func TestAPrivateTokenIsStatic(t *testing.T) {
	store := newMemoryStore(t, Credential{
		Side: record.GoHighLevel, Flow: PrivateToken, PrivateToken: "pit-1", LocationID: "loc-1", State: StateActive,
	})
	s := source(store, record.GoHighLevel)
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, crm.Token{Access: "pit-1"}, token)
	_, err = s.Refresh(t.Context(), "pit-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))

	store.put(t, Credential{Side: record.GoHighLevel, Flow: PrivateToken, PrivateToken: "pit-2", LocationID: "loc-1", State: StateActive})
	token, err = s.Refresh(t.Context(), "pit-1")
	require.NoError(t, err)
	require.Equal(t, "pit-2", token.Access)
}

func TestAStoreThatFailsIsUnavailableAndAnEmptyOneNeedsConnecting(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.gohighlevel())
	store.failLoads = 2
	s := source(store, record.GoHighLevel)
	_, err := s.Token(t.Context())
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.ErrorIs(t, err, errStoreDown)
	_, err = s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.Zero(t, v.count())

	empty := source(&memoryStore{journal: &journal{}}, record.GoHighLevel)
	_, err = empty.Token(t.Context())
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	_, err = empty.Refresh(t.Context(), "x")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
}

func TestAGrantThatLiesIdleIsRenewedAndAFreshOneIsNot(t *testing.T) {
	const week = 7 * 24 * time.Hour
	v := newVendor(t)
	c := v.salesforce()
	c.IssuedAt = time.Now()
	store := newMemoryStore(t, c)
	soon, late := WithClock(func() time.Time { return c.IssuedAt.Add(week - time.Minute) }), WithClock(func() time.Time { return c.IssuedAt.Add(week) })
	due, err := source(store, record.Salesforce, soon).KeepAlive(t.Context(), week, false)
	require.NoError(t, err)
	require.False(t, due)
	due, err = source(store, record.Salesforce, late).KeepAlive(t.Context(), week, true)
	require.NoError(t, err)
	require.True(t, due, "it would")
	require.Zero(t, v.count())

	// Two workers at the same time renew it once.
	one, other := source(store, record.Salesforce, late), source(store, record.Salesforce, late)
	_, err = other.Token(t.Context())
	require.NoError(t, err)
	due, err = one.KeepAlive(t.Context(), week, false)
	require.NoError(t, err)
	require.True(t, due)
	_, err = other.KeepAlive(t.Context(), week, false)
	require.NoError(t, err)
	require.Equal(t, 1, v.count())
	require.Equal(t, "refresh-2", store.get(t).RefreshToken)

	c.Flow, c.Username, c.PrivateKeyPEM = JWTBearer, "ada@example.com", "key"
	store.put(t, c)
	due, err = source(store, record.Salesforce, late).KeepAlive(t.Context(), week, false)
	require.NoError(t, err)
	require.False(t, due, "there is no grant that could lie idle")
	c.State = StateReconnect
	store.put(t, c)
	_, err = source(store, record.Salesforce, late).KeepAlive(t.Context(), week, false)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
}
