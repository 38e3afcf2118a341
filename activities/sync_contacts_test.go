package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhoIsOnOneSideOnlyIsCreatedOnTheOther(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		t.Run(fmt.Sprintf("without markers %v", noMarkers), func(t *testing.T) {
			w := newWorld(t, setting{rules: sandbox.RulesOptions{NoMarkers: noMarkers}})
			c := contact("Lovelace", "ada@example.com")
			c.Phone, c.Tags, c.Country, c.CompanyName = "+12025550143", []string{"vip", "lead"}, "GB", "Analytical Engines"
			c.CustomFields = []gohighleveltest.CustomValue{{ID: w.planID(), Value: "pro"}}
			g := w.addGoHighLevel(c)
			s := w.addSalesforce(with(with(with(row("Hopperfield", "grace@example.com"), sandbox.TagsField, "Navy;VIP"), sandbox.PlanField, "starter"), "MailingCountry", "United States"))
			require.Equal(t, record.MatchCounts{OnlyGoHighLevel: 1, OnlySalesforce: 1, Pending: 2}, w.onboard())

			require.Equal(t, 2, w.ghl.Count())
			require.Equal(t, 2, w.sf.Count("Contact"))
			made := w.row(w.linkOf(record.GoHighLevel, g).SalesforceID)
			require.Equal(t, "Lovelace", made["LastName"])
			require.Equal(t, "+12025550143", made["Phone"])
			require.Equal(t, "lead;vip", made[sandbox.TagsField])
			require.Equal(t, "United Kingdom", made["MailingCountry"])
			require.Equal(t, "pro", made[sandbox.PlanField])
			created := w.contact(w.linkOf(record.Salesforce, s).GoHighLevelID)
			require.Equal(t, "Hopperfield", created.LastName)
			require.ElementsMatch(t, []string{"navy", "vip"}, created.Tags)
			require.Equal(t, "US", created.Country)
			if !noMarkers {
				require.Equal(t, g, made[sandbox.ExternalIDField])
				require.Contains(t, created.CustomFields, gohighleveltest.CustomValue{ID: w.fieldID(sandbox.ExternalIDKey), Value: s})
			}
			account := do[record.Counts](w, onContacts.CountContacts, countInput)
			require.Equal(t, map[record.Side]int{record.GoHighLevel: 1, record.Salesforce: 1}, account.Created)
			require.Equal(t, 2, account.Linked)
			require.Zero(t, account.Pending)
			w.settled()
		})
	}
}

func TestWhoTheFilterLeavesOutIsNeitherWrittenNorCreated(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string {
		return strings.Replace(r, "  fields:\n", "  filter: '\"vip\" in tags'\n  fields:\n", 1)
	}})
	kept := contact("Lovelace", "ada@example.com")
	kept.Tags = []string{"vip"}
	w.addGoHighLevel(kept)
	out := w.addGoHighLevel(contact("Hopperfield", "grace@example.com"))
	w.addSalesforce(row("Hamilton", "margaret@example.com"))
	counts := w.onboard()
	require.Equal(t, record.MatchCounts{OnlyGoHighLevel: 1, Excluded: 2, Pending: 1}, counts)
	require.Equal(t, 2, w.ghl.Count())
	require.Equal(t, 2, w.sf.Count("Contact"))
	require.Equal(t, record.LinkExcluded, w.linkOf(record.GoHighLevel, out).State)
}

func TestWhoLeavesTheFilterIsLeftAlone(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string {
		return strings.Replace(r, "  fields:\n", "  filter: 'city != \"Sealand\"'\n  fields:\n", 1)
	}})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
	do[any](w, onContacts.UnstageContacts, unstageInput)

	// Nothing is staged any more, so that the batch reads both records by itself.
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Sealand", "firstName": "Augusta"}))
	require.NoError(t, w.store.MarkPending(t.Context(), acme, record.Contact, []int64{w.linkOf(record.GoHighLevel, g).ID}))
	w.sync()
	require.Equal(t, "Ada", w.row(s)["FirstName"])
	require.Nil(t, w.row(s)["MailingCity"])
	require.Equal(t, record.LinkExcluded, w.linkOf(record.GoHighLevel, g).State)

	// Back inside, it is kept in step again, and what changed meanwhile arrives.
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
	w.onboard()
	require.Equal(t, "Augusta", w.row(s)["FirstName"])
	require.Equal(t, "York", w.row(s)["MailingCity"])
}

