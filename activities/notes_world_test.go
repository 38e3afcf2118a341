package activities_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// noted is a world that keeps notes in step, with one contact whom both sides hold, in step and live.
type noted struct {
	*world
	g, s string // the contact
}

func newNoted(t *testing.T, s setting) *noted {
	t.Helper()
	s.rules.Kinds = append(s.rules.Kinds, record.Note)
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	return &noted{w, g, sf}
}

// notesRules returns an edit of the rules file that adds to its section notes.
func notesRules(yaml string) func(string) string {
	return func(file string) string {
		return strings.Replace(file, "notes:\n  enabled: true\n", "notes:\n  enabled: true\n"+yaml, 1)
	}
}

// writes down a note in GoHighLevel as a person does.
func (n *noted) inGoHighLevel(body string) record.Mark {
	n.t.Helper()
	id, err := n.ghl.CreateNote(gohighleveltest.Note{ContactID: n.g, Body: body})
	require.NoError(n.t, err)
	return n.markOf(id)
}

func (n *noted) markOf(id string) record.Mark {
	return record.Mark{Side: record.GoHighLevel, RecordID: id, ContactID: n.g}
}

// inSalesforce writes down an enhanced note in Salesforce as a person does, on contacts.
func (n *noted) inSalesforce(title, html string, on ...string) record.Mark {
	n.t.Helper()
	id := n.sf.Create("ContentNote", map[string]any{"Title": title, "Content": html})
	for _, entity := range on {
		require.NoError(n.t, n.sf.LinkNote(id, entity))
	}
	return record.Mark{Side: record.Salesforce, RecordID: id}
}

// hears syncs what is announced of notes until nothing is pending.
func (n *noted) hears(marks ...record.Mark) {
	n.t.Helper()
	_, err := n.store.MarkChanged(n.t.Context(), acme, record.Note, marks)
	require.NoError(n.t, err)
	for range 50 {
		n.plan()
		pending := n.pending()
		if len(pending) == 0 {
			return
		}
		n.noteSync(pending[0])
	}
	require.Fail(n.t, "the changes do not come to an end")
}

// noteSync runs one NoteSync, which must not fail. What is begun is old enough to be looked for.
func (n *noted) noteSync(link int64) workflows.RecordSyncResult {
	n.t.Helper()
	out, err := n.tryNoteSync(link)
	require.NoError(n.t, err)
	return out
}

func (n *noted) tryNoteSync(link int64, prepare ...func(*testsuite.TestWorkflowEnvironment)) (workflows.RecordSyncResult, error) {
	n.t.Helper()
	in := workflows.RecordSyncInput{Connection: acme, LinkID: link}
	env := n.run(workflows.RecordSyncID(record.Note, in))
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "SettleRecord" {
			n.ageIntents()
		}
	})
	var exposed string
	env.SetOnActivityCompletedListener(func(_ *activity.Info, result converter.EncodedValue, err error) {
		var value any = err
		if err == nil && result != nil && result.HasValue() && result.Get(&value) != nil {
			return
		}
		if value != nil && exposed == "" {
			exposed = n.exposed(value)
		}
	})
	for _, p := range prepare {
		p(env)
	}
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	env.ExecuteWorkflow(workflows.NoteSync, in)
	require.True(n.t, env.IsWorkflowCompleted())
	require.Empty(n.t, exposed, "a customer shows in an activity's result")
	var result workflows.RecordSyncResult
	err := env.GetWorkflowError()
	if err == nil {
		require.NoError(n.t, env.GetWorkflowResult(&result))
	}
	if temporal.IsCanceledError(err) {
		err = nil
	}
	return result, err
}

// noteOf returns the link of a note.
func (n *noted) noteOf(m record.Mark) record.Link {
	n.t.Helper()
	link, err := n.store.FindLink(n.t.Context(), acme, record.Note, m.Side, m.RecordID)
	require.NoError(n.t, err)
	require.NotNil(n.t, link, "no link holds the note")
	return *link
}

// together returns the link of a note, which must be in step on both sides.
func (n *noted) together(m record.Mark) record.Link {
	n.t.Helper()
	link := n.noteOf(m)
	require.Equal(n.t, record.LinkInStep, link.State, "problem %q", link.Problem)
	require.NotEmpty(n.t, link.GoHighLevelID)
	require.NotEmpty(n.t, link.SalesforceID)
	require.Nil(n.t, link.Intent)
	require.Equal(n.t, n.g, link.GoHighLevelContact)
	return link
}

// bothOf are the marks of both halves of a link.
func (n *noted) bothOf(l record.Link) []record.Mark {
	return []record.Mark{n.markOf(l.GoHighLevelID), {Side: record.Salesforce, RecordID: l.SalesforceID}}
}

// quietly sees to it that syncing marks writes nothing and leaves nothing behind.
func (n *noted) quietly(marks ...record.Mark) {
	n.t.Helper()
	n.ghl.ResetStats()
	n.sf.ResetStats()
	n.hears(marks...)
	require.Zero(n.t, n.noteWrites(), "nothing was left to write")
}

// noteWrites is how many records were changed through the two APIs since the statistics were reset.
func (n *noted) noteWrites() int {
	g, s := n.ghl.Stats(), n.sf.Stats()
	return g.Notes.Created + g.Notes.Updated + g.Notes.Deleted + s.Creates + s.Updates + s.Deletes
}

// bodies returns what the GoHighLevel notes say, the oldest first.
func (n *noted) bodies() (out []string) {
	all := n.ghl.Notes()
	for i := range all {
		out = append(out, all[len(all)-1-i].Body)
	}
	return out
}

// content is the HTML of an enhanced note.
func (n *noted) content(id string) string {
	n.t.Helper()
	content, err := n.connection().Salesforce.GetBlob(n.t.Context(), "ContentNote", id, "Content", 1<<20)
	require.NoError(n.t, err)
	return string(content)
}

// shownOn returns the enhanced notes that a Salesforce contact shows.
func (n *noted) shownOn(contact string) (ids []string) {
	n.t.Helper()
	page, err := n.connection().Salesforce.Query(n.t.Context(), "SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '"+contact+"'")
	require.NoError(n.t, err)
	for _, row := range page.Rows {
		ids = append(ids, row["ContentDocumentId"].(string))
	}
	return ids
}

// link returns a link by its id.
func (n *noted) link(id int64) record.Link {
	n.t.Helper()
	work, err := n.store.Links(n.t.Context(), acme, record.Note, id-1, 1)
	require.NoError(n.t, err)
	require.Len(n.t, work, 1)
	require.Equal(n.t, id, work[0].Link.ID)
	return work[0].Link
}

// inOrg tells whether Salesforce holds a record that is not deleted.
func (n *noted) inOrg(object, id string) bool {
	row, there := n.sf.Get(object, id)
	return there && row["IsDeleted"] != true
}

// noteBody is what GoHighLevel says of a classic note.
func (n *noted) noteBody(id string) string {
	n.t.Helper()
	note, there := n.ghl.Note(n.together(record.Mark{Side: record.Salesforce, RecordID: id}).GoHighLevelID)
	require.True(n.t, there)
	return note.Body
}

// longAgo makes whatever is done once in a while due.
func (n *noted) longAgo() {
	n.t.Helper()
	_, err := n.db.Exec(n.t.Context(), `UPDATE sweeps SET deleted_to = deleted_to - interval '10 minutes'`)
	require.NoError(n.t, err)
	n.compareNow()
}
