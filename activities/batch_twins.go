package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// lookForTwins sets apart what is about to be created and what its contact may have on that side already: that is settled in
// the record lane. Salesforce is asked once for all contacts of a batch, GoHighLevel once for each contact.
func (b *batch) lookForTwins(ctx context.Context, creates []*pair) error {
	for _, side := range record.Sides {
		var wanted []*pair
		for _, p := range creates {
			if p.decision.Create == side {
				wanted = append(wanted, p)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		var err error
		if side == record.Salesforce {
			err = b.twinsInSalesforce(ctx, wanted)
		} else {
			err = b.twinsInGoHighLevel(ctx, wanted)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) twinsInSalesforce(ctx context.Context, pairs []*pair) error {
	held := map[string][]record.Record{} // by contact
	for contacts := range slices.Chunk(contactsOf(record.Salesforce, pairs), salesforceBatch) {
		if err := b.heldInSalesforce(ctx, contacts, held); err != nil {
			return err
		}
	}
	return b.apartFrom(ctx, record.Salesforce, pairs, func(p *pair) []record.Record { return held[p.link.SalesforceContact] })
}

// heldInSalesforce reads what contacts have of the batch's kind, in the object in which it is created.
func (b *batch) heldInSalesforce(ctx context.Context, contacts []string, held map[string][]record.Record) error {
	object, wanted := b.mapping().SalesforceObject(), map[string]bool{}
	for _, id := range contacts {
		wanted[id] = true
	}
	if object == noteObject {
		return b.enhancedNotes(ctx, wanted, held)
	}
	column := "WhoId"
	if object == classicNoteObject {
		column = "ParentId"
	}
	rows, err := b.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s IN (%s) AND IsDeleted = false ORDER BY Id",
		strings.Join(b.salesforceFields(object), ", "), object, column, soqlList(wanted)))
	if err != nil {
		return err
	}
	byContact := map[string][]crm.Document{}
	for _, row := range rows {
		contact, _ := row[column].(string)
		byContact[contact] = append(byContact[contact], row)
	}
	for contact, docs := range byContact {
		if b.kind == record.Note {
			if docs, err = b.groupParts(record.Salesforce, docs); err != nil {
				return err
			}
		}
		for _, doc := range docs {
			r, err := b.readOf(b.kind, record.Salesforce, doc, false)
			if err != nil {
				return err
			}
			held[contact] = append(held[contact], r)
		}
	}
	return nil
}

// enhancedNotes reads the rows of the enhanced notes that contacts show. What a note says takes a call of its own, so that
// here it is known by its title.
func (b *batch) enhancedNotes(ctx context.Context, contacts map[string]bool, held map[string][]record.Record) error {
	links, err := b.rows(ctx, fmt.Sprintf("SELECT Id, ContentDocumentId, LinkedEntityId FROM %s WHERE LinkedEntityId IN (%s)", noteLinkObject, soqlList(contacts)))
	if err != nil {
		return err
	}
	shownOn := map[string][]string{}
	var notes []string
	for _, link := range links {
		id, _ := link["ContentDocumentId"].(string)
		if contact, _ := link["LinkedEntityId"].(string); strings.HasPrefix(id, "069") {
			if shownOn[id] == nil {
				notes = append(notes, id)
			}
			shownOn[id] = append(shownOn[id], contact)
		}
	}
	for chunk := range slices.Chunk(notes, salesforceBatch) {
		ids := map[string]bool{}
		for _, id := range chunk {
			ids[id] = true
		}
		rows, err := b.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s) AND IsDeleted = false", strings.Join(b.salesforceFields(noteObject), ", "), noteObject, soqlList(ids)))
		if err != nil {
			return err
		}
		for _, row := range rows {
			r, err := b.readOf(record.Note, record.Salesforce, row, false)
			if err != nil {
				return err
			}
			for _, contact := range shownOn[r.ID] {
				held[contact] = append(held[contact], r)
			}
		}
	}
	return nil
}

func (b *batch) twinsInGoHighLevel(ctx context.Context, pairs []*pair) error {
	// A list of appointments leaves out what tells those apart that may be meant: it is completed for each by itself.
	once := map[string]*pair{}
	var asked []*pair
	for _, p := range pairs {
		if contact := p.link.GoHighLevelContact; b.kind == record.Appointment || once[contact] == nil {
			once[contact] = p
			asked = append(asked, p)
		}
	}
	lists := make([][]record.Record, len(asked))
	of := map[*pair]int{}
	for i, p := range asked {
		of[p] = i
	}
	err := b.each(ctx, asked, goHighLevelWriters, func(ctx context.Context, p *pair) (err error) {
		lists[of[p]], err = b.belongings(ctx, b.kind, record.GoHighLevel, p.link.GoHighLevelContact, written(p.decision, record.GoHighLevel), time.Time{})
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range pairs {
		// Whatever the look-up met, it met for all of the contact's.
		if first := once[p.link.GoHighLevelContact]; b.kind != record.Appointment && first.failure != nil {
			p.failure = first.failure
		}
	}
	return b.apartFrom(ctx, record.GoHighLevel, pairs, func(p *pair) []record.Record {
		if i, asked := of[p]; asked {
			return lists[i]
		}
		return lists[of[once[p.link.GoHighLevelContact]]]
	})
}

// apartFrom sets those pairs apart whose contact has a record that may be what is to be created, and that is not another
// link's.
func (b *batch) apartFrom(ctx context.Context, side record.Side, pairs []*pair, held func(*pair) []record.Record) error {
	twins := map[*pair][]string{}
	var all []string
	for _, p := range pairs {
		if !p.open() {
			continue
		}
		want, other := written(p.decision, side), the(p.ghl, p.sf)
		for _, r := range held(p) {
			if alike(b.kind, want, other.ID, other.ExternalID, r) || b.entitled(want, r) {
				twins[p] = append(twins[p], r.ID)
				all = append(all, r.ID)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	linked, err := b.ledger.LinkedRecords(ctx, b.ID, b.kind, side, all)
	if err != nil {
		return err
	}
	for p, ids := range twins {
		for _, id := range ids {
			free, err := isHalf(ctx, b.ledger, b.ID, b.kind, side, linked[id])
			if err != nil {
				return err
			}
			p.single = p.single || free
		}
	}
	return nil
}

// entitled tells whether a note of which the text was not read has the title of the one that is to be created.
func (b *batch) entitled(want record.Fields, r record.Record) bool {
	_, known := r.Fields[record.Body]
	return b.kind == record.Note && !known && len(r.Parts) == 0 && r.Fields[record.Title].Equal(want[record.Title])
}
