package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// agreed is what both sides of a link agreed on last.
func (w *world) agreed(link record.Link) reconcile.Base {
	w.t.Helper()
	base, err := reconcile.DecodeBase(link.Base)
	require.NoError(w.t, err)
	return base
}

func TestAnAddressThatAnotherContactHoldsWaitsForAPersonAndLosesNobodysEdit(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, setting{})
		g, s := w.couple("Lovelace", "ada@example.com")
		other, _ := w.couple("Byron", "byron@example.com")
		link := w.linkOf(record.GoHighLevel, g)
		agreed := w.agreed(link)[record.Email]
		// Salesforce takes an address twice, GoHighLevel does not.
		require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"Email": "byron@example.com"}))
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
		w.hear(by, inGoHighLevel(g), inSalesforce(s))
		link = w.linkOf(record.GoHighLevel, g)
		review := w.waits(link, record.ReviewIdentity)
		require.Equal(t, record.GoHighLevel, review.Side)
		require.Equal(t, "Leeds", w.row(s)["MailingCity"], "what could be written was")
		require.Equal(t, "Leeds", w.lastWrite(link.ID, record.Salesforce, record.City).After.Text())
		now := w.agreed(link)[record.Email]
		now.Tried = nil
		require.Equal(t, agreed, now, "they have not agreed on what was refused")

		// A person mends it, and nobody has to tell.
		require.NoError(t, w.ghl.Edit(other, map[string]any{"email": "lord@example.com"}))
		w.hear(by, inGoHighLevel(other))
		w.hear(by, inSalesforce(s))
		link = w.linkOf(record.GoHighLevel, g)
		require.Equal(t, record.LinkInStep, link.State)
		require.Equal(t, "byron@example.com", w.contact(g).Email)
		require.Equal(t, "byron@example.com", w.row(s)["Email"])
		require.Equal(t, "Leeds", w.contact(g).City)
		require.Empty(t, w.reviews())
	})
}
