package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestASalesforceMergeTiesTheContactToTheSurvivor(t *testing.T) {
	for _, known := range []bool{false, true} {
		name := "that nobody has heard of"
		if known {
			name = "that has a half link"
		}
		t.Run(name, func(t *testing.T) {
			inBothLanes(t, func(t *testing.T, by lane) {
				w := newWorld(t, deleting("propagate"))
				g, loser := w.couple("Lovelace", "ada@example.com")
				link := w.linkOf(record.GoHighLevel, g)
				survivor := w.sf.Create("Contact", with(row("Lovelace", "ada.king@example.com"), "MailingCity", "York"))
				if known {
					_, err := w.store.EnsureLink(t.Context(), acme, record.Contact, record.Salesforce, survivor)
					require.NoError(t, err)
				}
				require.NoError(t, w.sf.Merge(survivor, loser))
				w.hear(by, gone(inSalesforce(loser)))
				require.Equal(t, [2]int{1, 1}, w.counts())
				require.Len(t, w.links(), 1)
				after := w.linkOf(record.GoHighLevel, g)
				require.Equal(t, link.ID, after.ID)
				require.Equal(t, survivor, after.SalesforceID)
				require.Equal(t, record.LinkInStep, after.State)
				require.Equal(t, "York", w.contact(g).City)
				require.Equal(t, "ada.king@example.com", w.contact(g).Email)
				require.Empty(t, w.reviews())
				w.silent(by, gone(inSalesforce(loser)), inSalesforce(survivor), inGoHighLevel(g))
			})
		})
	}
}

func TestAMergeAndItsSurvivorThatAreHeardOfTogetherAreOneContact(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		g, loser := w.couple("Lovelace", "ada@example.com")
		survivor := w.sf.Create("Contact", row("Lovelace", "ada@example.com"))
		require.NoError(t, w.sf.Merge(survivor, loser))
		w.hear(by, inSalesforce(survivor), gone(inSalesforce(loser)))
		require.Equal(t, [2]int{1, 1}, w.counts())
		require.Len(t, w.links(), 1)
		require.Equal(t, survivor, w.linkOf(record.GoHighLevel, g).SalesforceID)
	})
}

func TestAChainOfMergesLeadsToTheLastSurvivor(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		g, first := w.couple("Lovelace", "ada@example.com")
		second := w.sf.Create("Contact", row("Lovelace", "ada.two@example.com"))
		third := w.sf.Create("Contact", row("Lovelace", "ada.three@example.com"))
		require.NoError(t, w.sf.Merge(second, first))
		require.NoError(t, w.sf.Merge(third, second))
		w.hear(by, gone(inSalesforce(first)))
		require.Equal(t, third, w.linkOf(record.GoHighLevel, g).SalesforceID)
		require.Equal(t, "ada.three@example.com", w.contact(g).Email)
		require.Equal(t, [2]int{1, 1}, w.counts())
	})
}

func TestAMergeIntoAContactOfItsOwnLosesNobody(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		ghl, sf := w.clusterOf(2)
		require.NoError(t, w.sf.Merge(sf[1], sf[0]))
		w.hear(by, gone(inSalesforce(sf[0])), inSalesforce(sf[1]))
		require.Equal(t, [2]int{2, 1}, w.counts())
		link := w.linkOf(record.GoHighLevel, ghl[0])
		review := w.waits(link, record.ReviewMerged)
		require.Equal(t, record.Salesforce, review.Side)
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, ghl[1]).State)

		w.decideContact(link.ID, record.Verdict{Choice: record.ChooseKeep})
		require.Equal(t, [2]int{2, 1}, w.counts())
		require.Equal(t, record.LinkParted, w.linkOf(record.GoHighLevel, ghl[0]).State)
		w.silent(by, inGoHighLevel(ghl[0]), gone(inSalesforce(sf[0])))
		require.Empty(t, w.reviews())
	})
}

func TestAPersonMayDeleteWhoIsLeftOverByAMerge(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("ask"))
		ghl, sf := w.clusterOf(2)
		require.NoError(t, w.sf.Merge(sf[1], sf[0]))
		w.hear(by, gone(inSalesforce(sf[0])))
		w.decideContact(w.linkOf(record.GoHighLevel, ghl[0]).ID, record.Verdict{Choice: record.ChooseDelete})
		require.Equal(t, [2]int{1, 1}, w.counts())
		require.Equal(t, ghl[1], w.onlyContact().ID)
	})
}

func TestAGoHighLevelMergeIsFoundByWhoTheLoserWas(t *testing.T) {
	for name, c := range map[string]struct {
		survivor gohighleveltest.Contact
		row      map[string]any
	}{
		"by the address": {
			survivor: gohighleveltest.Contact{FirstName: "A.", LastName: "King", Email: "ada.king@example.com"},
			row:      row("Lovelace", "ada@example.com"),
		},
		"by number and last name": {
			survivor: gohighleveltest.Contact{FirstName: "Augusta", LastName: "Lovelace", Phone: "+12025550143"},
			row:      with(row("Lovelace", ""), "Phone", "(202) 555-0143"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBothLanes(t, func(t *testing.T, by lane) {
				w := newWorld(t, deleting("propagate"))
				s := w.addSalesforce(c.row)
				w.onboard()
				w.goLive()
				loser := w.linkOf(record.Salesforce, s).GoHighLevelID
				survivor := w.addGoHighLevel(c.survivor)
				require.NoError(t, w.ghl.Merge(survivor, loser))
				w.hear(by, gone(inGoHighLevel(loser)), inGoHighLevel(survivor))
				require.Equal(t, [2]int{1, 1}, w.counts())
				require.Len(t, w.links(), 1)
				link := w.linkOf(record.Salesforce, s)
				require.Equal(t, survivor, link.GoHighLevelID)
				require.Equal(t, record.LinkInStep, link.State)
				require.Equal(t, c.survivor.LastName, w.row(s)["LastName"])
				w.silent(by, gone(inGoHighLevel(loser)), inGoHighLevel(survivor), inSalesforce(s))
			})
		})
	}
}

func TestAPersonIsAskedWhereOnlyTheNumberSpeaksForAMerge(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		s := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "Phone", "(202) 555-0143"))
		w.onboard()
		w.goLive()
		g := w.linkOf(record.Salesforce, s).GoHighLevelID
		require.NoError(t, w.ghl.Delete(g))
		w.addGoHighLevel(gohighleveltest.Contact{FirstName: "Grace", LastName: "Hopperfield", Phone: "+12025550143"})
		w.hear(by, gone(inGoHighLevel(g)))
		link := w.linkOf(record.Salesforce, s)
		w.waits(link, record.ReviewDeletion)
		require.Equal(t, [2]int{1, 1}, w.counts())
		w.decideContact(link.ID, record.Verdict{Choice: record.ChooseDelete})
		require.Equal(t, [2]int{1, 0}, w.counts())
	})
}
