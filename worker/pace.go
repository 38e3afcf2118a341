package main

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// mostAddresses is how many remote addresses are told apart; all beyond them share one allowance.
	mostAddresses = 10_000
	// forgottenAfter is when an address that is not heard of is forgotten: its allowance is whole again long before.
	forgottenAfter = time.Minute
)

// pace gives each remote address an allowance of requests a second, and twice as many at once.
type pace struct {
	perSecond int
	now       func() time.Time

	mu       sync.Mutex
	known    map[netip.Addr]*caller
	others   *rate.Limiter
	tidiedAt time.Time
}

type caller struct {
	limiter *rate.Limiter
	seen    time.Time
}

func newPace(perSecond int, now func() time.Time) *pace {
	p := &pace{perSecond: perSecond, now: now, known: map[netip.Addr]*caller{}, tidiedAt: now()}
	p.others = p.limiter()
	return p
}

func (p *pace) limiter() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(p.perSecond), 2*p.perSecond)
}

// limit refuses requests beyond the allowance by 429, before anything of them is read. It is the refusal after which the
// vendor sends a webhook again.
func (p *pace) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.allow(r.RemoteAddr) {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests from this address", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *pace) allow(remote string) bool {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	who := network(remote)
	c := p.known[who]
	if c == nil {
		if len(p.known) >= mostAddresses {
			p.tidy(now)
		}
		if len(p.known) >= mostAddresses {
			return p.others.AllowN(now, 1)
		}
		c = &caller{limiter: p.limiter()}
		p.known[who] = c
	}
	c.seen = now
	return c.limiter.AllowN(now, 1)
}

// tidy forgets who was not heard of for long. It looks at most once a second: it walks through all.
func (p *pace) tidy(now time.Time) {
	if now.Sub(p.tidiedAt) < time.Second {
		return
	}
	p.tidiedAt = now
	for who, c := range p.known {
		if now.Sub(c.seen) > forgottenAfter {
			delete(p.known, who)
		}
	}
}

// network returns the address that counts as one caller: of IPv6 the /64, since whoever has one has all of it.
func network(remote string) netip.Addr {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{} // all of whom nothing is known count as one
	}
	who := at.Addr().Unmap().WithZone("")
	if who.Is6() {
		prefix, _ := who.Prefix(64) // an IPv6 address has one of that length
		return prefix.Addr()
	}
	return who
}
