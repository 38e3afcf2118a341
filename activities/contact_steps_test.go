package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// decide reads both records of a claim as they are now, and decides.
func (w *world) decide(claim activities.RecordClaim) activities.RecordDecision {
	w.t.Helper()
	in := activities.DecideRecordInput{Claim: claim}
	if claim.GoHighLevelID != "" {
		in.GoHighLevel = do[activities.GoHighLevelContact](w, onGoHighLevel.GetGoHighLevelContact,
			activities.GoHighLevelContactInput{Connection: acme, ContactID: claim.GoHighLevelID}).Contact
	}
	if claim.SalesforceID != "" {
		in.Salesforce = do[activities.SealedDocument](w, onSalesforce.GetSalesforceRecord,
			activities.SalesforceRecordInput{Connection: acme, Object: "Contact", ID: claim.SalesforceID}).Document
	}
	return do[activities.RecordDecision](w, onContacts.DecideContact, in)
}

// claim takes the contact of a record.
func (w *world) claim(side record.Side, id string) activities.RecordClaim {
	w.t.Helper()
	return do[activities.RecordClaim](w, onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, Side: side, RecordID: id})
}

func TestAContactIsHeldByOneRunAtATime(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.match()
	link := w.linkOf(record.GoHighLevel, g)
	_, ok, err := w.store.ClaimLink(t.Context(), acme, link.ID, "contact/acme/another-run", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = w.try(onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, LinkID: link.ID})
	require.Equal(t, crm.Kind(activities.TypeClaimed), kindOf(t, err))
}

func TestARunThatClaimsAgainFencesItsEarlierAttemptOff(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	first := w.claim(record.GoHighLevel, g)
	second := w.claim(record.GoHighLevel, g)
	require.Equal(t, first.LinkID, second.LinkID)
	require.NotEqual(t, first.Token, second.Token)
	_, err := w.try(onContacts.CommitContact, activities.CommitRecordInput{Claim: first, State: record.LinkInStep})
	require.Equal(t, crm.Kind(activities.TypeFenced), kindOf(t, err))
	do[any](w, onContacts.CommitContact, activities.CommitRecordInput{Claim: second, State: record.LinkInStep})
}

func TestALinkThatIsNotThereIsNotClaimedForEver(t *testing.T) {
	w := newWorld(t, setting{})
	_, err := w.try(onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, LinkID: 4711})
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestAContactIsCreatedStepByStep(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Tags = []string{"vip"}
	g := w.addGoHighLevel(c)
	claim := w.claim(record.GoHighLevel, g)
	require.Equal(t, g, claim.GoHighLevelID)
	d := w.decide(claim)
	require.Equal(t, record.Salesforce, d.Create)
	require.Equal(t, []record.Field{record.FirstName, record.LastName, record.Email, record.Tags}, d.SalesforceFields)
	require.Equal(t, sandbox.ExternalIDField, d.SalesforceField)
	require.Equal(t, g, d.SalesforceValue)

	settle := activities.SettleRecordInput{Claim: claim, Side: record.Salesforce, Plan: d.Plan}
	require.Equal(t, activities.SettledRecord{}, do[activities.SettledRecord](w, onContacts.SettleContact, settle))
	require.NotNil(t, w.linkOf(record.GoHighLevel, g).Intent)
	saved := do[activities.SalesforceSaved](w, onSalesforce.UpsertSalesforceRecord, activities.SalesforceWriteInput{
		Connection: acme, Object: "Contact", Field: d.SalesforceField, Value: d.SalesforceValue, Record: d.Salesforce,
	})
	claim.SalesforceID = saved.ID
	commit := activities.CommitRecordInput{
		Claim: claim, State: record.LinkInStep, Plan: d.Plan, Wrote: []record.Operation{record.Create}, WroteTo: []record.Side{record.Salesforce},
	}
	do[any](w, onContacts.CommitContact, commit)
	do[any](w, onContacts.CommitContact, commit) // an attempt whose answer was lost

	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(t, saved.ID, link.SalesforceID)
	require.Equal(t, record.LinkInStep, link.State)
	require.Nil(t, link.Intent)
	require.Equal(t, "vip", w.row(saved.ID)[sandbox.TagsField])
	journal, err := w.store.Journal(t.Context(), acme, link.ID)
	require.NoError(t, err)
	require.Len(t, journal, 1)
	require.Equal(t, record.Create, journal[0].Operation)
	require.Equal(t, "default-test-workflow-id", journal[0].Origin)
	require.Empty(t, w.exposed(string(journal[0].Sealed)))
	w.settled()
}

