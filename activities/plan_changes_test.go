package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func (w *world) announced() (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRow(w.t.Context(), "SELECT count(*) FROM announced").Scan(&n))
	return n
}

func TestWhatIsAnnouncedBecomesPendingOnce(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	fresh := w.sf.Create("Contact", row("Hopperfield", "grace@example.com"))
	w.announce(inGoHighLevel(g), inSalesforce(s), inSalesforce(fresh), inSalesforce(fresh))
	plan := w.plan()
	require.True(t, plan.Live)
	require.Equal(t, []int64{w.linkOf(record.GoHighLevel, g).ID, w.linkOf(record.Salesforce, fresh).ID}, plan.Record)
	require.Zero(t, plan.Bulk)
	require.Zero(t, w.announced())
	require.Equal(t, plan, w.plan(), "planning again plans the same")
	w.hear(recordLane)
	require.Empty(t, w.plan().Record)
	w.oneEach(2)
}

func TestADeletionOfWhomNobodyKnowsHasNoEffect(t *testing.T) {
	w := newWorld(t, setting{})
	w.goLive()
	w.announce(gone(inGoHighLevel("nobodyKnowsThisOne00")), gone(inSalesforce("003000000000zzzAAA")))
	plan := w.plan()
	require.Empty(t, plan.Record)
	require.Zero(t, plan.Bulk)
	require.Zero(t, w.announced())
	require.Empty(t, w.links())
}

func TestBeforeAConnectionIsLiveChangesAreKept(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.ghl.Create(contact("Lovelace", "ada@example.com"))
	w.announce(inGoHighLevel(g))
	require.False(t, w.plan().Live)
	require.Equal(t, 1, w.announced())
	require.Empty(t, w.links())

	w.goLive()
	_, err := w.db.Exec(t.Context(), "UPDATE connections SET state = $1", record.ConnectionPaused)
	require.NoError(t, err)
	require.False(t, w.plan().Live)
	require.Equal(t, 1, w.announced())

	_, err = w.db.Exec(t.Context(), "UPDATE connections SET state = $1", record.ConnectionActive)
	require.NoError(t, err)
	require.Len(t, w.plan().Record, 1)
	require.Zero(t, w.announced())
}

func TestManyChangesGoInBulk(t *testing.T) {
	s := setting{}
	s.rules.Extra = "live:\n  record_lane_max: 3\n"
	w := newWorld(t, s)
	ghl, _ := w.clusterOf(4)
	for _, id := range ghl {
		require.NoError(t, w.ghl.Edit(id, map[string]any{"city": "Leeds"}))
	}
	w.announce(inGoHighLevel(ghl[0]), inGoHighLevel(ghl[1]), inGoHighLevel(ghl[2]))
	few := w.plan()
	require.Len(t, few.Record, 3)
	require.True(t, few.Whole)
	require.Zero(t, few.Gather)
	w.announce(inGoHighLevel(ghl[3]))
	plan := w.plan()
	require.Empty(t, plan.Record)
	require.Equal(t, 4, plan.Bulk)
	require.False(t, plan.Whole)
	require.Positive(t, plan.Gather)
	w.sync()
	plan = w.plan()
	require.Empty(t, plan.Record)
	require.Zero(t, plan.Bulk)
}

func TestOurOwnWritesComingBackDecideNothing(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, setting{})
		g, s := w.couple("Lovelace", "ada@example.com")
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Leeds", "phone": "+12025550143", "tags": []string{"vip"}}))
		require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingState": "NY", "MailingCountry": "United States"}))
		w.hear(by, inGoHighLevel(g), inSalesforce(s))
		require.Equal(t, "Leeds", w.row(s)["MailingCity"])
		require.Equal(t, "US", w.contact(g).Country)
		link := w.linkOf(record.GoHighLevel, g)
		w.silent(by, inGoHighLevel(g), inSalesforce(s))
		require.Equal(t, link, w.linkOf(record.GoHighLevel, g))

		// What Tandem itself created comes back as well.
		fresh := w.ghl.Create(contact("Hopperfield", "grace@example.com"))
		w.hear(by, inGoHighLevel(fresh))
		made := w.linkOf(record.GoHighLevel, fresh).SalesforceID
		w.silent(by, inGoHighLevel(fresh), inSalesforce(made))
		require.Equal(t, [2]int{2, 2}, w.counts())
	})
}

// outsideSealand leaves out whoever lives in Sealand.
func outsideSealand(policy string) setting {
	s := deleting(policy)
	edit := s.editRules
	s.editRules = func(file string) string {
		return strings.Replace(edit(file), "  fields:\n", "  filter: 'city != \"Sealand\"'\n  fields:\n", 1)
	}
	return s
}

func TestWhoLeavesTheFilterKeepsItsBaseAndComesBackByIt(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, outsideSealand("propagate"))
		g, s := w.couple("Lovelace", "ada@example.com")
		before := w.linkOf(record.GoHighLevel, g)
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Sealand"}))
		w.hear(by, inGoHighLevel(g))
		link := w.linkOf(record.GoHighLevel, g)
		require.Equal(t, record.LinkExcluded, link.State)
		require.Equal(t, record.ProblemLeftFilter, link.Problem)
		require.Equal(t, before.Base, link.Base)
		require.Nil(t, w.row(s)["MailingCity"])

		// Edits on either side while it is outside stay where they are.
		require.NoError(t, w.ghl.Edit(g, map[string]any{"firstName": "Augusta"}))
		require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingState": "NY"}))
		w.silent(by, inGoHighLevel(g), inSalesforce(s))
		require.Equal(t, "Ada", w.row(s)["FirstName"])

		// Back inside, both arrive, and neither is taken for a conflict.
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
		w.hear(by, inGoHighLevel(g))
		require.Equal(t, "Augusta", w.row(s)["FirstName"])
		require.Equal(t, "York", w.row(s)["MailingCity"])
		require.Equal(t, "NY", w.contact(g).State)
		link = w.linkOf(record.GoHighLevel, g)
		require.Equal(t, record.LinkInStep, link.State)
		require.Empty(t, link.Problem)
		w.silent(by, inGoHighLevel(g), inSalesforce(s))
	})
}

func TestADeletionFollowsTheLinkOutsideTheFilterToo(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, outsideSealand("propagate"))
		g, s := w.couple("Lovelace", "ada@example.com")
		require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Sealand"}))
		w.hear(by, inGoHighLevel(g))
		require.Equal(t, record.LinkExcluded, w.linkOf(record.GoHighLevel, g).State)
		w.hear(by, w.remove(record.GoHighLevel, g, s))
		require.Equal(t, [2]int{0, 0}, w.counts())
	})
}
