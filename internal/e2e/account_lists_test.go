package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

// mustHaveBecomeTasks holds that each thing that a Salesforce note lists is one task in GoHighLevel, and that the task above
// them counts right.
func (a *account) mustHaveBecomeTasks(t *testing.T) {
	t.Helper()
	tasks, n := a.now[record.GoHighLevel][record.Task], 0
	for id, note := range a.now[record.Salesforce][record.Note] {
		items := itemsOf(note)
		if len(items) == 0 {
			continue
		}
		var missing, completed int
		for _, item := range items {
			var found []string
			for task, fields := range tasks {
				if strings.Contains(fields["title"], item) {
					found = append(found, task)
					if fields["status"] == "completed" {
						completed++
					}
				}
			}
			switch {
			case len(found) > 1:
				about := ""
				for _, task := range found {
					about += "\n    " + a.whole(t, a.ledger.byRecord[record.GoHighLevel][task])
				}
				a.report(t, "%q is %d tasks in GoHighLevel: %v%s\n    the note: %s", item, len(found), found, about, a.storyOf(record.Salesforce, id))
			case len(found) == 0 && !a.lostItsTasks(id, note, item):
				a.report(t, "%q is no task in GoHighLevel\n    %s", item, a.whole(t, a.ledger.byRecord[record.Salesforce][id]))
			}
			missing += 1 - min(len(found), 1)
			n += len(found)
		}
		if missing == 0 {
			a.mustCount(t, note, fmt.Sprintf(" (%d of %d done)", completed, len(items)), len(items))
		}
	}
	t.Logf("%d tasks came of notes", n)
}

// mustCount holds that there is one task above those of a note, whose title tells how many are done.
func (a *account) mustCount(t *testing.T, note map[string]string, counts string, items int) {
	t.Helper()
	var parents []string
	for _, fields := range a.now[record.GoHighLevel][record.Task] {
		if strings.HasPrefix(fields["title"], note["title"]+" (") {
			parents = append(parents, fields["title"])
		}
	}
	if items > 1 && !slices.Equal(parents, []string{note["title"] + counts}) {
		a.report(t, "the tasks of %q are counted by %q, want%s", note["title"], parents, counts)
	}
}

// lostItsTasks tells whether an item need be no task: its contact is not followed, or its task went with its contact.
func (a *account) lostItsTasks(id string, note map[string]string, item string) bool {
	contact := a.ledger.byRecord[record.Salesforce][note["contact"]]
	if contact.State != record.LinkInStep {
		return true
	}
	if slices.ContainsFunc(a.tapes[record.Salesforce].strokes, func(x stroke) bool { return x.id == id && x.field == "contact" && x.before != "" }) {
		return true
	}
	return slices.ContainsFunc(a.tapes[record.GoHighLevel].strokes, func(x stroke) bool {
		return x.gone && x.field == "title" && x.kind == record.Task && strings.Contains(x.before, item) && a.wentWithIts(a.tapes[record.GoHighLevel], x)
	})
}

// isNoteToTask tells whether the API changed what only the notes that become tasks are about: their tasks, which go with what
// the note says, and the line that tells that all are done.
func isNoteToTask(on *tape, x stroke) bool {
	made := func(title string) bool { return strings.Contains(title, listed) || strings.HasSuffix(title, " done)") }
	if made(x.before) || strings.Contains(x.before+x.after, "tasks done on") {
		return true
	}
	if !x.gone && !strings.Contains(x.before, "(ref ") {
		return false // a person's
	}
	return x.kind == record.Task && slices.ContainsFunc(on.strokes, func(y stroke) bool {
		return y.id == x.id && y.field == "title" && made(y.before+y.after)
	})
}
