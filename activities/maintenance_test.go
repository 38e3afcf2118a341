package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestMaintenanceFindsADeletedTaskThatNothingToldOf(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	lost, kept := w.todo(ada.ghl, "Send the offer"), w.todo(ada.ghl, "Call back")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(lost)), of(ada.ghl, inGoHighLevel(kept)))
	require.NoError(t, w.ghl.DeleteTask(lost))
	require.Equal(t, 1, part(w.calmly(), record.MaintainRecords).Marked)
	require.Contains(t, w.bell.rung, acme)
	require.Equal(t, []mark{{record.GoHighLevel, lost, true}}, w.takeAnnounced(), "it is marked, and nothing is done about it here")
	require.Len(t, w.live("Task"), 2)

	w.hearOf(record.Task, gone(inGoHighLevel(lost)))
	require.Equal(t, "Call back", w.only("Task")["Subject"])
	require.Zero(t, part(w.calmly(), record.MaintainRecords).Marked, "what is in step is left alone")
}

func TestMaintenanceFindsATaskThatWasCompletedWithoutAWord(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.CompleteTask(id))
	w.calmly()
	w.drain()
	require.Equal(t, true, w.only("Task")["IsClosed"])
}

func TestMaintenanceFindsWhatChangedAndWhatIsGoneInSalesforce(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	var rows []string
	for i := range 4 {
		rows = append(rows, w.sf.Create("Task", taskRow(ada.sf, fmt.Sprintf("Task %d", i))))
		w.hearOf(record.Task, of(ada.sf, inSalesforce(rows[i])))
	}
	require.NoError(t, w.sf.Edit("Task", rows[0], map[string]any{"Subject": "Another"}))
	require.NoError(t, w.sf.Delete("Task", rows[1]))
	require.NoError(t, w.sf.Delete("Task", rows[2]))
	require.NoError(t, w.sf.Purge("Task", rows[2]))
	require.Equal(t, 2, part(w.calmly(), record.MaintainRecords).Marked, "what was just written may become visible late")
	w.takeAnnounced()
	w.aged()
	report := w.calmly()
	require.Equal(t, 3, part(report, record.MaintainRecords).Marked)
	require.ElementsMatch(t, []mark{{record.Salesforce, rows[0], false}, {record.Salesforce, rows[1], true}, {record.Salesforce, rows[2], true}}, w.takeAnnounced())
}

func TestManyRecordsThatAreNotShownAreToldOfAndNotTakenForDeleted(t *testing.T) {
	w, ada := timeline(t, setting{editRules: kindRules(record.Task, "  deletions: {surge: {count: 2}}\n")}, record.Task)
	for i := range 3 {
		id := w.sf.Create("Task", taskRow(ada.sf, fmt.Sprintf("Task %d", i)))
		w.hearOf(record.Task, of(ada.sf, inSalesforce(id)))
		require.NoError(t, w.sf.Delete("Task", id))
		require.NoError(t, w.sf.Purge("Task", id))
	}
	w.aged()
	report := w.calmly()
	found := findings(report, record.FoundInvisible)
	require.Len(t, found, 1)
	require.Equal(t, 3, found[0].Count)
	require.Len(t, found[0].IDs, 3)
	require.True(t, found[0].Attention())
	require.Empty(t, w.takeAnnounced())
}

func TestARoundGoesOnWhereTheLastMaintenanceStopped(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	var tasks []string
	for i := range 30 {
		tasks = append(tasks, w.todo(ada.ghl, fmt.Sprintf("Task %02d", i)))
		w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(tasks[i])))
	}
	w.calmly() // a person's looks at all
	for _, id := range tasks {
		require.NoError(t, w.ghl.DeleteTask(id))
	}
	one := do[activities.MaintenanceResult](w, onMaintenance.MaintainShard, activities.MaintainShardInput{Shards: 1})
	require.Equal(t, 1, one.Maintained)
	require.Len(t, w.takeAnnounced(), 25, "a scheduled one takes as few as a round allows")
	do[activities.MaintenanceResult](w, onMaintenance.MaintainShard, activities.MaintainShardInput{Shards: 1})
	require.Len(t, w.takeAnnounced(), 5)
}

