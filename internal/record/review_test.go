package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestAVerdictIsTakenOnlyWhereItFitsItsReview(t *testing.T) {
	one := []record.Link{{ID: 1, GoHighLevelID: "g1"}}
	three := []record.Link{{ID: 1, GoHighLevelID: "g1"}, {ID: 2, SalesforceID: "s1"}, {ID: 3, SalesforceID: "s2"}}
	for _, c := range []struct {
		name    string
		review  record.Review
		verdict record.Verdict
		problem string // a part of it; "" for none
	}{
		{"a side wins a conflict", record.Review{Reason: record.ReviewConflict, Fields: []record.Field{record.City}},
			record.Verdict{Choice: record.ChooseGoHighLevel}, ""},
		{"a single field goes otherwise", record.Review{Reason: record.ReviewConflict, Fields: []record.Field{record.City, record.Phone}},
			record.Verdict{Choice: record.ChooseGoHighLevel, Fields: map[record.Field]record.Side{record.City: record.Salesforce}}, ""},
		{"a field that is not contested", record.Review{Reason: record.ReviewConflict, Fields: []record.Field{record.City}},
			record.Verdict{Choice: record.ChooseGoHighLevel, Fields: map[record.Field]record.Side{record.Phone: record.Salesforce}}, "phone is not contested"},
		{"a side that does not exist", record.Review{Reason: record.ReviewConflict, Fields: []record.Field{record.City}},
			record.Verdict{Choice: record.ChooseGoHighLevel, Fields: map[record.Field]record.Side{record.City: "both"}}, "gohighlevel or salesforce"},
		{"a conflict cannot be deleted", record.Review{Reason: record.ReviewConflict}, record.Verdict{Choice: record.ChooseDelete}, "takes salesforce, gohighlevel"},
		{"a deletion is followed", record.Review{Reason: record.ReviewDeletion}, record.Verdict{Choice: record.ChooseDelete}, ""},
		{"a deletion has no fields", record.Review{Reason: record.ReviewDeletion},
			record.Verdict{Choice: record.ChooseKeep, Fields: map[record.Field]record.Side{record.City: record.Salesforce}}, "not contested"},
		{"a pair of the group", record.Review{Reason: record.ReviewAmbiguousMatch, Links: three},
			record.Verdict{Choice: record.ChooseLink, GoHighLevelID: "g1", SalesforceID: "s2"}, ""},
		{"a pair that reaches out of the group", record.Review{Reason: record.ReviewAmbiguousMatch, Links: three},
			record.Verdict{Choice: record.ChooseLink, GoHighLevelID: "g1", SalesforceID: "s9"}, "does not belong"},
		{"half a pair", record.Review{Reason: record.ReviewAmbiguousMatch, Links: three},
			record.Verdict{Choice: record.ChooseLink, GoHighLevelID: "g1"}, "needs a GoHighLevel id and a Salesforce id"},
		{"a single contact's half from outside", record.Review{Reason: record.ReviewDuplicateRefused, Links: one},
			record.Verdict{Choice: record.ChooseLink, GoHighLevelID: "g1", SalesforceID: "s9"}, ""},
		{"somebody else's pair", record.Review{Reason: record.ReviewDuplicateRefused, Links: one},
			record.Verdict{Choice: record.ChooseLink, GoHighLevelID: "g7", SalesforceID: "s9"}, "neither record belongs"},
		{"records without a link", record.Review{Reason: record.ReviewAmbiguousMatch, Links: three},
			record.Verdict{Choice: record.ChooseIgnore, GoHighLevelID: "g1"}, "only with link"},
		{"a decided review", record.Review{Reason: record.ReviewDeletion, DecidedAt: time.Unix(1, 0)},
			record.Verdict{Choice: record.ChooseKeep}, "decided already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.review.Problem(c.verdict)
			if (c.problem == "") != (got == "") || !strings.Contains(got, c.problem) {
				t.Errorf("the problem is %q, want %q", got, c.problem)
			}
		})
	}
}

func TestEveryReasonHasChoicesAndADefault(t *testing.T) {
	for _, reason := range []string{
		record.ReviewAmbiguousMatch, record.ReviewNamesakes, record.ReviewDuplicateRefused, record.ReviewConflict, record.ReviewGone,
		record.ReviewDeletion, record.ReviewDeletionWave, record.ReviewMerged, record.ReviewPingPong,
	} {
		choices := record.Choices(reason)
		if len(choices) < 2 {
			t.Errorf("%s leaves no choice: %v", reason, choices)
			continue
		}
		if choices[0] == record.ChooseDelete {
			t.Errorf("%s deletes when nobody decides", reason)
		}
	}
}
