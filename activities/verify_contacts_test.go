package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestEveryLinkIsAccountedForOnceInSlicesOfAnySize(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string { return r + "  filter: 'city != \"Sealand\"'\n" }})
	for i := range 7 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
	}
	drifting := w.addGoHighLevel(contact("Drifter", "drifter@example.com"))
	out := contact("Outsider", "outsider@example.com")
	out.City = "Sealand"
	w.addGoHighLevel(out)
	w.addGoHighLevel(contact("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(row("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(row("Martin-Jones", "the.martins@example.com"))
	broken := w.claim(record.GoHighLevel, w.addGoHighLevel(contact("Brokenheart", "two@@example.com")))
	do[any](w, onContacts.CommitContact, activities.CommitRecordInput{Claim: broken, State: record.LinkFailed, Problem: "Rejected"})
	w.match()
	w.sync()
	require.Equal(t, []int64{broken.LinkID}, w.handedOver())
	require.NoError(t, w.ghl.Edit(drifting, map[string]any{"city": "Leeds"}))
	w.stage()
	pending := do[record.Counts](w, onContacts.CountContacts, countInput).Pending

	want := activities.VerifyContactsResult{InStep: 7, InReview: 3, Failed: 1, Excluded: 1, Differing: 1}
	links := w.links()
	for _, size := range []int{1, 4, len(links), 1000} {
		got, slices := activities.VerifyContactsResult{}, 0
		for after := int64(0); ; slices++ {
			require.Less(t, slices, 100)
			out := do[activities.VerifyContactsResult](w, onContacts.VerifyContacts,
				activities.VerifyContactsInput{Connection: acme, After: after, Size: size})
			got.InStep, got.InReview, got.Failed = got.InStep+out.InStep, got.InReview+out.InReview, got.Failed+out.Failed
			got.Excluded, got.Differing = got.Excluded+out.Excluded, got.Differing+out.Differing
			if after = out.Last; after == 0 {
				break
			}
		}
		require.Equal(t, want, got, "in slices of %d", size)
		require.Equal(t, len(links), got.InStep+got.InReview+got.Failed+got.Excluded+got.Differing)
	}
	require.Equal(t, pending+1, do[record.Counts](w, onContacts.CountContacts, countInput).Pending, "what differs is pending again")
	w.sync()
	require.Equal(t, "Leeds", w.row(w.linkOf(record.GoHighLevel, drifting).SalesforceID)["MailingCity"])
}

func TestAnIndexThatLagsIsNotTakenForADifference(t *testing.T) {
	now := time.Now()
	w := newWorld(t, setting{Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: time.Minute, Clock: func() time.Time { return now }}}})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.addSalesforce(with(row("Lovelace", "ada@example.com"), "MailingCity", "York"))
	created := w.addSalesforce(row("Hopperfield", "grace@example.com"))
	now = now.Add(2 * time.Minute)
	w.onboard()
	require.Equal(t, "York", w.contact(g).City)
	require.NotEmpty(t, w.linkOf(record.Salesforce, created).GoHighLevelID)

	// The index shows neither the new city nor the new contact.
	before := w.ghl.Stats()
	out := w.again()
	require.Equal(t, 2, out.InStep)
	require.Zero(t, out.Differing)
	require.Equal(t, 2, w.ghl.Stats().ByOperation["GET /contacts/{contactId}"]-before.ByOperation["GET /contacts/{contactId}"], "only what seems to differ is read once more")
	require.Zero(t, do[record.Counts](w, onContacts.CountContacts, countInput).Pending)
}

func TestARowThatSalesforceDoesNotShowYetIsLookedAtAgainLater(t *testing.T) {
	now := time.Now()
	w := newWorld(t, setting{Options: sandbox.Options{Salesforce: salesforcetest.Options{VisibilityLag: 10 * time.Second, Clock: func() time.Time { return now }}}})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.onboard()
	require.Equal(t, 1, w.sf.Count("Contact"))
	w.addSalesforce(row("Hopperfield", "grace@example.com"))
	out := w.again()
	require.LessOrEqual(t, out.InStep+out.Differing, 1)
	now = now.Add(time.Minute)
	w.onboard()
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State, "absence alone proves nothing")
	require.Equal(t, 2, w.sf.Count("Contact"))
	require.Zero(t, w.again().Differing)
}

func TestVerifyingDoesNotHideThatAVendorIsDown(t *testing.T) {
	w := newWorld(t, setting{})
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.onboard()
	do[any](w, onContacts.UnstageContacts, unstageInput)
	for _, kind := range []string{gohighleveltest.Fault503, gohighleveltest.Fault429} {
		w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: kind}})
		_, err := w.try(onContacts.VerifyContacts, activities.VerifyContactsInput{Connection: acme, Size: 100})
		require.Contains(t, []crm.Kind{crm.Unavailable, crm.RateLimited}, kindOf(t, err))
		require.Zero(t, do[record.Counts](w, onContacts.CountContacts, countInput).Pending)
	}
}
