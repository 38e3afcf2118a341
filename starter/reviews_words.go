package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// reviewReasons lists every reason for which something waits for a person.
var reviewReasons = []string{
	record.ReviewConflict, record.ReviewDeletion, record.ReviewDeletionWave, record.ReviewGone, record.ReviewMerged,
	record.ReviewPingPong, record.ReviewAmbiguousMatch, record.ReviewNamesakes, record.ReviewDuplicateRefused, record.ReviewIdentity,
}

// allChoices lists everything that can be decided in some review.
func allChoices() []record.Choice {
	var out []record.Choice
	for _, reason := range reviewReasons {
		for _, c := range record.Choices(reason) {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// sideName is a side as people call it.
func sideName(side record.Side) string {
	switch side {
	case record.GoHighLevel:
		return "GoHighLevel"
	case record.Salesforce:
		return "Salesforce"
	default:
		return "one side"
	}
}

// kindOf is what a review is about.
func kindOf(r record.Review) record.Kind { return cmp.Or(r.Kind, record.Contact) }

// question says in words what a review asks.
func question(r record.Review) string {
	there, kind := sideName(r.Side), kindOf(r)
	switch r.Reason {
	case record.ReviewConflict:
		return fmt.Sprintf("Both sides changed %s, and the rules ask whose value is to stay. Everything else of the %s is in step.", fieldList(r.Fields), kind)
	case record.ReviewGone:
		return fmt.Sprintf("The %s is not to be found in %s any more, and nothing proves that it was deleted. What is to become of its other half?", kind, there)
	case record.ReviewDeletion:
		return fmt.Sprintf("The %s was deleted in %s. What is to become of its other half?", kind, there)
	case record.ReviewDeletionWave:
		return fmt.Sprintf("%d %ss were deleted in %s within a short time, more than the rules let pass. What is to become of their other halves?", len(r.Links), kind, there)
	case record.ReviewMerged:
		return fmt.Sprintf("The %s was merged in %s into one that belongs to another link already. What is to become of its other half?", kind, there)
	case record.ReviewPingPong:
		return fmt.Sprintf("Automations keep rewriting %s, those of both sides against each other or those of one side against what is restored there, so the %s was parked.", fieldList(r.Fields), kind)
	case record.ReviewAmbiguousMatch:
		return "Several contacts share an e-mail, a phone or an id, so that it is not certain who belongs together."
	case record.ReviewNamesakes:
		return "These contacts share a phone and a last name, but not the first name. Are they the same person?"
	case record.ReviewDuplicateRefused:
		if kind != record.Contact {
			return fmt.Sprintf("A CRM takes the %s for a duplicate and refuses to create it, and Tandem cannot tell of which.", kind)
		}
		return "A CRM takes the contact for a duplicate and refuses to create it, and Tandem cannot tell of whom."
	case record.ReviewIdentity:
		return fmt.Sprintf("%s holds the contact's new e-mail or phone on another contact, and takes no second one. Merge the two there, or mend one of them: the sync then goes on by itself.", there)
	default:
		return "A person has to look at it: " + r.Reason + "."
	}
}

// effect says in words what a choice does.
func effect(r record.Review, c record.Choice) string {
	rest := sideName(r.Side.Other())
	if r.Side == "" {
		rest = "the other side"
	}
	switch c {
	case record.ChooseGoHighLevel:
		return "GoHighLevel's values win, and are written to Salesforce"
	case record.ChooseSalesforce:
		return "Salesforce's values win, and are written to GoHighLevel"
	case record.ChooseDelete:
		return "delete in " + rest + " as well; what is lost is kept in the journal"
	case record.ChooseKeep:
		return "leave it in " + rest + " as it is, and sync it no more"
	case record.ChooseRestore:
		return "create it in " + sideName(r.Side) + " again, from what " + rest + " holds"
	case record.ChooseLink:
		if kindOf(r) != record.Contact {
			return "the two that --gohighlevel and --salesforce name are the same " + string(kindOf(r)) + ", and are brought into step"
		}
		return "the two that --gohighlevel and --salesforce name are the same person, and are brought into step"
	case record.ChooseSeparate:
		if kindOf(r) != record.Contact {
			return "they are different " + string(kindOf(r)) + "s; each is created on the side where it is not"
		}
		return "they are different people; each is created on the side where it is not"
	case record.ChooseIgnore:
		return "leave them alone on both sides, and sync them no more"
	case record.ChooseResume:
		return "go on syncing, as the rules say"
	default:
		return ""
	}
}

// defaults says what is decided once nobody has decided until the deadline.
func defaults(r record.Review, loaded *rules.Rules) string {
	choices := record.Choices(r.Reason)
	if len(choices) == 0 {
		return ""
	}
	if r.Reason != record.ReviewConflict {
		return string(choices[0])
	}
	var ties []string
	for _, p := range fieldRules(loaded, kindOf(r)) {
		if slices.Contains(r.Fields, p.Field) {
			ties = append(ties, fmt.Sprintf("%s=%s", p.Field, p.Tie))
		}
	}
	return strings.Join(ties, ", ")
}

// fieldList is fields in words.
func fieldList(fields []record.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
