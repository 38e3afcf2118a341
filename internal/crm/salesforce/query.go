package salesforce

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

// Query implements crm.Salesforce. A query too long for an address is Invalid, without a call. See the REST guide,
// "Query".
func (c *Client) Query(ctx context.Context, soql string) (crm.RowPage, error) {
	return c.rows(ctx, request{
		operation: "GET /query", method: http.MethodGet, segments: []string{"query"}, query: url.Values{"q": {soql}},
	})
}

// QueryAll implements crm.Salesforce. A query too long for an address is Invalid, without a call. See the REST
// guide, "QueryAll".
func (c *Client) QueryAll(ctx context.Context, soql string) (crm.RowPage, error) {
	return c.rows(ctx, request{
		operation: "GET /queryAll", method: http.MethodGet, segments: []string{"queryAll"}, query: url.Values{"q": {soql}},
	})
}

// QueryMore implements crm.Salesforce. A cursor that has expired is Invalid with code INVALID_QUERY_LOCATOR: query
// again. See the REST guide, "Query", on nextRecordsUrl.
func (c *Client) QueryMore(ctx context.Context, next string) (crm.RowPage, error) {
	r := request{operation: "GET /query/{cursor}", method: http.MethodGet}
	address, err := url.Parse(next)
	// What next names is asked with the token, so it may lead nowhere but to the org's data.
	if err != nil || address.User != nil || address.Opaque != "" || address.RawQuery != "" ||
		(address.Host == "") != (address.Scheme == "") ||
		!strings.HasPrefix(address.Path, servicesPath+"/") || path.Clean(address.Path) != address.Path {
		return crm.RowPage{}, r.fail(crm.Invalid, "the cursor is not one that a query returned")
	}
	r.absolute, r.host = address.EscapedPath(), address.Host
	return c.rows(ctx, r)
}

func (c *Client) rows(ctx context.Context, r request) (crm.RowPage, error) {
	var page struct {
		Total int            `json:"totalSize"`
		Done  *bool          `json:"done"`
		Next  string         `json:"nextRecordsUrl"`
		Rows  []crm.Document `json:"records"`
	}
	a, err := c.ask(ctx, r)
	if err != nil {
		return crm.RowPage{}, err
	}
	if err := r.decode(a, &page); err != nil {
		return crm.RowPage{}, err
	}
	if page.Done == nil || (!*page.Done && page.Next == "") {
		return crm.RowPage{}, r.unreadable(http.StatusOK)
	}
	if *page.Done {
		page.Next = ""
	}
	for _, row := range page.Rows {
		dropAttributes(row)
	}
	return crm.RowPage{Rows: page.Rows, Total: page.Total, Next: page.Next, At: a.at}, nil
}
