package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/record"
)

// StageContactsInput names one side's reading.
type StageContactsInput struct {
	Connection string      `json:"connection"`
	Side       record.Side `json:"side"`
	Epoch      string      `json:"epoch"`
}

// StageContactsResult is how far the reading has come.
type StageContactsResult = StageRecordsResult

// StageContacts reads the next pages of one side's contacts into the ledger, for matching. Safe to repeat.
func (a *Contacts) StageContacts(ctx context.Context, in StageContactsInput) (StageContactsResult, error) {
	return a.steps().stage(ctx, StageRecordsInput{Connection: in.Connection, Kind: record.Contact, Side: in.Side, Epoch: in.Epoch})
}

// MatchContactsInput names what to match.
type MatchContactsInput struct {
	Connection string `json:"connection"`
	Epoch      string `json:"epoch"`
	// NewOnly makes only links pending that did not exist before.
	NewOnly bool `json:"new_only,omitempty"`
}

// MatchContacts links what both sides' staged contacts have in common and makes the links pending. Safe to repeat.
func (a *Contacts) MatchContacts(ctx context.Context, in MatchContactsInput) (record.MatchCounts, error) {
	return a.steps().match(ctx, MatchRecordsInput{Connection: in.Connection, Kind: record.Contact, Epoch: in.Epoch, NewOnly: in.NewOnly})
}

// CountContactsInput names what to count.
type CountContactsInput struct {
	Connection string `json:"connection"`
	Origin     string `json:"origin"`
}

// CountContacts counts links by state, and the writes made under an origin. Safe to repeat.
func (a *Contacts) CountContacts(ctx context.Context, in CountContactsInput) (record.Counts, error) {
	return a.Ledger.Count(ctx, in.Connection, record.Contact, in.Origin)
}

// UnstageContacts forgets what is staged of a connection's contacts. Safe to repeat.
func (a *Contacts) UnstageContacts(ctx context.Context, in ConnectionInput) error {
	return a.Ledger.Unstage(ctx, in.Connection, record.Contact)
}
