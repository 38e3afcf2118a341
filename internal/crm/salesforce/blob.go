package salesforce

import (
	"bytes"
	"context"
	"net/http"

	"github.com/tandem-sync/tandem/internal/crm"
)

// GetBlob implements crm.Salesforce. See the REST guide, "sObject Blob Get".
func (c *Client) GetBlob(ctx context.Context, object, id, field string, most int) ([]byte, error) {
	r := request{
		operation: "GET /sobjects/{object}/{id}/{blob}", method: http.MethodGet,
		segments: []string{"sobjects", object, id, field}, object: object, blob: true, most: int64(most),
	}
	if most <= 0 {
		return nil, r.fail(crm.Invalid, "no size was allowed for")
	}
	a, err := c.ask(ctx, r)
	if err != nil {
		return nil, err
	}
	if isPage(a.body) {
		return nil, r.unreadable(a.status)
	}
	return a.body, nil
}

// isPage tells whether the body is a whole HTML document. The network's edge answers with one, at times under a status
// of success; no field that Tandem reads holds one, for Salesforce takes only parts of documents there.
func isPage(body []byte) bool {
	start := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	start = bytes.ToLower(start[:min(len(start), 16)])
	for _, sign := range []string{"<!doctype", "<html", "<head"} {
		if bytes.HasPrefix(start, []byte(sign)) {
			return true
		}
	}
	return false
}
