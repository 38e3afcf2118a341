package activities_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func without(scope string) []string {
	return slices.DeleteFunc(slices.Clone(gohighleveltest.AllScopes), func(s string) bool { return s == scope })
}

// problems checks the access; nothing may be written by that.
func (w *world) problems() []string {
	w.t.Helper()
	report := do[activities.AccessReport](w, onContacts.CheckAccess, activities.ConnectionInput{Connection: acme})
	require.Zero(w.t, w.writes())
	for operation := range w.ghl.Stats().ByOperation {
		require.True(w.t, strings.HasPrefix(operation, "GET ") || operation == "POST /contacts/search" ||
			operation == "POST /locations/{locationId}/tasks/search", operation)
	}
	for operation := range w.sf.Stats().Requests {
		require.True(w.t, strings.HasPrefix(operation, "GET ") || operation == "POST /oauth2/token", operation)
	}
	return report.Problems
}

// named sees to it that there is exactly one problem for each list of words, and no other.
func named(t *testing.T, problems []string, words ...[]string) {
	t.Helper()
	require.Len(t, problems, len(words), "%q", problems)
	for _, all := range words {
		require.True(t, slices.ContainsFunc(problems, func(p string) bool {
			return !slices.ContainsFunc(all, func(word string) bool { return !strings.Contains(p, word) })
		}), "no problem names %q: %q", all, problems)
	}
}

func TestAConnectionThatMayDoEverythingHasNoProblem(t *testing.T) {
	w := newWorld(t, setting{})
	require.Empty(t, w.problems())
}

func TestEverythingThatIsMissingIsNamedAtOnce(t *testing.T) {
	w := newWorld(t, setting{
		Options: sandbox.Options{Salesforce: salesforcetest.Options{HiddenFields: []string{"Contact.Birthdate", "Contact.MailingStreet"}}},
		scopes:  without("contacts.write"),
		editRules: func(r string) string {
			return strings.Replace(r, sandbox.PlanKey, "contact.no_such_plan", 1) +
				"    custom.score: {type: number, gohighlevel: contact.no_such_score, salesforce: Score__c}\n"
		},
	})
	named(t, w.problems(),
		[]string{"GoHighLevel", "contacts.write"},
		[]string{"GoHighLevel", "contact.no_such_plan"},
		[]string{"GoHighLevel", "contact.no_such_score"},
		[]string{"Salesforce", "Contact", "Birthdate"},
		[]string{"Salesforce", "Contact", "MailingStreet"},
		[]string{"Salesforce", "Contact", "Score__c"},
	)
}

func TestAnEditionWithoutTheAPIIsNamedOnceBesideWhatGoHighLevelLacks(t *testing.T) {
	w := newWorld(t, setting{
		Options: sandbox.Options{Salesforce: salesforcetest.Options{APIDisabled: true}}, scopes: without("contacts.write"),
	})
	named(t, w.problems(), []string{"GoHighLevel", "contacts.write"}, []string{"salesforce", "API_DISABLED_FOR_ORG"})
}

func TestAScopeThatOpeningTheConnectionNeedsIsNamed(t *testing.T) {
	for _, scope := range []string{"locations.readonly", "locations/customFields.readonly"} {
		w := newWorld(t, setting{scopes: without(scope)})
		named(t, w.problems(), []string{scope})
	}
}

func TestAScopeForReadingContactsIsNamed(t *testing.T) {
	w := newWorld(t, setting{scopes: without("contacts.readonly")})
	named(t, w.problems(), []string{"contacts.readonly"})

	w = newWorld(t, setting{scopes: slices.DeleteFunc(without("contacts.write"), func(s string) bool { return s == "contacts.readonly" })})
	named(t, w.problems(), []string{"contacts.readonly"}, []string{"contacts.write"})
}

func TestAMarkerFieldMustBeUniqueAndAnExternalId(t *testing.T) {
	w := newWorld(t, setting{
		prepare:   func(s *sandbox.Sandbox) { s.Salesforce.AddCustomField("Contact", "Loose_Id__c", "Text") },
		editRules: func(r string) string { return strings.Replace(r, sandbox.ExternalIDField, "Loose_Id__c", 1) },
	})
	named(t, w.problems(), []string{"Loose_Id__c", "External ID", "Unique"})
}

func TestARevokedGrantIsNamed(t *testing.T) {
	w := newWorld(t, setting{})
	w.connection()
	w.sf.RevokeGrant()
	problems := w.problems()
	require.Len(t, problems, 1, "%q", problems)
	require.Contains(t, problems[0], string(crm.NeedsReconnect))
}

