package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// absent is one link whose record is not to be found on a side, and what follows.
type absent struct {
	link    record.Link
	gone    record.Side
	other   *record.Record // of the other side; nil where there is none either
	verdict *record.Verdict

	proven   bool   // the vendor attests that the record is deleted
	merged   string // the record that it was merged into; "" for none
	action   AbsenceAction
	recordID string
	review   string
	failure  *crm.Error
	deleted  bool // the other half was deleted as well
}

// absentees judges what became of records, for both lanes alike.
type absentees struct {
	*Connection
	kind   record.Kind
	ledger Ledger
	token  int64
	// contact is the GoHighLevel contact that the record belongs to, "" for contacts.
	contact string
	// patient tells to look again, later, for what is neither visible nor proven to be deleted.
	patient bool
}

// judge decides what follows for each; an absence that cannot be decided now has a failure. It changes nothing but the
// ledger: halves that a merge makes one are joined, and proven deletions are noted.
func (j *absentees) judge(ctx context.Context, all []*absent) error {
	var open []*absent
	for _, a := range all {
		if !a.settled() {
			open = append(open, a)
		}
	}
	if err := j.prove(ctx, open); err != nil {
		return err
	}
	deleted := map[record.Side][]*absent{}
	for _, a := range open {
		if a.failure != nil || a.action != "" {
			continue
		}
		if err := j.followMerge(ctx, a); err != nil {
			return err
		}
		if a.failure == nil && a.action == "" {
			deleted[a.gone] = append(deleted[a.gone], a)
		}
	}
	for _, side := range record.Sides {
		if err := j.followDeletions(ctx, side, deleted[side]); err != nil {
			return err
		}
	}
	return nil
}

// settled takes the action that follows from how the link stands: its absence was settled before, and the vendor may not
// remember it any more. It tells whether there is one.
func (a *absent) settled() bool {
	switch {
	case a.link.State == record.LinkParted:
		a.action = AbsenceKeep
	case a.link.State == record.LinkDeleted && a.other == nil:
		a.action = AbsenceOver
	}
	return a.action != ""
}

// byVerdict takes the action that a person decided on; it tells whether one did.
func (a *absent) byVerdict() bool {
	if a.verdict == nil {
		return false
	}
	return a.choose(a.verdict.Choice)
}

func (a *absent) choose(choice record.Choice) bool {
	action := map[record.Choice]AbsenceAction{
		record.ChooseDelete: AbsenceDelete, record.ChooseKeep: AbsenceKeep, record.ChooseRestore: AbsenceRestore,
		record.ChooseIgnore: AbsenceKeep,
	}[choice]
	if action == "" {
		return false
	}
	if a.action = action; a.other == nil {
		a.action = AbsenceOver
	}
	return true
}

// followMerge ties the contact to the record that its own was merged into, unless that one belongs to another contact
// already: deleting the survivor's other half would lose a person.
func (j *absentees) followMerge(ctx context.Context, a *absent) error {
	if a.other == nil || j.kind != record.Contact {
		return nil
	}
	into, doubtful, err := j.survivor(ctx, a)
	if err != nil || into == "" && !doubtful {
		return err
	}
	if doubtful {
		if !a.byVerdict() {
			a.action, a.review = AbsenceReview, record.ReviewDeletion
		}
		return nil
	}
	err = j.ledger.JoinHalves(ctx, j.token, a.link.ID, a.gone, into)
	var linked *record.AlreadyLinkedError
	switch {
	case errors.Is(err, record.ErrHalfClaimed):
		a.failure = fault(a.gone, crm.Busy, "follow a merge", "the surviving record is being worked on")
		a.failure.RetryAfter = soon
		return nil
	case errors.As(err, &linked):
		if !a.byVerdict() {
			a.action, a.review = AbsenceReview, record.ReviewMerged
		}
		return nil
	case err != nil:
		return err
	}
	a.action, a.recordID = AbsenceRejoin, into
	return nil
}

// longestMerge is how many merges, one after the other, are followed.
const longestMerge = 10

