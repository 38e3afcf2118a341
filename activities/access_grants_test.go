package activities_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

func TestANewFieldIsNotShownWhereAPersonHasToChooseByWhichPermissionSet(t *testing.T) {
	w := newWorld(t, mending(true))
	w.sf.AssignPermissionSet("Another")
	out := w.fix()
	require.Len(t, out.CreatedInSalesforce, 4)
	require.Zero(t, w.sf.Count("FieldPermissions"))
	notes := strings.Join(out.Notes, "\n")
	require.Contains(t, notes, "nobody sees it yet. Setup > Permission Sets")
	require.Contains(t, notes, "tick Read Access of Story__c")
	require.Contains(t, notes, "permission sets are Another, Tandem. `starter connections check acme --fix --permission-set Another`")
	again := w.fix()
	require.Empty(t, again.CreatedInSalesforce)
	require.Contains(t, strings.Join(again.Notes, "\n"), "is there, and hidden from this user")

	chosen := w.fixBy("tandem")
	require.Empty(t, chosen.CreatedInSalesforce)
	require.Contains(t, strings.Join(chosen.Notes, "\n"), "Contact.Story__c was there, and the permission set Tandem shows it now")
	require.Equal(t, 4, w.sf.Count("FieldPermissions"))
	named(t, w.checked().Problems, []string{"Score__c"}, []string{"pkg__Theirs__c"})
	require.Len(t, w.fixBy("Tandem").Notes, 2, "nothing is left but what a person has to create")
	require.Equal(t, 4, w.fieldsMade())
}

func TestThePermissionSetThatAPersonNamesShowsWhatIsCreated(t *testing.T) {
	w := newWorld(t, mending(true))
	another := w.sf.AssignPermissionSet("Another")
	require.Len(t, w.fixBy("Another").CreatedInSalesforce, 4)
	require.Equal(t, 4, w.sf.Count("FieldPermissions"))
	for _, row := range w.sf.All("FieldPermissions") {
		require.Equal(t, another, row["ParentId"])
	}
	named(t, w.checked().Problems, []string{"Score__c"}, []string{"pkg__Theirs__c"})
}

func TestAPermissionSetThatTheUserDoesNotHaveIsRefusedBeforeAnythingIsCreated(t *testing.T) {
	w := newWorld(t, mending(true))
	w.sf.AssignPermissionSet("Another")
	w.sf.Create("PermissionSet", map[string]any{"Name": "Not_Assigned", "Label": "Not Assigned", "Type": "Regular", "IsCustom": true})
	standard := w.sf.Create("PermissionSet", map[string]any{"Name": "Not_Made", "Label": "Not Made", "Type": "Regular", "IsCustom": false})
	w.sf.Create("PermissionSetAssignment", map[string]any{"AssigneeId": w.sf.APIUserID(), "PermissionSetId": standard})
	for set, why := range map[string]string{
		"Nowhere": "is not there", "Not_Assigned": "is assigned to nobody", "Not_Made": "was made by nobody", "X00ex00000018ozT": "is the profile's",
	} {
		_, err := w.try(onContacts.CreateMissingFields, activities.CreateFieldsInput{Connection: acme, PermissionSet: set})
		require.Equal(t, crm.Invalid, kindOf(t, err), why)
		require.ErrorContains(t, err, set)
		require.ErrorContains(t, err, "it has Another, Tandem")
	}
	require.Zero(t, w.fieldsMade())
	require.Zero(t, w.ghl.Stats().ByOperation["POST /locations/{locationId}/customFields"])
}

func TestWhoMayNotSeePermissionSetsIsToldThatNoneWasLookedFor(t *testing.T) {
	w := newWorld(t, mending(false))
	notes := strings.Join(w.fixBy("Tandem").Notes, "\n")
	require.Contains(t, notes, "the permission set Tandem shows nothing")
	require.Contains(t, notes, "View Setup and Configuration")
	require.Contains(t, notes, "Customize Application")
	require.Zero(t, w.fieldsMade())
}

func TestAFieldThatSomebodyHidStaysHiddenUnlessAPermissionSetIsNamed(t *testing.T) {
	w := newWorld(t, setting{Options: sandbox.Options{Salesforce: salesforcetest.Options{
		SetupAccess: true, HiddenFields: []string{"Contact." + sandbox.PlanField},
	}}})
	out := w.fix()
	require.Empty(t, out.CreatedInSalesforce)
	require.Len(t, out.Notes, 2)
	require.Contains(t, out.Notes[0], "is there, and hidden from this user")
	require.Contains(t, out.Notes[1], "--permission-set Tandem")
	require.Zero(t, w.sf.Count("FieldPermissions"))
	require.NotEmpty(t, w.checked().Problems)

	require.Empty(t, w.fixBy("Tandem").CreatedInSalesforce)
	require.Empty(t, w.checked().Problems)
}

// once answers the first request of a kind as if Salesforce were down.
func once(path string) func(http.Handler) http.Handler {
	down := true
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if down && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, path) {
				down = false
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
}

func TestAGrantThatDoesNotArriveIsMadeUpForOrTold(t *testing.T) {
	lost := mending(true)
	lost.betweenSalesforce = once("/sobjects/FieldPermissions")
	w := newWorld(t, lost)
	out := w.fix()
	require.Len(t, out.CreatedInSalesforce, 4)
	require.Contains(t, strings.Join(out.Notes, "\n"), "Contact.Tandem_Id__c was created, and nobody sees it yet")
	require.Contains(t, strings.Join(out.Notes, "\n"), "--permission-set Tandem")
	require.Equal(t, 3, w.sf.Count("FieldPermissions"))

	lost.betweenSalesforce = once("/sobjects/FieldPermissions")
	w = newWorld(t, lost)
	_, err := w.try(onContacts.CreateMissingFields, activities.CreateFieldsInput{Connection: acme, PermissionSet: "Tandem"})
	require.Equal(t, crm.Retry, kindOf(t, err).Class(), "it is tried again, which is safe where the permission set is named")
	w.fixBy("Tandem")
	require.Equal(t, 4, w.fieldsMade())
	require.Equal(t, 4, w.sf.Count("FieldPermissions"))
	named(t, w.checked().Problems, []string{"Score__c"}, []string{"pkg__Theirs__c"})
}
