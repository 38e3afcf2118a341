package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// lackingActivities names one field of tasks and events that the org lacks for both, and one of events alone.
func lackingActivities(r string) string {
	contacts, kinds, _ := strings.Cut(r, "tasks:\n")
	kinds = strings.ReplaceAll(kinds, sandbox.ExternalIDField, "Tandem_Id__c")
	return contacts + "tasks:\n" + kinds + "  status: {show: field, field: GHL_Status__c}\n"
}

func mendingActivities(org salesforcetest.Options) setting {
	return setting{rules: allKinds, editRules: lackingActivities, Options: sandbox.Options{Salesforce: org}}
}

func TestMissingFieldsOfTasksAndEventsAreCreatedOnceForBoth(t *testing.T) {
	for _, kept := range []salesforcetest.ActivityPermissions{
		salesforcetest.PermissionsMirrored, salesforcetest.PermissionsApart, salesforcetest.PermissionsOfActivity,
	} {
		w := newWorld(t, mendingActivities(salesforcetest.Options{SetupAccess: true, ActivityPermissions: kept}))
		named(t, w.checked().Problems,
			[]string{"Task has no field Tandem_Id__c", "starter connections check acme --fix"}, []string{"Event has no field Tandem_Id__c"},
			[]string{"Event has no field GHL_Status__c", "Object Manager > Activity > Fields & Relationships > New: Text, Field Name GHL_Status (or let"},
		)
		first := w.fix()
		require.Equal(t, []string{"Activity.Tandem_Id__c", "Activity.GHL_Status__c"}, first.CreatedInSalesforce, kept)
		require.Empty(t, first.Notes, kept)
		report := w.checked()
		require.Empty(t, report.Problems, kept)
		for _, name := range []string{"Task.Tandem_Id__c", "Event.Tandem_Id__c"} {
			require.Equal(t, activities.GrantedYes, stands(report, record.Salesforce, activities.NeedExternalID, name), kept)
		}
		granted := w.sf.Count("FieldPermissions")
		again := w.fix()
		require.Empty(t, again.CreatedInSalesforce, kept)
		require.Empty(t, again.Notes, kept)
		require.Equal(t, 2, w.fieldsMade(), kept)
		require.Equal(t, granted, w.sf.Count("FieldPermissions"), kept)
	}
}

func TestAnActivityFieldThatIsRefusedItsMarksIsCreatedWithoutThemAndItIsSaidWhatThatMeans(t *testing.T) {
	for _, c := range []struct {
		refuses []string
		without string
		tried   int
	}{
		{[]string{"unique"}, "without being marked Unique, ", 1},
		{[]string{"externalId", "unique"}, "without being marked Unique and External ID, ", 2},
	} {
		w := newWorld(t, mendingActivities(salesforcetest.Options{SetupAccess: true, ActivityRefuses: c.refuses}))
		first := w.fix()
		require.Equal(t, []string{"Activity.Tandem_Id__c", "Activity.GHL_Status__c"}, first.CreatedInSalesforce)
		require.Len(t, first.Notes, 1)
		require.Contains(t, first.Notes[0], c.without)
		require.Contains(t, first.Notes[0], "take tasks.external_id_field and appointments.external_id_field out of the rules")
		require.Equal(t, c.tried, w.sf.Stats().Requests["POST /tooling/sobjects/CustomField"][400])
		problems := w.checked().Problems
		named(t, problems, []string{"Task.Tandem_Id__c must be marked", "tasks.external_id_field"}, []string{"Event.Tandem_Id__c must be marked"})
		require.Empty(t, w.fix().CreatedInSalesforce)
		require.Equal(t, 2, w.fieldsMade())
	}
}

func TestAHiddenActivityFieldIsNotSaidToBeWithoutItsMarks(t *testing.T) {
	w := newWorld(t, mendingActivities(salesforcetest.Options{SetupAccess: true, ActivityRefuses: []string{"unique"}}))
	w.sf.AssignPermissionSet("Another")
	w.fix()
	notes := strings.Join(w.fix().Notes, "\n")
	require.Contains(t, notes, "Activity.Tandem_Id__c is there, and hidden from this user")
	require.Contains(t, notes, "Object Settings > Task and Event > Edit: tick Read Access and Edit Access of Tandem_Id__c")
	require.NotContains(t, notes, "without being marked")
}

