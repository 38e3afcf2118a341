package activities_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// beforeLooking lets something happen just before a run looks whether a create whose answer it lost was carried out.
func (w *world) beforeLooking(made func() bool, happen func()) func(*testsuite.TestWorkflowEnvironment) {
	return func(env *testsuite.TestWorkflowEnvironment) {
		w.aging(env)
		justBeforeOnce("SettleRecord", made, happen)(env)
	}
}

// beginsToo has another run take a link and begin a create of its own; what is returned has it give that up.
func (w *world) beginsToo(kind record.Kind, side record.Side, link record.Link, who shared) (giveUp func()) {
	w.t.Helper()
	ctx := w.t.Context()
	c, ok, err := w.store.ClaimLink(ctx, acme, link.ID, "another run", time.Hour)
	require.NoError(w.t, err)
	require.True(w.t, ok)
	_, err = w.store.RecordIntents(ctx, c.Token, side, []record.Begun{{LinkID: link.ID, ContactID: map[record.Side]string{record.GoHighLevel: who.ghl, record.Salesforce: who.sf}[side]}})
	require.NoError(w.t, err)
	return func() {
		require.NoError(w.t, w.store.ClearIntents(ctx, c.Token, []int64{link.ID}))
		require.NoError(w.t, w.store.Release(ctx, "another run", c.Token))
	}
}

// atLooks calls what is to happen at each attempt of a run to settle a create.
func (w *world) atLooks(happen func(attempt int)) func(*testsuite.TestWorkflowEnvironment) {
	looks := 0
	return func(env *testsuite.TestWorkflowEnvironment) {
		w.aging(env)
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			if info.ActivityType.Name == "SettleRecord" {
				looks++
				happen(looks)
			}
		})
	}
}

func TestWhatALostCreateMadeAndAPersonEditedIsStillKnownAfterAnotherRunWasWaitedFor(t *testing.T) {
	w, ada := timeline(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}}, record.Task)
	task := w.sf.Create("Task", map[string]any{"WhoId": ada.sf, "Subject": "Call back", "Status": "Not Started", "Priority": "Normal", "ActivityDate": "2027-03-12"})
	w.announceOf(record.Task, record.Mark{Side: record.Salesforce, RecordID: task})
	w.plan()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: "cut_after", Method: http.MethodPost, Path: "/contacts/" + ada.ghl + "/tasks", Count: 1}})
	var made string
	var giveUp func()
	waited := false
	out := w.recordSync(record.Task, w.linkOfKind(record.Task, record.Salesforce, task).ID, w.atLooks(func(int) {
		switch {
		case len(w.ghl.Tasks()) == 0:
		case made == "":
			made = w.ghl.Tasks()[0].ID
			require.NoError(t, w.ghl.EditTask(made, map[string]any{"dueDate": "2027-03-20T17:00:00Z"}))
			w.announceOf(record.Task, of(ada.ghl, inGoHighLevel(made)))
			w.plan()
			giveUp = w.beginsToo(record.Task, record.Salesforce, w.linkOfKind(record.Task, record.GoHighLevel, made), ada)
		case !waited:
			require.Empty(t, w.linkOfKind(record.Task, record.Salesforce, task).GoHighLevelID)
			giveUp()
			waited = true
		}
	}))
	require.True(t, waited, "the other run was waited for")
	require.Equal(t, made, out.GoHighLevelID)
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, "2027-03-20", w.only("Task")["ActivityDate"], "what the person edited holds on both sides")
}

func TestWhatMayBeWhatAnOpenCreateMadeIsNotCreatedOnTheOtherSide(t *testing.T) {
	for _, lane := range []lane{recordLane, bulkLane} {
		t.Run(string(lane), func(t *testing.T) {
			w, ada := timeline(t, setting{}, record.Task)
			task := w.sf.Create("Task", map[string]any{"WhoId": ada.sf, "Subject": "Call back", "Status": "Not Started", "Priority": "Normal", "ActivityDate": "2027-03-12"})
			w.announceOf(record.Task, record.Mark{Side: record.Salesforce, RecordID: task})
			w.plan()
			giveUp := w.beginsToo(record.Task, record.GoHighLevel, w.linkOfKind(record.Task, record.Salesforce, task), ada)
			made, err := w.ghl.CreateTask(gohighleveltest.Task{ContactID: ada.ghl, Title: "Call back on Monday", DueDate: time.Date(2027, 3, 12, 17, 0, 0, 0, time.UTC)})
			require.NoError(t, err)
			w.announceOf(record.Task, of(ada.ghl, inGoHighLevel(made)))
			w.plan()
			link := w.linkOfKind(record.Task, record.GoHighLevel, made).ID
			if lane == bulkLane {
				w.bulk(record.Task)
				require.Equal(t, []int64{link}, w.overTo(record.Task))
			}
			waited := false
			w.recordSync(record.Task, link, w.atLooks(func(look int) {
				require.Len(t, w.live("Task"), 1)
				if look == 2 {
					giveUp()
					waited = true
				}
			}))
			require.True(t, waited, "the open create was waited for")
			require.Len(t, w.live("Task"), 2, "and then it was another one")
		})
	}
}

