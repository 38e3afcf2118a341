package oauth

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

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
