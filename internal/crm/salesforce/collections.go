package salesforce

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	largestCollection = 200
	largestRetrieval  = 2000
)

// CreateRecords implements crm.Salesforce. No records take no call. See the REST guide, "sObject Collections".
func (c *Client) CreateRecords(ctx context.Context, object string, records []crm.Document) ([]crm.SaveResult, error) {
	return c.saveAll(ctx, request{
		operation: "POST /composite/sobjects", method: http.MethodPost,
		segments: []string{"composite", "sobjects"}, object: object, creates: true,
	}, records)
}

// UpdateRecords implements crm.Salesforce. No records take no call. See the REST guide, "sObject Collections".
func (c *Client) UpdateRecords(ctx context.Context, object string, records []crm.Document) ([]crm.SaveResult, error) {
	r := request{
		operation: "PATCH /composite/sobjects", method: http.MethodPatch,
		segments: []string{"composite", "sobjects"}, object: object,
	}
	if !allHave(records, "id") {
		return nil, r.fail(crm.Invalid, "a record has no id")
	}
	return c.saveAll(ctx, r, records)
}

// UpsertRecords implements crm.Salesforce. No records take no call. Two records with one external id both fail as
// Duplicate. See the REST guide, "Upsert Multiple Records with sObject Collections".
func (c *Client) UpsertRecords(ctx context.Context, object, field string, records []crm.Document) ([]crm.SaveResult, error) {
	r := request{
		operation: "PATCH /composite/sobjects/{object}/{field}", method: http.MethodPatch,
		segments: []string{"composite", "sobjects", object, field}, object: object,
	}
	if !allHave(records, field) {
		return nil, r.fail(crm.Invalid, "a record has no external id")
	}
	results, err := c.saveAll(ctx, r, records)
	return results, missingField(err, field)
}

// DeleteRecords implements crm.Salesforce. No ids take no call. As with DeleteRecord, deleting one that is gone
// succeeds. See the REST guide, "sObject Collections".
func (c *Client) DeleteRecords(ctx context.Context, ids []string) ([]crm.SaveResult, error) {
	r := request{
		operation: "DELETE /composite/sobjects", method: http.MethodDelete, segments: []string{"composite", "sobjects"},
		query: url.Values{"ids": {strings.Join(ids, ",")}, "allOrNone": {"false"}},
	}
	results, err := c.save(ctx, r, len(ids))
	for i := range results {
		if results[i].Err != nil && results[i].Err.Kind == crm.NotFound {
			results[i] = crm.SaveResult{ID: ids[i]}
		}
	}
	return results, err
}

// RetrieveRecords implements crm.Salesforce. No ids take no call. See the REST guide, "Get Records with sObject
// Collections".
func (c *Client) RetrieveRecords(ctx context.Context, object string, ids, fields []string) ([]crm.Document, error) {
	r := request{
		operation: "POST /composite/sobjects/{object}", method: http.MethodPost,
		segments: []string{"composite", "sobjects", object}, object: object,
		body: map[string]any{"ids": ids, "fields": fields},
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > largestRetrieval {
		return nil, r.fail(crm.Invalid, "more than 2000 records in one call")
	}
	if len(fields) == 0 {
		return nil, r.fail(crm.Invalid, "no fields to read")
	}
	var records []crm.Document
	if err := c.do(ctx, r, &records); err != nil {
		return nil, err
	}
	if len(records) != len(ids) {
		return nil, r.unreadable(http.StatusOK)
	}
	for _, d := range records {
		dropAttributes(d)
	}
	return records, nil
}

func allHave(records []crm.Document, field string) bool {
	for _, fields := range records {
		if value := fields[field]; value == nil || value == "" {
			return false
		}
	}
	return true
}

func (c *Client) saveAll(ctx context.Context, r request, records []crm.Document) ([]crm.SaveResult, error) {
	typed := make([]crm.Document, len(records))
	for i, fields := range records {
		typed[i] = rowBody(fields)
		typed[i]["attributes"] = map[string]string{"type": r.object}
	}
	r.body = map[string]any{"allOrNone": false, "records": typed}
	return c.save(ctx, r, len(records))
}

// save makes a call that is answered with one result for each of count records.
func (c *Client) save(ctx context.Context, r request, count int) ([]crm.SaveResult, error) {
	if count == 0 {
		return nil, nil
	}
	if count > largestCollection {
		return nil, r.fail(crm.Invalid, "more than 200 records in one call")
	}
	var items []savedItem
	if err := c.do(ctx, r, &items); err != nil {
		return nil, err
	}
	if len(items) != count {
		return nil, r.unreadable(http.StatusOK)
	}
	results := make([]crm.SaveResult, count)
	for i, item := range items {
		results[i] = r.result(item)
	}
	return results, nil
}

type savedItem struct {
	ID      string          `json:"id"`
	Success bool            `json:"success"`
	Created bool            `json:"created"`
	Errors  json.RawMessage `json:"errors"`
}

func (r request) result(item savedItem) crm.SaveResult {
	if !item.Success {
		var refused answer
		refused.errors, _ = parseErrors(item.Errors)
		refused.json = true
		return crm.SaveResult{Err: r.refusal(refused)}
	}
	if item.ID == "" {
		return crm.SaveResult{Err: r.unreadable(http.StatusOK)}
	}
	return crm.SaveResult{ID: item.ID, Created: item.Created || r.creates}
}