// survivor returns the live record that the absent one was merged into, "" where it was not merged. Salesforce says so
// itself. GoHighLevel does not: there the survivor is the live contact that has the e-mail address, or the phone and last
// name, of the loser's other half; one that has only the phone is doubtful.
func (j *absentees) survivor(ctx context.Context, a *absent) (into string, doubtful bool, err error) {
	if a.gone == record.Salesforce {
		into = a.merged
		for range longestMerge {
			if into == "" {
				return "", false, nil
			}
			page, err := j.Salesforce.QueryAll(ctx, fmt.Sprintf("SELECT Id, IsDeleted, MasterRecordId FROM %s WHERE Id = '%s'",
				contactObject, soqlEscape.Replace(into)))
			if err != nil {
				return "", false, err
			}
			if len(page.Rows) == 0 {
				return "", false, nil
			}
			if page.Rows[0]["IsDeleted"] != true {
				return into, false, nil
			}
			into, _ = page.Rows[0]["MasterRecordId"].(string)
		}
		return "", true, nil
	}
	candidates, err := j.lookup(ctx, record.GoHighLevel, a.other.Fields)
	if err != nil {
		return "", false, err
	}
	for _, r := range candidates {
		if r.ID == a.link.GoHighLevelID {
			continue
		}
		email, last := a.other.Fields[record.Email], record.FoldName(a.other.Fields[record.LastName].Text())
		if !email.Empty() && (r.Fields[record.Email].Equal(email) || slices.Contains(r.Aliases.Emails, email.Text())) ||
			last != "" && record.FoldName(r.Fields[record.LastName].Text()) == last {
			return r.ID, false, nil
		}
		doubtful = true
	}
	return "", doubtful, nil
}

// followDeletions applies the rules to proven deletions of a side, all at once, so that a surge is seen as one.
func (j *absentees) followDeletions(ctx context.Context, side record.Side, all []*absent) error {
	policy := j.deletions(j.kind).GoHighLevel
	if side == record.Salesforce {
		policy = j.deletions(j.kind).Salesforce
	}
	var guarded []*absent
	for _, a := range all {
		switch {
		case a.other == nil:
			a.action = AbsenceOver
		case a.byVerdict():
		case side == record.Salesforce && withdrawn(j.of(j.kind), *a.other):
			a.action = AbsenceRestore // nobody deleted it but we; it is not created again as long as it is withdrawn
		case reconcile.Changed(j.agreed(a.link), a.other, j.of(j.kind).Policies(), j.Fingerprints.Value):
			if a.action = AbsenceRestore; j.kind != record.Contact && !j.of(j.kind).Creates(side) {
				a.action = AbsenceKeep // the edit wins as far as the rules allow
			}
		case policy == rules.DeletionIgnore:
			a.action = AbsenceKeep
		default:
			guarded = append(guarded, a)
		}
	}
	if len(guarded) == 0 {
		return nil
	}
	ids := make([]int64, len(guarded))
	for i, a := range guarded {
		ids[i] = a.link.ID
	}
	surge := j.deletions(j.kind).Surge
	leaves, err := j.ledger.NoteDeletions(ctx, j.ID, j.kind, side, ids,
		record.DeletionGuard{Count: surge.Count, Share: surge.Share, Window: surge.Window})
	if err != nil {
		return err
	}
	for _, a := range guarded {
		leave := leaves[a.link.ID]
		switch {
		case a.choose(leave.Choice):
		case leave.Held:
			a.action, a.review = AbsenceReview, record.ReviewDeletionWave
		case policy == rules.DeletionPropagate:
			a.action = AbsenceDelete
		case policy == rules.DeletionMark:
			a.action = AbsenceMark
		default:
			a.action, a.review = AbsenceReview, record.ReviewDeletion
		}
	}
	return nil
}

// agreed returns a link's base; a damaged one counts as none, so that nothing is deleted because of it.
func (c *Connection) agreed(link record.Link) reconcile.Base {
	base, err := reconcile.DecodeBase(link.Base)
	if err != nil {
		return nil
	}
	return base
}
