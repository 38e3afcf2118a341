package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// lacks notes that a side does not show the record which the link names.
func (p *pair) lacks(side record.Side) {
	if !slices.Contains(p.gone, side) {
		p.gone = append(p.gone, side)
	}
}

// waitsInRun tells whether a person has been asked about a link: whatever changes, it is looked at by itself, by the run
// that waits where there is one.
func waitsInRun(l record.Link) bool {
	return l.State == record.LinkInReview && l.Problem != record.ReviewDeletionWave
}

// followAbsences settles what became of records that are not to be found. Of contacts, what is deleted, or waits in a wave, is
// done with here; everything else that follows goes to the record lane, step by step.
func (b *batch) followAbsences(ctx context.Context) error {
	var pairs []*pair
	var all []*absent
	for _, p := range b.pairs {
		if p.committed || p.failure != nil || p.excluded || p.single || len(p.gone) == 0 {
			continue
		}
		a := &absent{link: p.link, gone: p.gone[0], other: p.sf}
		if a.gone == record.Salesforce {
			a.other = p.ghl
		}
		pairs, all = append(pairs, p), append(all, a)
	}
	if len(all) == 0 {
		return nil
	}
	if !b.ofContacts() {
		for _, p := range pairs {
			p.single = true
		}
		return nil
	}
	j := &absentees{Connection: b.Connection, kind: record.Contact, ledger: b.ledger, token: b.token, patient: true}
	if err := j.judge(ctx, all); err != nil {
		return err
	}
	var inSalesforce, inGoHighLevel []*pair
	for i, p := range pairs {
		a := all[i]
		switch {
		case a.failure != nil:
			p.failure = a.failure
		case a.action == AbsenceDelete && a.gone == record.GoHighLevel:
			p.absence = a
			inSalesforce = append(inSalesforce, p)
		case a.action == AbsenceDelete:
			p.absence = a
			inGoHighLevel = append(inGoHighLevel, p)
		case a.action == AbsenceKeep, a.action == AbsenceOver, a.review == record.ReviewDeletionWave:
			p.absence = a
		default:
			p.single = true
			b.absorbed(a)
		}
	}
	// Once a record is deleted nobody can read any more what it held: the journal comes first.
	if err := b.journalDeletions(ctx, record.Salesforce, inSalesforce); err != nil {
		return err
	}
	if err := b.journalDeletions(ctx, record.GoHighLevel, inGoHighLevel); err != nil {
		return err
	}
	if err := b.deleteInSalesforce(ctx, inSalesforce); err != nil {
		return err
	}
	return b.deleteInGoHighLevel(ctx, inGoHighLevel)
}

// absorbed is done with the half that a merge made one with a contact of the batch: its link is gone.
func (b *batch) absorbed(a *absent) {
	if a.action != AbsenceRejoin {
		return
	}
	for _, p := range b.pairs {
		if p.link.ID != a.link.ID && p.link.RecordID(a.gone) == a.recordID {
			p.committed = true
		}
	}
}

// journalDeletions writes down what is about to be lost.
func (b *batch) journalDeletions(ctx context.Context, side record.Side, pairs []*pair) error {
	ahead := map[int64]record.Ahead{}
	for _, p := range pairs {
		entry, err := b.Connection.journal(side, record.Delete, deletion(side, p.absence.other).Writes(side))
		if err != nil {
			return err
		}
		ahead[p.link.ID] = record.Ahead{Journal: entry}
	}
	return b.ledger.NoteAhead(ctx, b.token, b.origin, ahead)
}

// deleteInSalesforce deletes the other halves, as many as a call takes. Deleting what is gone succeeds.
func (b *batch) deleteInSalesforce(ctx context.Context, pairs []*pair) error {
	for chunk := range slices.Chunk(pairs, salesforceBatch) {
		ids := make([]string, len(chunk))
		for i, p := range chunk {
			ids[i] = p.link.SalesforceID
		}
		results, err := b.Salesforce.DeleteRecords(ctx, ids)
		if err != nil {
			return err
		}
		for i, p := range chunk {
			p.deletedWith(results[i].Err)
		}
		if err := b.commit(ctx, func(*pair) bool { return false }); err != nil {
			return err
		}
	}
	return nil
}

// deleteInGoHighLevel deletes the other halves, one call each.
func (b *batch) deleteInGoHighLevel(ctx context.Context, pairs []*pair) error {
	for chunk := range slices.Chunk(pairs, intentChunk) {
		err := b.each(ctx, chunk, goHighLevelWriters, func(ctx context.Context, p *pair) error {
			if err := b.GoHighLevel.DeleteContact(ctx, p.link.GoHighLevelID); err != nil {
				return err
			}
			p.absence.deleted = true
			return nil
		})
		if commit := b.commit(ctx, func(*pair) bool { return false }); err == nil {
			err = commit
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deletedWith takes in how the deletion of the other half went; one that is gone already is deleted.
func (p *pair) deletedWith(err *crm.Error) {
	if err != nil && err.Kind != crm.NotFound {
		p.failure = err
		return
	}
	p.absence.deleted = true
}

// absenceOutcome is what a link comes to whose record is not to be found. A deletion that was not carried out yet has none.
func (p *pair) absenceOutcome() record.Outcome {
	a := p.absence
	out := record.Outcome{LinkID: p.link.ID, Journal: p.journal}
	switch {
	case a.review != "":
		out.State, out.Problem = record.LinkInReview, a.review
	case a.action == AbsenceKeep:
		out.State, out.Problem = record.LinkParted, keptProblem(a.link)
	case a.action == AbsenceDelete:
		out.State, out.Forget = record.LinkDeleted, a.gone.Other()
	default:
		out.State, out.Drop = record.LinkDeleted, len(a.link.Base) == 0
	}
	return out
}

// keptProblem is why a link is parted, as it was before or because its other half was deleted.
func keptProblem(l record.Link) string {
	if l.State == record.LinkParted && l.Problem != "" {
		return l.Problem
	}
	return record.ProblemKept
}
