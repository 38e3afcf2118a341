package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/tandem-sync/tandem/internal/crm"
)

// CreateNotes implements crm.Salesforce: a collection of notes and one of their links, in one composite call, which applies
// its all-or-none to both. No notes take no call. See the REST guide, "allOrNone Parameters in Composite and Collections
// Requests".
func (c *Client) CreateNotes(ctx context.Context, notes []crm.Document, shownOn []string) ([]crm.SaveResult, error) {
	const object, link = "ContentNote", "ContentDocumentLink"
	r := request{operation: "POST /composite", method: http.MethodPost, object: object, creates: true}
	switch {
	case len(notes) == 0:
		return nil, nil
	case len(notes) > largestCollection:
		return nil, r.fail(crm.Invalid, "more than 200 records in one call")
	case len(shownOn) != len(notes):
		return nil, r.fail(crm.Invalid, "not every note has a record to be shown on")
	}
	var made, shown []crm.Document
	for i, note := range notes {
		note = rowBody(note)
		note["attributes"] = map[string]string{"type": object}
		made = append(made, note)
		shown = append(shown, crm.Document{
			"attributes": map[string]string{"type": link}, "ContentDocumentId": fmt.Sprintf("@{notes[%d].id}", i),
			"LinkedEntityId": shownOn[i], "ShareType": "V", "Visibility": "AllUsers",
		})
	}
	const path = "/composite/sobjects"
	responses, err := c.Composite(ctx, []crm.Subrequest{
		{Method: http.MethodPost, URL: path, ReferenceID: "notes", Body: crm.Document{"allOrNone": true, "records": made}},
		{Method: http.MethodPost, URL: path, ReferenceID: "links", Body: crm.Document{"allOrNone": true, "records": shown}},
	})
	if err != nil {
		return nil, err
	}
	results := make([]crm.SaveResult, len(notes))
	failed := false
	for part, response := range responses {
		items := itemsOf(response, len(notes))
		if e := response.Err; items == nil && e != nil && !undone(e) && e.Kind != crm.Rejected {
			return nil, e // it is about the call, and not about one of the notes
		}
		failed = failed || items == nil
		for i, item := range items {
			result := r.result(item)
			failed = failed || result.Err != nil
			unexplained := results[i].Err == nil || undone(results[i].Err)
			if part == 0 || unexplained && result.Err != nil && !undone(result.Err) {
				results[i] = result
			}
		}
	}
	if !failed {
		return results, nil
	}
	for i, result := range results {
		if result.Err == nil || undone(result.Err) {
			e := r.fail(crm.Rejected, "it was undone with others of the call")
			results[i] = crm.SaveResult{Err: e, Undone: true}
		}
	}
	return results, nil
}

// itemsOf returns the outcomes of a collection within a composite call; nil where its answer does not tell.
func itemsOf(response crm.Subresponse, count int) []savedItem {
	body, err := json.Marshal(response.Body)
	if err != nil {
		return nil
	}
	var items []savedItem
	if json.Unmarshal(body, &items) != nil || len(items) != count {
		return nil
	}
	for _, item := range items {
		if !item.Success && len(item.Errors) == 0 {
			return nil // a list of errors, of the whole
		}
	}
	return items
}

// undone tells whether something failed only because something else of the same call did.
func undone(e *crm.Error) bool {
	return e != nil && (e.Code == "PROCESSING_HALTED" || e.Code == "ALL_OR_NONE_OPERATION_ROLLED_BACK")
}