func TestAChangedContactIsUpdatedStepByStepOnBothSides(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Tags = []string{"vip"}
	g := w.addGoHighLevel(c)
	w.onboard()
	s := w.onlyRow()["Id"].(string)
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "London", "tags": []string{"webinar"}}))
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"Phone": "(202) 555-0143", sandbox.TagsField: "vip;navy"}))

	claim := w.claim(record.Salesforce, s)
	require.Equal(t, g, claim.GoHighLevelID)
	d := w.decide(claim)
	require.Empty(t, d.Create)
	require.Equal(t, []record.Field{record.Phone, record.Tags}, d.GoHighLevelFields)
	require.Equal(t, []record.Field{record.City, record.Tags}, d.SalesforceFields)
	require.Equal(t, crm.Document{"phone": "+12025550143"}, unseal[crm.Document](w, record.GoHighLevel, d.GoHighLevel))
	require.Equal(t, []string{"navy"}, unseal[[]string](w, record.GoHighLevel, d.AddTags))
	require.Empty(t, d.RemoveTags)
	require.Equal(t, crm.Document{"MailingCity": "London", sandbox.TagsField: "navy;webinar"}, unseal[crm.Document](w, record.Salesforce, d.Salesforce))

	do[activities.SalesforceSaved](w, onSalesforce.UpdateSalesforceRecord, activities.SalesforceWriteInput{Connection: acme, Object: "Contact", ID: s, Record: d.Salesforce})
	stored := do[activities.GoHighLevelContact](w, onGoHighLevel.UpdateGoHighLevelContact, activities.GoHighLevelWriteInput{Connection: acme, ContactID: g, Contact: d.GoHighLevel})
	do[activities.GoHighLevelTags](w, onGoHighLevel.AddGoHighLevelContactTags, activities.GoHighLevelTagsInput{Connection: acme, ContactID: g, Tags: d.AddTags})
	do[any](w, onContacts.CommitContact, activities.CommitRecordInput{
		Claim: claim, State: record.LinkInStep, Plan: d.Plan, GoHighLevel: stored.Contact,
		Wrote: []record.Operation{record.Update, record.Update}, WroteTo: []record.Side{record.Salesforce, record.GoHighLevel},
	})
	require.ElementsMatch(t, []string{"webinar", "navy"}, w.contact(g).Tags)
	again := w.decide(w.claim(record.Salesforce, s))
	require.Empty(t, again.GoHighLevelFields)
	require.Empty(t, again.SalesforceFields)
	require.Empty(t, again.Contested)
}

func TestAContestedFieldIsNamedAndItsValuesAreNot(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string { return r + "    city: {conflict: ask}\n" }})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.onboard()
	s := w.onlyRow()["Id"].(string)
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	d := w.decide(w.claim(record.Salesforce, s))
	require.Equal(t, []record.Field{record.City}, d.Contested)
	require.Empty(t, d.GoHighLevelFields)
	require.Empty(t, d.SalesforceFields)
}

func TestAnExcludedContactIsNotDecided(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string { return r + "  filter: 'city != \"Sealand\"'\n" }})
	c := contact("Lovelace", "ada@example.com")
	c.City = "Sealand"
	d := w.decide(w.claim(record.GoHighLevel, w.addGoHighLevel(c)))
	require.Equal(t, activities.RecordDecision{Excluded: true}, d)
}

// settle claims a contact that is on one side only and looks for its other half.
func (w *world) settle(side record.Side, id string) activities.SettledRecord {
	w.t.Helper()
	claim := w.claim(side, id)
	d := w.decide(claim)
	require.Equal(w.t, side.Other(), d.Create)
	return do[activities.SettledRecord](w, onContacts.SettleContact, activities.SettleRecordInput{Claim: claim, Side: side.Other(), Plan: d.Plan})
}

