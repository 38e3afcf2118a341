package salesforce

import (
	"context"
	"net/http"

	"github.com/tandem-sync/tandem/internal/crm"
)

// ListVersions implements crm.Salesforce. See the REST guide, "Versions".
func (c *Client) ListVersions(ctx context.Context) ([]crm.Document, error) {
	r := request{operation: "GET /services/data", method: http.MethodGet, absolute: servicesPath + "/", anonymous: true}
	var versions []crm.Document
	if err := c.do(ctx, r, &versions); err != nil {
		return nil, err
	}
	return versions, nil
}

// GetLimits implements crm.Salesforce. See the REST guide, "Limits".
func (c *Client) GetLimits(ctx context.Context) (crm.Document, error) {
	r := request{operation: "GET /limits", method: http.MethodGet, segments: []string{"limits"}}
	return c.document(ctx, r)
}

// ListObjects implements crm.Salesforce. See the REST guide, "Describe Global".
func (c *Client) ListObjects(ctx context.Context) ([]crm.Document, error) {
	r := request{operation: "GET /sobjects", method: http.MethodGet, segments: []string{"sobjects"}}
	var global struct {
		Objects []crm.Document `json:"sobjects"`
	}
	if err := c.do(ctx, r, &global); err != nil {
		return nil, err
	}
	if global.Objects == nil {
		return nil, r.unreadable(http.StatusOK)
	}
	return global.Objects, nil
}

// DescribeObject implements crm.Salesforce. See the REST guide, "sObject Describe".
func (c *Client) DescribeObject(ctx context.Context, object string) (crm.Document, error) {
	r := request{
		operation: "GET /sobjects/{object}/describe", method: http.MethodGet,
		segments: []string{"sobjects", object, "describe"}, object: object,
	}
	return c.document(ctx, r)
}

// CreateCustomField implements crm.Salesforce. See the Tooling API guide, "CustomField".
func (c *Client) CreateCustomField(ctx context.Context, object, name string, metadata crm.Document) error {
	return c.do(ctx, request{
		operation: "POST /tooling/sobjects/CustomField", method: http.MethodPost, segments: []string{"tooling", "sobjects", "CustomField"},
		body: crm.Document{"FullName": object + "." + name, "Metadata": metadata},
	}, nil)
}

// document makes a call that is answered with one object.
func (c *Client) document(ctx context.Context, r request) (crm.Document, error) {
	var d crm.Document
	if err := c.do(ctx, r, &d); err != nil {
		return nil, err
	}
	if d == nil {
		return nil, r.unreadable(http.StatusOK)
	}
	return d, nil
}
