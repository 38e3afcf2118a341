package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// newSwept is a noted world in which both sides were swept once, and nothing is left to do.
func newSwept(t *testing.T, s setting) *noted {
	t.Helper()
	n := newNoted(t, s)
	n.sweepFrom(time.Now().Add(-time.Minute))
	n.sweep() // of the contacts: it begins the other kinds
	n.sweep()
	n.hears()
	return n
}

// finds sweeps and syncs what was found.
func (n *noted) finds() {
	n.t.Helper()
	n.sweep()
	n.hears()
}

// unchanged sees to it that sweeping finds nothing.
func (n *noted) unchanged() {
	n.t.Helper()
	n.sweep()
	require.Empty(n.t, n.takeAnnounced())
}

func TestASweepFindsNotesThatAreNewChangedOrGoneInGoHighLevel(t *testing.T) {
	n := newSwept(t, setting{editRules: shortParts})
	ids, err := n.ghl.LoadNotes([]gohighleveltest.Note{{ContactID: n.g, Title: "Call", Body: "one"}, {ContactID: n.g, Body: "two"}})
	require.NoError(t, err)
	n.finds()
	link := n.together(n.markOf(ids[0]))
	require.Equal(t, 2, n.sf.Count("ContentNote"))
	n.finds() // the other side's sweep sees what was written there, and nothing comes of it
	n.unchanged()

	require.NoError(t, n.ghl.EditNote(ids[0], map[string]any{"body": "one more"}))
	require.NoError(t, n.ghl.DeleteNote(ids[1]))
	n.finds()
	require.Contains(t, n.content(link.SalesforceID), "one more")
	require.Len(t, n.shownOn(n.s), 1)
	require.NoError(t, n.ghl.EditNote(ids[0], map[string]any{"title": ""}))
	n.finds()
	n.together(n.markOf(ids[0]))
	n.finds()
	n.unchanged()
}

func TestASweepFindsNotesThatAreNewChangedOrGoneInSalesforce(t *testing.T) {
	n := newSwept(t, setting{editRules: shortParts})
	mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 60)), n.s)
	classic := n.sf.Create("Note", map[string]any{"ParentId": n.s, "Title": "Old style", "Body": "plain"})
	n.finds()
	n.together(record.Mark{Side: record.Salesforce, RecordID: classic})
	link := n.together(mark)
	n.finds()
	n.unchanged()

	// Two edits within the same second, of the text alone, are both found.
	for _, word := range []string{"early", "later"} {
		n.rewrite(mark.RecordID, long(word, 60))
		require.NoError(t, n.sf.Edit("Note", classic, map[string]any{"Body": word}))
		n.finds()
		require.Contains(t, n.bodies(), n.noteBody(classic))
		note, there := n.ghl.Note(link.GoHighLevelID)
		require.True(t, there)
		require.Contains(t, note.Body, word+" 1:")
	}
	n.finds()
	n.unchanged()

	require.NoError(t, n.sf.Delete("ContentNote", mark.RecordID))
	require.NoError(t, n.sf.Delete("Note", classic))
	n.longAgo()
	n.finds()
	require.Empty(t, n.bodies())
	n.unchanged()
}

func TestASweepFindsAPartThatIsGone(t *testing.T) {
	n := newSwept(t, setting{editRules: shortParts})
	mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 60)), n.s)
	n.finds()
	first := n.together(mark).GoHighLevelID
	for _, note := range n.ghl.Notes() {
		if note.ID != first {
			require.NoError(t, n.ghl.DeleteNote(note.ID))
			break
		}
	}
	n.finds()
	body, _ := n.told()
	require.Equal(t, long("line", 60), body)
}

func TestANoteThatIsShownOnAContactLaterIsFound(t *testing.T) {
	n := newSwept(t, setting{})
	mark := n.inSalesforce("Old thoughts", "<p>of nobody yet</p>")
	n.finds()
	require.Empty(t, n.bodies())
	n.longAgo()
	n.finds()
	require.Empty(t, n.bodies())
	require.NoError(t, n.sf.LinkNote(mark.RecordID, n.s))
	n.longAgo()
	n.finds()
	n.together(mark)
	require.Len(t, n.bodies(), 1)
}

func TestWhereNotesAreKeptAsTasksOtherTasksAreNoNotes(t *testing.T) {
	n := newSwept(t, setting{editRules: notesRules("  as: task\n")})
	task := n.sf.Create("Task", map[string]any{"WhoId": n.s, "Subject": "Call back", "Description": "about prices", "Status": "Not Started", "Priority": "Normal"})
	mark := n.inGoHighLevel("a note")
	enhanced := n.inSalesforce("Visit", "<p>enhanced</p>", n.s)
	n.hears(mark)
	n.finds()
	link := n.together(mark)
	n.together(enhanced)
	row, _ := n.sf.Get("Task", link.SalesforceID)
	require.Equal(t, true, row["IsClosed"])
	require.Equal(t, n.s, row["WhoId"])
	none, err := n.store.FindLink(t.Context(), acme, record.Note, record.Salesforce, task)
	require.NoError(t, err)
	require.Nil(t, none)
	require.Len(t, n.ghl.Notes(), 2)

	require.NoError(t, n.sf.Edit("Task", link.SalesforceID, map[string]any{"Description": row["Description"].(string) + "\r\nand more"}))
	n.finds()
	note, _ := n.ghl.Note(mark.RecordID)
	require.Equal(t, "a note\nand more", note.Body)
	n.finds()
	n.unchanged()
}

func TestARoundOverNotesGoesOnFromTheContactWhoseNotesCouldNotBeRead(t *testing.T) {
	n := newSwept(t, setting{})
	bob, _ := n.couple("Babbage", "bob@example.com")
	n.sweep()
	n.hears()
	ids, err := n.ghl.LoadNotes([]gohighleveltest.Note{{ContactID: n.g, Body: "one"}, {ContactID: bob, Body: "two"}})
	require.NoError(t, err)
	n.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault500, Path: "/contacts/" + bob + "/notes", Count: 1}})
	for _, id := range ids {
		n.takeAnnounced()
		n.due()
		do[activities.SweepShardResult](n.world, onSweeps.SweepShard, shard)
		require.Equal(t, []mark{{Side: record.GoHighLevel, ID: id}}, n.takeAnnounced())
	}
	// While each sweep comes further, they are as frequent as after one failure.
	var failures int
	n.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault500, Path: "/contacts/" + bob + "/notes"}})
	for range 5 {
		_, err := n.db.Exec(t.Context(), `UPDATE sweeps SET compared_after = 0 WHERE kind = 3 AND side = 1`)
		require.NoError(t, err)
		n.due()
		do[activities.SweepShardResult](n.world, onSweeps.SweepShard, shard)
		require.NoError(t, n.db.QueryRow(t.Context(), `SELECT failures FROM sweeps WHERE kind = 3 AND side = 1`).Scan(&failures))
		require.Equal(t, 1, failures)
	}
}
