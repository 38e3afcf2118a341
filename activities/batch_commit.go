package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// commit records the outcome of every open pair that is ready.
func (b *batch) commit(ctx context.Context, ready func(*pair) bool) error {
	var outcomes []record.Outcome
	var pairs []*pair
	for _, p := range b.pairs {
		if p.committed || p.single || p.failure != nil || !p.settled() && (p.absence != nil || !ready(p)) {
			continue
		}
		outcomes = append(outcomes, p.outcome())
		pairs = append(pairs, p)
	}
	for len(outcomes) > 0 {
		err := b.ledger.Commit(ctx, b.token, b.origin, outcomes)
		var linked *record.AlreadyLinkedError
		if errors.As(err, &linked) {
			i := slices.IndexFunc(pairs, func(p *pair) bool { return p.link.ID == linked.LinkID })
			if i < 0 {
				return err
			}
			pairs[i].single = true
			outcomes, pairs = slices.Delete(outcomes, i, i+1), slices.Delete(pairs, i, i+1)
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	for _, p := range pairs {
		p.committed = true
	}
	return nil
}

// settled tells whether the outcome is certain without a write.
func (p *pair) settled() bool {
	return p.excluded || p.absence != nil && (p.absence.action != AbsenceDelete || p.absence.deleted)
}

func (p *pair) outcome() record.Outcome {
	switch {
	case p.absence != nil:
		return p.absenceOutcome()
	case p.excluded:
		return p.excludedOutcome()
	}
	return record.Outcome{
		LinkID: p.link.ID, State: record.LinkInStep, Base: p.decision.Next.Encode(), Journal: p.journal, Again: p.again,
		GoHighLevelID: p.link.GoHighLevelID, SalesforceID: p.link.SalesforceID,
		GoHighLevelContact: p.link.GoHighLevelContact, SalesforceContact: p.link.SalesforceContact,
	}
}

// excludedOutcome keeps the base of a record that was in step before the rules came to leave it out: it comes back by it.
func (p *pair) excludedOutcome() record.Outcome {
	out := record.Outcome{
		LinkID: p.link.ID, State: record.LinkExcluded, Problem: p.problem,
		GoHighLevelContact: p.link.GoHighLevelContact, SalesforceContact: p.link.SalesforceContact,
	}
	if p.problem == "" && len(p.link.Base) > 0 {
		out.Problem = record.ProblemLeftFilter
	}
	return out
}
