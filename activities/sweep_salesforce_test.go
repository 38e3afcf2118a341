package activities_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// orgAt is a world whose org lives by a clock of its own.
func orgAt(t *testing.T, options salesforcetest.Options) (*world, *clock) {
	t.Helper()
	c := &clock{at: time.Now().UTC().Truncate(time.Second)}
	options.Clock = c.now
	s := setting{}
	s.Salesforce = options
	return newWorld(t, s), c
}

func TestARowThatIsCreatedOrEditedInSalesforceIsMarkedOnce(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"FirstName": "Augusta"}))
	added := w.sf.Create("Contact", map[string]any{"LastName": "Hopperfield"})
	require.Equal(t, 2, w.sweep().Changes)
	require.ElementsMatch(t, []mark{{record.Salesforce, sf, false}, {record.Salesforce, added, false}}, w.takeAnnounced())
	require.Equal(t, []string{acme}, w.bell.rung)
	require.Equal(t, map[string]int{"create": 1, "update": 1}, w.heard(record.Salesforce))

	require.Zero(t, w.sweep().Changes, "the overlap is read again, and nothing in it is new")
	require.Empty(t, w.takeAnnounced())
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"FirstName": "Ada Augusta"}))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, false}}, w.takeAnnounced(), "another edit within the same second is another change")
}

func TestThousandsOfRowsOfOneSecondAreAllMarked(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{})
	w.sweepFrom(c.now())
	all := map[string]bool{}
	for i := range 4100 {
		all[w.sf.Create("Contact", map[string]any{"LastName": fmt.Sprintf("Row-%05d", i)})] = true
	}
	c.pass(time.Minute)
	w.sweep()
	found := ids(w.takeAnnounced(), record.Salesforce)
	require.Len(t, found, 4100)
	for _, id := range found {
		require.True(t, all[id])
	}
	// The vendor tells the time in whole seconds.
	require.WithinDuration(t, c.now().Add(-5*time.Second), w.sweptTo(record.Salesforce), 2*time.Second)
}

func TestRowsThatBecomeVisibleLateAreMarked(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{VisibilityLag: 4 * time.Minute, VisibilityLagRate: 0.5, Seed: 7})
	w.sweepFrom(c.now())
	all := map[string]bool{}
	found := map[string]bool{}
	look := func() {
		w.sweep()
		for _, id := range ids(w.takeAnnounced(), record.Salesforce) {
			require.False(t, found[id], "a row is marked twice")
			found[id] = true
		}
	}
	for i := range 300 {
		in := map[string]any{"LastName": fmt.Sprintf("Row-%05d", i)}
		all[w.sf.Create("Contact", in)] = true
		if i%30 == 29 {
			c.pass(20 * time.Second)
			look()
		}
	}
	require.Less(t, len(found), len(all), "some rows are late, or this proves nothing")
	c.pass(5 * time.Minute)
	look()
	require.Equal(t, all, found)
}

func TestOurOwnWriteComingBackIsNoChange(t *testing.T) {
	w := newWorld(t, setting{})
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.addSalesforce(row("Hopperfield", "grace@example.com"))
	begun := time.Now()
	w.onboard()
	require.Equal(t, 2, w.sf.Count("Contact"))
	require.Equal(t, 2, w.ghl.Count())
	w.sweepFrom(begun)
	out := w.sweep()
	require.Zero(t, out.Changes, "%v", w.takeAnnounced())
	require.Equal(t, 3, out.Echoes, "the contact created on each side comes back, and the one that was given the id of its new half")
	require.Empty(t, w.takeAnnounced())
	require.Empty(t, w.bell.rung)
}

func TestAnEditOfWhatIsNotSyncedIsNoChange(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"Description": "likes engines"}))
	out := w.sweep()
	require.Zero(t, out.Changes)
	require.Equal(t, 1, out.Echoes)
}

