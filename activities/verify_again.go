package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// readAgain reads the records of suspects by their ids. One that is not visible counts as not there.
func (v *verifier) readAgain(ctx context.Context, suspects []*suspect) error {
	if v.kind == record.Contact {
		return v.readContactsAgain(ctx, suspects)
	}
	if err := v.readSalesforceAgain(ctx, suspects); err != nil {
		return err
	}
	return patiently(ctx, len(suspects), func(ctx context.Context, i int) error {
		s := suspects[i]
		if s.work.Link.GoHighLevelID == "" {
			return nil
		}
		doc, err := v.goHighLevelAgain(ctx, s)
		if crm.KindOf(err) == crm.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		s.ghl, err = v.present(record.GoHighLevel, doc, s.work.GoHighLevel)
		return err
	})
}

func (v *verifier) readContactsAgain(ctx context.Context, suspects []*suspect) error {
	b := &batch{Connection: v.c, ledger: v.Ledger}
	for _, s := range suspects {
		b.pairs = append(b.pairs, &pair{link: s.work.Link})
	}
	err := b.readPatiently(ctx)
	for i, p := range b.pairs {
		suspects[i].ghl, suspects[i].sf = p.ghl, p.sf
	}
	return err
}

// goHighLevelAgain reads one record by its id, which takes the contact that it belongs to.
func (v *verifier) goHighLevelAgain(ctx context.Context, s *suspect) (crm.Document, error) {
	id, contact := s.work.Link.GoHighLevelID, s.work.Link.GoHighLevelContact
	if v.kind == record.Appointment {
		return v.c.GoHighLevel.GetAppointment(ctx, id)
	}
	if contact == "" && s.sf != nil {
		link, err := v.contactOf(ctx, v.c.ID, map[record.Side][]string{record.Salesforce: s.sf.ContactIDs})
		if err != nil {
			return nil, err
		}
		if link != nil {
			contact = link.GoHighLevelID
		}
	}
	if contact == "" {
		return nil, fault(record.GoHighLevel, crm.NotFound, "compare", "nobody knows whom it belongs to")
	}
	if v.kind == record.Task {
		return v.c.GoHighLevel.GetTask(ctx, contact, id)
	}
	doc, err := v.c.GoHighLevel.GetNote(ctx, contact, id)
	if err != nil {
		return nil, err
	}
	return v.c.wholeNote(ctx, record.GoHighLevel, doc, contact)
}

func (v *verifier) readSalesforceAgain(ctx context.Context, suspects []*suspect) error {
	byID := map[string]*suspect{}
	for _, s := range suspects {
		if s.work.Link.SalesforceID != "" {
			byID[s.work.Link.SalesforceID] = s
		}
	}
	if v.kind == record.Note {
		return v.readNotesAgain(ctx, byID)
	}
	kind := v.c.of(v.kind)
	for chunk := range slices.Chunk(sorted(byID), salesforceBatch) {
		asked := map[string]bool{}
		for _, id := range chunk {
			asked[id] = true
		}
		rows, err := v.c.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s) AND IsDeleted = false",
			strings.Join(kind.SalesforceFields(), ", "), kind.SalesforceObject(), soqlList(asked)))
		if err != nil {
			return err
		}
		for _, row := range rows {
			r, err := v.present(record.Salesforce, row, nil)
			if err != nil {
				return err
			}
			if r != nil && byID[r.ID] != nil {
				byID[r.ID].sf = r
			}
		}
	}
	return nil
}

// readNotesAgain reads notes one by one: they may be in several objects, and their content takes a call.
func (v *verifier) readNotesAgain(ctx context.Context, byID map[string]*suspect) error {
	ids := sorted(byID)
	return patiently(ctx, len(ids), func(ctx context.Context, i int) error {
		doc, err := v.c.readNote(ctx, ids[i])
		switch crm.KindOf(err) {
		case crm.NotFound:
			return nil
		case crm.Rejected:
			return nil // too long to be read: its own sync tells
		}
		if err != nil {
			return err
		}
		byID[ids[i]].sf, err = v.present(record.Salesforce, doc, nil)
		return err
	})
}

func sorted(byID map[string]*suspect) []string {
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// present reads a document; nil where it says that the record is deleted. A document that does not say when the record was
// made or changed leaves that as it was staged.
func (v *verifier) present(side record.Side, doc crm.Document, staged *record.Staged) (*record.Record, error) {
	r, err := v.c.readOf(v.kind, side, doc, false)
	if err != nil || r.Has(record.TraitDeleted) {
		return nil, err
	}
	if staged != nil && r.ModifiedAt.IsZero() && r.CreatedAt.IsZero() {
		before, err := v.c.unstage(staged)
		if err != nil {
			return nil, err
		}
		r.ModifiedAt, r.CreatedAt = before.ModifiedAt, before.CreatedAt
	}
	return &r, nil
}
