package activities_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// refusals are the states in which the sides refuse the connection.
func (w *world) refusals() map[record.Side]string {
	w.t.Helper()
	live, err := w.store.Live(w.t.Context(), acme)
	require.NoError(w.t, err)
	out := map[record.Side]string{}
	for _, r := range live.Refusals {
		require.NotEmpty(w.t, r.Reason)
		require.False(w.t, r.Since.IsZero())
		out[r.Side] = r.State
	}
	return out
}

// connect does what `starter connect` does with a side: it stores a fresh grant by the same app.
func (w *world) connect(side record.Side) {
	w.t.Helper()
	credentials := w.store.Credentials(w.vault)
	c, err := credentials.LoadCredential(w.t.Context(), acme, side)
	require.NoError(w.t, err)
	if side == record.GoHighLevel {
		c.AccessToken, c.RefreshToken = w.ghl.GrantToken()
	} else {
		c.AccessToken, c.RefreshToken = w.sf.GrantToken()
	}
	c.State, c.IssuedAt = oauth.StateActive, time.Now()
	require.NoError(w.t, credentials.PutCredential(w.t.Context(), acme, side, c))
}

// requests are the calls that the sides have had, those for tokens among them.
func (w *world) requests() int {
	return w.requestsOf(record.GoHighLevel) + w.requestsOf(record.Salesforce)
}

func (w *world) requestsOf(side record.Side) int {
	if side == record.GoHighLevel {
		return w.ghl.Requests() + w.ghl.Stats().TokenRequests
	}
	return w.sf.Requests() + w.tokenRequests()
}

func (w *world) tokenRequests() (n int) {
	for _, answered := range w.sf.Stats().Requests["POST /oauth2/token"] {
		n += answered
	}
	return n
}

func (w *world) revoke(side record.Side) {
	if side == record.GoHighLevel {
		w.ghl.RevokeGrant()
	} else {
		w.sf.RevokeGrant()
	}
}

func TestARevokedGrantLetsItsConnectionRestAndConnectingAgainBringsWhatChangedMeanwhile(t *testing.T) {
	for _, side := range record.Sides {
		t.Run(string(side), func(t *testing.T) {
			w := newWorld(t, setting{})
			g, s := w.couple("Lovelace", "ada@example.com")
			link := w.linkOf(record.GoHighLevel, g)
			w.revoke(side)
			require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Springfield"}))
			require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingPostalCode": "98052"}))
			w.announce(inGoHighLevel(g), inSalesforce(s))
			w.exec(`INSERT INTO pending (link_id, connection, kind) SELECT id, connection, kind FROM links`) // nobody has come upon it yet
			out := w.recordSync(record.Contact, link.ID)
			require.Equal(t, record.RefusalReconnect, out.Problem)
			require.Equal(t, map[record.Side]string{side: record.RefusalReconnect}, w.refusals())
			require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State, "it is the connection that is refused")
			require.Equal(t, []int64{link.ID}, w.pending())

			calls := w.requestsOf(side) // what the run had asked the other one may still be on its way
			w.anotherWorker()           // which has nothing open yet
			w.announce(inGoHighLevel(g))
			plan := w.plan()
			require.False(t, plan.Live)
			require.Equal(t, side, plan.Refusals[0].Side)
			unanswered, err := w.store.Unanswered(t.Context(), 0, 1, 0)
			require.NoError(t, err)
			require.Empty(t, unanswered, "nobody is woken for what nobody can do")
			require.Equal(t, calls, w.requestsOf(side), "nobody asks it")

			w.connect(side)
			require.Empty(t, w.refusals())
			w.drain()
			require.Equal(t, "Springfield", w.row(s)["MailingCity"])
			require.Equal(t, "98052", w.contact(g).PostalCode)
			require.Empty(t, w.pending())
		})
	}
}

func TestARecordThatWasWrittenInPartWhenASideBeganToRefuseStaysPendingWithItsJournal(t *testing.T) {
	w := newWorld(t, setting{})
	g, s := w.couple("Lovelace", "ada@example.com")
	link := w.linkOf(record.GoHighLevel, g)
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "Springfield"}))
	w.announce(inGoHighLevel(g))
	w.plan()
	claim := w.claim(record.GoHighLevel, g)
	decision := w.decide(claim)
	w.sf.RevokeGrant()
	_, err := w.connection().Salesforce.GetRecord(t.Context(), "Contact", s, nil)
	require.Error(t, err)

	done := do[activities.RecordCommitted](w, onContacts.CommitContact, activities.CommitRecordInput{
		Claim: claim, State: record.LinkFailed, Problem: "NeedsReconnect", Partial: true, Plan: decision.Plan,
		Wrote: []record.Operation{record.Update}, WroteTo: []record.Side{record.Salesforce},
	})
	require.Equal(t, record.RefusalReconnect, done.Held.State)
	require.False(t, done.Again, "not before the side is connected again")
	require.Equal(t, []int64{link.ID}, w.pending())
	journal, err := w.store.Journal(t.Context(), acme, link.ID)
	require.NoError(t, err)
	require.NotEmpty(t, journal)
	w.connect(record.Salesforce)
	w.drain()
	require.Equal(t, "Springfield", w.row(s)["MailingCity"])
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
}

