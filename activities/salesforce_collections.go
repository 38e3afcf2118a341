package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// SalesforceRecordsInput is a write of up to 200 records.
type SalesforceRecordsInput struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	Field      string `json:"field,omitempty"` // external id field, for an upsert
	Records    Sealed `json:"records"`         // a list of crm.Document
}

// SalesforceIDsInput names records.
type SalesforceIDsInput struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object,omitempty"`
	IDs        []string `json:"ids"`
	Fields     []string `json:"fields,omitempty"`
}

// SalesforceSavedRecords is the outcome per record, in the order of the records.
type SalesforceSavedRecords struct {
	Results []SalesforceSaved `json:"results"`
}

// CreateSalesforceRecords is POST /composite/sobjects. Not safe to repeat: settle first.
func (a *Salesforce) CreateSalesforceRecords(ctx context.Context, in SalesforceRecordsInput) (SalesforceSavedRecords, error) {
	return a.saveRecords(ctx, in, func(c *Connection, docs []crm.Document) ([]crm.SaveResult, error) {
		return c.Salesforce.CreateRecords(ctx, in.Object, docs)
	})
}

// UpdateSalesforceRecords is PATCH /composite/sobjects.
func (a *Salesforce) UpdateSalesforceRecords(ctx context.Context, in SalesforceRecordsInput) (SalesforceSavedRecords, error) {
	return a.saveRecords(ctx, in, func(c *Connection, docs []crm.Document) ([]crm.SaveResult, error) {
		return c.Salesforce.UpdateRecords(ctx, in.Object, docs)
	})
}

// UpsertSalesforceRecords is PATCH /composite/sobjects/{object}/{field}.
func (a *Salesforce) UpsertSalesforceRecords(ctx context.Context, in SalesforceRecordsInput) (SalesforceSavedRecords, error) {
	return a.saveRecords(ctx, in, func(c *Connection, docs []crm.Document) ([]crm.SaveResult, error) {
		return c.Salesforce.UpsertRecords(ctx, in.Object, in.Field, docs)
	})
}

// DeleteSalesforceRecords is DELETE /composite/sobjects.
func (a *Salesforce) DeleteSalesforceRecords(ctx context.Context, in SalesforceIDsInput) (SalesforceSavedRecords, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SalesforceSavedRecords{}, err
	}
	results, err := c.Salesforce.DeleteRecords(ctx, in.IDs)
	return savedRecords(results), err
}

// RetrieveSalesforceRecords is POST /composite/sobjects/{object}; null stands where an id is gone.
func (a *Salesforce) RetrieveSalesforceRecords(ctx context.Context, in SalesforceIDsInput) (SealedDocuments, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocuments{}, err
	}
	docs, err := c.Salesforce.RetrieveRecords(ctx, in.Object, in.IDs, in.Fields)
	return c.sealDocuments(record.Salesforce, docs, err)
}

func (a *Salesforce) saveRecords(ctx context.Context, in SalesforceRecordsInput,
	save func(*Connection, []crm.Document) ([]crm.SaveResult, error)) (SalesforceSavedRecords, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SalesforceSavedRecords{}, err
	}
	var docs []crm.Document
	if err := c.unseal(record.Salesforce, purposeHistory, in.Records, &docs); err != nil {
		return SalesforceSavedRecords{}, err
	}
	results, err := save(c, docs)
	return savedRecords(results), err
}

func savedRecords(results []crm.SaveResult) SalesforceSavedRecords {
	var out SalesforceSavedRecords
	for _, r := range results {
		saved := SalesforceSaved{ID: r.ID, Created: r.Created}
		if r.Err != nil {
			saved.Problem = problem(r.Err)
		}
		out.Results = append(out.Results, saved)
	}
	return out
}

// SalesforceCompositeInput is a composite call; its subrequests carry customer data.
type SalesforceCompositeInput struct {
	Connection string `json:"connection"`
	Requests   Sealed `json:"requests"` // a list of crm.Subrequest
}

// SalesforceCompositeResult is the outcome per subrequest.
type SalesforceCompositeResult struct {
	Statuses  []int  `json:"statuses"`
	Responses Sealed `json:"responses"` // a list of crm.Subresponse
}

// CompositeSalesforce is POST /composite. As safe to repeat as its subrequests.
func (a *Salesforce) CompositeSalesforce(ctx context.Context, in SalesforceCompositeInput) (SalesforceCompositeResult, error) {
	return a.composite(ctx, in, crm.Salesforce.Composite)
}

// CompositeBatchSalesforce is POST /composite/batch. As safe to repeat as its subrequests.
func (a *Salesforce) CompositeBatchSalesforce(ctx context.Context, in SalesforceCompositeInput) (SalesforceCompositeResult, error) {
	return a.composite(ctx, in, crm.Salesforce.CompositeBatch)
}

func (a *Salesforce) composite(ctx context.Context, in SalesforceCompositeInput,
	call func(crm.Salesforce, context.Context, []crm.Subrequest) ([]crm.Subresponse, error)) (out SalesforceCompositeResult, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	var requests []crm.Subrequest
	if err := c.unseal(record.Salesforce, purposeHistory, in.Requests, &requests); err != nil {
		return out, err
	}
	responses, err := call(c.Salesforce, ctx, requests)
	if err != nil {
		return out, err
	}
	for _, r := range responses {
		out.Statuses = append(out.Statuses, r.Status)
	}
	out.Responses, err = c.seal(record.Salesforce, purposeHistory, responses)
	return out, err
}
