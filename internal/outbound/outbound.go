// Package outbound lets requests out to the two vendors' own hosts and to nowhere else, whatever an address says that came
// from a token response, a page of results or a rules file. Everything that carries a token goes through it.
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// vendors are each side's own hosts, in lower case. Salesforce's customers choose names below my.salesforce.com, but what
// answers there is Salesforce; below force.com customers serve pages of their own, so that is no place for a token.
var vendors = map[record.Side]*regexp.Regexp{
	record.GoHighLevel: regexp.MustCompile(`^services\.leadconnectorhq\.com$`),
	record.Salesforce:  regexp.MustCompile(`^(?:` + label + `\.)+salesforce\.com$`),
}

const label = `[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?`

var names = map[record.Side]string{record.GoHighLevel: "GoHighLevel", record.Salesforce: "Salesforce"}

// Refused is the failure of a request that was not let out. Nothing of it was sent. Its text is free of secrets.
type Refused struct {
	// Reason says why, and what a person can do about it.
	Reason string
}

func (r *Refused) Error() string { return r.Reason }

// Hosts are places besides the vendors' own that a person has allowed: fakes, or a proxy of theirs. The zero value allows
// none.
type Hosts struct {
	places map[string]bool // as host for any port, or as host:port
}

// ParseHosts reads host names and IP addresses, each with a port or without, separated by commas; "" allows none.
func ParseHosts(list string) (Hosts, error) {
	hosts := Hosts{places: map[string]bool{}}
	var problems []error
	for place := range strings.SplitSeq(list, ",") {
		if place = strings.ToLower(strings.TrimSpace(place)); place == "" {
			continue
		}
		if !isPlace(place) {
			problems = append(problems, fmt.Errorf("%q is not a host, as fake.example, 127.0.0.1 or 127.0.0.1:8080", place))
		}
		hosts.places[place] = true
	}
	return hosts, errors.Join(problems...)
}

var hostName = regexp.MustCompile(`^` + label + `(?:\.` + label + `)*$`)

func isPlace(place string) bool {
	host, port, err := net.SplitHostPort(place)
	if err != nil {
		host, port = strings.Trim(place, "[]"), ""
	} else if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || hostName.MatchString(host)
}

func (h Hosts) allow(host, port string) bool {
	return h.places[host] || h.places["["+host+"]"] || h.places[net.JoinHostPort(host, port)]
}

// Check fails with *Refused where an address is none that a side's requests may go to.
func Check(side record.Side, allowed Hosts, to *url.URL) error {
	host, port := strings.ToLower(to.Hostname()), to.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[to.Scheme]
	}
	switch {
	case to.User != nil || to.Opaque != "":
		return &Refused{"the address carries a user or is not of the form https://host"}
	case allowed.allow(host, port):
		if to.Scheme == "https" || to.Scheme == "http" && within(host) {
			return nil
		}
		return &Refused{"a token is sent by https only"}
	case !vendors[side].MatchString(host):
		return &Refused{fmt.Sprintf("%s is none of %s's hosts: nothing is sent there unless TANDEM_ALLOW_HOSTS names it", printable(host), names[side])}
	case to.Scheme != "https":
		return &Refused{"a token is sent by https only"}
	case port != "443":
		return &Refused{"the address names a port that is not the vendor's"}
	}
	return nil
}

// within tells whether a host cannot be far away, so that http will do: this machine, or a container's bare name.
func within(host string) bool {
	address, err := netip.ParseAddr(host)
	if err == nil {
		return address.Unmap().IsLoopback()
	}
	return !strings.Contains(host, ".")
}

// printable returns a host as it may stand in an error, for somebody else may have chosen it.
func printable(host string) string {
	_, err := netip.ParseAddr(host)
	if len(host) > 253 || err != nil && !hostName.MatchString(host) {
		return "what the address names"
	}
	return host
}

const (
	dialTimeout = 10 * time.Second
	keepAlive   = 30 * time.Second
	idlePerHost = 64
)

// pool is where all requests of the process come from, so that connections of one host serve all who call it.
var pool = newPool()

func newPool() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext
	transport.MaxIdleConns = 0 // bounded per host
	transport.MaxIdleConnsPerHost = idlePerHost
	return transport
}

// Client returns a client whose requests reach a side's own hosts and the allowed ones only, and that follows no redirect.
// What is not let out fails with *Refused. It sets no time limit.
func Client(side record.Side, allowed Hosts) *http.Client {
	return &http.Client{Transport: &guard{side: side, allowed: allowed, next: pool}, CheckRedirect: stay}
}

// Own returns a client whose requests reach one address of ours and nothing else, and that follows no redirect. It carries no
// token of anybody. It sets no time limit.
func Own(address *url.URL) *http.Client {
	return &http.Client{Transport: &ownGuard{scheme: address.Scheme, host: strings.ToLower(address.Host), next: pool}, CheckRedirect: stay}
}

// ownGuard is the gate to an address of ours.
type ownGuard struct {
	scheme, host string
	next         http.RoundTripper
}

// RoundTrip sends the request, or fails with *Refused.
func (g *ownGuard) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.URL.Scheme == g.scheme && strings.ToLower(r.URL.Host) == g.host && r.URL.User == nil && r.URL.Opaque == ""
	if !there || r.Response != nil || r.Host != "" && !strings.EqualFold(r.Host, r.URL.Host) {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper must, and nothing was read from it
		}
		return nil, &Refused{"the request leads elsewhere than to our own address"}
	}
	return g.next.RoundTrip(r)
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// guard is the one gate: it looks at each request as it is sent, whoever made it.
type guard struct {
	side    record.Side
	allowed Hosts
	next    http.RoundTripper
}

// RoundTrip sends the request, or fails with *Refused.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	err := Check(g.side, g.allowed, r.URL)
	switch {
	case err != nil:
	case r.Response != nil:
		// Somebody's client follows redirects in spite of it all.
		err = &Refused{"the vendor's answer leads elsewhere: a token is not taken along"}
	case r.Host != "" && !strings.EqualFold(r.Host, r.URL.Host):
		err = &Refused{"the request names another host than its address"}
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper must, and nothing was read from it
		}
		return nil, err
	}
	return g.next.RoundTrip(r)
}
