package activities

import (
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Contacts holds the composite activities of contacts: the bulk lane's, and the record lane's steps that touch only
// the ledger. Customer data stays in the ledger, sealed; only ids, cursors, counts and field names pass through Temporal.
type Contacts struct {
	Connections Connections
	Ledger      Ledger
}

// decide asks the merge what to do about two records, at most one of which may be nil; decided is what a person said about
// single fields.
func (c *Connection) decide(kind rules.KindMapper, base []byte, ghl, sf *record.Record, decided map[record.Field]record.Side) (reconcile.Decision, error) {
	agreed, err := reconcile.DecodeBase(base)
	if err != nil {
		return reconcile.Decision{}, err
	}
	d := reconcile.Decide(reconcile.Input{
		Base: agreed, GoHighLevel: ghl, Salesforce: sf, Policies: kind.Policies(), Decided: decided,
		Fingerprint: c.Fingerprints.Value, Project: kind.Project,
	})
	outdated(d.Next, agreed)
	return d, nil
}

// journal seals what a write changes, for the ledger.
func (c *Connection) journal(side record.Side, op record.Operation, writes []reconcile.Write) (record.JournalEntry, error) {
	sealed, err := c.seal(side, purposeJournal, writes)
	return record.JournalEntry{Side: side, Operation: op, Sealed: sealed}, err
}

// Allowance is what Tandem has used of an API, as far as this worker knows.
type Allowance struct {
	Sent int `json:"sent"` // requests by this worker since it started
	Left int `json:"left"` // of the vendor's day; -1 where the vendor does not say
}

func (c *Connection) allowances() map[record.Side]Allowance {
	out := map[record.Side]Allowance{}
	for _, side := range record.Sides {
		sent, left := c.Calls(side)
		out[side] = Allowance{Sent: sent, Left: left}
	}
	return out
}

func fault(side record.Side, kind crm.Kind, operation, reason string) *crm.Error {
	return &crm.Error{Side: side, Kind: kind, Operation: operation, Reason: reason}
}
