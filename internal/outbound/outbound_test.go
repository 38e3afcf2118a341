package outbound

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// sent keeps what was let out.
type sent []string

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	*s = append(*s, r.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// ask sends a request with a bearer token through a gate, and returns how often it was let out.
func ask(t *testing.T, side record.Side, allowed Hosts, address string) (int, error) {
	t.Helper()
	var out sent
	client := http.Client{Transport: &guard{side: side, allowed: allowed, next: &out}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://placeholder/", strings.NewReader("x"))
	require.NoError(t, err)
	if request.URL, err = url.Parse(address); err != nil {
		return 0, err
	}
	request.Host = ""
	request.Header.Set("Authorization", "Bearer canary")
	answer, err := client.Do(request)
	if err == nil {
		require.NoError(t, answer.Body.Close())
	}
	return len(out), err
}

func TestEachSidesRequestsReachItsVendor(t *testing.T) {
	for address, side := range map[string]record.Side{
		"https://services.leadconnectorhq.com/contacts/x":      record.GoHighLevel,
		"https://SERVICES.leadconnectorhq.com:443/oauth/token": record.GoHighLevel,
		"https://login.salesforce.com/services/oauth2/token":   record.Salesforce,
		"https://test.salesforce.com/services/oauth2/token":    record.Salesforce,
		"https://acme.my.salesforce.com/services/data":         record.Salesforce,
		"https://Acme--Dev.sandbox.my.salesforce.com/":         record.Salesforce,
	} {
		n, err := ask(t, side, Hosts{}, address)
		require.NoError(t, err, address)
		require.Equal(t, 1, n)
	}
}

func TestNothingElseIsReached(t *testing.T) {
	for _, address := range []string{
		// another vendor, or nobody
		"https://evil.example/", "https://leadconnectorhq.com/", "https://x.services.leadconnectorhq.com/",
		"https://salesforce.com/", "https://pages.force.com/", "https://acme.my.site.com/",
		// names that only look like theirs
		"https://login.salesforce.com.evil.example/", "https://evilsalesforce.com/", "https://login-salesforce.com/",
		"https://evil.example/login.salesforce.com", "https://evil.example?.salesforce.com", "https://evil.example#.salesforce.com",
		"https://login.salesforce.com./", "https://services.leadconnectorhq.com./", "https://.salesforce.com/", "https://a..salesforce.com/",
		"https://-.salesforce.com/", "https://a_b.salesforce.com/", "https://login%2esalesforce.com/", "https://evil.example%2f.salesforce.com/",
		"https://login.saleſforce.com/", "https://login.sаlesforce.com/", "https://login.salesforce.com。evil.example/", "https://evil.example。salesforce.com/",
		"https://login.xn--slesforce-8fg.com/", "https://evil.example\\.salesforce.com/", "https://[::1].salesforce.com/",
		// a user, a port, another scheme
		"https://login.salesforce.com@evil.example/", "https://user:pass@login.salesforce.com/", "https://@login.salesforce.com/",
		"https://services.leadconnectorhq.com@127.0.0.1/", "https://login.salesforce.com:8443/", "https://login.salesforce.com:80/",
		"https://services.leadconnectorhq.com:22/", "http://login.salesforce.com/", "http://services.leadconnectorhq.com/",
		"ftp://login.salesforce.com/", "file:///etc/passwd", "gopher://login.salesforce.com/", "https:login.salesforce.com", "//login.salesforce.com/",
		// this machine, its network, the cloud's metadata
		"https://127.0.0.1/", "http://127.0.0.1:9464/metrics", "https://localhost/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
		"https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
		"https://0/", "https://[fd00:ec2::254]/", "https://[fe80::1%25eth0]/", "https://", "https:///x", "",
	} {
		for _, side := range record.Sides {
			n, err := ask(t, side, Hosts{}, address)
			require.Error(t, err, "%s to %s", side, address)
			require.Zero(t, n, "%s to %s", side, address)
			require.NotContains(t, err.Error(), "user:pass")
		}
	}
}

func TestATokenOfOneSideIsNotSentToTheOther(t *testing.T) {
	_, err := ask(t, record.GoHighLevel, Hosts{}, "https://acme.my.salesforce.com/")
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "acme.my.salesforce.com is none of GoHighLevel's hosts: nothing is sent there unless TANDEM_ALLOW_HOSTS names it", refused.Reason)
	_, err = ask(t, record.Salesforce, Hosts{}, "https://services.leadconnectorhq.com/")
	require.ErrorAs(t, err, &refused)
}

func TestWhatAPersonAllowsIsReachedToo(t *testing.T) {
	allowed, err := ParseHosts("127.0.0.1, [::1]:8080,proxy.example:8443 ,fake-crm")
	require.NoError(t, err)
	for address, reached := range map[string]bool{
		"http://127.0.0.1/": true, "http://127.0.0.1:40123/": true, "https://127.0.0.1:40123/": true, "http://127.0.0.2/": false,
		"http://[::1]:8080/": true, "http://[::1]:8081/": false, "https://proxy.example:8443/": true, "https://proxy.example/": false,
		"http://proxy.example:8443/": false, "http://fake-crm:8080/": true, "http://fake-crm.example/": false,
		"http://user@127.0.0.1/": false, "http://localhost/": false, "https://services.leadconnectorhq.com/": true,
	} {
		n, err := ask(t, record.GoHighLevel, allowed, address)
		require.Equal(t, reached, err == nil, "%s: %v", address, err)
		require.Equal(t, reached, n == 1, address)
	}
	for _, list := range []string{"http://127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "a b", "*.example", "*", "evil.example/x", "a..b", "user@host"} {
		_, err := ParseHosts(list)
		require.Error(t, err, list)
	}
	none, err := ParseHosts(" , ")
	require.NoError(t, err)
	require.Error(t, Check(record.Salesforce, none, &url.URL{Scheme: "http", Host: "127.0.0.1"}))
}

func TestNoRedirectIsFollowedByWhomever(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		http.Redirect(w, r, "/stolen", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	allowed, err := ParseHosts("127.0.0.1")
	require.NoError(t, err)
	for name, follow := range map[string]func(*http.Request, []*http.Request) error{"as it comes": stay, "by a client that would": nil} {
		paths = nil
		client := Client(record.Salesforce, allowed)
		client.CheckRedirect = follow
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/asked", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer canary")
		answer, err := client.Do(request)
		if err == nil {
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusTemporaryRedirect, answer.StatusCode, name)
		} else {
			var refused *Refused
			require.True(t, errors.As(err, &refused), name)
		}
		require.Equal(t, []string{"/asked"}, paths, name)
	}
}

