package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

const largestComposite = 25

// Composite implements crm.Salesforce. All is undone when one subrequest fails; the ones that were undone carry
// their own code and the kind of the failure that undid them. See the REST guide, "Composite".
func (c *Client) Composite(ctx context.Context, requests []crm.Subrequest) ([]crm.Subresponse, error) {
	r := request{
		operation: "POST /composite", method: http.MethodPost, segments: []string{"composite"}, creates: anyPosts(requests),
	}
	if err := r.checkSubrequests(requests); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	parts := make([]map[string]any, len(requests))
	for i, sub := range requests {
		if !referencePattern.MatchString(sub.ReferenceID) || seen[sub.ReferenceID] {
			return nil, r.fail(crm.Invalid, "a subrequest's reference id is missing, malformed or taken")
		}
		seen[sub.ReferenceID] = true
		parts[i] = map[string]any{
			"method": sub.Method, "url": servicesPath + "/v" + c.version + sub.URL, "referenceId": sub.ReferenceID,
		}
		if sub.Body != nil {
			parts[i]["body"] = sub.Body
		}
		if c.allowDuplicates && sub.Method != http.MethodGet {
			// Subrequests inherit none of the call's headers but the standard ones.
			parts[i]["httpHeaders"] = map[string]string{duplicateRuleHeader: allowSave}
		}
	}
	r.body = map[string]any{"allOrNone": true, "compositeRequest": parts}
	var whole struct {
		Parts []struct {
			Body        json.RawMessage `json:"body"`
			Status      int             `json:"httpStatusCode"`
			ReferenceID string          `json:"referenceId"`
		} `json:"compositeResponse"`
	}
	if err := c.do(ctx, r, &whole); err != nil {
		return nil, err
	}
	if len(whole.Parts) != len(requests) {
		return nil, r.unreadable(http.StatusOK)
	}
	responses := make([]crm.Subresponse, len(requests))
	for i, part := range whole.Parts {
		if part.ReferenceID != requests[i].ReferenceID {
			return nil, r.unreadable(http.StatusOK)
		}
		// A failed part is certain not to have happened: the whole was undone.
		responses[i] = subresponse(requests[i], r.operation, part.Status, part.Body, false)
	}
	blameRootFailure(responses)
	return responses, nil
}

// CompositeBatch implements crm.Salesforce. Subresponses carry the reference ids of their subrequests. See the REST
// guide, "Composite Batch".
func (c *Client) CompositeBatch(ctx context.Context, requests []crm.Subrequest) ([]crm.Subresponse, error) {
	r := request{
		operation: "POST /composite/batch", method: http.MethodPost, segments: []string{"composite", "batch"},
		creates: anyPosts(requests),
	}
	if err := r.checkSubrequests(requests); err != nil {
		return nil, err
	}
	parts := make([]map[string]any, len(requests))
	for i, sub := range requests {
		parts[i] = map[string]any{"method": sub.Method, "url": "v" + c.version + sub.URL}
		if sub.Body != nil {
			parts[i]["richInput"] = sub.Body
		}
	}
	r.body = map[string]any{"haltOnError": false, "batchRequests": parts}
	var whole struct {
		Parts []struct {
			Result json.RawMessage `json:"result"`
			Status int             `json:"statusCode"`
		} `json:"results"`
	}
	if err := c.do(ctx, r, &whole); err != nil {
		return nil, err
	}
	if len(whole.Parts) != len(requests) {
		return nil, r.unreadable(http.StatusOK)
	}
	responses := make([]crm.Subresponse, len(requests))
	for i, part := range whole.Parts {
		responses[i] = subresponse(requests[i], r.operation, part.Status, part.Result, requests[i].Method == http.MethodPost)
	}
	return responses, nil
}

var (
	referencePattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)
	subMethods       = []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}
	objectInPath     = regexp.MustCompile(`^/sobjects/([A-Za-z0-9_]+)`)
)

func anyPosts(requests []crm.Subrequest) bool {
	return slices.ContainsFunc(requests, func(sub crm.Subrequest) bool { return sub.Method == http.MethodPost })
}

func (r request) checkSubrequests(requests []crm.Subrequest) error {
	if len(requests) == 0 || len(requests) > largestComposite {
		return r.fail(crm.Invalid, "a composite call takes 1 to 25 subrequests")
	}
	for _, sub := range requests {
		if !slices.Contains(subMethods, sub.Method) {
			return r.fail(crm.Invalid, "a subrequest's method is not one that Salesforce takes")
		}
		if !strings.HasPrefix(sub.URL, "/") || strings.HasPrefix(sub.URL, "//") || strings.HasPrefix(sub.URL, "/services/") {
			return r.fail(crm.Invalid, "a subrequest's address is not relative to the versioned base")
		}
	}
	return nil
}

func subresponse(sub crm.Subrequest, operation string, status int, body json.RawMessage, creates bool) crm.Subresponse {
	r := request{operation: operation, creates: creates}
	if match := objectInPath.FindStringSubmatch(sub.URL); match != nil {
		r.object = match[1]
	}
	response := crm.Subresponse{ReferenceID: sub.ReferenceID, Status: status}
	a := answer{status: status, body: body}
	if err := r.decode(a, &response.Body); err != nil {
		response.Body = nil // a deletion's answer has none
	}
	dropAttributes(response.Body)
	response.Err = r.check(&a, nil)
	return response
}

// blameRootFailure gives the parts that were undone the kind of the failure that undid them, so that whoever looks
// at any one part learns what to do about the whole.
func blameRootFailure(responses []crm.Subresponse) {
	root := slices.IndexFunc(responses, func(s crm.Subresponse) bool { return s.Err != nil && !undone(s.Err) })
	if root < 0 {
		return
	}
	for _, s := range responses {
		if undone(s.Err) {
			s.Err.Kind, s.Err.RetryAfter = responses[root].Err.Kind, responses[root].Err.RetryAfter
		}
	}
}