func TestWhoMayNotCustomiseTheOrgIsToldTheClicksOfActivitiesToo(t *testing.T) {
	w := newWorld(t, mendingActivities(salesforcetest.Options{}))
	out := w.fix()
	require.Empty(t, out.CreatedInSalesforce)
	require.Len(t, out.Notes, 1, "what refused one field refuses the next")
	require.Contains(t, out.Notes[0], "Customize Application")
	require.Zero(t, w.fieldsMade())
	require.Len(t, w.checked().Problems, 3)
}

// choosing names fields whose GoHighLevel half has options: one of them, several of them, and some that are no picklist's.
func choosing(r string) string {
	return r +
		"    custom.tier: {type: text, gohighlevel: contact.tier, salesforce: Tier__c}\n" +
		"    custom.hobbies: {type: set, gohighlevel: contact.hobbies, salesforce: Hobbies__c}\n" +
		"    custom.shout: {type: text, gohighlevel: contact.shout, salesforce: Shout__c, to_salesforce: upper(value)}\n" +
		"    custom.odd: {type: set, gohighlevel: contact.odd, salesforce: Odd__c}\n" +
		"    custom.bare: {type: set, gohighlevel: contact.bare, salesforce: Bare__c}\n"
}

func TestAFieldOfOptionsIsCreatedAsAPicklistOfThem(t *testing.T) {
	w := newWorld(t, setting{
		editRules: choosing, Options: sandbox.Options{Salesforce: salesforcetest.Options{SetupAccess: true}},
		prepare: func(s *sandbox.Sandbox) {
			s.GoHighLevel.AddCustomField("Tier", "", "SINGLE_OPTIONS", "Gold", " Silver ")
			s.GoHighLevel.AddCustomField("Hobbies", "", "CHECKBOX", "Chess", "Sailing")
			s.GoHighLevel.AddCustomField("Shout", "", "RADIO", "a", "b")
			s.GoHighLevel.AddCustomField("Odd", "", "MULTIPLE_OPTIONS", "This, that", "The other")
			s.GoHighLevel.AddCustomField("Bare", "", "MULTIPLE_OPTIONS")
		},
	})
	named(t, w.checked().Problems,
		[]string{"Tier__c", "New: Picklist"}, []string{"Hobbies__c", "New: MultiselectPicklist"}, []string{"Shout__c", "New: LongTextArea"},
		[]string{"Odd__c", "New, of a type that fits,"}, []string{"Bare__c", "New, of a type that fits,"},
	)
	out := w.fix()
	require.ElementsMatch(t, []string{"Contact.Tier__c", "Contact.Hobbies__c", "Contact.Shout__c"}, out.CreatedInSalesforce)
	require.Len(t, out.Notes, 2)
	require.Equal(t, "picklist: Gold, Silver", w.picklist("Tier__c"))
	require.Equal(t, "multipicklist: Chess, Sailing", w.picklist("Hobbies__c"))
	named(t, w.checked().Problems, []string{"Odd__c"}, []string{"Bare__c"})
	require.Empty(t, w.fix().CreatedInSalesforce)

	_, err := w.connection().Salesforce.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "L", "Tier__c": "Platinum", "Hobbies__c": "chess;rowing"})
	require.NoError(t, err, "whoever adds an option in GoHighLevel keeps no contact from being saved")
}

// picklist is a field of Contact as the connected user sees it: its type and its values.
func (w *world) picklist(name string) string {
	w.t.Helper()
	describe, err := w.connection().Salesforce.DescribeObject(w.t.Context(), "Contact")
	require.NoError(w.t, err)
	for _, f := range describe["fields"].([]any) {
		if f := f.(map[string]any); f["name"] == name {
			var values []string
			for _, v := range f["picklistValues"].([]any) {
				values = append(values, v.(map[string]any)["value"].(string))
			}
			return f["type"].(string) + ": " + strings.Join(values, ", ")
		}
	}
	return ""
}
