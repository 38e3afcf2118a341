package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

// request is one call, before a token gives it a host.
type request struct {
	operation string
	method    string
	segments  []string // below the versioned base, not escaped
	suffix    string   // what the vendor's address has after the segments
	absolute  string   // instead of segments: a path from the host's root, escaped
	host      string   // where set, the only host that the call may go to
	query     url.Values
	body      any
	object    string
	creates   bool // repeating it could create a second record
	anonymous bool
	blob      bool  // the answer is a field's bytes
	most      int64 // how many of them are taken
}

// build is the one place where a call becomes an HTTP request.
func (c *Client) build(ctx context.Context, r request, token crm.Token) (*http.Request, error) {
	instance, err := url.Parse(token.InstanceURL)
	if err != nil || instance.Host == "" || instance.User != nil || (instance.Scheme != "https" && instance.Scheme != "http") {
		return nil, r.fail(crm.NeedsReconnect, "the token names no usable instance address")
	}
	if r.host != "" && !strings.EqualFold(r.host, instance.Host) {
		return nil, r.fail(crm.Invalid, "the address names another host than the org's")
	}
	path := r.absolute
	if path == "" {
		if path, err = c.path(r.segments); err != nil {
			return nil, r.fail(crm.Invalid, err.Error())
		}
		path += r.suffix
	}
	address := instance.Scheme + "://" + instance.Host + path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	if len(address) > largestAddress {
		return nil, r.fail(crm.Invalid, "the address is longer than Salesforce takes; ask for less at a time")
	}
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, r.fail(crm.Invalid, "the request cannot be written as JSON")
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, r.fail(crm.Invalid, "the request cannot be written as HTTP")
	}
	c.setHeaders(req.Header, r, token)
	return req, nil
}

func (c *Client) setHeaders(header http.Header, r request, token crm.Token) {
	header.Set("Accept", "application/json")
	if r.blob {
		header.Set("Accept", "*/*")
	}
	if r.body != nil {
		header.Set("Content-Type", "application/json")
	}
	if r.anonymous {
		return
	}
	header.Set("Authorization", "Bearer "+token.Access)
	if c.clientName != "" {
		header.Set("Sforce-Call-Options", "client="+c.clientName)
	}
	if c.allowDuplicates && r.method != http.MethodGet {
		header.Set(duplicateRuleHeader, allowSave)
	}
}

func (c *Client) path(segments []string) (string, error) {
	path := servicesPath + "/v" + c.version
	for _, segment := range segments {
		if slices.Contains([]string{"", ".", ".."}, segment) {
			return "", errors.New("a name or id in the address is empty or consists of dots")
		}
		path += "/" + escapeSegment(segment)
	}
	return path, nil
}

// escapeSegment escapes all but the unreserved characters; url.PathEscape would let a plus through, which some
// servers read as a space.
func escapeSegment(segment string) string {
	return strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
}
