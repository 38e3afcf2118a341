package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// noting are rules under which notes become tasks.
const noting = quick + "note_to_task: {enabled: true, mark_done: true}\n"

// noteTaking starts a system with people in which notes become tasks, and further kinds are kept in step.
func noteTaking(t testing.TB, kinds ...record.Kind) *system {
	t.Helper()
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 3, Seed: 5})
	s.connect(t, func(r *sandbox.RulesOptions) { r.IndexLag, r.Extra, r.Kinds = 300*time.Millisecond, noting, kinds })
	s.startWorker(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	return s
}

// writeNote writes a note on a contact in Salesforce, as a person does.
func (s *system) writeNote(t testing.TB, l record.Link, title, html string) (id string) {
	t.Helper()
	id = s.Sandbox.Salesforce.Create("ContentNote", map[string]any{"Title": title, "Content": html})
	if err := s.Sandbox.Salesforce.LinkNote(id, l.SalesforceID); err != nil {
		t.Fatal(err)
	}
	return id
}

func (s *system) editNote(t testing.TB, id, html string) {
	t.Helper()
	if err := s.Sandbox.Salesforce.Edit("ContentNote", id, map[string]any{"Content": html}); err != nil {
		t.Fatal(err)
	}
}

func (s *system) noteText(id string) string {
	row, _ := s.Sandbox.Salesforce.Get("ContentNote", id)
	text, _ := row["TextPreview"].(string)
	return text
}

// madeOf returns the GoHighLevel tasks of a contact whose titles contain a text.
func (s *system) madeOf(l record.Link, text string) (found []gohighleveltest.Task) {
	for _, task := range s.Sandbox.GoHighLevel.Tasks() {
		if task.ContactID == l.GoHighLevelID && strings.Contains(task.Title, text) {
			found = append(found, task)
		}
	}
	return found
}

// the returns the one task of a contact whose title contains a text; ok is false where there are none or several.
func (s *system) the(l record.Link, text string) (task gohighleveltest.Task, ok bool) {
	found := s.madeOf(l, text)
	if len(found) != 1 {
		return task, false
	}
	return found[0], true
}

func TestANoteBecomesTasksThatFollowItAndWhatPeopleDoToThem(t *testing.T) {
	s := noteTaking(t)
	ada := s.pair(t, 0)
	note := s.writeNote(t, ada, "Kick-off", "<ul><li>Send the offer</li><li>Call the lawyer</li><li>Book a room</li></ul>")
	s.becomes(t, "the note is a parent and three subtasks", func() bool {
		parent, there := s.the(ada, "Kick-off (0 of 3 done)")
		return there && !parent.Completed && len(s.madeOf(ada, "")) == 4
	})

	offer, _ := s.the(ada, "Send the offer")
	if err := s.Sandbox.GoHighLevel.CompleteTask(offer.ID); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the parent shows that one is done", func() bool {
		parent, there := s.the(ada, "Kick-off (1 of 3 done)")
		return there && strings.Contains(parent.Body, "☑ 1/3 Send the offer")
	})

	// One is retitled by hand; then the note loses that one and another one, and gains one.
	room, _ := s.the(ada, "Book a room")
	if err := s.Sandbox.GoHighLevel.EditTask(room.ID, map[string]any{"title": "Book the big room"}); err != nil {
		t.Fatal(err)
	}
	s.editNote(t, note, "<ul><li>Send the offer</li><li>Order flowers</li></ul>")
	s.becomes(t, "the edited note is followed", func() bool {
		_, flowers := s.the(ada, "Order flowers")
		_, kept := s.the(ada, "Book the big room")
		_, parent := s.the(ada, "Kick-off (1 of 2 done)")
		return flowers && kept && parent && len(s.madeOf(ada, "Call the lawyer")) == 0
	})

	flowers, _ := s.the(ada, "Order flowers")
	if err := s.Sandbox.GoHighLevel.CompleteTask(flowers.ID); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the parent is done and the note says so", func() bool {
		parent, there := s.the(ada, "Kick-off (2 of 2 done)")
		return there && parent.Completed && strings.Contains(s.noteText(note), "All 2 tasks done on ")
	})
	if n := strings.Count(s.noteText(note), "tasks done on"); n != 1 {
		t.Errorf("the note says %d times that it is done", n)
	}
	if kept, there := s.the(ada, "Book the big room"); !there || kept.Completed {
		t.Errorf("the task that a person retitled was touched: %+v", kept)
	}

	// It starts again with the next item.
	s.editNote(t, note, "<ul><li>Send the offer</li><li>Order flowers</li><li>Write a thank-you card</li></ul>")
	s.becomes(t, "there is one more to do", func() bool {
		parent, there := s.the(ada, "Kick-off (2 of 3 done)")
		_, card := s.the(ada, "Write a thank-you card")
		return there && card && !parent.Completed && !strings.Contains(s.noteText(note), "tasks done on")
	})
}

func TestAWorkerThatIsKilledInTheMiddleOfANoteDoublesNothing(t *testing.T) {
	s := noteTaking(t, record.Task)
	ada := s.pair(t, 0)
	items := ""
	for _, item := range []string{"Send the offer", "Call the lawyer", "Book a room", "Order flowers", "Ask the notary", "Prepare the papers"} {
		items += "<li>" + item + "</li>"
	}
	// Each call takes a while, so that there is something to be killed in the middle of, and some are cut off once carried out.
	s.Sandbox.GoHighLevel.SetFaults([]gohighleveltest.Fault{
		{Kind: gohighleveltest.FaultLatency, Path: "/contacts/", Latency: 200 * time.Millisecond},
		{Kind: gohighleveltest.FaultCutAfter, Path: "/contacts/" + ada.GoHighLevelID + "/tasks", Count: 2},
	})
	note := s.writeNote(t, ada, "Closing", "<ul>"+items+"</ul>")
	for made := range 3 {
		s.becomes(t, "more tasks are made", func() bool { return len(s.madeOf(ada, "")) > 2*made })
		if err := s.worker.Kill(); err != nil {
			t.Fatal(err)
		}
		s.startWorker(t)
	}
	s.Sandbox.GoHighLevel.SetFaults(nil)
	s.becomes(t, "all tasks are there, on both sides", func() bool {
		return len(s.madeOf(ada, "· Closing")) == 6 && len(s.madeOf(ada, "(0 of 6 done)")) == 1 && len(s.tasksOf(ada)) == 7
	})

	// What is completed in Salesforce is completed here, and shows in the parent.
	for subject, row := range s.tasksOf(ada) {
		if strings.HasPrefix(subject, "1/6 ") {
			if err := s.Sandbox.Salesforce.Edit("Task", row["Id"].(string), map[string]any{"Status": "Completed"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.becomes(t, "the parent shows it on both sides", func() bool {
		return len(s.madeOf(ada, "(1 of 6 done)")) == 1 && s.tasksOf(ada)["Closing (1 of 6 done)"] != nil
	})
	s.editNote(t, note, "<ul>"+items+"<li>Bring the key</li></ul>")
	s.becomes(t, "there is one more on both sides", func() bool {
		return len(s.madeOf(ada, "(1 of 7 done)")) == 1 && len(s.madeOf(ada, "· Closing")) == 7 && len(s.tasksOf(ada)) == 8
	})
	if made := len(s.madeOf(ada, "")); made != 8 {
		t.Errorf("there are %d tasks, want 8", made)
	}
}
