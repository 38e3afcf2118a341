package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// explanation explains a link as the starter does, which has the vault.
func (w *world) explanation(link int64) activities.Explanation {
	w.t.Helper()
	sealed := do[activities.Sealed](w, onContacts.ExplainContact, activities.ExplainContactInput{Connection: acme, LinkID: link})
	out, err := activities.OpenExplanation(assembly.NewCipher(w.vault, acme), sealed)
	require.NoError(w.t, err)
	return out
}

func fieldOf(t *testing.T, e activities.Explanation, field record.Field) activities.FieldNow {
	t.Helper()
	for _, f := range e.Fields {
		if f.Field == field {
			return f
		}
	}
	require.Failf(t, "not explained", "%s is not explained", field)
	return activities.FieldNow{}
}

func TestAnExplanationTellsWhatBothSidesHoldAndHowThatStandsToTheirAgreement(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.City, c.Tags = "London", []string{"vip"}
	g := w.addGoHighLevel(c)
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
	w.ghl.ResetStats()
	w.sf.ResetStats()

	e := w.explanation(w.linkOf(record.GoHighLevel, g).ID)
	require.Equal(t, activities.SideNow{RecordID: g, Found: true}, e.GoHighLevel)
	require.Equal(t, activities.SideNow{RecordID: s, Found: true}, e.Salesforce)
	require.Equal(t, 1, e.RulesVersion)
	require.False(t, e.Excluded)
	city := fieldOf(t, e, record.City)
	require.Equal(t, &activities.ValueNow{Value: record.Value{"York"}, Standing: activities.ValueChanged}, city.GoHighLevel)
	require.Equal(t, &activities.ValueNow{Value: record.Value{"London"}, Standing: activities.ValueAgreed}, city.Salesforce)
	require.Equal(t, activities.FieldRuleNow{
		Direction: reconcile.Both, Conflict: reconcile.Newest, Tie: record.Salesforce, Drift: reconcile.Ignore,
	}, city.Rule)
	tags := fieldOf(t, e, record.Tags)
	require.True(t, tags.Rule.Set)
	require.Empty(t, tags.Rule.Conflict, "sets have no conflicts")
	require.Equal(t, activities.ValueAgreed, tags.Salesforce.Standing)
	require.Zero(t, w.writes(), "explaining writes nothing")
}

func TestWhatWasNeverAgreedOnIsExplainedAsNew(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.match()
	e := w.explanation(w.linkOf(record.GoHighLevel, g).ID)
	require.Equal(t, activities.ValueNew, fieldOf(t, e, record.LastName).GoHighLevel.Standing)
	require.Nil(t, fieldOf(t, e, record.LastName).Salesforce)
	require.Equal(t, activities.SideNow{}, e.Salesforce)
}

func TestAContactIsExplainedThoughOneSideLacksItOrIsDown(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	link := w.linkOf(record.GoHighLevel, g).ID
	require.NoError(t, w.sf.Delete("Contact", s))
	e := w.explanation(link)
	require.Equal(t, activities.SideNow{RecordID: s}, e.Salesforce)
	require.NotNil(t, fieldOf(t, e, record.LastName).GoHighLevel)

	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault503}})
	e = w.explanation(link)
	require.Equal(t, activities.SideNow{RecordID: g, Problem: crm.Unavailable}, e.GoHighLevel)
}

func TestALinkThatIsNotThereCannotBeExplained(t *testing.T) {
	w := newWorld(t, setting{})
	_, err := w.try(onContacts.ExplainContact, activities.ExplainContactInput{Connection: acme, LinkID: 4711})
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestTheJournalOpensWithTheConnectionsCipherOnly(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.City = "London"
	g := w.addGoHighLevel(c)
	w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	rows, err := w.store.Journal(t.Context(), acme, w.linkOf(record.GoHighLevel, g).ID)
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	var written []reconcile.Write
	for _, row := range rows {
		writes, err := activities.OpenJournal(assembly.NewCipher(w.vault, acme), row)
		require.NoError(t, err)
		written = append(written, writes...)
		_, err = activities.OpenJournal(assembly.NewCipher(w.vault, "other"), row)
		require.Error(t, err)
	}
	require.Contains(t, written, reconcile.Write{Field: record.City, After: record.Value{"London"}, Cause: reconcile.CauseFill})
}
