package activities

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// longestTimeline is how many entries a timeline has at most: sealed and encoded, they must fit into one payload of
// Temporal's history.
const longestTimeline = 1000

// Timeline is what both sides hold of a contact's tasks, notes and appointments at the moment. It holds customer data: it
// leaves a worker sealed only.
type Timeline struct {
	LinkID       int64 `json:"link"`
	RulesVersion int   `json:"rules_version"`
	// Zone is the location's, as Europe/Berlin: due dates are days of it.
	Zone string `json:"time_zone"`
	// Kinds are those that the rules sync, in the order of record.Kinds.
	Kinds []record.Kind `json:"kinds"`
	// Entries are in the order of their times.
	Entries []TimelineEntry `json:"entries"`
	// Older counts entries that are left out because there are too many, the oldest of all.
	Older int `json:"older,omitempty"`
	// Unread lists what could not be read.
	Unread []TimelineGap `json:"unread,omitempty"`
}

// TimelineEntry is one task, note or appointment, on one side or on both.
type TimelineEntry struct {
	Kind record.Kind `json:"kind"`
	// At is when an appointment begins, when a task is due, or when a note was written; of a task without a due date, when
	// it was made. Zero where no side says.
	At time.Time `json:"at,omitzero"`
	// End is when an appointment ends.
	End time.Time `json:"end,omitzero"`
	// Due is the day that a task is due; "" where it has none, and for other kinds.
	Due           string `json:"due,omitempty"`
	Title         string `json:"title"` // of a note without one, how it begins
	Status        string `json:"status,omitempty"`
	GoHighLevelID string `json:"gohighlevel_id,omitempty"` // "" where that side does not hold it
	SalesforceID  string `json:"salesforce_id,omitempty"`  // likewise
	// Note is the Salesforce note that the task was made of; "" where it was made of none.
	Note string `json:"note,omitempty"`
	// LinkID, State and Problem are the link's; 0 and "" where none holds it yet.
	LinkID  int64            `json:"link,omitempty"`
	State   record.LinkState `json:"state,omitempty"`
	Problem string           `json:"problem,omitempty"`
	// LeftOut tells that the rules leave it out.
	LeftOut bool `json:"left_out,omitempty"`
	// NotMade tells that the rules make none on the side that does not hold it.
	NotMade bool `json:"not_made,omitempty"`
	// Lost tells that a side does not hold it any more, and no sync has looked since.
	Lost bool `json:"lost,omitempty"`
	// Differs are the fields by which the sides differ and that a sync would write or ask about. Notes leave it out.
	Differs []record.Field `json:"differs,omitempty"`
}

// TimelineGap is what could not be read of one kind on one side, and the kind of error for which.
type TimelineGap struct {
	Kind    record.Kind `json:"kind"`
	Side    record.Side `json:"side"`
	Problem crm.Kind    `json:"problem"`
}

// TimelineInput names a contact by its link.
type TimelineInput struct {
	Connection string `json:"connection"`
	LinkID     int64  `json:"link_id"`
}

// ReadTimeline reads a contact's tasks, notes and appointments on both sides, those that the rules sync, for a person who
// waits for it, and returns a Timeline, sealed. What cannot be read is said to be so and fails nothing. It writes nothing.
// Safe to repeat. It fails with kind NotFound where there is no such contact.
func (a *Records) ReadTimeline(ctx context.Context, in TimelineInput) (Sealed, error) {
	ctx = crm.WithLane(ctx, crm.LaneHuman)
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	contact, err := linkOf(ctx, a.Ledger, in.Connection, record.Contact, in.LinkID)
	if err != nil {
		return nil, err
	}
	links, err := a.Ledger.Belongings(ctx, in.Connection, "", contact)
	if err != nil {
		return nil, err
	}
	b := &timelineBuilder{Connection: c, ledger: a.Ledger, contact: contact, known: links}
	out := Timeline{LinkID: contact.ID, RulesVersion: c.RulesVersion, Zone: c.zone().String(), Kinds: c.others()}
	for _, kind := range out.Kinds {
		entries, err := b.entries(ctx, kind)
		if err != nil {
			return nil, err
		}
		out.Entries = append(out.Entries, entries...)
	}
	if err := b.nameNotes(ctx, out.Entries); err != nil {
		return nil, err
	}
	out.Unread = b.gaps
	slices.SortStableFunc(out.Entries, func(x, y TimelineEntry) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.Title, y.Title))
	})
	if n := len(out.Entries) - longestTimeline; n > 0 {
		out.Entries, out.Older = out.Entries[n:], n
	}
	return c.seal(record.GoHighLevel, purposeHistory, out)
}

// OpenTimeline opens what ReadTimeline returned, with the connection's cipher.
func OpenTimeline(cipher Cipher, sealed Sealed) (Timeline, error) {
	var out Timeline
	err := (&Connection{Cipher: cipher}).unseal(record.GoHighLevel, purposeHistory, sealed, &out)
	return out, err
}

// linkOf returns one link of a kind; it fails with record.ErrNoLink.
func linkOf(ctx context.Context, ledger Ledger, connection string, kind record.Kind, id int64) (record.Link, error) {
	work, err := ledger.Links(ctx, connection, kind, id-1, 1)
	if err != nil {
		return record.Link{}, err
	}
	if len(work) == 0 || work[0].Link.ID != id {
		return record.Link{}, record.ErrNoLink
	}
	return work[0].Link, nil
}
