package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestOurOwnWriteThatComesBackByWebhookCostsNoRun(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	w.hear(recordLane, inSalesforce(s))
	require.Equal(t, "York", w.contact(g).City)

	w.announce(inGoHighLevel(g))
	require.Empty(t, w.plan().Record, "it holds what both sides agreed on")

	// A person's edit is another thing, also where it comes at the same moment.
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds"}))
	w.announce(inGoHighLevel(g))
	require.Len(t, w.plan().Record, 1)
}

func TestWhatCannotBeReadIsNoEcho(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	w.hear(recordLane, inSalesforce(s))
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault500, Rate: 1}})
	w.announce(inGoHighLevel(g))
	require.Len(t, w.plan().Record, 1)
}

func TestAnEchoOfAContactThatIsPendingAnywayIsLeftAlone(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	w.hear(recordLane, inSalesforce(s))
	w.announce(inSalesforce(s))
	w.plan()
	w.announce(inGoHighLevel(g))
	require.Equal(t, []int64{w.linkOf(record.GoHighLevel, g).ID}, w.plan().Record)
}
