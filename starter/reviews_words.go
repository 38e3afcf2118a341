package main

import (
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

// question says in words what a review asks.
func question(r record.Review) string {
	there := sideName(r.Side)
	switch r.Reason {
	case record.ReviewConflict:
		return fmt.Sprintf("Both sides changed %s, and the rules ask whose value is to stay. Everything else of the contact is in step.", fieldList(r.Fields))
	case record.ReviewGone:
		return fmt.Sprintf("The contact is not to be found in %s any more, and nothing proves that it was deleted. What is to become of its other half?", there)
	case record.ReviewDeletion:
		return fmt.Sprintf("The contact was deleted in %s. What is to become of its other half?", there)
	case record.ReviewDeletionWave:
		return fmt.Sprintf("%d contacts were deleted in %s within a short time, more than the rules let pass. What is to become of their other halves?", len(r.Links), there)
	case record.ReviewMerged:
		return fmt.Sprintf("The contact was merged in %s into one that belongs to another link already. What is to become of its other half?", there)
	case record.ReviewPingPong:
		return fmt.Sprintf("The automations of both sides keep rewriting %s against each other, so the contact was parked.", fieldList(r.Fields))
	case record.ReviewAmbiguousMatch:
		return "Several contacts share an e-mail, a phone or an id, so that it is not certain who belongs together."
	case record.ReviewNamesakes:
		return "These contacts share a phone and a last name, but not the first name. Are they the same person?"
	case record.ReviewDuplicateRefused:
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
		return "the two that --gohighlevel and --salesforce name are the same person, and are brought into step"
	case record.ChooseSeparate:
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
	for _, rule := range loaded.Contacts.Fields {
		if slices.Contains(r.Fields, rule.Field) {
			ties = append(ties, fmt.Sprintf("%s=%s", rule.Field, rule.Tie))
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
