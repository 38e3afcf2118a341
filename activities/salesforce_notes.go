package activities

import (
	"context"
	"fmt"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	noteObject        = "ContentNote"
	noteLinkObject    = "ContentDocumentLink"
	classicNoteObject = "Note"
	taskNoteObject    = "Task"
	// largestNote is how many bytes of a note are read: sealed and encoded, both halves must fit into one payload of
	// Temporal's history, of which the server takes 2 MiB. A longer one fails as a whole; nothing is cut off.
	largestNote = 1 << 19
	// largestDecision is how many sealed bytes a decision may have, likewise.
	largestDecision = 1_400_000
)

// SalesforceNoteInput names one enhanced note.
type SalesforceNoteInput struct {
	Connection string `json:"connection"`
	ID         string `json:"id"`
}

// SalesforceNoteContent is what a note says.
type SalesforceNoteContent struct {
	Content Sealed `json:"content"` // a text: HTML as Salesforce keeps it
	Bytes   int    `json:"bytes"`
}

// GetSalesforceNoteContent is GET /sobjects/ContentNote/{id}/Content. It fails with kind Rejected for a note of more
// than 512 KiB.
func (a *Salesforce) GetSalesforceNoteContent(ctx context.Context, in SalesforceNoteInput) (out SalesforceNoteContent, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	content, err := c.Salesforce.GetBlob(ctx, noteObject, in.ID, "Content", largestNote)
	if err != nil {
		return out, err
	}
	out.Bytes = len(content)
	out.Content, err = c.seal(record.Salesforce, purposeHistory, string(content))
	return out, err
}

// SalesforceNewNoteInput is a new enhanced note and the records that it is shown on.
type SalesforceNewNoteInput struct {
	Connection string   `json:"connection"`
	LinkTo     []string `json:"link_to"` // ids, at most 24
	Record     Sealed   `json:"record"`  // a crm.Document: Title, and Content in base64
}

// CreateSalesforceNote is POST /composite of a ContentNote and its links: all of them are there afterwards, or none.
// Not safe to repeat: settle first.
func (a *Salesforce) CreateSalesforceNote(ctx context.Context, in SalesforceNewNoteInput) (SalesforceSaved, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SalesforceSaved{}, err
	}
	var note crm.Document
	if err := c.unseal(record.Salesforce, purposeHistory, in.Record, &note); err != nil {
		return SalesforceSaved{}, err
	}
	responses, err := c.Salesforce.Composite(ctx, noteRequests(note, in.LinkTo))
	if err != nil {
		return SalesforceSaved{}, err
	}
	if failure := rootFailure(responses); failure != nil {
		return SalesforceSaved{}, failure
	}
	saved, _ := responses[0].Body.(map[string]any)
	id, _ := saved["id"].(string)
	if id == "" {
		return SalesforceSaved{}, &crm.Error{
			Side: record.Salesforce, Operation: "POST /composite", Kind: crm.Ambiguous, Status: responses[0].Status,
			Reason: "the answer names no note",
		}
	}
	return SalesforceSaved{ID: id, Created: true}, nil
}

func noteRequests(note crm.Document, linkTo []string) []crm.Subrequest {
	const reference = "note"
	requests := []crm.Subrequest{{Method: "POST", URL: "/sobjects/" + noteObject, ReferenceID: reference, Body: note}}
	for i, entity := range linkTo {
		requests = append(requests, crm.Subrequest{
			Method: "POST", URL: "/sobjects/" + noteLinkObject, ReferenceID: fmt.Sprintf("link%d", i), Body: crm.Document{
				"ContentDocumentId": "@{" + reference + ".id}", "LinkedEntityId": entity, "ShareType": "V", "Visibility": "AllUsers",
			},
		})
	}
	return requests
}

// rootFailure returns what undid a composite call; nil when nothing did. A part that was only undone with it has the
// same kind, and says nothing else.
func rootFailure(responses []crm.Subresponse) *crm.Error {
	var first *crm.Error
	for _, r := range responses {
		if r.Err == nil {
			continue
		}
		if r.Err.Code != "PROCESSING_HALTED" {
			return r.Err
		}
		if first == nil {
			first = r.Err
		}
	}
	return first
}