func TestAnEditIsMarkedWhileASyncOfItsContactIsDue(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	link := w.linkOf(record.Salesforce, sf)
	require.NoError(t, w.store.MarkPending(t.Context(), acme, record.Contact, []int64{link.ID}))
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"Description": "likes engines"}))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, false}}, w.takeAnnounced(), "what the sync will make of it nobody knows")
}

func TestWhoReturnsIntoTheFilterIsMarkedAndWhoStaysOutsideIsNot(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string {
		return strings.Replace(r, "  fields:\n", "  filter: 'city != \"Sealand\"'\n  fields:\n", 1)
	}})
	sf := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "MailingCity", "Sealand"))
	begun := time.Now()
	w.onboard()
	require.Equal(t, record.LinkExcluded, w.linkOf(record.Salesforce, sf).State)
	w.sweepFrom(begun)
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"FirstName": "Augusta"}))
	w.sweep()
	require.Empty(t, w.takeAnnounced())
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"MailingCity": "York"}))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, false}}, w.takeAnnounced())
}

func TestADeletedRowIsMarkedForItsLinkOnly(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	stranger := w.sf.Create("Contact", map[string]any{"LastName": "Stranger"})
	require.NoError(t, w.sf.Delete("Contact", stranger))
	require.NoError(t, w.sf.Delete("Contact", sf))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, true}}, w.takeAnnounced())
	require.Equal(t, map[string]int{"delete": 1}, w.heard(record.Salesforce))
	w.sweep()
	require.Empty(t, w.takeAnnounced())

	_, err := w.db.Exec(t.Context(), `UPDATE links SET state = 6`) // what the sync made of it
	require.NoError(t, err)
	w.sweep()
	require.Empty(t, w.takeAnnounced())
	require.NoError(t, w.sf.Undelete("Contact", sf))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, false}}, w.takeAnnounced())
}

func TestAMergeMarksTheLoserAndTheSurvivor(t *testing.T) {
	w, _, loser := inStep(t, setting{})
	winner := w.sf.Create("Contact", map[string]any{"LastName": "Lovelace"})
	w.sweep()
	w.takeAnnounced()
	require.NoError(t, w.sf.Merge(winner, loser))
	_, err := w.store.EnsureLink(t.Context(), acme, record.Contact, record.Salesforce, winner)
	require.NoError(t, err)
	w.sweep()
	require.ElementsMatch(t, []mark{{record.Salesforce, loser, true}, {record.Salesforce, winner, false}}, w.takeAnnounced())
	require.Equal(t, 1, w.heard(record.Salesforce)["merge"])
}

// The loser's sync ties its other half to the survivor; one of the survivor's own might give it another one before.
func TestASurvivorThatNothingHoldsIsLeftToTheSyncOfTheLoser(t *testing.T) {
	w, g, loser := inStep(t, setting{})
	winner := w.sf.Create("Contact", map[string]any{"LastName": "Survivor", "Email": "survivor@example.com"})
	require.NoError(t, w.sf.Merge(winner, loser))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, loser, true}}, w.takeAnnounced())
	require.Equal(t, 1, w.heard(record.Salesforce)["merge"])
	w.hear(recordLane, gone(inSalesforce(loser)))
	require.Equal(t, winner, w.linkOf(record.GoHighLevel, g).SalesforceID)
	require.Equal(t, "Survivor", w.contact(g).LastName)
	require.NoError(t, w.sf.Edit("Contact", winner, map[string]any{"MailingCity": "York"}))
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, winner, false}}, w.takeAnnounced())
}

func TestASurvivorIsHeardOfWhereTheLosersSyncDoesNotTakeIt(t *testing.T) {
	w, _, loser := inStep(t, setting{})
	winner := w.sf.Create("Contact", map[string]any{"LastName": "Survivor", "Email": "survivor@example.com"})
	require.NoError(t, w.sf.Merge(winner, loser))
	w.sweep()
	w.takeAnnounced()
	_, err := w.db.Exec(t.Context(), `UPDATE links SET state = 7`) // as where a person has parted them
	require.NoError(t, err)
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, winner, false}}, w.takeAnnounced())
}

