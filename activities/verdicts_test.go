package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// ambiguous is one person in GoHighLevel who may be either of two in Salesforce, and the review that asks.
func (w *world) ambiguous() (g string, s [2]string, review record.Review) {
	w.t.Helper()
	g = w.addGoHighLevel(contact("Martin-Smith", "the.martins@example.com"))
	s[0] = w.addSalesforce(with(row("Martin-Smith", "the.martins@example.com"), "MailingCity", "York"))
	s[1] = w.addSalesforce(with(row("Martin-Smith", "the.martins@example.com"), "FirstName", "Paul"))
	w.onboard()
	w.goLive()
	all := w.reviews()
	require.Len(w.t, all, 1)
	require.Equal(w.t, record.ReviewAmbiguousMatch, all[0].Reason)
	require.Len(w.t, all[0].Links, 3)
	return g, s, all[0]
}

func twins() setting {
	return setting{Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true}}}
}

func (w *world) decideReview(v record.Verdict) {
	w.t.Helper()
	v.By = "a person"
	do[any](w, w.onReviews().DecideReview, activities.DecideReviewInput{Connection: acme, Verdict: v})
}

func TestAPersonSaysWhoIsWho(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, twins())
		g, s, review := w.ambiguous()
		w.decideReview(record.Verdict{ReviewID: review.ID, Choice: record.ChooseLink, GoHighLevelID: g, SalesforceID: s[0]})
		w.hear(by)
		link := w.linkOf(record.GoHighLevel, g)
		require.Equal(t, s[0], link.SalesforceID)
		require.Equal(t, record.LinkInStep, link.State)
		require.Equal(t, "York", w.contact(g).City)
		require.Equal(t, 2, w.sf.Count("Contact"), "nobody is made twice")
	})
}

func TestNobodyWhoWaitsToBeToldApartIsTouchedWhateverChanges(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, twins())
		g, s, review := w.ambiguous()
		before := w.contact(g)
		newcomer := w.sf.Create("Contact", with(row("Martin-Smith", "the.martins@example.com"), "FirstName", "Zoe"))
		w.hear(by, inGoHighLevel(g), inSalesforce(s[0]), inSalesforce(s[1]), inSalesforce(newcomer))
		require.Equal(t, before, w.contact(g))
		require.Equal(t, 1, w.ghl.Count())
		require.Equal(t, record.LinkInReview, w.linkOf(record.GoHighLevel, g).State)
		after, err := w.store.GetReview(t.Context(), acme, review.ID)
		require.NoError(t, err)
		require.True(t, after.Open())
		require.Len(t, after.Links, 3)
		require.Equal(t, record.LinkInReview, w.linkOf(record.Salesforce, newcomer).State, "she may be one of them as well")
	})
}

func TestAPersonSaysThatTheyAreDifferentPeople(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, twins())
		g, s, review := w.ambiguous()
		w.decideReview(record.Verdict{ReviewID: review.ID, Choice: record.ChooseSeparate})
		w.hear(by)
		require.Equal(t, [2]int{3, 3}, w.counts(), "each has a half of its own")
		require.Len(t, w.links(), 3)
		for _, link := range w.links() {
			require.Equal(t, record.LinkInStep, link.State, "problem %q", link.Problem)
		}
		require.NotContains(t, s, w.linkOf(record.GoHighLevel, g).SalesforceID)
		require.Empty(t, w.reviews())
		w.silent(by, inGoHighLevel(g), inSalesforce(s[0]), inSalesforce(s[1]))
	})
}

func TestAPersonHasContactsLeftAlone(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, twins())
		g, s, review := w.ambiguous()
		w.decideReview(record.Verdict{ReviewID: review.ID, Choice: record.ChooseIgnore})
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Hull"}))
		require.NoError(t, w.sf.Delete("Contact", s[1]))
		w.silent(by, inGoHighLevel(g), inSalesforce(s[0]), gone(inSalesforce(s[1])))
		require.Equal(t, [2]int{1, 1}, w.counts())
		for _, link := range w.links() {
			require.Equal(t, record.LinkParted, link.State)
			require.Equal(t, record.ProblemIgnored, link.Problem)
		}
		require.Empty(t, w.reviews())
	})
}

func TestAReviewThatIsDecidedOtherwiseIsNotDecidedAgain(t *testing.T) {
	w := newWorld(t, twins())
	_, _, review := w.ambiguous()
	w.decideReview(record.Verdict{ReviewID: review.ID, Choice: record.ChooseIgnore})
	_, err := w.try(w.onReviews().DecideReview, activities.DecideReviewInput{
		Connection: acme, Verdict: record.Verdict{ReviewID: review.ID, Choice: record.ChooseSeparate, By: "another person"},
	})
	require.Equal(t, crm.Invalid, kindOf(t, err))
	decided, err := w.store.GetReview(t.Context(), acme, review.ID)
	require.NoError(t, err)
	require.Equal(t, record.ChooseIgnore, decided.Choice)
	require.Equal(t, "a person", decided.DecidedBy)
}

func TestAPartedContactIsKeptInStepAgainOnceBothHalvesAreThere(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("ask"))
		g, s := w.couple("Lovelace", "ada@example.com")
		link := w.linkOf(record.GoHighLevel, g)
		w.hear(by, w.remove(record.Salesforce, g, s))
		w.decideContact(link.ID, record.Verdict{Choice: record.ChooseKeep})
		require.NoError(t, w.sf.Undelete("Contact", s))
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Hull"}))
		w.hear(by, inSalesforce(s))
		require.Equal(t, "Hull", w.row(s)["MailingCity"], "both are there again, so that they are kept in step again")
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
	})
}

func TestAnEditWhileAWaveWaitsWinsOverTheDeletion(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, surging())
		ghl, sf := w.clusterOf(8)
		review := w.wave(record.Salesforce, by, ghl, sf)
		held := review.Links[0]
		left := w.ghl.Count()
		require.NoError(t, w.ghl.Edit(held.GoHighLevelID, map[string]any{"city": "Hull"}))
		w.hear(by, inGoHighLevel(held.GoHighLevelID))
		require.Equal(t, 1, w.sf.Count("Contact"))
		now := w.linkOf(record.GoHighLevel, held.GoHighLevelID)
		require.Equal(t, record.LinkInStep, now.State)
		require.Equal(t, "Hull", w.row(now.SalesforceID)["MailingCity"])

		// The rest of the wave is decided without it.
		require.Len(t, w.reviews()[0].Links, left-1)
		w.decideWave(w.reviews()[0], record.ChooseDelete, by)
		require.Equal(t, [2]int{1, 1}, w.counts())
		require.Equal(t, held.GoHighLevelID, w.onlyContact().ID)
	})
}

func TestALinkToSomebodyWhomTheReviewIsNotAboutIsRefusedBeforeItIsTaken(t *testing.T) {
	w := newWorld(t, twins())
	g, s, review := w.ambiguous()
	link := func(g, s string) record.Verdict {
		return record.Verdict{ReviewID: review.ID, Choice: record.ChooseLink, GoHighLevelID: g, SalesforceID: s}
	}
	require.Empty(t, review.Problem(link(g, s[1])))
	require.NotEmpty(t, review.Problem(link(g, "003000000000zzzAAA")))
	require.NotEmpty(t, review.Problem(link("nobodyKnowsThisOne00", s[0])))
	require.NotEmpty(t, review.Problem(link(g, "")))
}
