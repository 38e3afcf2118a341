package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// lackingInSalesforce names fields that the org lacks: one of each sort that can be created, and two that leave a choice.
func lackingInSalesforce(r string) string {
	return strings.Replace(r, sandbox.ExternalIDField, "Tandem_Id__c", 1) +
		"    custom.nickname: {type: country, gohighlevel: contact.nick_name, salesforce: Nick_Name__c}\n" +
		"    custom.story: {type: text, gohighlevel: contact.story, salesforce: Story__c, direction: to_gohighlevel}\n" +
		"    custom.vip: {type: bool, gohighlevel: contact.vip, salesforce: VIP__c}\n" +
		"    custom.score: {type: number, gohighlevel: contact.score, salesforce: Score__c}\n" +
		"    custom.theirs: {type: text, gohighlevel: contact.theirs, salesforce: pkg__Theirs__c}\n"
}

func mending(setup bool) setting {
	return setting{
		editRules: lackingInSalesforce,
		Options:   sandbox.Options{Salesforce: salesforcetest.Options{SetupAccess: setup}},
		prepare: func(s *sandbox.Sandbox) {
			for _, name := range []string{"Nick Name", "Story", "VIP", "Score", "Theirs"} {
				s.GoHighLevel.AddCustomField(name, "", "TEXT")
			}
		},
	}
}

func (w *world) fieldsMade() int {
	return w.sf.Stats().Requests["POST /tooling/sobjects/CustomField"][201]
}

func TestContactsMissingFieldsAreCreatedOnceAndShownToTheConnectedUser(t *testing.T) {
	w := newWorld(t, mending(true))
	require.Len(t, w.checked().Problems, 6)
	first := w.fix()
	require.Equal(t, []string{"Contact.Tandem_Id__c", "Contact.Nick_Name__c", "Contact.Story__c", "Contact.VIP__c"}, first.CreatedInSalesforce)
	require.Len(t, first.Notes, 2)
	report := w.checked()
	named(t, report.Problems, []string{"Score__c", "Setup > Object Manager"}, []string{"pkg__Theirs__c"})
	require.Equal(t, activities.GrantedYes, stands(report, record.Salesforce, activities.NeedExternalID, "Contact.Tandem_Id__c"))
	require.Equal(t, activities.GrantedYes, stands(report, record.Salesforce, activities.NeedField, "Contact.Nick_Name__c"))
	require.Equal(t, activities.GrantedYes, stands(report, record.Salesforce, activities.NeedField, "Contact.Story__c"))

	require.Empty(t, w.fix().CreatedInSalesforce)
	require.Equal(t, 4, w.fieldsMade())
	require.Equal(t, 4, w.sf.Count("FieldPermissions"))
}

func TestWhoeverMayNotCustomiseTheOrgIsToldToHaveItDone(t *testing.T) {
	w := newWorld(t, mending(false))
	out := w.fix()
	require.Empty(t, out.CreatedInSalesforce)
	require.Contains(t, strings.Join(out.Notes, "\n"), "Customize Application")
	require.Zero(t, w.fieldsMade())
	named(t, w.checked().Problems,
		[]string{"Tandem_Id__c", "Text, length 255", "External ID, Unique (case sensitive)"},
		[]string{"Nick_Name__c", "Contact > Fields & Relationships > New: Text, Field Name Nick_Name"},
		[]string{"Story__c", "New: LongTextArea"}, []string{"VIP__c", "New: Checkbox"}, []string{"Score__c"}, []string{"pkg__Theirs__c"},
	)
}

func TestDuplicateRulesOfTheOrgAreToldWithWhatComesOfThem(t *testing.T) {
	asked := newWorld(t, setting{}).asked()
	told := func(rule string, edit func(string) string) activities.AccessReport {
		w := newWorld(t, setting{scopes: asked, editRules: edit, Options: sandbox.Options{Salesforce: salesforcetest.Options{SetupAccess: true, DuplicateRule: rule}}})
		report := w.checked()
		require.Empty(t, report.Problems, "a rule keeps nothing from working")
		return report
	}
	const name = "Contact: Standard Contact Duplicate Rule"
	report := told("alert", nil)
	require.Equal(t, activities.GrantedActive, stands(report, record.Salesforce, activities.NeedDuplicateRule, name))
	for _, rule := range []string{"Contact: Same E-mail (Email)", "Contact: Same Phone (Phone, LastName)"} {
		require.Equal(t, activities.GrantedActive, stands(report, record.Salesforce, activities.NeedMatchingRule, rule))
	}
	require.Len(t, report.Notes, 1)
	require.Contains(t, report.Notes[0], "is saved where they only alert")
	require.Contains(t, report.Notes[0], "starter runs --failed --connection acme")
	strict := told("block", func(r string) string {
		return strings.Replace(r, "salesforce:\n", "salesforce:\n  allow_duplicates: false\n", 1)
	})
	require.Contains(t, strict.Notes[0], "is refused also where they only alert")
	none := told("", nil)
	require.Equal(t, activities.GrantedInactive, stands(none, record.Salesforce, activities.NeedDuplicateRule, "Contact"))
	require.Empty(t, none.Notes)

	unseen := newWorld(t, setting{scopes: asked}).checked()
	require.Equal(t, activities.GrantedUnknown, stands(unseen, record.Salesforce, activities.NeedDuplicateRule, "Contact"))
	require.Empty(t, unseen.Notes)
}
