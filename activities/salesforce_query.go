package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// SalesforceQueryInput is a query, or the cursor of its next page.
type SalesforceQueryInput struct {
	Connection string `json:"connection"`
	SOQL       Sealed `json:"soql,omitempty"` // a text: its conditions name customers
	Next       string `json:"next,omitempty"`
}

// SalesforceRows is one page of a query.
type SalesforceRows struct {
	Rows  Sealed `json:"rows"` // a list of crm.Document
	Count int    `json:"count"`
	Total int    `json:"total"`
	Next  string `json:"next,omitempty"`
}

// QuerySalesforce is GET /query.
func (a *Salesforce) QuerySalesforce(ctx context.Context, in SalesforceQueryInput) (SalesforceRows, error) {
	return a.query(ctx, in, crm.Salesforce.Query)
}

// QueryAllSalesforce is GET /queryAll: deleted and archived rows too.
func (a *Salesforce) QueryAllSalesforce(ctx context.Context, in SalesforceQueryInput) (SalesforceRows, error) {
	return a.query(ctx, in, crm.Salesforce.QueryAll)
}

// QueryMoreSalesforce is GET {nextRecordsUrl}.
func (a *Salesforce) QueryMoreSalesforce(ctx context.Context, in SalesforceQueryInput) (SalesforceRows, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SalesforceRows{}, err
	}
	page, err := c.Salesforce.QueryMore(ctx, in.Next)
	return c.sealRows(page, err)
}

func (a *Salesforce) query(ctx context.Context, in SalesforceQueryInput,
	call func(crm.Salesforce, context.Context, string) (crm.RowPage, error)) (SalesforceRows, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SalesforceRows{}, err
	}
	var soql string
	if err := c.unseal(record.Salesforce, purposeHistory, in.SOQL, &soql); err != nil {
		return SalesforceRows{}, err
	}
	page, err := call(c.Salesforce, ctx, soql)
	return c.sealRows(page, err)
}

func (c *Connection) sealRows(page crm.RowPage, err error) (SalesforceRows, error) {
	if err != nil {
		return SalesforceRows{}, err
	}
	out := SalesforceRows{Count: len(page.Rows), Total: page.Total, Next: page.Next}
	out.Rows, err = c.seal(record.Salesforce, purposeHistory, page.Rows)
	return out, err
}

// SalesforceWindowInput is a window of time.
type SalesforceWindowInput struct {
	Connection string    `json:"connection"`
	Object     string    `json:"object"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
}

// GetSalesforceUpdated is GET /sobjects/{object}/updated.
func (a *Salesforce) GetSalesforceUpdated(ctx context.Context, in SalesforceWindowInput) (crm.UpdatedIDs, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return crm.UpdatedIDs{}, err
	}
	return c.Salesforce.GetUpdated(ctx, in.Object, in.Start, in.End)
}

// GetSalesforceDeleted is GET /sobjects/{object}/deleted.
func (a *Salesforce) GetSalesforceDeleted(ctx context.Context, in SalesforceWindowInput) (crm.DeletedIDs, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return crm.DeletedIDs{}, err
	}
	return c.Salesforce.GetDeleted(ctx, in.Object, in.Start, in.End)
}
