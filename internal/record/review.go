package record

import (
	"maps"
	"slices"
	"time"
)

// Reasons for which a link waits for a person, besides those that matching finds.
const (
	ReviewConflict     = "conflict"       // both sides changed a field, and its rule asks
	ReviewGone         = "gone"           // a record is not to be found on one side, and nothing proves that it was deleted
	ReviewDeletion     = "deletion"       // a record was deleted on one side, and the rules ask what to do with the other
	ReviewDeletionWave = "deletion_wave"  // more was deleted at once than the rules let pass; one review for all of it
	ReviewMerged       = "merged"         // a record was merged into one that belongs to another link already
	ReviewIdentity     = "identity_taken" // a side holds the address or number on another contact, and takes no second one
	ReviewPingPong     = "ping_pong"      // automations keep rewriting each other, or what is restored
)

// Choice is what a person decides in a review.
type Choice string

// The choices. They are stored, and people type them: never rename one.
const (
	ChooseGoHighLevel Choice = "gohighlevel" // GoHighLevel's value wins
	ChooseSalesforce  Choice = "salesforce"  // Salesforce's value wins
	ChooseDelete      Choice = "delete"      // delete the other half as well
	ChooseKeep        Choice = "keep"        // leave the other half alone and sync it no more
	ChooseRestore     Choice = "restore"     // create the deleted half again
	ChooseLink        Choice = "link"        // these two are the same person
	ChooseSeparate    Choice = "separate"    // they are different people, each with a half of its own
	ChooseIgnore      Choice = "ignore"      // leave these contacts alone and sync them no more
	ChooseResume      Choice = "resume"      // go on syncing
)

// Choices lists what can be decided in a review of a reason, the default after its deadline first.
func Choices(reason string) []Choice {
	switch reason {
	case ReviewConflict:
		return []Choice{ChooseSalesforce, ChooseGoHighLevel}
	case ReviewDeletion, ReviewDeletionWave, ReviewGone:
		return []Choice{ChooseKeep, ChooseDelete, ChooseRestore}
	case ReviewMerged:
		return []Choice{ChooseKeep, ChooseDelete}
	case ReviewIdentity:
		return []Choice{ChooseIgnore, ChooseResume}
	case ReviewPingPong:
		return []Choice{ChooseResume, ChooseGoHighLevel, ChooseSalesforce, ChooseIgnore}
	case ReviewAmbiguousMatch, ReviewNamesakes, ReviewDuplicateRefused:
		return []Choice{ChooseIgnore, ChooseLink, ChooseSeparate}
	default:
		return nil
	}
}

// Review is what waits for one decision of a person.
type Review struct {
	ID         int64
	Connection string
	Kind       Kind
	Reason     string
	// Links are those it is about, as they are now.
	Links []Link
	// Fields are the contested ones of a conflict, or those that alternate.
	Fields []Field
	// Side is where the record was deleted or merged; "" for other reasons.
	Side Side
	// WorkflowID is the run that waits; "" while none does.
	WorkflowID string
	CreatedAt  time.Time
	RemindedAt time.Time // zero before the reminder
	DueAt      time.Time // when the default is taken; zero for never
	DecidedAt  time.Time // zero while it is open
	Choice     Choice    // what was decided; "" while it is open, or where it settled by itself
	DecidedBy  string
}

// Open tells whether the review still waits.
func (r Review) Open() bool { return r.DecidedAt.IsZero() }

// ReviewRuns is what is to be done about the runs in which reviews of several links wait.
type ReviewRuns struct {
	// Unattended are reviews that no run waits for yet.
	Unattended []int64
	// Over are the workflow ids of runs whose review is decided without them.
	Over []string
}

// Verdict is a decision of a person on one review.
type Verdict struct {
	ReviewID int64  `json:"review_id"`
	Choice   Choice `json:"choice"`
	// Fields decides single fields of a conflict otherwise: field -> the side whose value wins.
	Fields map[Field]Side `json:"fields,omitempty"`
	// GoHighLevelID and SalesforceID are the pair that ChooseLink ties.
	GoHighLevelID string `json:"gohighlevel_id,omitempty"`
	SalesforceID  string `json:"salesforce_id,omitempty"`
	// By is who decided, for the journal: a person's name, or "deadline".
	By string `json:"by"`
}

// Same tells whether two verdicts decide alike, whoever made them.
func (v Verdict) Same(w Verdict) bool {
	//workflowcheck:ignore whether two maps are the same does not depend on their order
	fields := maps.Equal(v.Fields, w.Fields)
	return fields && v.ReviewID == w.ReviewID && v.Choice == w.Choice && v.GoHighLevelID == w.GoHighLevelID && v.SalesforceID == w.SalesforceID
}

// Problem names everything that is wrong with a verdict on the review, in words for a person; "" when nothing is.
func (r Review) Problem(v Verdict) string {
	if !r.Open() {
		return "it is decided already"
	}
	if !slices.Contains(Choices(r.Reason), v.Choice) {
		return "a review of this reason takes " + joinChoices(Choices(r.Reason))
	}
	//workflowcheck:ignore they are sorted, so that a replay refuses for the same reason
	fields := slices.Sorted(maps.Keys(v.Fields))
	for _, f := range fields {
		side := v.Fields[f]
		if r.Reason != ReviewConflict || !slices.Contains(r.Fields, f) {
			return string(f) + " is not contested in it"
		}
		if side != GoHighLevel && side != Salesforce {
			return string(f) + " takes gohighlevel or salesforce"
		}
	}
	if v.Choice == ChooseLink {
		return r.pairProblem(v)
	}
	if v.GoHighLevelID != "" || v.SalesforceID != "" {
		return "records are named only with link"
	}
	return ""
}

// pairProblem checks the pair that a verdict links: two records of the review, or, in a review of one record, that one and
// any other.
func (r Review) pairProblem(v Verdict) string {
	if v.GoHighLevelID == "" || v.SalesforceID == "" {
		return "link needs a GoHighLevel id and a Salesforce id"
	}
	var ghl, sf bool
	for _, l := range r.Links {
		ghl = ghl || l.GoHighLevelID == v.GoHighLevelID
		sf = sf || l.SalesforceID == v.SalesforceID
	}
	switch {
	case !ghl && !sf:
		return "neither record belongs to it"
	case len(r.Links) > 1 && !(ghl && sf):
		return "one of the records does not belong to it"
	}
	return ""
}

func joinChoices(all []Choice) string {
	out := ""
	for i, c := range all {
		if i > 0 {
			out += ", "
		}
		out += string(c)
	}
	return out
}

// Problems of links that are parted or excluded, as those of links in review are their reasons.
const (
	ProblemIgnored    = "ignored"     // a person decided to leave it alone
	ProblemKept       = "kept"        // its other half was deleted, and it was to stay
	ProblemLeftFilter = "left_filter" // it was in step before it left the filter
	ProblemNoContact  = "no_contact"  // the contact that it belongs to is not in step
	ProblemWithdrawn  = "withdrawn"   // the appointment does not take place, and the rules want no event of it
)
