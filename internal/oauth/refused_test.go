package oauth

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhyTheVendorGivesNoTokenIsKeptUntilItGivesOne(t *testing.T) {
	const inactive = `{"statusCode":400,"message":"Location is not active"}`
	for name, test := range map[string]struct {
		body  string
		state string
	}{
		"a grant that is gone":           {`{"error":"invalid_grant"}`, record.RefusalReconnect},
		"a location that is not active":  {inactive, record.RefusalSuspended},
		"an app whose secret is refused": {`{"error":"invalid_client"}`, record.RefusalSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t)
			v.respond = refusing(http.StatusBadRequest, test.body)
			store := newMemoryStore(t, v.gohighlevel())
			_, err := source(store, record.GoHighLevel).Refresh(t.Context(), "access-1")
			require.Equal(t, crm.Person, crm.KindOf(err).Class())
			require.Equal(t, test.state, store.refusal.State)
			require.NotEmpty(t, store.refusal.Reason)
			v.respond = nil
			store.put(t, v.gohighlevel()) // which is active, whatever became of the other
			_, err = source(store, record.GoHighLevel).Refresh(t.Context(), "access-1")
			require.NoError(t, err)
			require.Nil(t, store.refusal)
		})
	}
}

func TestWhatIsRefusedBeforeItIsNeededIsNobodysConcernYet(t *testing.T) {
	v := newVendor(t)
	v.respond = refusing(http.StatusBadRequest, `{"statusCode":400,"message":"Location is not active"}`)
	issued := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := v.gohighlevel()
	c.IssuedAt, c.ExpiresAt = issued, issued.Add(100*time.Minute)
	now := issued.Add(85 * time.Minute)
	store := newMemoryStore(t, c)
	s := source(store, record.GoHighLevel, WithClock(func() time.Time { return now }))
	_, err := s.Token(t.Context())
	require.NoError(t, err)
	_, err = s.KeepAlive(t.Context(), time.Hour, false)
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	require.Nil(t, store.refusal, "the token in use is good")
	now = issued.Add(101 * time.Minute)
	_, err = s.Token(t.Context())
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	require.Equal(t, record.RefusalSuspended, store.refusal.State)
}

func TestAVendorThatIsDownRefusesNothing(t *testing.T) {
	v := newVendor(t)
	v.respond = refusing(http.StatusServiceUnavailable, `{"error":"invalid_grant"}`)
	store := newMemoryStore(t, v.gohighlevel())
	_, err := source(store, record.GoHighLevel).Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.Nil(t, store.refusal)
}

func TestWhatWorksAgainIsNotRefusedButWhatIsGoneStaysSo(t *testing.T) {
	store := newMemoryStore(t, Credential{Side: record.GoHighLevel, Flow: PrivateToken, PrivateToken: "pit-1"})
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "pit-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Equal(t, record.RefusalReconnect, store.refusal.State)
	require.NoError(t, s.Works(t.Context()))
	require.Nil(t, store.refusal)

	v := newVendor(t)
	v.respond = refusing(http.StatusBadRequest, `{"error":"invalid_grant"}`)
	store = newMemoryStore(t, v.gohighlevel())
	s = source(store, record.GoHighLevel)
	_, err = s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.NoError(t, s.Works(t.Context()))
	require.Equal(t, record.RefusalReconnect, store.refusal.State)
	asked := v.count()
	for range 3 {
		_, err = s.Token(t.Context())
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	}
	require.Equal(t, asked, v.count(), "the vendor is not asked again")
}
