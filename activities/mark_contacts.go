package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/record"
)

// MarkAllContactsInput is one slice of the links.
type MarkAllContactsInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	After      int64       `json:"after"`          // link id
	Size       int         `json:"size"`
}

// MarkAllContactsResult is how far marking has come.
type MarkAllContactsResult struct {
	Last   int64 `json:"last"` // continue after this link; 0 when there are no more
	Marked int   `json:"marked"`
}

// MarkAllContacts makes pending what is kept in step of a slice of the links, so that it is decided anew. Safe to repeat.
func (a *Contacts) MarkAllContacts(ctx context.Context, in MarkAllContactsInput) (out MarkAllContactsResult, err error) {
	out.Last, out.Marked, err = a.Ledger.MarkAllPending(ctx, in.Connection, kindOr(in.Kind), in.After, in.Size)
	return out, err
}