func TestAPurgedRowIsFoundInTheDeleteLog(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{})
	sf := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	w.sweepFrom(c.now())
	c.pass(10 * time.Minute)
	w.sweep()
	w.takeAnnounced()
	require.NoError(t, w.sf.Delete("Contact", sf))
	require.NoError(t, w.sf.Purge("Contact", sf))
	c.pass(6 * time.Minute)
	w.sweep()
	require.Equal(t, []mark{{record.Salesforce, sf, true}}, w.takeAnnounced())
	for range 4 {
		c.pass(6 * time.Minute)
		w.sweep()
		require.Empty(t, w.takeAnnounced(), "the delete log is read with an overlap, and what is in it is told once")
	}
}

func TestWhereDeletionsAreForgottenAllIdsAreCompared(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{})
	rows := make([]map[string]any, 2300)
	for i := range rows {
		rows[i] = row(fmt.Sprintf("Row-%05d", i), "")
	}
	all := w.sf.Load("Contact", rows)
	w.match()
	w.sweepFrom(c.now())
	c.pass(time.Minute)
	w.sweep()
	require.Len(t, w.takeAnnounced(), len(all))
	_, err := w.db.Exec(t.Context(), `DELETE FROM pending`)
	require.NoError(t, err)

	gone := []string{all[3], all[1999], all[2000], all[2299]}
	for _, id := range gone {
		require.NoError(t, w.sf.Delete("Contact", id))
		require.NoError(t, w.sf.Purge("Contact", id))
	}
	added := w.sf.Create("Contact", map[string]any{"LastName": "Stranger"})
	c.pass(20 * 24 * time.Hour)
	w.sweep()
	want := []mark{{record.Salesforce, added, false}}
	for _, id := range gone {
		want = append(want, mark{record.Salesforce, id, true})
	}
	require.ElementsMatch(t, want, w.takeAnnounced())
	w.sweep()
	require.Empty(t, w.takeAnnounced(), "one census is enough")
}

func TestAPassThatIsCutOffGoesOnWhereItStopped(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{})
	w.sweepFrom(c.now())
	for i := range 4100 {
		w.sf.Create("Contact", map[string]any{"LastName": fmt.Sprintf("Row-%05d", i)})
	}
	c.pass(time.Minute)
	before := w.sweptTo(record.Salesforce)
	w.connection()
	w.due()
	stop := make(chan struct{})
	env := w.env()
	env.SetWorkerStopChannel(stop)
	w.bell.heard = sync.OnceFunc(func() { close(stop) }) // the worker is told to stop once the first page is stored
	_, err := env.ExecuteActivity(onSweeps.SweepShard, shard)
	require.NoError(t, err)
	first := ids(w.takeAnnounced(), record.Salesforce)
	require.Len(t, first, 2000)
	require.Equal(t, before, w.sweptTo(record.Salesforce), "nothing counts as known before the last page")

	w.anotherWorker()
	w.sweep()
	rest := ids(w.takeAnnounced(), record.Salesforce)
	require.Equal(t, 4100, len(first)+len(rest), "no page is told of twice")
}

func TestAFailureIsWrittenDownAndTheSideIsLeftAloneForAWhile(t *testing.T) {
	w, ghl, _ := inStep(t, setting{})
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "500", Rate: 1}})
	require.NoError(t, w.ghl.Edit(ghl, map[string]any{"firstName": "Augusta"}))
	before := w.sweptTo(record.Salesforce)
	w.due()
	out := do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Equal(t, 1, out.Failed)
	require.Equal(t, []mark{{record.GoHighLevel, ghl, false}}, w.takeAnnounced(), "one side's failure is not the other's")
	require.Equal(t, map[record.Side]string{record.Salesforce: "Unavailable"}, w.troubles())
	require.Equal(t, before, w.sweptTo(record.Salesforce))
	require.Zero(t, do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Swept)

	w.sf.SetFaults(nil)
	w.sweep()
	require.Empty(t, w.troubles())
}