func TestAmbiguousPeopleAndNamesakesWaitForAPersonUnwritten(t *testing.T) {
	w := newWorld(t, setting{})
	w.addGoHighLevel(contact("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(row("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(with(row("Martin-Smith", "the.martins@example.com"), "FirstName", "Paul"))
	father := contact("Robertson", "")
	father.FirstName, father.Phone = "Robert", "+12025550143"
	w.addGoHighLevel(father)
	w.addSalesforce(with(with(row("Robertson", "emily@example.com"), "FirstName", "Emily"), "Phone", "(202) 555-0143"))
	w.ghl.ResetStats()
	w.sf.ResetStats()
	counts := w.onboard()
	require.Equal(t, 5, counts.InReview)
	require.Zero(t, counts.Pending)
	require.Zero(t, w.writes())
	problems := map[string]int{}
	for _, link := range w.links() {
		require.Equal(t, record.LinkInReview, link.State)
		problems[link.Problem]++
	}
	require.Equal(t, map[string]int{record.ReviewAmbiguousMatch: 3, record.ReviewNamesakes: 2}, problems)
}

func TestContactsWithNeitherAddressNorNumberAreCreatedOnce(t *testing.T) {
	w := newWorld(t, setting{})
	w.addGoHighLevel(contact("Walker", ""))
	w.addGoHighLevel(contact("Walker", "")) // exactly alike, and still two contacts
	w.addSalesforce(row("Runner", ""))
	w.onboard()
	require.Equal(t, 3, w.ghl.Count())
	require.Equal(t, 3, w.sf.Count("Contact"))
	w.settled()
	require.Equal(t, 3, w.ghl.Count())
	require.Equal(t, 3, w.sf.Count("Contact"))
}

func TestOneRefusedRecordIsHandedOverAndTheOthersAreDone(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 5 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
	}
	bad := w.addGoHighLevel(contact("Broken", "two@@example.com"))
	w.onboard()
	require.Equal(t, 5, w.sf.Count("Contact"))
	link := w.linkOf(record.GoHighLevel, bad)
	require.Equal(t, []int64{link.ID}, w.handedOver())
	require.Empty(t, link.SalesforceID)
	require.Nil(t, link.Intent, "a create that was refused is not under way")
}

func TestARefusalWithoutMarkersLeavesNoIntentBehind(t *testing.T) {
	w := newWorld(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}})
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	bad := w.addGoHighLevel(contact("Broken", "two@@example.com"))
	w.onboard()
	require.Equal(t, 1, w.sf.Count("Contact"))
	link := w.linkOf(record.GoHighLevel, bad)
	require.Equal(t, []int64{link.ID}, w.handedOver())
	require.Nil(t, link.Intent, "a create that was refused is not under way")
}

func TestARowThatIsLockedForNowIsTriedAgain(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.City = "London"
	w.addGoHighLevel(c)
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "lock_row", Count: 1}})
	w.match()
	_, err := w.trySync()
	require.Equal(t, "Busy", string(kindOf(t, err)))
	w.persist()
	require.Equal(t, "London", w.row(s)["MailingCity"])
	require.Empty(t, w.handedOver())
}

func TestAContactThatGoHighLevelRefusesAsADuplicateIsLinkedToItsHalf(t *testing.T) {
	w := newWorld(t, setting{})
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.match()
	// Somebody else makes the contact between reading and writing.
	made := w.ghl.Create(contact("Lovelace", "ada@example.com"))
	w.sync()
	require.Equal(t, 1, w.ghl.Count())
	link := w.linkOf(record.Salesforce, s)
	require.Equal(t, []int64{link.ID}, w.handedOver())
	require.Nil(t, link.Intent)

	// By itself it is looked for, found, and linked.
	w.runHandedOver()
	link = w.linkOf(record.Salesforce, s)
	require.Equal(t, made, link.GoHighLevelID)
	require.Equal(t, record.LinkInStep, link.State)
	require.Nil(t, link.Intent)
	require.Empty(t, w.handedOver())
	require.Equal(t, 1, w.ghl.Count())
	w.settled()
}

