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