func TestARequestThatNamesAnotherHostThanItsAddressIsRefused(t *testing.T) {
	var out sent
	request := httptest.NewRequest(http.MethodGet, "https://login.salesforce.com/", nil)
	request.Host = "evil.example"
	_, err := (&guard{side: record.Salesforce, next: &out}).RoundTrip(request)
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.Empty(t, out)
}

func TestOurOwnAddressIsReachedAndNothingElse(t *testing.T) {
	own, err := url.Parse("https://tandem.example:8443/below")
	require.NoError(t, err)
	for address, goes := range map[string]bool{
		"https://tandem.example:8443/webhooks/gohighlevel": true, "https://TANDEM.example:8443/": true,
		"http://tandem.example:8443/": false, "https://tandem.example/": false, "https://tandem.example.evil.example:8443/": false,
		"https://services.leadconnectorhq.com/": false, "https://u@tandem.example:8443/": false, "https://169.254.169.254/": false,
	} {
		var out sent
		client := Own(own)
		client.Transport.(*ownGuard).next = &out
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("x"))
		require.NoError(t, err)
		answer, err := client.Do(request)
		if goes {
			require.NoError(t, err, address)
			require.NoError(t, answer.Body.Close())
			require.Len(t, out, 1)
			continue
		}
		var refused *Refused
		require.ErrorAs(t, err, &refused, address)
		require.Empty(t, out)
	}
}