func TestABatchPausesWhileASideRefusesAndGivesBackTheRest(t *testing.T) {
	const many = 60
	w := newWorld(t, setting{})
	for i := range many {
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	w.ghl.ExpireAccessTokens()
	w.ghl.PauseLocation(true)
	out, err := w.trySync()
	require.NoError(t, err)
	require.Equal(t, record.RefusalSuspended, out.Pause.Refusal.State)
	require.Contains(t, out.Pause.Refusal.Reason, "location is paused")
	require.Zero(t, w.ghl.Count())
	require.Empty(t, w.handedOver(), "it is the connection that is refused, not each contact")
	stored, err := w.store.Credentials(w.vault).LoadCredential(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.NotEqual(t, oauth.StateReconnect, stored.State, "the token is kept")

	w.ghl.PauseLocation(false)
	w.sync() // batches of other names: nobody holds anything
	require.Equal(t, many, w.ghl.Count())
	require.Empty(t, w.refusals(), "the same grant works again")
}

func TestReadingAndComparingPauseWhileASideRefuses(t *testing.T) {
	w := newWorld(t, setting{})
	w.addSalesforce(row("Hopperfield", "grace@example.com"))
	w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.onboard()
	w.sf.RevokeGrant()
	staged := do[activities.StageContactsResult](w, onContacts.StageContacts, activities.StageContactsInput{Connection: acme, Side: record.Salesforce, Epoch: "later"})
	require.Equal(t, record.RefusalReconnect, staged.Pause.Refusal.State)
	asked := w.requests()
	verified := do[activities.VerifyContactsResult](w, onContacts.VerifyContacts, activities.VerifyContactsInput{Connection: acme, Size: 10})
	require.Equal(t, record.Salesforce, verified.Pause.Refusal.Side)
	require.Equal(t, asked, w.requests(), "whoever comes after asks nobody")
	w.connect(record.Salesforce)
	staged = do[activities.StageContactsResult](w, onContacts.StageContacts, activities.StageContactsInput{Connection: acme, Side: record.Salesforce, Epoch: "later"})
	require.Nil(t, staged.Pause)
	require.True(t, staged.Done)
}

func TestASweepFindsOutThatASuspendedSideWorksAgainAndWakesTheConnection(t *testing.T) {
	w, g, s := inStep(t, setting{})
	w.ghl.ExpireAccessTokens()
	w.ghl.PauseLocation(true)
	w.due()
	require.Equal(t, 1, do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Failed)
	require.Equal(t, map[record.Side]string{record.GoHighLevel: record.RefusalSuspended}, w.refusals())
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "Shelbyville"}))
	w.announce(inSalesforce(s))
	w.exec(`UPDATE announced SET at = at - interval '1 hour'`)
	require.False(t, w.plan().Live)
	w.due()
	do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Empty(t, w.bell.rung)

	w.ghl.PauseLocation(false)
	w.sweep()
	require.Empty(t, w.refusals())
	w.exec(`UPDATE announced SET at = at - interval '1 hour'`)
	do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Equal(t, []string{acme}, w.bell.rung)
	w.drain()
	require.Equal(t, "Shelbyville", w.contact(g).City)
}

func TestAPrivateTokenThatIsTakenAgainIsNotRefusedAnyMore(t *testing.T) {
	const token = "pit-9d1c"
	var off atomic.Bool
	w, _, _ := inStep(t, setting{
		Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{PrivateToken: token}},
		between: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if off.Load() {
					r.Header.Del("Authorization")
				}
				next.ServeHTTP(rw, r)
			})
		},
	})
	require.NoError(t, w.store.Credentials(w.vault).PutCredential(t.Context(), acme, record.GoHighLevel, &oauth.Credential{
		Side: record.GoHighLevel, Flow: oauth.PrivateToken, PrivateToken: token, LocationID: w.ghl.LocationID(), State: oauth.StateActive,
	}))
	w.sweep()
	off.Store(true)
	w.due()
	do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Equal(t, map[record.Side]string{record.GoHighLevel: record.RefusalReconnect}, w.refusals())
	off.Store(false)
	w.sweep()
	require.Empty(t, w.refusals())
}

func TestANoteWhoseTasksCannotBeMadeForARefusalIsTakenUpAfterIt(t *testing.T) {
	n := newTasked(t, noting(""), "Call", "<ul><li>Call the lawyer</li></ul>")
	n.world.ghl.RevokeGrant()
	env := n.run(workflows.NoteToTaskID(acme, n.id.NoteID))
	env.ExecuteWorkflow(workflows.NoteToTask, workflows.NoteToTaskInput{Connection: acme, NoteID: n.id.NoteID})
	require.NoError(t, env.GetWorkflowError())
	var out workflows.NoteToTaskResult
	require.NoError(t, env.GetWorkflowResult(&out))
	require.Equal(t, workflows.ReasonHeld, out.Reason)
	require.Empty(t, n.world.plan().Notes, "while it is refused")
	n.connect(record.GoHighLevel)
	require.Equal(t, []string{n.id.NoteID}, n.world.plan().Notes)
}
