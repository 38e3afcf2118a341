package gohighleveltest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *caller) createBody() object {
	return object{"locationId": c.fake.LocationID(), "email": "a@example.com"}
}

func TestACutAfterTheWriteLeavesTheWrite(t *testing.T) {
	c := start(t, Options{})
	c.fake.SetFaults([]Fault{{Kind: FaultCutAfter, Count: 1, Path: "/contacts/"}})
	_, err := c.send(c.request("POST", "/contacts/", c.createBody()))
	require.Error(t, err)
	require.Equal(t, 1, c.fake.Count())
	require.Equal(t, 1, c.fake.Stats().Created)
	require.Equal(t, 1, c.fake.Stats().ByStatus[0])
	c.want(400, "POST", "/contacts/", c.createBody())
}

func TestACutBeforeTheWriteLeavesNothing(t *testing.T) {
	c := start(t, Options{})
	c.fake.SetFaults([]Fault{{Kind: FaultCutBefore, Count: 1}})
	_, err := c.send(c.request("POST", "/contacts/", c.createBody()))
	require.Error(t, err)
	require.Zero(t, c.fake.Count())
	c.want(201, "POST", "/contacts/", c.createBody())
}

func TestErrorsComeBeforeAnythingIsDone(t *testing.T) {
	c := start(t, Options{})
	for kind, status := range map[string]int{Fault429: 429, Fault500: 500, Fault503: 503, FaultExpiredToken: 401} {
		c.fake.SetFaults([]Fault{{Kind: kind, Count: 1}})
		a := c.do("POST", "/contacts/", c.createBody())
		require.Equal(t, status, a.status)
		if kind == Fault503 {
			require.Contains(t, a.header.Get("Content-Type"), "text/html")
			require.Contains(t, a.raw, "<html>")
		}
		if kind == FaultExpiredToken {
			require.Equal(t, "Invalid JWT", a.message())
		}
		require.Zero(t, c.fake.Count())
	}
}

func TestFaultsStrikeOnlyWhereTheyAreAimed(t *testing.T) {
	c := start(t, Options{})
	_, refresh := c.fake.GrantToken()
	c.fake.SetFaults([]Fault{{Kind: Fault500}})
	require.Equal(t, 200, c.refresh(refresh).status, "the OAuth endpoints are struck only when named")
	require.Equal(t, 500, c.search(object{}).status)
	c.fake.SetFaults([]Fault{{Kind: Fault500, Path: "/oauth"}, {Kind: Fault503, Path: "/locations"}})
	require.Equal(t, 500, c.refresh(refresh).status)
	require.Equal(t, 200, c.search(object{}).status)
	require.Equal(t, 503, c.do("GET", "/locations/"+c.fake.LocationID(), nil).status)
	c.fake.SetFaults(nil)
	require.Equal(t, 200, c.refresh(refresh).status)
}

func TestFaultsStrikeAtTheirRate(t *testing.T) {
	f := New(Options{Seed: 7})
	f.SetFaults([]Fault{{Kind: Fault500, Rate: 0.25}, {Kind: FaultLatency, Latency: time.Second, Rate: 0.5}})
	struck, late := 0, 0
	for range 4000 {
		kind, delay := f.strike("GET", "/contacts/", false)
		if kind != "" {
			struck++
		}
		if delay > 0 {
			late++
		}
	}
	require.InDelta(t, 1000, struck, 150)
	require.InDelta(t, 2000, late, 200)
}
