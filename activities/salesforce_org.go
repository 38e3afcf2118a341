package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// SalesforceObjectInput names an object.
type SalesforceObjectInput struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
}

// ListSalesforceVersions is GET /services/data/.
func (a *Salesforce) ListSalesforceVersions(ctx context.Context, in ConnectionInput) ([]crm.Document, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	return c.Salesforce.ListVersions(ctx)
}

// GetSalesforceLimits is GET /limits.
func (a *Salesforce) GetSalesforceLimits(ctx context.Context, in ConnectionInput) (crm.Document, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	return c.Salesforce.GetLimits(ctx)
}

// ListSalesforceObjects is GET /sobjects.
func (a *Salesforce) ListSalesforceObjects(ctx context.Context, in ConnectionInput) (SealedDocuments, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocuments{}, err
	}
	docs, err := c.Salesforce.ListObjects(ctx)
	return c.sealDocuments(record.Salesforce, docs, err)
}

// DescribeSalesforceObject is GET /sobjects/{object}/describe.
func (a *Salesforce) DescribeSalesforceObject(ctx context.Context, in SalesforceObjectInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.Salesforce.DescribeObject(ctx, in.Object)
	return c.sealDocument(record.Salesforce, doc, err)
}