func TestWhatBelongsToAContactThatIsNotInStepAnyMoreWaitsForIt(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.Zero(t, part(w.calmly(), record.MaintainOrphans).Marked)
	w.exec(`UPDATE links SET state = 7, problem = 'ignored' WHERE kind = 1`)
	report := w.calmly()
	link := w.linkOfKind(record.Task, record.GoHighLevel, id)
	require.Equal(t, []record.MaintenanceFinding{{
		Part: record.MaintainOrphans, Found: record.FoundOrphans, Kind: record.Task, Count: 1, IDs: []int64{link.ID},
	}}, report.Findings)
	w.drain()
	link = w.linkOfKind(record.Task, record.GoHighLevel, id)
	require.Equal(t, [2]string{string(record.LinkExcluded), record.ProblemNoContact}, [2]string{string(link.State), link.Problem})
	require.Len(t, w.live("Task"), 1)
	require.Len(t, w.ghl.Tasks(), 1)
	require.Zero(t, part(w.calmly(), record.MaintainOrphans).Marked, "once is enough")
}

func TestLinksToNothingAreListedByOneMaintenanceAndRemovedByTheNext(t *testing.T) {
	w, ada := timeline(t, setting{})
	old, young := w.ended(3, 91*24*time.Hour), w.ended(1, 89*24*time.Hour)
	waits := w.ended(1, 91*24*time.Hour)
	w.exec(`INSERT INTO pending (link_id, connection, kind) SELECT id, connection, kind FROM links WHERE id = ANY ($1)`, waits)
	first := w.calmly()
	require.Equal(t, []record.MaintenanceFinding{{
		Part: record.MaintainLinks, Found: record.FoundRemovable, Kind: record.Contact, Count: 3, IDs: old,
	}}, first.Findings)
	require.Equal(t, 3, w.remain(old))

	later := w.ended(1, 91*24*time.Hour-time.Second) // listed by nobody yet
	w.exec(`UPDATE links SET synced_at = $2::timestamptz + interval '1 second' WHERE id = ANY ($1)`, later, first.Removable)
	second := w.calmly()
	require.Equal(t, 3, part(second, record.MaintainLinks).Removed)
	require.Zero(t, w.remain(old))
	require.Equal(t, 3, w.remain(append(append(young, waits...), later...)))
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, ada.ghl).State)
}

func TestMoreLinksToNothingThanTheRulesLetGoWaitForAPerson(t *testing.T) {
	w, _ := timeline(t, setting{})
	old := w.ended(26, 91*24*time.Hour)
	w.calmly()
	second := w.calmly()
	require.Empty(t, findings(second, record.FoundRemovable), "they do not go at the next")
	held := findings(second, record.FoundHeldBack)
	require.Len(t, held, 1)
	require.Equal(t, 26, held[0].Count)
	require.True(t, held[0].Attention())
	require.Equal(t, 26, w.remain(old))
	report := w.maintain(activities.MaintainConnectionInput{Confirm: true})
	require.Equal(t, 26, part(report, record.MaintainLinks).Removed)
	require.Zero(t, w.remain(old))
}

func TestALinkThatAnOpenReviewIsAboutIsNotRemoved(t *testing.T) {
	w, _ := timeline(t, setting{})
	old := w.ended(2, 91*24*time.Hour)
	w.exec(`UPDATE links SET state = 3 WHERE id = $1`, old[1])
	w.exec(`INSERT INTO reviews (connection, kind, reason, link_ids) SELECT number, 1, 'deletion_wave', $1 FROM connections`, old)
	w.calmly()
	w.calmly()
	require.Equal(t, 2, w.remain(old))
}

func TestAReviewWhoseRunGotLostIsTakenUpAgain(t *testing.T) {
	w, ada := timeline(t, setting{})
	link := w.linkOf(record.GoHighLevel, ada.ghl)
	open := func(reason string, due time.Duration, links ...int64) int64 {
		return int64(w.number(`
			INSERT INTO reviews (connection, kind, reason, link_ids, workflow_id, due_at)
			SELECT number, 1, $1, $2, 'lost', clock_timestamp() - $3::interval FROM connections RETURNING id::int`, reason, links, due))
	}
	others := w.ended(2, time.Hour)
	w.exec(`UPDATE links SET state = 3 WHERE id = $1 OR id = ANY ($2)`, link.ID, others)
	alone := open(record.ReviewConflict, 2*time.Hour, link.ID)
	together := open(record.ReviewAmbiguousMatch, 2*time.Hour, others...)
	open(record.ReviewGone, 30*time.Minute, others[0]) // its run may be about to decide
	report := w.calmly()
	require.Equal(t, []record.MaintenanceFinding{{
		Part: record.MaintainReviews, Found: record.FoundOverdue, Count: 2, IDs: []int64{alone, together},
	}}, report.Findings)
	plan := w.plan()
	require.Equal(t, []int64{link.ID}, plan.Record)
	require.Equal(t, []int64{together}, plan.Reviews)
}

