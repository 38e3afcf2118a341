package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

// agency is a location and an org with one user in common, and one each that the other side does not have.
type agency struct{ sam, marketer string }

func (a *agency) setting() setting {
	return setting{
		prepare: func(s *sandbox.Sandbox) {
			a.sam = s.GoHighLevel.AddUser("Sam", "Seller", "Sam.Seller@tandem.example")
			a.marketer = s.GoHighLevel.AddUser("Mary", "Marketer", "mary@agency.example")
		},
		editRules: func(r string) string { return r + "    owner: {direction: both}\n" },
	}
}

func TestAnOwnerTravelsByAddress(t *testing.T) {
	var a agency
	w := newWorld(t, a.setting())
	c := contact("Lovelace", "ada@example.com")
	c.AssignedTo = a.sam
	g := w.addGoHighLevel(c)
	w.addSalesforce(with(row("Hopperfield", "grace@example.com"), "OwnerId", w.sf.PersonUserID()))
	w.onboard()
	require.Equal(t, w.sf.PersonUserID(), w.row(w.linkOf("gohighlevel", g).SalesforceID)["OwnerId"])
	for contact := range w.ghl.All() {
		require.Equal(t, a.sam, contact.AssignedTo)
	}
	w.settled()
}

func TestAnOwnerWhomTheOtherSideDoesNotHaveStaysWhereHeIs(t *testing.T) {
	var a agency
	w := newWorld(t, a.setting())
	c := contact("Lovelace", "ada@example.com")
	c.AssignedTo = a.marketer
	g := w.addGoHighLevel(c)
	s := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "OwnerId", w.sf.APIUserID()))
	created := contact("Hopperfield", "grace@example.com")
	created.AssignedTo = a.marketer
	w.addGoHighLevel(created)
	w.onboard()
	require.Equal(t, a.marketer, w.contact(g).AssignedTo)
	require.Equal(t, w.sf.APIUserID(), w.row(s)["OwnerId"])
	w.settled()

	// Somebody on the other side, whom GoHighLevel does not have either, takes over.
	require.NoError(t, w.ghl.Edit(g, map[string]any{"assignedTo": a.sam}))
	w.onboard()
	require.Equal(t, w.sf.PersonUserID(), w.row(s)["OwnerId"])
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"OwnerId": w.sf.APIUserID()}))
	w.onboard()
	require.Equal(t, a.sam, w.contact(g).AssignedTo, "nobody is assigned in his place, so he stays")
	require.Equal(t, w.sf.APIUserID(), w.row(s)["OwnerId"])
	w.settled()
}
