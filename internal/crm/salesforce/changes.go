package salesforce

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

// GetUpdated implements crm.Salesforce. See the REST guide, "sObject Get Updated".
func (c *Client) GetUpdated(ctx context.Context, object string, start, end time.Time) (crm.UpdatedIDs, error) {
	r := request{
		operation: "GET /sobjects/{object}/updated", method: http.MethodGet,
		segments: []string{"sobjects", object, "updated"}, suffix: "/", query: window(start, end), object: object,
	}
	var changed struct {
		IDs     []string `json:"ids"`
		Covered string   `json:"latestDateCovered"`
	}
	if err := c.do(ctx, r, &changed); err != nil {
		return crm.UpdatedIDs{}, err
	}
	covered, err := ParseTime(changed.Covered)
	if err != nil {
		return crm.UpdatedIDs{}, r.unreadable(http.StatusOK)
	}
	return crm.UpdatedIDs{IDs: changed.IDs, CoveredUntil: covered}, nil
}

// GetDeleted implements crm.Salesforce. See the REST guide, "sObject Get Deleted".
func (c *Client) GetDeleted(ctx context.Context, object string, start, end time.Time) (crm.DeletedIDs, error) {
	r := request{
		operation: "GET /sobjects/{object}/deleted", method: http.MethodGet,
		segments: []string{"sobjects", object, "deleted"}, suffix: "/", query: window(start, end), object: object,
	}
	var gone struct {
		Records []struct {
			ID        string `json:"id"`
			DeletedAt string `json:"deletedDate"`
		} `json:"deletedRecords"`
		Earliest string `json:"earliestDateAvailable"`
		Covered  string `json:"latestDateCovered"`
	}
	if err := c.do(ctx, r, &gone); err != nil {
		return crm.DeletedIDs{}, err
	}
	deleted := crm.DeletedIDs{Records: make([]crm.DeletedID, len(gone.Records))}
	var err error
	if deleted.CoveredUntil, err = ParseTime(gone.Covered); err != nil {
		return crm.DeletedIDs{}, r.unreadable(http.StatusOK)
	}
	if deleted.EarliestAvailable, err = ParseTime(gone.Earliest); err != nil {
		return crm.DeletedIDs{}, r.unreadable(http.StatusOK)
	}
	for i, one := range gone.Records {
		at, err := ParseTime(one.DeletedAt)
		if err != nil {
			return crm.DeletedIDs{}, r.unreadable(http.StatusOK)
		}
		deleted.Records[i] = crm.DeletedID{ID: one.ID, DeletedAt: at}
	}
	return deleted, nil
}

func window(start, end time.Time) url.Values {
	const layout = "2006-01-02T15:04:05-07:00"
	return url.Values{"start": {start.UTC().Format(layout)}, "end": {end.UTC().Format(layout)}}
}