func TestTroubleThatPassesFailsTheCheckInsteadOfBeingAProblem(t *testing.T) {
	w := newWorld(t, setting{})
	w.connection()
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "503"}})
	_, err := w.try(onContacts.CheckAccess, activities.ConnectionInput{Connection: acme})
	require.Equal(t, crm.Unavailable, kindOf(t, err))
}

func lacking(scopes ...string) []string {
	return slices.DeleteFunc(slices.Clone(gohighleveltest.AllScopes), func(s string) bool { return slices.Contains(scopes, s) })
}

var kindScopes = []string{"locations/tasks.readonly", "calendars.readonly", "calendars/events.readonly", "calendars/events.write"}

func TestKindsThatAreOffAskForNothing(t *testing.T) {
	w := newWorld(t, setting{
		scopes:  lacking(append(kindScopes, "users.readonly")...),
		Options: sandbox.Options{Salesforce: salesforcetest.Options{HiddenFields: []string{"Task.Description"}}},
	})
	require.Empty(t, w.problems())
	require.Zero(t, w.sf.Stats().Requests["GET /sobjects/{object}/describe"][404])
}

func TestEverythingThatTheKindsNeedIsGranted(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	require.Empty(t, w.problems())
	w = newWorld(t, setting{rules: allKinds, Options: sandbox.Options{Salesforce: salesforcetest.Options{NoEnhancedNotes: true}}})
	require.Empty(t, w.problems(), "an org without enhanced notes has classic ones")
}

func TestEverythingThatTheKindsLackIsNamedAtOnce(t *testing.T) {
	w := newWorld(t, setting{
		rules: allKinds, scopes: lacking(append(kindScopes, "contacts.write")...),
		Options: sandbox.Options{Salesforce: salesforcetest.Options{HiddenFields: []string{"Task.Description"}}},
		editRules: func(r string) string {
			return strings.Replace(r, "tasks:\n", "tasks:\n  complete_as: Done and dusted\n", 1)
		},
	})
	named(t, w.problems(),
		[]string{"contacts.write"}, []string{"calendars/events.write"}, []string{"locations/tasks.readonly"}, []string{"calendars.readonly"},
		[]string{"calendars/events.readonly"}, []string{"Salesforce", "status Done and dusted"},
		[]string{"Task", "Description"}, []string{"Event", "Description"},
	)
}

func TestWhatOpeningTheConnectionLacksIsNamedWithTheRest(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, scopes: lacking("users.readonly", "calendars.readonly")})
	named(t, w.problems(), []string{"users.readonly", "calendars.readonly"})
}

func TestACalendarThatIsNotThereIsNamed(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, editRules: func(r string) string {
		return strings.Replace(r, "appointments:\n", "appointments:\n  create: both\n  calendar: CVokAlI8fgw4WYWoCtQz\n", 1)
	}})
	named(t, w.problems(), []string{"CVokAlI8fgw4WYWoCtQz", "appointments.calendar"})
}

func TestAScopeThatOnlyWritesIsAskedForOnlyWhereSomethingIsWritten(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, scopes: lacking("calendars/events.write"), editRules: func(r string) string {
		fields := ""
		for _, f := range record.AppointmentFields {
			fields += "    " + string(f) + ": {direction: to_salesforce}\n"
		}
		return strings.Replace(r, "appointments:\n", "appointments:\n  deletions: {salesforce: ignore}\n  fields:\n"+fields, 1)
	}})
	require.Empty(t, w.problems())
}

func TestWhatTheRulesAskForSufficesAndNothingOfItCanBeSpared(t *testing.T) {
	var asked []string
	w := newWorld(t, setting{rules: allKinds})
	for _, s := range w.connection().Rules.Scopes() {
		if s.Side == record.GoHighLevel {
			asked = append(asked, s.Name)
		}
	}
	require.Empty(t, newWorld(t, setting{rules: allKinds, scopes: asked}).problems())
	for _, spared := range asked {
		w := newWorld(t, setting{rules: allKinds, scopes: slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return s == spared })})
		require.NotEmpty(t, w.problems(), spared)
	}
}

func TestAnExternalIdOfTasksThatIsMissingIsNamedWithTheClicks(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, editRules: func(r string) string {
		before, tasks, _ := strings.Cut(r, "tasks:\n")
		return before + "tasks:\n" + strings.Replace(tasks, sandbox.ExternalIDField, "Tandem_Task__c", 1)
	}})
	named(t, w.problems(), []string{"Task has no field Tandem_Task__c", "Object Manager > Activity", "External ID, Unique (case sensitive)", "tasks.external_id_field"})
}
