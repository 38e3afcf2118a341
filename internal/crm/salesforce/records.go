package salesforce

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

// GetRecord implements crm.Salesforce. Without fields it reads all that the user may see. See the REST guide,
// "sObject Rows".
func (c *Client) GetRecord(ctx context.Context, object, id string, fields []string) (crm.Document, error) {
	return c.row(ctx, request{
		operation: "GET /sobjects/{object}/{id}", method: http.MethodGet,
		segments: []string{"sobjects", object, id}, query: fieldList(fields), object: object,
	})
}

// GetRecordByExternalID implements crm.Salesforce. See the REST guide, "sObject Rows by External ID".
func (c *Client) GetRecordByExternalID(ctx context.Context, object, field, value string, fields []string) (crm.Document, error) {
	return c.row(ctx, request{
		operation: "GET /sobjects/{object}/{field}/{value}", method: http.MethodGet,
		segments: []string{"sobjects", object, field, value}, query: fieldList(fields), object: object,
	})
}

// CreateRecord implements crm.Salesforce. See the REST guide, "sObject Basic Information".
func (c *Client) CreateRecord(ctx context.Context, object string, fields crm.Document) (string, error) {
	r := request{
		operation: "POST /sobjects/{object}", method: http.MethodPost,
		segments: []string{"sobjects", object}, body: rowBody(fields), object: object, creates: true,
	}
	var created struct {
		ID string `json:"id"`
	}
	if err := c.do(ctx, r, &created); err != nil {
		return "", err
	}
	if created.ID == "" {
		return "", r.unreadable(http.StatusCreated)
	}
	return created.ID, nil
}

// UpdateRecord implements crm.Salesforce. An id among the fields is not sent: Salesforce refuses it. See the REST
// guide, "sObject Rows".
func (c *Client) UpdateRecord(ctx context.Context, object, id string, fields crm.Document) error {
	return c.do(ctx, request{
		operation: "PATCH /sobjects/{object}/{id}", method: http.MethodPatch,
		segments: []string{"sobjects", object, id}, body: rowBody(fields, "Id"), object: object,
	}, nil)
}

// UpsertRecord implements crm.Salesforce. An id or the external id among the fields is not sent: Salesforce refuses
// both. NeedsAccess where the field is no external id. See the REST guide, "sObject Rows by External ID".
func (c *Client) UpsertRecord(ctx context.Context, object, field, value string, fields crm.Document) (crm.SaveResult, error) {
	r := request{
		operation: "PATCH /sobjects/{object}/{field}/{value}", method: http.MethodPatch,
		segments: []string{"sobjects", object, field, value}, body: rowBody(fields, "Id", field), object: object,
	}
	var saved struct {
		ID      string `json:"id"`
		Created bool   `json:"created"`
	}
	if err := c.do(ctx, r, &saved); err != nil {
		return crm.SaveResult{}, missingField(err, field)
	}
	if saved.ID == "" {
		return crm.SaveResult{}, r.unreadable(http.StatusOK)
	}
	return crm.SaveResult{ID: saved.ID, Created: saved.Created}, nil
}

// DeleteRecord implements crm.Salesforce. See the REST guide, "sObject Rows".
func (c *Client) DeleteRecord(ctx context.Context, object, id string) error {
	err := c.do(ctx, request{
		operation: "DELETE /sobjects/{object}/{id}", method: http.MethodDelete,
		segments: []string{"sobjects", object, id}, object: object,
	}, nil)
	if crm.KindOf(err) == crm.NotFound {
		return nil
	}
	return err
}

// row makes a call that is answered with one record.
func (c *Client) row(ctx context.Context, r request) (crm.Document, error) {
	d, err := c.document(ctx, r)
	if err != nil {
		return nil, err
	}
	dropAttributes(d)
	return d, nil
}

func fieldList(fields []string) url.Values {
	if len(fields) == 0 {
		return nil
	}
	return url.Values{"fields": {strings.Join(fields, ",")}}
}

// rowBody copies the fields without the metadata that Salesforce adds to records and without the named fields.
func rowBody(fields crm.Document, without ...string) crm.Document {
	body := maps.Clone(fields)
	if body == nil {
		body = crm.Document{}
	}
	without = append(without, "attributes")
	maps.DeleteFunc(body, func(name string, _ any) bool {
		return slices.ContainsFunc(without, func(other string) bool { return strings.EqualFold(name, other) })
	})
	return body
}

// dropAttributes removes the metadata that Salesforce adds to records, at every depth.
func dropAttributes(content any) {
	switch content := content.(type) {
	case crm.Document:
		dropAttributes(map[string]any(content))
	case map[string]any:
		delete(content, "attributes")
		for _, nested := range content {
			dropAttributes(nested)
		}
	case []any:
		for _, nested := range content {
			dropAttributes(nested)
		}
	}
}
