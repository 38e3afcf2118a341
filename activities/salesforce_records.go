package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Salesforce holds one activity per Salesforce endpoint. Customer data enters and leaves sealed; each is as safe to
// repeat as the method of crm.Salesforce that it wraps.
type Salesforce struct {
	Connections Connections
}

// SalesforceRecordInput names one record, by Id or by an external id, and the fields wanted.
type SalesforceRecordInput struct {
	Connection string   `json:"connection"`
	Object     string   `json:"object"`
	ID         string   `json:"id,omitempty"`
	Field      string   `json:"field,omitempty"` // external id field
	Value      string   `json:"value,omitempty"` // external id
	Fields     []string `json:"fields,omitempty"`
}

// SalesforceWriteInput names one record ("" for a new one) and what to write.
type SalesforceWriteInput struct {
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id,omitempty"`
	Field      string `json:"field,omitempty"` // external id field
	Value      string `json:"value,omitempty"` // external id
	Record     Sealed `json:"record"`          // a crm.Document
}

// SalesforceSaved is the outcome of one write.
type SalesforceSaved struct {
	ID      string   `json:"id,omitempty"`
	Created bool     `json:"created,omitempty"`
	Problem *Problem `json:"problem,omitempty"` // nil when it was saved
}

// GetSalesforceRecord is GET /sobjects/{object}/{id}.
func (a *Salesforce) GetSalesforceRecord(ctx context.Context, in SalesforceRecordInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.Salesforce.GetRecord(ctx, in.Object, in.ID, c.wanted(in))
	return c.sealDocument(record.Salesforce, doc, err)
}

// GetSalesforceRecordByExternalID is GET /sobjects/{object}/{field}/{value}.
func (a *Salesforce) GetSalesforceRecordByExternalID(ctx context.Context, in SalesforceRecordInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.Salesforce.GetRecordByExternalID(ctx, in.Object, in.Field, in.Value, c.wanted(in))
	return c.sealDocument(record.Salesforce, doc, err)
}

// wanted returns the fields asked for, or for contacts those that the rules map.
func (c *Connection) wanted(in SalesforceRecordInput) []string {
	if len(in.Fields) > 0 {
		return in.Fields
	}
	for _, kind := range record.Kinds {
		if m := c.of(kind); m != nil && m.SalesforceObject() == in.Object {
			return m.SalesforceFields()
		}
	}
	return nil
}

// CreateSalesforceRecord is POST /sobjects/{object}. Not safe to repeat: settle first.
func (a *Salesforce) CreateSalesforceRecord(ctx context.Context, in SalesforceWriteInput) (SalesforceSaved, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return SalesforceSaved{}, err
	}
	id, err := c.Salesforce.CreateRecord(ctx, in.Object, doc)
	return SalesforceSaved{ID: id, Created: err == nil}, err
}

// UpdateSalesforceRecord is PATCH /sobjects/{object}/{id}.
func (a *Salesforce) UpdateSalesforceRecord(ctx context.Context, in SalesforceWriteInput) (SalesforceSaved, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return SalesforceSaved{}, err
	}
	return SalesforceSaved{ID: in.ID}, c.Salesforce.UpdateRecord(ctx, in.Object, in.ID, doc)
}

// UpsertSalesforceRecord is PATCH /sobjects/{object}/{field}/{value}, to create a record. Where an earlier attempt has made it,
// it is left as it is: a person may have seen and changed it meanwhile.
func (a *Salesforce) UpsertSalesforceRecord(ctx context.Context, in SalesforceWriteInput) (SalesforceSaved, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return SalesforceSaved{}, err
	}
	if activity.GetInfo(ctx).Attempt > 1 {
		made, err := c.Salesforce.GetRecordByExternalID(ctx, in.Object, in.Field, in.Value, []string{"Id"})
		if crm.KindOf(err) != crm.NotFound {
			id, _ := made["Id"].(string)
			return SalesforceSaved{ID: id, Created: err == nil}, err
		}
	}
	delete(doc, in.Field)
	saved, err := c.Salesforce.UpsertRecord(ctx, in.Object, in.Field, in.Value, doc)
	return SalesforceSaved{ID: saved.ID, Created: saved.Created}, err
}

// DeleteSalesforceRecord is DELETE /sobjects/{object}/{id}.
func (a *Salesforce) DeleteSalesforceRecord(ctx context.Context, in SalesforceRecordInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	return c.Salesforce.DeleteRecord(ctx, in.Object, in.ID)
}

func (a *Salesforce) openDocument(ctx context.Context, in SalesforceWriteInput) (*Connection, crm.Document, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, nil, err
	}
	var doc crm.Document
	err = c.unseal(record.Salesforce, purposeHistory, in.Record, &doc)
	return c, doc, err
}
