package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Connection is everything that an activity needs of one connection.
type Connection struct {
	ID string
	// State is the connection's state when it was opened: active, paused or unchecked.
	State string
	// AsOf is when its rules, its state or a grant were changed last, as it was opened.
	AsOf time.Time
	// Refusals are the sides that refused it a token then.
	Refusals     []record.Refusal
	Rules        *rules.Rules
	RulesVersion int
	Mapper       *rules.Mapper
	// Kinds are the mappings of the other kinds, those that the rules enable.
	Kinds map[record.Kind]rules.KindMapper
	// Zone is the location's; nil where nothing is synced beside contacts.
	Zone *time.Location
	// NoteTasks is how notes become tasks; nil where the rules do not want it.
	NoteTasks    *NoteTasking
	Fingerprints record.Fingerprinter
	GoHighLevel  crm.GoHighLevel
	Salesforce   crm.Salesforce
	Cipher       Cipher
	// DuplicatesAllowed is the location's own setting: whether GoHighLevel takes two contacts of one identity.
	DuplicatesAllowed bool
	// SalesforceUser is the user as whom we act in Salesforce; "" where that is not known.
	SalesforceUser string
	// Scopes are what each side granted; none where that is not known.
	Scopes map[record.Side][]string
	// OfAgency tells that GoHighLevel granted an agency, for whose token the location's is exchanged.
	OfAgency bool
	// Calls says how many API requests of a side this process has sent for the connection, and how many the vendor
	// says are left of the day; left is -1 where it does not say.
	Calls func(record.Side) (sent, left int)
	// Skew says how far a side's clock was ahead of ours when it answered this process last; it is known to a second or so.
	Skew func(record.Side) (ahead time.Duration, known bool)
	// Reach tells where webhooks are to be sent to, and why one would not reach a worker of ours, "" where it would; nil
	// where no public address is set.
	Reach func(context.Context) (address, problem string)
}

// Cipher keeps customer data sealed at rest and in Temporal's history. The purpose is bound to the ciphertext, as are
// the connection and the side: what was sealed for one does not open for another.
type Cipher interface {
	Seal(side record.Side, purpose string, plain []byte) ([]byte, error)
	Open(side record.Side, purpose string, sealed []byte) ([]byte, error)
}

// Connections opens connections by id. Opening is cheap after the first time. It fails with kind Invalid for an unknown
// connection and with kind NeedsReconnect for one that is not connected.
type Connections interface {
	Open(ctx context.Context, id string) (*Connection, error)
	// OpenWith opens a connection, with its clients and allowances, under other rules than its own. It fails with kind
	// Invalid where they do not load, or are those of another location or org.
	OpenWith(ctx context.Context, id, rulesText string) (*Connection, error)
	// KeepAlive renews the grant of a side, of a paused connection too, where it was not renewed for longer than an age, and
	// tells whether it did, with dry whether it would. It fails with kind NeedsReconnect where the grant is gone. Safe to
	// repeat.
	KeepAlive(ctx context.Context, id string, side record.Side, age time.Duration, dry bool) (due bool, err error)
	// Works notes that a side takes the token that it refused before. Safe to repeat.
	Works(ctx context.Context, id string, side record.Side) error
}

// Purposes of sealed data.
const (
	purposeHistory = "history" // in Temporal's history
	purposeStaged  = "staged"
	purposeJournal = "journal"
)

// Sealed is customer data in Temporal's history: a JSON value under the connection's cipher. It stays sealed in a payload that
// is encrypted itself: whoever may see in the Web UI how a run went need not see what is in somebody's records.
type Sealed []byte

func (c *Connection) seal(side record.Side, purpose string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode for sealing: %w", err)
	}
	return c.Cipher.Seal(side, purpose, plain)
}

// unseal decodes with json.Number, so that a document leaves as it came.
func (c *Connection) unseal(side record.Side, purpose string, sealed []byte, into any) error {
	plain, err := c.Cipher.Open(side, purpose, sealed)
	if err != nil {
		return fmt.Errorf("open sealed data: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode sealed data: %w", errShape)
	}
	return nil
}

// errShape stands for decoding errors, whose texts would quote the data.
var errShape = fmt.Errorf("unexpected shape")

// of returns the mapping of a kind: also of one that is only read, because notes become tasks; nil for others.
func (c *Connection) of(kind record.Kind) rules.KindMapper {
	if kind == record.Contact {
		return rules.ContactKind(c.Mapper)
	}
	if m := c.Kinds[kind]; m != nil || c.NoteTasks == nil {
		return m
	}
	return c.NoteTasks.reads(kind)
}

func (c *Connection) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// others are the kinds that are synced beside contacts.
func (c *Connection) others() (out []record.Kind) {
	for _, kind := range record.Kinds {
		if kind != record.Contact && c.Kinds[kind] != nil {
			out = append(out, kind)
		}
	}
	return out
}

// read maps a contact's document of a side to its canonical record.
func (c *Connection) read(side record.Side, doc crm.Document, searched bool) (record.Record, error) {
	return c.readOf(record.Contact, side, doc, searched)
}

// readOf maps a document of a kind and side to its canonical record.
func (c *Connection) readOf(kind record.Kind, side record.Side, doc crm.Document, partial bool) (record.Record, error) {
	if parts := partsOf(doc); kind == record.Note && len(parts) > 0 {
		notes, err := c.notes()
		if err != nil {
			return record.Record{}, err
		}
		return notes.FromParts(side, parts)
	}
	if side == record.GoHighLevel {
		return c.of(kind).FromGoHighLevel(doc, partial)
	}
	return c.of(kind).FromSalesforce(doc)
}

// externalID is the Salesforce field that carries the other half's id, "" where the org has none.
func (c *Connection) externalID(kind record.Kind) string {
	switch kind {
	case record.Contact:
		return c.Rules.Salesforce.ExternalIDField
	case record.Task:
		return c.Rules.Tasks.ExternalIDField
	case record.Appointment:
		return c.Rules.Appointments.ExternalIDField
	}
	return ""
}

// policies are the rules of a kind's fields; none where the kind is not synced.
func (c *Connection) policies(kind record.Kind) []reconcile.Policy {
	if mapper := c.of(kind); mapper != nil {
		return mapper.Policies()
	}
	return nil
}

// deletions are the rules for deleted records of a kind.
func (c *Connection) deletions(kind record.Kind) rules.Deletions {
	switch kind {
	case record.Task:
		return c.Rules.Tasks.Deletions
	case record.Note:
		return c.Rules.Notes.Deletions
	case record.Appointment:
		return c.Rules.Appointments.Deletions
	}
	return c.Rules.Contacts.Deletions
}

// The Salesforce objects that contacts and tasks live in, and notes where the rules make them tasks.
const (
	contactObject = "Contact"
	taskObject    = "Task"
)
