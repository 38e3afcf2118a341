package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// The vendors' largest pages.
const (
	goHighLevelPage = 500
	salesforcePage  = 2000
)

// stagingSpell is how long one StageContacts reads before it hands back, so that progress shows and a lost worker costs
// little. The cursor is in the ledger all the same.
const stagingSpell = 20 * time.Second

// StageContactsInput names one side's reading.
type StageContactsInput struct {
	Connection string      `json:"connection"`
	Side       record.Side `json:"side"`
	Epoch      string      `json:"epoch"`
}

// StageContactsResult is how far the reading has come.
type StageContactsResult struct {
	Read       int                       `json:"read"`
	Total      int                       `json:"total"` // the vendor's own count, -1 when unknown
	Done       bool                      `json:"done"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
	Pause      *Pause                    `json:"pause,omitempty"` // an allowance is used up; the cursor is kept
}

// StageContacts reads the next pages of one side's contacts into the ledger, for matching. Safe to repeat.
func (a *Contacts) StageContacts(ctx context.Context, in StageContactsInput) (StageContactsResult, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		pause, err := paused(ctx, err)
		return StageContactsResult{Pause: pause}, err
	}
	if pause := c.resting(ctx); pause != nil {
		return StageContactsResult{Pause: pause}, nil
	}
	key := record.StageKey{Connection: in.Connection, Kind: record.Contact, Side: in.Side, Epoch: in.Epoch}
	state, err := a.Ledger.BeginStaging(ctx, key)
	if err != nil {
		return StageContactsResult{}, err
	}
	out := StageContactsResult{Read: state.Count, Total: -1, Done: state.Done}
	for started := time.Now(); !state.Done && time.Since(started) < stagingSpell; {
		page, err := c.page(ctx, in.Side, state.Cursor)
		if out.Pause, err = paused(ctx, err); err != nil {
			return out, err
		}
		if out.Pause != nil {
			break
		}
		staged := make([]record.Staged, 0, len(page.docs))
		for _, doc := range page.docs {
			s, err := c.stage(in.Side, doc, true)
			if err != nil {
				return out, err
			}
			staged = append(staged, s)
		}
		next := record.StageState{Cursor: page.next, Done: page.next == "", Count: state.Count + len(staged)}
		if err := a.Ledger.StagePage(ctx, key, state.Cursor, staged, next); err != nil {
			return out, err
		}
		state = next
		out.Read, out.Done = state.Count, state.Done
		out.Total = max(out.Total, page.total)
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			return out, nil
		default:
		}
	}
	out.Allowances = c.allowances()
	return out, ctx.Err()
}

type page struct {
	docs  []crm.Document
	next  string // "" on the last page
	total int
}

// page reads one page of all contacts of a side, oldest first, so that what is added meanwhile comes last.
func (c *Connection) page(ctx context.Context, side record.Side, cursor string) (page, error) {
	if side == record.Salesforce {
		return c.salesforcePage(ctx, cursor)
	}
	search := crm.ContactSearch{PageLimit: goHighLevelPage, Sort: []crm.SearchSort{{Field: "dateAdded", Direction: "asc"}}}
	var err error
	if search.SearchAfter, err = searchAfter(cursor); err != nil {
		return page{}, err
	}
	got, err := c.GoHighLevel.SearchContacts(ctx, search)
	if err != nil {
		return page{}, err
	}
	out := page{docs: got.Contacts, total: got.Total}
	if len(got.SearchAfter) > 0 {
		out.next, err = searchCursor(got.SearchAfter)
	}
	return out, err
}

// salesforcePage pages by keyset: unlike a query locator, an Id never expires.
func (c *Connection) salesforcePage(ctx context.Context, cursor string) (page, error) {
	where := ""
	if cursor != "" {
		where = " WHERE Id > '" + cursor + "'"
	}
	soql := fmt.Sprintf("SELECT %s FROM %s%s ORDER BY Id LIMIT %d",
		strings.Join(c.Mapper.SalesforceFields(), ", "), contactObject, where, salesforcePage)
	out := page{total: -1}
	got, err := c.Salesforce.Query(ctx, soql)
	for {
		if err != nil {
			return page{}, err
		}
		out.docs = append(out.docs, got.Rows...)
		if got.Next == "" {
			break
		}
		got, err = c.Salesforce.QueryMore(ctx, got.Next)
	}
	if len(out.docs) == salesforcePage {
		out.next, _ = out.docs[len(out.docs)-1]["Id"].(string)
	}
	return out, nil
}

// stage seals one document's record for the ledger.
func (c *Connection) stage(side record.Side, doc crm.Document, searched bool) (record.Staged, error) {
	r, err := c.read(side, doc, searched)
	if err != nil {
		return record.Staged{}, err
	}
	included, err := c.Mapper.Included(r)
	if err != nil {
		return record.Staged{}, err
	}
	body, err := c.seal(side, purposeStaged, r)
	return record.Staged{
		Side: side, ID: r.ID, Body: body, Keys: c.Fingerprints.MatchKeys(r), Excluded: !included, ModifiedAt: r.ModifiedAt,
		ReadAt: time.Now(),
	}, err
}

// unstage opens a staged record; nil for none.
func (c *Connection) unstage(s *record.Staged) (*record.Record, error) {
	if s == nil {
		return nil, nil
	}
	var r record.Record
	if err := c.unseal(s.Side, purposeStaged, s.Body, &r); err != nil {
		return nil, err
	}
	return &r, nil
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
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return record.MatchCounts{}, err
	}
	return a.Ledger.Match(ctx, record.MatchRequest{
		Connection: in.Connection, Kind: record.Contact, Epoch: in.Epoch, Tiers: c.Rules.Contacts.Match,
		NewOnly: in.NewOnly,
	})
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