func TestTheOtherHalfIsLookedForBeforeItIsCreated(t *testing.T) {
	t.Run("found by address in Salesforce", func(t *testing.T) {
		w := newWorld(t, setting{})
		s := w.addSalesforce(row("Byron", "ADA@example.com"))
		got := w.settle(record.GoHighLevel, w.addGoHighLevel(contact("Lovelace", "ada@example.com")))
		require.Equal(t, activities.SettledRecord{RecordID: s}, got)
	})
	t.Run("found by number and names in GoHighLevel", func(t *testing.T) {
		w := newWorld(t, setting{})
		c := contact("Lovelace", "")
		c.Phone = "+12025550143"
		g := w.addGoHighLevel(c)
		got := w.settle(record.Salesforce, w.addSalesforce(with(row("LOVELACE", "ada@example.com"), "Phone", "202-555-0143")))
		require.Equal(t, activities.SettledRecord{RecordID: g}, got)
	})
	t.Run("an address with a quote is looked for as it is", func(t *testing.T) {
		w := newWorld(t, setting{})
		s := w.addSalesforce(row("O'Brien", "o'brien@example.com"))
		got := w.settle(record.GoHighLevel, w.addGoHighLevel(contact("O'Brien", "o'brien@example.com")))
		require.Equal(t, activities.SettledRecord{RecordID: s}, got)
	})
	t.Run("several share the address", func(t *testing.T) {
		w := newWorld(t, setting{})
		w.addSalesforce(row("Martin-Smith", "the.martins@example.com"))
		w.addSalesforce(row("Martin-Jones", "the.martins@example.com"))
		got := w.settle(record.GoHighLevel, w.addGoHighLevel(contact("Martin-Smith", "the.martins@example.com")))
		require.Equal(t, activities.SettledRecord{Review: record.ReviewAmbiguousMatch}, got)
	})
	t.Run("address and number are two people's", func(t *testing.T) {
		w := newWorld(t, setting{})
		w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
		other := contact("Hopperfield", "")
		other.Phone = "+12025550143"
		w.addGoHighLevel(other)
		got := w.settle(record.Salesforce, w.addSalesforce(with(row("Lovelace", "ada@example.com"), "Phone", "202-555-0143")))
		require.Equal(t, activities.SettledRecord{Review: record.ReviewAmbiguousMatch}, got)
	})
	t.Run("the number is a namesake's", func(t *testing.T) {
		w := newWorld(t, setting{})
		c := contact("Robertson", "")
		c.FirstName, c.Phone = "Robert", "+12025550143"
		w.addGoHighLevel(c)
		got := w.settle(record.Salesforce, w.addSalesforce(with(row("Robertson", ""), "Phone", "202-555-0143")))
		require.Equal(t, activities.SettledRecord{Review: record.ReviewNamesakes}, got)
	})
	t.Run("the one who has the address is somebody else's other half", func(t *testing.T) {
		w := newWorld(t, setting{})
		w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
		w.onboard()
		got := w.settle(record.Salesforce, w.addSalesforce(row("Byron", "ada@example.com")))
		require.Equal(t, activities.SettledRecord{Review: record.ReviewDuplicateRefused}, got)
	})
	t.Run("nobody", func(t *testing.T) {
		w := newWorld(t, setting{})
		require.Equal(t, activities.SettledRecord{}, w.settle(record.Salesforce, w.addSalesforce(row("Lovelace", "ada@example.com"))))
		require.Equal(t, activities.SettledRecord{}, w.settle(record.Salesforce, w.addSalesforce(row("Walker", ""))))
	})
}

func TestACreateThatDiedInTheRecordLaneIsFoundAgain(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		w := newWorld(t, setting{
			Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true}},
			rules:   sandbox.RulesOptions{NoMarkers: noMarkers},
		})
		claim := w.claim(record.Salesforce, w.addSalesforce(row("Walker", ""))) // nothing to look it up by
		d := w.decide(claim)
		in := activities.SettleRecordInput{Claim: claim, Side: record.GoHighLevel, Plan: d.Plan}
		require.Equal(t, activities.SettledRecord{}, do[activities.SettledRecord](w, onContacts.SettleContact, in))
		w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Path: "/contacts/", Count: 1}})
		_, err := w.try(onGoHighLevel.CreateGoHighLevelContact, activities.GoHighLevelWriteInput{Connection: acme, Contact: d.GoHighLevel})
		require.Equal(t, crm.Ambiguous, kindOf(t, err))
		require.Equal(t, activities.SettledRecord{RecordID: w.onlyContact().ID}, do[activities.SettledRecord](w, onContacts.SettleContact, in))
	}
}

func TestTwoContactsThatFindTheSameRecordDoNotShareIt(t *testing.T) {
	w := newWorld(t, setting{})
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	first := w.claim(record.GoHighLevel, w.addGoHighLevel(contact("Lovelace", "ada@example.com")))
	second := w.claim(record.GoHighLevel, w.addGoHighLevel(contact("Byron", "ada@example.com")))
	first.SalesforceID, second.SalesforceID = s, s
	do[any](w, onContacts.CommitContact, activities.CommitRecordInput{Claim: first, State: record.LinkInStep})
	do[any](w, onContacts.CommitContact, activities.CommitRecordInput{Claim: second, State: record.LinkInStep})
	require.Equal(t, first.LinkID, w.linkOf(record.Salesforce, s).ID)
	link := w.linkOf(record.GoHighLevel, second.GoHighLevelID)
	require.Equal(t, record.LinkInReview, link.State)
	require.Equal(t, record.ReviewDuplicateRefused, link.Problem)
	require.Empty(t, link.SalesforceID)
}
