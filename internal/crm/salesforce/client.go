// Package salesforce is the client of one Salesforce org: every REST endpoint that Tandem uses, as crm.Salesforce
// promises it. It repeats nothing but a call refused for an expired token, and that once; whoever calls it decides
// what to repeat by the kind of the *crm.Error it fails with.
package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
)

// DefaultAPIVersion is the one API version that Tandem is written and tested against. It is pinned: Salesforce
// upgrades orgs at different dates, and an org refuses a version that it does not know yet.
const DefaultAPIVersion = "67.0"

const (
	// oldestAPIVersion is the first that knows the duplicate rule header; what an upsert did is told since 46.0.
	oldestAPIVersion = 52
	callTimeout      = 60 * time.Second
	// largestAddress stays below the 16,384 bytes that Salesforce allows the address and the headers together.
	largestAddress = 16_000
	largestBody    = 64 << 20
	servicesPath   = "/services/data"

	duplicateRuleHeader = "Sforce-Duplicate-Rule-Header"
	allowSave           = "allowSave=true"
)

// Config says which org to call and how. Tokens is required; every other zero value has a default.
type Config struct {
	// Tokens gives the access token; the InstanceURL it names is the base of every call.
	Tokens crm.TokenSource
	// Limiter shares out the org's allowance; nil means unlimited.
	Limiter crm.Limiter
	// HTTP makes the calls; nil means one that reaches Salesforce's own hosts only. A copy is used, which follows no redirect and gives up
	// after 60 seconds unless it has a time limit already.
	HTTP *http.Client
	// APIVersion is the REST API's version, as "67.0"; "" means DefaultAPIVersion.
	APIVersion string
	// ClientName marks changes as Tandem's in the org's change events; "" sends no name.
	ClientName string
	// AllowDuplicates saves records in spite of duplicate rules that only warn. Rules that block still block.
	AllowDuplicates bool
}

// Client calls one Salesforce org. It is safe for concurrent use.
type Client struct {
	tokens          crm.TokenSource
	limiter         crm.Limiter
	http            *http.Client
	version         string
	clientName      string
	allowDuplicates bool
	largestBody     int64
}

var _ crm.Salesforce = (*Client)(nil)

var (
	versionPattern    = regexp.MustCompile(`^[1-9][0-9]{1,2}\.0$`)
	clientNamePattern = regexp.MustCompile(`^[A-Za-z0-9._/-]{0,100}$`)
)

// New returns the client that cfg describes, or an error that names every problem of cfg at once. It makes no call.
func New(cfg Config) (*Client, error) {
	var problems []error
	if cfg.Tokens == nil {
		problems = append(problems, errors.New("salesforce: Tokens is missing"))
	}
	version := cfg.APIVersion
	if version == "" {
		version = DefaultAPIVersion
	}
	if !versionPattern.MatchString(version) {
		problems = append(problems, errors.New(`salesforce: APIVersion must look like "`+DefaultAPIVersion+`"`))
	} else if number, _ := strconv.Atoi(strings.TrimSuffix(version, ".0")); number < oldestAPIVersion {
		problems = append(problems, errors.New("salesforce: APIVersion must be at least "+strconv.Itoa(oldestAPIVersion)+".0"))
	}
	if !clientNamePattern.MatchString(cfg.ClientName) {
		problems = append(problems, errors.New("salesforce: ClientName may have up to 100 letters, digits and . _ / -"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	limiter := cfg.Limiter
	if limiter == nil {
		limiter = crm.Unlimited{}
	}
	return &Client{
		tokens:          cfg.Tokens,
		limiter:         limiter,
		http:            httpClient(cfg.HTTP),
		version:         version,
		clientName:      cfg.ClientName,
		allowDuplicates: cfg.AllowDuplicates,
		largestBody:     largestBody,
	}, nil
}

func httpClient(given *http.Client) *http.Client {
	if given == nil {
		given = outbound.Client(record.Salesforce, outbound.Hosts{})
	}
	own := *given
	if own.Timeout == 0 {
		own.Timeout = callTimeout
	}
	// A redirect would carry the bearer token to an address that no token response named.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// answer is what came back, whatever its status.
type answer struct {
	status int
	body   []byte
	errors []vendorError
	json   bool
	at     time.Time // by the org's clock; zero where it does not say
}

// do makes the call, once more with a refreshed token where the first one had expired, and decodes the answer into
// into unless that is nil.
func (c *Client) do(ctx context.Context, r request, into any) error {
	a, err := c.ask(ctx, r)
	if err != nil {
		return err
	}
	return r.decode(a, into)
}

// ask is do without the decoding.
func (c *Client) ask(ctx context.Context, r request) (answer, error) {
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return answer{}, r.notSent("no token could be had", err)
	}
	a, err := c.send(ctx, r, token)
	if a.expired() && !r.anonymous {
		if token, err = c.tokens.Refresh(ctx, token.Access); err != nil {
			return answer{}, r.notSent("the expired token could not be refreshed", err)
		}
		a, err = c.send(ctx, r, token)
	}
	return a, err
}

// send makes the call with this token. The answer is there whenever one arrived whole, with an error too.
func (c *Client) send(ctx context.Context, r request, token crm.Token) (answer, error) {
	req, err := c.build(ctx, r, token)
	if err != nil {
		return answer{}, err
	}
	if err := c.limiter.Acquire(ctx); err != nil {
		return answer{}, r.notSent("the allowance could not be shared out", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, r.lost(err)
	}
	defer resp.Body.Close()
	largest := c.largestBody
	if r.blob && resp.StatusCode < 300 {
		largest = min(largest, r.most)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largest+1))
	if err != nil {
		c.limiter.Observe(usage(resp.Header, nil))
		failure := r.lost(err)
		failure.Status = resp.StatusCode
		return answer{}, failure
	}
	if int64(len(body)) > largest {
		c.limiter.Observe(usage(resp.Header, nil))
		return answer{}, r.tooLarge(resp.StatusCode)
	}
	a := answer{status: resp.StatusCode, body: body}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.at = at.UTC()
	}
	refusal := r.check(&a, resp.Header)
	c.limiter.Observe(usage(resp.Header, refusal))
	if refusal != nil {
		return a, refusal
	}
	return a, nil
}

func (r request) decode(a answer, into any) error {
	if into == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return r.unreadable(a.status)
	}
	return nil
}
