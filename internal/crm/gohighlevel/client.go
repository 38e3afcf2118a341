// Package gohighlevel is the client of one GoHighLevel location. Each method is one operation of HighLevel's API 2.0;
// the package knows that API's paths, versions, scopes, spellings and ways to refuse, and nobody else needs to.
package gohighlevel

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
)

// DefaultBaseURL is where HighLevel serves every version of its API.
const DefaultBaseURL = "https://services.leadconnectorhq.com"

// AllOperations is the key of Config.Versions that stands for every operation without a key of its own.
const AllOperations = "*"

const requestTimeout = 30 * time.Second

var _ crm.GoHighLevel = (*Client)(nil)

// Config says which location a Client talks to, and how.
type Config struct {
	// BaseURL is the API's address; "" means DefaultBaseURL.
	BaseURL string
	// LocationID is the location (sub-account) whose contacts are kept in step.
	LocationID string
	// CompanyID is the agency that the location belongs to. Only version v3 of "GET /users/" needs it.
	CompanyID string
	// Tokens gives location tokens, or a location's private integration token.
	Tokens crm.TokenSource
	// Limiter shares out the location's allowance; nil never waits.
	Limiter crm.Limiter
	// HTTP sends the requests; nil means one that reaches HighLevel's own hosts only. A copy is used, which gives up after
	// 30 seconds unless it has a time limit already. Redirects are never followed, whatever the given client says, since
	// each request carries a bearer token.
	HTTP *http.Client
	// Versions overrides the Version header by operation name (as in crm.Error.Operation) or for AllOperations.
	Versions map[string]string
	// UserAgent is sent with each request; "" means "tandem".
	UserAgent string
}

// Client talks to one location. It is safe for concurrent use.
type Client struct {
	baseURL    string
	locationID string
	companyID  string
	tokens     crm.TokenSource
	limiter    crm.Limiter
	http       *http.Client
	versions   map[string]string
	userAgent  string
	now        func() time.Time
}

var (
	versionPattern = regexp.MustCompile(`^(v[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2})$`)
	headerPattern  = regexp.MustCompile(`^[\x20-\x7e]+$`)
)

// New returns a client, or an error that names everything that is wrong with the configuration.
func New(config Config) (*Client, error) {
	base, problems := checkBaseURL(config.BaseURL)
	if config.LocationID == "" || strings.TrimSpace(config.LocationID) != config.LocationID {
		problems = append(problems, errors.New("the location id is empty or has spaces around it"))
	}
	if config.Tokens == nil {
		problems = append(problems, errors.New("there is no token source"))
	}
	problems = append(problems, checkVersions(config)...)
	userAgent := config.UserAgent
	if userAgent == "" {
		userAgent = "tandem"
	}
	if !headerPattern.MatchString(userAgent) {
		problems = append(problems, errors.New("the user agent holds characters that a header cannot carry"))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("GoHighLevel client: %w", errors.Join(problems...))
	}
	limiter := config.Limiter
	if limiter == nil {
		limiter = crm.Unlimited{}
	}
	return &Client{
		baseURL:    base,
		locationID: config.LocationID,
		companyID:  config.CompanyID,
		tokens:     config.Tokens,
		limiter:    limiter,
		http:       withoutRedirects(config.HTTP),
		versions:   maps.Clone(config.Versions),
		userAgent:  userAgent,
		now:        time.Now,
	}, nil
}

func checkBaseURL(address string) (string, []error) {
	if address == "" {
		address = DefaultBaseURL
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", []error{errors.New("the base URL cannot be parsed")}
	}
	var problems []error
	if (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" {
		problems = append(problems, errors.New("the base URL is not of the form https://host"))
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		problems = append(problems, errors.New("the base URL carries a user, a query or a fragment"))
	}
	return strings.TrimRight(address, "/"), problems
}

func checkVersions(config Config) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(config.Versions)) {
		known := slices.ContainsFunc(operations, func(o *operation) bool { return o.name == name })
		if name != AllOperations && !known {
			problems = append(problems, fmt.Errorf("a version is given for the unknown operation %q", name))
		}
		if !versionPattern.MatchString(config.Versions[name]) {
			problems = append(problems, fmt.Errorf("the version of %q is neither a date nor like v3", name))
		}
	}
	if versionOf(listUsers, config.Versions) == versionV3 && config.CompanyID == "" {
		problems = append(problems, fmt.Errorf("version v3 of %q needs a company id", listUsers.name))
	}
	return problems
}

func withoutRedirects(given *http.Client) *http.Client {
	if given == nil {
		given = outbound.Client(record.GoHighLevel, outbound.Hosts{})
	}
	client := new(*given)
	if client.Timeout == 0 {
		client.Timeout = requestTimeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}
