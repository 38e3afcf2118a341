package oauth

import (
	"context"
	"errors"
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

func TestACrashBeforeTheCommitEndsInReconnectWithoutALoop(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.salesforce())
	store.failSaves = 1000
	_, err := source(store, record.Salesforce).Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.ErrorIs(t, err, errStoreDown)
	require.Equal(t, 1, v.count())

	store.failSaves = 0
	for range 3 {
		_, err = source(store, record.Salesforce).Refresh(t.Context(), "access-1")
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	}
	require.Equal(t, 2, v.count(), "the spent token is tried once")
	require.Equal(t, StateReconnect, store.get(t).State)
}

func TestAFailedCommitIsTriedAgainWithoutAskingTheVendor(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.salesforce())
	store.failSaves = 2
	token, err := source(store, record.Salesforce).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
	require.Equal(t, "refresh-2", store.get(t).RefreshToken)
}

func TestAGrantIsSavedEvenIfTheStoreGoesAwayForAMoment(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.salesforce())
	v.respond = func(int, http.ResponseWriter, *http.Request) bool {
		store.mu.Lock()
		defer store.mu.Unlock()
		store.failSaves, store.failLoads = 1, 2
		return false
	}
	token, err := source(store, record.Salesforce).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
}

func TestAGrantThatCouldNotBeStoredIsHeldUntilItCan(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.gohighlevel())
	store.failSaves = renewSteps
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-1", token.Access, "a token that is not stored is used by nobody")

	token, err = s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
}

func TestAHeldGrantGivesWayToANewConnection(t *testing.T) {
	v := newVendor(t)
	store := newMemoryStore(t, v.gohighlevel())
	store.failSaves = renewSteps
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Error(t, err)
	again := v.gohighlevel()
	again.AccessToken, again.RefreshToken = "access-1", "refresh-2"
	store.put(t, again)

	_, err = s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, 2, v.count())
	require.Equal(t, "refresh-3", store.get(t).RefreshToken)
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

func TestALostAnswerIsAskedForAgainAtOnceByGoHighLevelOnly(t *testing.T) {
	lost := errors.New("connection reset")
	for _, test := range []struct {
		credential   func(*vendor) Credential
		failures     int
		calls        int
		wantNewToken bool
	}{
		{(*vendor).gohighlevel, 1, 2, true},
		{(*vendor).gohighlevel, 9, 2, false},
		{(*vendor).salesforce, 1, 1, false},
	} {
		c := test.credential(newVendor(t))
		store := newMemoryStore(t, c)
		calls := 0
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			calls++
			require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
			if calls <= test.failures {
				return nil, lost
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
		token, err := source(store, c.Side, WithHTTPClient(client)).Refresh(t.Context(), "access-1")
		require.Equal(t, test.calls, calls)
		if test.wantNewToken {
			require.NoError(t, err)
			require.Equal(t, "access-2", token.Access)
			continue
		}
		require.Equal(t, crm.Unavailable, crm.KindOf(err))
		require.ErrorIs(t, err, lost)
		require.Equal(t, StateActive, store.get(t).State)
		require.Equal(t, "refresh-1", store.get(t).RefreshToken)
	}
}

func TestAGatewaysAnswerIsAsAmbiguousAsNone(t *testing.T) {
	v := newVendor(t)
	v.respond = func(call int, w http.ResponseWriter, _ *http.Request) bool {
		if call == 1 {
			refuse(w, http.StatusBadGateway, "<html>bad gateway</html>")
		}
		return call == 1
	}
	token, err := source(newMemoryStore(t, v.gohighlevel()), record.GoHighLevel).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 2, v.count())
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

func TestARenewalOutlivesTheCallerThatAskedForIt(t *testing.T) {
	v := newVendor(t)
	asked, release := make(chan struct{}), make(chan struct{})
	v.respond = func(int, http.ResponseWriter, *http.Request) bool {
		close(asked)
		<-release
		return false
	}
	store := newMemoryStore(t, v.salesforce())
	store.commits = make(chan string, 1)
	s := source(store, record.Salesforce)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.Refresh(ctx, "access-1")
		failed <- err
	}()
	<-asked
	cancel()
	err := <-failed
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	close(release)
	require.Equal(t, "access-2", <-store.commits)
	token, err := s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
	require.Equal(t, 1, v.count())
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