func TestAContactThatGoHighLevelRefusesAsADuplicateOfAnotherPersonWaitsForAPerson(t *testing.T) {
	w := newWorld(t, setting{})
	s := w.addSalesforce(with(row("Lovelace", ""), "Phone", "(202) 555-0143"))
	w.match()
	other := contact("Hopperfield", "grace@example.com")
	other.Phone = "+12025550143"
	w.ghl.Create(other)
	w.sync()
	w.runHandedOver()
	require.Equal(t, 1, w.ghl.Count())
	link := w.linkOf(record.Salesforce, s)
	w.waits(link, record.ReviewNamesakes)
	require.Nil(t, link.Intent)
	require.Empty(t, w.handedOver())
}

func TestWhatAPersonChangesBetweenReadingAndWritingIsNotOverwritten(t *testing.T) {
	t.Run("in Salesforce", func(t *testing.T) {
		w := newWorld(t, setting{})
		c := contact("Lovelace", "ada@example.com")
		c.City, c.DateUpdated = "London", earlier.Add(time.Hour)
		g := w.addGoHighLevel(c)
		s := w.addSalesforce(row("Lovelace", "ada@example.com"))
		w.match()
		require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
		w.sync()
		require.Equal(t, "York", w.row(s)["MailingCity"])
		require.Equal(t, "York", w.contact(g).City)
		w.settled()
	})
	t.Run("in GoHighLevel", func(t *testing.T) {
		w := newWorld(t, setting{})
		g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
		s := w.addSalesforce(with(with(row("Lovelace", "ada@example.com"), "MailingCity", "York"), "LastModifiedDate", earlier.Add(time.Hour)))
		w.match()
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "London"}))
		w.sync()
		require.Equal(t, "London", w.contact(g).City)
		require.Equal(t, "London", w.row(s)["MailingCity"])
		w.settled()
	})
}

// Nothing was agreed on yet, so that whatever the other half holds is news: it wins over the deletion.
func TestARecordDeletedBeforeItsFirstSyncIsMadeAgainAndNothingIsDeleted(t *testing.T) {
	t.Run("in Salesforce", func(t *testing.T) {
		w := newWorld(t, deleting("propagate"))
		c := contact("Lovelace", "ada@example.com")
		c.City = "London"
		g := w.addGoHighLevel(c)
		s := w.addSalesforce(row("Lovelace", "ada@example.com"))
		w.match()
		require.NoError(t, w.sf.Delete("Contact", s))
		w.sync()
		w.runHandedOver()
		link := w.linkOf(record.GoHighLevel, g)
		require.NotEqual(t, s, link.SalesforceID)
		require.Equal(t, "London", w.row(link.SalesforceID)["MailingCity"])
		w.oneEach(1)
		w.settled()
	})
	t.Run("in GoHighLevel", func(t *testing.T) {
		w := newWorld(t, deleting("propagate"))
		g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
		s := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "MailingCity", "London"))
		w.match()
		require.NoError(t, w.ghl.Delete(g))
		w.sync()
		w.runHandedOver()
		require.NotEqual(t, g, w.linkOf(record.Salesforce, s).GoHighLevelID)
		require.Equal(t, "London", w.onlyContact().City)
		w.oneEach(1)
		w.settled()
	})
	t.Run("with nothing to write", func(t *testing.T) {
		w := newWorld(t, setting{})
		g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
		w.addSalesforce(row("Lovelace", "ada@example.com"))
		w.match()
		require.NoError(t, w.ghl.Delete(g))
		w.sync()
		require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State, "what was staged shows it yet")
		require.Equal(t, 1, w.again().Differing)
		w.sync()
		w.runHandedOver()
		w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewDeletion)
		require.Equal(t, [2]int{0, 1}, w.counts())
	})
}