func TestWhatALostCreateMadeIsKnownThoughAPersonHasEditedIt(t *testing.T) {
	w, ada := timeline(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}}, record.Appointment, record.Task)
	id := w.book(w.calendar(), ada.ghl, "First visit", time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC))
	w.announceOf(record.Appointment, record.Mark{Side: record.GoHighLevel, RecordID: id, ContactID: ada.ghl})
	w.plan()
	edited := 0
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "/sobjects/Event", Count: 1}})
	out := w.recordSync(record.Appointment, w.linkOfKind(record.Appointment, record.GoHighLevel, id).ID, w.beforeLooking(func() bool { return len(w.live("Event")) == 1 }, func() {
		require.NoError(t, w.sf.Edit("Event", w.only("Event")["Id"].(string), map[string]any{"StartDateTime": "2027-03-15T09:00:00Z", "EndDateTime": "2027-03-15T10:00:00Z"}))
		edited++
	}))
	require.Equal(t, w.only("Event")["Id"], out.SalesforceID)

	task := w.sf.Create("Task", map[string]any{"WhoId": ada.sf, "Subject": "Call back", "Status": "Not Started", "Priority": "Normal", "ActivityDate": "2027-03-12"})
	w.announceOf(record.Task, record.Mark{Side: record.Salesforce, RecordID: task})
	w.plan()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: "cut_after", Method: http.MethodPost, Path: "/contacts/" + ada.ghl + "/tasks", Count: 1}})
	out = w.recordSync(record.Task, w.linkOfKind(record.Task, record.Salesforce, task).ID, w.beforeLooking(func() bool { return len(w.ghl.Tasks()) == 1 }, func() {
		require.NoError(t, w.ghl.EditTask(w.ghl.Tasks()[0].ID, map[string]any{"dueDate": "2027-03-20T17:00:00Z"}))
		require.NoError(t, w.ghl.CompleteTask(w.ghl.Tasks()[0].ID))
		edited++
	}))
	require.Equal(t, 2, edited, "both answers were lost")
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, w.ghl.Tasks()[0].ID, out.GoHighLevelID)
}

func TestANoteThatALostCreateMadeIsKnownThoughAPersonHasEditedIt(t *testing.T) {
	edits := map[string]func(t *testing.T, n *noted){
		"title": func(t *testing.T, n *noted) {
			require.NoError(t, n.sf.Edit("ContentNote", n.only("ContentNote")["Id"].(string), map[string]any{"Title": "Prices"}))
		},
		"text": func(t *testing.T, n *noted) {
			require.NoError(t, n.sf.Edit("ContentNote", n.only("ContentNote")["Id"].(string), map[string]any{"Content": "Wants a quotation by Friday"}))
		},
	}
	for what, edit := range edits {
		t.Run(what, func(t *testing.T) {
			n := newNoted(t, setting{})
			mark := n.inGoHighLevel("Wants a quotation")
			n.announceOf(record.Note, mark)
			n.plan()
			n.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "/composite", Count: 1}})
			edited := false
			out := n.recordSync(record.Note, n.linkOfKind(record.Note, record.GoHighLevel, mark.RecordID).ID,
				n.beforeLooking(func() bool { return len(n.live("ContentNote")) == 1 }, func() {
					edit(t, n)
					edited = true
				}))
			require.True(t, edited)
			require.Equal(t, n.only("ContentNote")["Id"], out.SalesforceID)
		})
	}
}

func TestWhatALostCreateMadeIsKnownThoughWhatItWasMadeOfWasEdited(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("made in "+string(side), func(t *testing.T) {
			w, ada := timeline(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}}, record.Task)
			var origin string
			mark := record.Mark{Side: side.Other()}
			if side == record.Salesforce {
				origin, mark.ContactID = w.todo(ada.ghl, "Call back"), ada.ghl
			} else {
				origin = w.sf.Create("Task", taskRow(ada.sf, "Call back"))
			}
			mark.RecordID = origin
			w.announceOf(record.Task, mark)
			w.plan()
			link := w.linkOfKind(record.Task, side.Other(), origin).ID

			// A run begins the create and dies once the vendor has carried it out.
			claim := do[activities.RecordClaim](w, onRecords.ClaimRecord, activities.ClaimRecordInput{Connection: acme, Kind: record.Task, LinkID: link})
			in := activities.DecideRecordInput{Claim: claim}
			if side == record.Salesforce {
				in.GoHighLevel = do[activities.GoHighLevelTask](w, onGoHighLevel.GetGoHighLevelTask,
					activities.GoHighLevelTaskInput{Connection: acme, ContactID: ada.ghl, TaskID: origin}).Task
			} else {
				in.Salesforce = do[activities.SealedDocument](w, onSalesforce.GetSalesforceRecord,
					activities.SalesforceRecordInput{Connection: acme, Object: "Task", ID: origin}).Document
			}
			d := do[activities.RecordDecision](w, onRecords.DecideRecord, in)
			claim.GoHighLevelContact, claim.SalesforceContact = d.GoHighLevelContact, d.SalesforceContact
			do[activities.SettledRecord](w, onRecords.SettleRecord, activities.SettleRecordInput{Claim: claim, Side: side, Plan: d.Plan})
			if side == record.Salesforce {
				do[any](w, onSalesforce.CreateSalesforceRecord, activities.SalesforceWriteInput{Connection: acme, Object: "Task", Record: d.Salesforce})
				require.NoError(t, w.ghl.EditTask(origin, map[string]any{"title": "Call on Monday"}))
			} else {
				do[any](w, onGoHighLevel.CreateGoHighLevelTask, activities.GoHighLevelTaskWriteInput{Connection: acme, ContactID: ada.ghl, Task: d.GoHighLevel})
				require.NoError(t, w.sf.Edit("Task", origin, map[string]any{"Subject": "Call on Monday"}))
			}
			w.ageIntents()
			w.exec(`UPDATE pending SET claimed_until = now() - interval '1 second'`)
			w.hearOf(record.Task, mark)
			require.Len(t, w.live("Task"), 1)
			require.Len(t, w.ghl.Tasks(), 1)
			require.Equal(t, "Call on Monday", w.only("Task")["Subject"])
			require.Equal(t, "Call on Monday", w.ghl.Tasks()[0].Title)
		})
	}
}
