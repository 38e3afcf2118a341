package gohighlevel

import (
	"context"
	"net/url"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
)

// GetLocation carries out [get-location]: the client's location with its time zone and settings. Safe to repeat.
//
// [get-location]: https://marketplace.gohighlevel.com/docs/ghl/locations/get-location
func (c *Client) GetLocation(ctx context.Context) (crm.Document, error) {
	result, err := c.do(ctx, call{operation: getLocation, ids: []string{c.locationID}})
	if err != nil {
		return nil, err
	}
	location, ok := result.body["location"].(map[string]any)
	if !ok || text(location["id"]) == "" {
		return nil, unreadable(getLocation, result.status, codeUnexpectedShape, "the answer holds no location")
	}
	return location, nil
}

// ListCustomFields carries out [get-custom-fields] for contacts: the definitions, all in one page. Safe to repeat.
//
// [get-custom-fields]: https://marketplace.gohighlevel.com/docs/ghl/locations/get-custom-fields
func (c *Client) ListCustomFields(ctx context.Context) ([]crm.Document, error) {
	result, err := c.do(ctx, call{
		operation: listCustomFields, ids: []string{c.locationID}, query: url.Values{"model": {"contact"}},
	})
	if err != nil {
		return nil, err
	}
	fields, err := result.documentsIn(listCustomFields, "customFields")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(fields, func(field crm.Document) bool {
		model := text(field["model"])
		return model != "" && model != "contact"
	}), nil
}

// CreateCustomField carries out [create-custom-field]. Not safe to repeat: a name that is taken gives a second field.
//
// [create-custom-field]: https://marketplace.gohighlevel.com/docs/ghl/locations/create-custom-field
func (c *Client) CreateCustomField(ctx context.Context, field crm.Document) (crm.Document, error) {
	result, err := c.do(ctx, call{operation: createCustomField, ids: []string{c.locationID}, body: field})
	if err != nil {
		return nil, err
	}
	created, ok := result.body["customField"].(map[string]any)
	if !ok || text(created["id"]) == "" || text(created["fieldKey"]) == "" {
		return nil, unreadable(createCustomField, result.status, codeUnexpectedShape, "the answer holds no custom field")
	}
	return created, nil
}
