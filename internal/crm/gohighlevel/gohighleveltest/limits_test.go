package gohighleveltest

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheBurstIsASlidingWindow(t *testing.T) {
	c := start(t, Options{Burst: 3})
	get := func() answer { return c.do("GET", "/contacts/x", nil) }
	a := get()
	require.Equal(t, 400, a.status)
	require.Equal(t, "3", a.header.Get("X-RateLimit-Max"))
	require.Equal(t, "2", a.header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "10000", a.header.Get("X-RateLimit-Interval-Milliseconds"))
	c.clock.advance(6 * time.Second)
	get()
	get()
	a = get()
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "0", a.header.Get("X-RateLimit-Remaining"))
	c.clock.advance(4 * time.Second)
	require.Equal(t, 400, get().status, "the first request has left the window")
	require.Equal(t, 429, get().status, "the other two have not")
	require.Equal(t, 5, c.fake.MaxInWindow(), "refused requests arrived, too")
	require.Equal(t, 6, c.fake.Requests())
}

func TestTheDailyAllowanceEndsWithTheDay(t *testing.T) {
	c := start(t, Options{Daily: 2})
	get := func() answer { return c.do("GET", "/contacts/x", nil) }
	require.Equal(t, "1", get().header.Get("X-RateLimit-Daily-Remaining"))
	require.Equal(t, "2", get().header.Get("X-RateLimit-Limit-Daily"))
	require.Equal(t, 429, get().status)
	c.clock.advance(15 * time.Hour)
	require.Equal(t, 400, get().status)
}

func TestNoWindowEverHoldsMoreAcceptedRequestsThanTheBurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.IntRange(1, 5).Draw(t, "burst")
		o := Options{Burst: burst, BurstWindow: time.Second}
		l, now := newLimits(), time.Unix(1_700_000_000, 0)
		var accepted []time.Time
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 600), 1, 60).Draw(t, "gaps") {
			now = now.Add(time.Duration(gap) * time.Millisecond)
			inWindow := 0
			for _, at := range accepted {
				if at.After(now.Add(-time.Second)) {
					inWindow++
				}
			}
			refused := l.take("r", &o, now, http.Header{}) != ""
			if refused != (inWindow >= burst) {
				t.Fatalf("%d accepted in the window of %d, refused: %v", inWindow, burst, refused)
			}
			if !refused {
				accepted = append(accepted, now)
			}
		}
	})
}

func TestStatsCountWhatHappened(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"email": "a@example.com"})
	c.want(200, "PUT", "/contacts/"+id, object{"city": "Rome"})
	c.want(200, "POST", "/contacts/upsert", object{"locationId": c.fake.LocationID(), "email": "a@example.com"})
	c.want(200, "DELETE", "/contacts/"+id, nil)
	c.want(400, "DELETE", "/contacts/"+id, nil)
	c.refresh("x")
	s := c.fake.Stats()
	require.Equal(t, 5, s.Requests)
	require.Equal(t, 1, s.TokenRequests)
	require.Equal(t, []int{1, 2, 1}, []int{s.Created, s.Updated, s.Deleted})
	require.Equal(t, 2, s.ByOperation["DELETE /contacts/{contactId}"])
	require.Equal(t, map[int]int{200: 3, 201: 1, 400: 2}, s.ByStatus)
	c.fake.ResetStats()
	require.Zero(t, c.fake.Requests())
}