func TestAReviewOfLinksThatAreGoneIsClosedAndItsRunIsTold(t *testing.T) {
	w, _ := timeline(t, setting{})
	w.exec(`INSERT INTO reviews (connection, kind, reason, link_ids, workflow_id) SELECT number, 1, 'ambiguous_match', '{777, 778}', 'review/acme/1' FROM connections`)
	out := do[activities.MaintenanceResult](w, onMaintenance.MaintainConnection, activities.MaintainConnectionInput{Connection: acme})
	require.Equal(t, 1, part(out.Report, record.MaintainReviews).Closed)
	require.Equal(t, []string{"review/acme/1"}, out.Over)
	require.Zero(t, w.number(`SELECT count(*) FROM reviews WHERE decided_at IS NULL`))
}

func TestTheJournalIsKeptAsLongAsTheRulesSayAndWhileAPersonIsAsked(t *testing.T) {
	w, _ := timeline(t, setting{editRules: func(file string) string { return file + "retention: {journal: 30d}\n" }})
	asked := w.ended(1, time.Hour)
	w.exec(`UPDATE links SET state = 3 WHERE id = ANY ($1)`, asked)
	for link, days := range map[int64]int{1001: 31, 1002: 29, asked[0]: 31} {
		w.exec(`INSERT INTO journal (link_id, at, connection, rules_version, kind, side, operation, origin, run_id, sealed)
			SELECT $1, clock_timestamp() - make_interval(days => $2), number, 1, 1, 1, 2, '', '', '' FROM connections`, link, days)
	}
	before := w.number(`SELECT count(*) FROM journal`)
	require.Equal(t, 1, part(w.calmly(), record.MaintainJournal).Removed)
	require.Equal(t, before-1, w.number(`SELECT count(*) FROM journal`))
	require.Zero(t, w.number(`SELECT count(*) FROM journal WHERE link_id = 1001`))
}

func TestAGrantThatLiesIdleIsRenewedOnceInAWhile(t *testing.T) {
	w, _ := timeline(t, setting{})
	require.Zero(t, part(w.calmly(), record.MaintainTokens).Renewed, "they are fresh")
	w.exec(`UPDATE connections SET state = 'paused'`)
	for _, side := range record.Sides {
		w.granted(side, func(c *oauth.Credential) {
			c.IssuedAt, c.ExpiresAt = time.Now().Add(-8*24*time.Hour), time.Now().Add(30*24*time.Hour)
		})
	}
	was := w.generation(record.Salesforce)
	require.Equal(t, 2, part(w.calmly(), record.MaintainTokens).Renewed)
	require.Equal(t, was+1, w.generation(record.Salesforce))
	require.Zero(t, part(w.calmly(), record.MaintainTokens).Renewed)
}

func TestAGrantThatIsRefusedIsToldOnceAndTheOtherSideIsRenewedAllTheSame(t *testing.T) {
	w, _ := timeline(t, setting{})
	w.granted(record.GoHighLevel, func(c *oauth.Credential) {
		c.IssuedAt, c.RefreshToken = time.Now().Add(-8*24*time.Hour), "spent"
	})
	w.granted(record.Salesforce, func(c *oauth.Credential) { c.IssuedAt = time.Now().Add(-8 * 24 * time.Hour) })
	report := w.maintain(activities.MaintainConnectionInput{})
	require.Equal(t, []record.MaintenanceFinding{{
		Part: record.MaintainTokens, Found: record.FoundReconnect, Side: record.GoHighLevel, Problem: string(crm.NeedsReconnect),
	}}, findings(report, record.FoundReconnect))
	tokens := part(report, record.MaintainTokens)
	require.Equal(t, [2]any{1, string(crm.NeedsReconnect)}, [2]any{tokens.Renewed, tokens.Problem})
}
