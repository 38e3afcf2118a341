package activities_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAGoHighLevelNoteIsShownOnTheSalesforceContactWithItsAuthorAndTime(t *testing.T) {
	var grace string
	n := newNoted(t, setting{prepare: func(s *sandbox.Sandbox) {
		grace = s.GoHighLevel.AddUser("Grace", "Hopper", "grace@example.com")
	}})
	id, err := n.ghl.CreateNote(gohighleveltest.Note{
		ContactID: n.g, Body: "<p>Called &amp; asked:</p><ul><li>prices</li><li>dates</li></ul>", UserID: grace,
		DateAdded: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	n.hears(n.markOf(id))
	link := n.together(n.markOf(id))
	row, there := n.sf.Get("ContentNote", link.SalesforceID)
	require.True(t, there)
	require.Equal(t, "Called & asked:", row["Title"])
	text := record.HTMLText(n.content(link.SalesforceID))
	require.Regexp(t, `^\[From GoHighLevel: Grace Hopper, 2026-05-04 [0-9:]+ [+-][0-9:]+\]\nCalled & asked:\n`, text)
	require.Contains(t, text, "- prices\n- dates")
	require.Equal(t, []string{link.SalesforceID}, n.shownOn(n.s))
	n.quietly(n.bothOf(link)...)
}

func TestASalesforceNoteIsWrittenDownWithTheContactWithItsAuthorAndTime(t *testing.T) {
	n := newNoted(t, setting{})
	mark := n.inSalesforce("Visit", "<p>Likes <b>blue</b>.</p><p>&quot;Soon&quot;, she said</p>", n.s)
	n.hears(mark)
	link := n.together(mark)
	note, there := n.ghl.Note(link.GoHighLevelID)
	require.True(t, there)
	require.Equal(t, n.g, note.ContactID)
	require.Equal(t, "Visit", note.Title)
	require.Regexp(t, `^\[From Salesforce: .+, [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+ [+-][0-9:]+\]\nLikes blue\.\n`, note.Body)
	require.Contains(t, note.Body, `"Soon", she said`)
	n.quietly(n.bothOf(link)...)
}

func TestAnEditOfANoteReachesTheOtherSideAndTheHeaderStaysAsItWas(t *testing.T) {
	for _, from := range record.Sides {
		t.Run("from "+string(from), func(t *testing.T) {
			n := newNoted(t, setting{})
			var mark record.Mark
			if from == record.Salesforce {
				mark = n.inSalesforce("Words", "<p>first words</p>", n.s)
			} else {
				mark = n.inGoHighLevel("first words")
			}
			n.hears(mark)
			link := n.together(mark)
			// Each side edits in turn, several times over; the text must be what was typed, and nothing else.
			for _, words := range []string{"second\nwords", "third & <words>", "fourth\n\n- a\n- b", "fifth"} {
				note, _ := n.ghl.Note(link.GoHighLevelID)
				head := ""
				if from == record.Salesforce {
					head, _, _ = strings.Cut(record.MarkupText(note.Body), "\n")
					head += "\n"
				}
				require.NoError(t, n.ghl.EditNote(link.GoHighLevelID, map[string]any{"body": head + words}))
				n.hears(n.markOf(link.GoHighLevelID))
				e, body := record.Unwrap(record.HTMLText(n.content(link.SalesforceID)))
				require.Equal(t, words, body)
				require.Equal(t, from == record.GoHighLevel, e != nil, "only what came from the other side has a header")

				require.NoError(t, n.sf.Edit("ContentNote", link.SalesforceID, map[string]any{
					"Content": record.NoteHTML(strings.Replace(record.HTMLText(n.content(link.SalesforceID)), words, words+" more", 1)),
				}))
				n.hears(record.Mark{Side: record.Salesforce, RecordID: link.SalesforceID})
				note, _ = n.ghl.Note(link.GoHighLevelID)
				e, body = record.Unwrap(record.MarkupText(note.Body))
				require.Equal(t, words+" more", body)
				require.Equal(t, from == record.Salesforce, e != nil)
				n.quietly(n.bothOf(link)...)
			}
		})
	}
}

func TestADeletedNoteIsDeletedOnTheOtherSideOrKeptByTheRules(t *testing.T) {
	for _, side := range record.Sides {
		for policy, kept := range map[string]bool{"propagate": false, "ignore": true} {
			t.Run("deleted in "+string(side)+", "+policy, func(t *testing.T) {
				n := newNoted(t, setting{editRules: notesRules("  deletions: {gohighlevel: " + policy + ", salesforce: " + policy + "}\n")})
				mark := n.inGoHighLevel("words")
				n.hears(mark)
				link := n.together(mark)
				if side == record.GoHighLevel {
					require.NoError(t, n.ghl.DeleteNote(link.GoHighLevelID))
				} else {
					require.NoError(t, n.sf.Delete("ContentNote", link.SalesforceID))
					mark = record.Mark{Side: record.Salesforce, RecordID: link.SalesforceID}
				}
				n.hears(gone(mark))
				_, inGHL := n.ghl.Note(link.GoHighLevelID)
				inSF := n.inOrg("ContentNote", link.SalesforceID)
				require.Equal(t, kept && side == record.Salesforce, inGHL)
				require.Equal(t, kept && side == record.GoHighLevel, inSF)
				require.Equal(t, map[bool]record.LinkState{false: record.LinkDeleted, true: record.LinkParted}[kept], n.link(link.ID).State)
				n.quietly(n.bothOf(link)...)
			})
		}
	}
}

func TestANoteThatWasEditedIsWrittenAgainWhereItWasDeleted(t *testing.T) {
	n := newNoted(t, setting{})
	mark := n.inGoHighLevel("words")
	n.hears(mark)
	link := n.together(mark)
	require.NoError(t, n.sf.Delete("ContentNote", link.SalesforceID))
	require.NoError(t, n.ghl.EditNote(link.GoHighLevelID, map[string]any{"body": "other words"}))
	n.hears(mark, gone(record.Mark{Side: record.Salesforce, RecordID: link.SalesforceID}))
	again := n.together(mark)
	require.NotEqual(t, link.SalesforceID, again.SalesforceID)
	require.Contains(t, n.content(again.SalesforceID), "other words")
}

func TestANoteIsFoundAgainAfterACreateWhoseOutcomeIsUnknown(t *testing.T) {
	for _, cut := range []string{"cut_after", "cut_before"} {
		for _, to := range record.Sides {
			t.Run(cut+" in "+string(to), func(t *testing.T) {
				n := newNoted(t, setting{})
				var mark record.Mark
				if to == record.Salesforce {
					mark = n.inGoHighLevel("words")
					n.sf.SetFaults([]salesforcetest.Fault{{Kind: cut, Path: "/composite", Count: 1}})
				} else {
					mark = n.inSalesforce("Words", "<p>words</p>", n.s)
					n.ghl.SetFaults([]gohighleveltest.Fault{{Kind: cut, Path: "/contacts/" + n.g + "/notes", Count: 2}})
				}
				n.hears(mark)
				link := n.together(mark)
				require.Len(t, n.ghl.Notes(), 1)
				require.Equal(t, 1, n.sf.Count("ContentNote"))
				n.quietly(n.bothOf(link)...)
			})
		}
	}
}

func TestTwoNotesOfTheSameWordsAreTwoOnBothSides(t *testing.T) {
	n := newNoted(t, setting{})
	a, b := n.inGoHighLevel("no answer"), n.inGoHighLevel("no answer")
	n.hears(a, b)
	require.NotEqual(t, n.together(a).SalesforceID, n.together(b).SalesforceID)
	require.Equal(t, 2, n.sf.Count("ContentNote"))
	c := n.inSalesforce("Note", "<p>voicemail</p>", n.s)
	d := n.inSalesforce("Note", "<p>voicemail</p>", n.s)
	n.hears(c, d)
	require.NotEqual(t, n.together(c).GoHighLevelID, n.together(d).GoHighLevelID)
	require.Len(t, n.ghl.Notes(), 4)
}

func TestANoteThatBothSidesAnnounceIsOneNote(t *testing.T) {
	n := newNoted(t, setting{})
	mark := n.inGoHighLevel("words")
	n.hears(mark)
	link := n.together(mark)
	// A second connection of the same two CRMs, or a lost ledger: both halves are there, and no link knows.
	_, err := n.db.Exec(t.Context(), "DELETE FROM links WHERE id = $1", link.ID)
	require.NoError(t, err)
	n.hears(n.bothOf(link)...)
	require.Equal(t, link.SalesforceID, n.together(mark).SalesforceID)
	require.Len(t, n.ghl.Notes(), 1)
	require.Equal(t, 1, n.sf.Count("ContentNote"))
}

func TestANoteThatIsDeletedWhileItIsLookedAtIsNoTwin(t *testing.T) {
	var n *noted
	vanishing := ""
	n = newNoted(t, setting{betweenSalesforce: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if vanishing != "" && strings.HasSuffix(r.URL.Path, "/"+vanishing+"/Content") {
				require.NoError(t, n.sf.Delete("ContentNote", vanishing)) // it is in the list already
				vanishing = ""
			}
			next.ServeHTTP(rw, r)
		})
	}})
	mark := n.inGoHighLevel("words")
	n.hears(mark)
	link := n.together(mark)
	_, err := n.db.Exec(t.Context(), "DELETE FROM links WHERE id = $1", link.ID) // both halves are there, and no link knows
	require.NoError(t, err)
	vanishing = link.SalesforceID
	n.hears(mark)
	require.Empty(t, vanishing)
	require.NotEqual(t, link.SalesforceID, n.together(mark).SalesforceID)
}

func TestANoteOnSeveralContactsBelongsToTheFirstThatIsInStepAndStaysThere(t *testing.T) {
	n := newNoted(t, setting{})
	stranger := n.sf.Create("Contact", row("Stranger", "stranger@example.com")) // nobody has announced it
	bob := n.ghl.Create(contact("Babbage", "bob@example.com"))
	n.hear(recordLane, inGoHighLevel(bob))
	second := n.linkOf(record.GoHighLevel, bob).SalesforceID
	mark := n.inSalesforce("Meeting", "<p>all together</p>", stranger, n.s, second)
	n.hears(mark)
	link := n.together(mark)
	require.Len(t, n.ghl.Notes(), 1)

	// Whoever is taken off it, and whoever comes into step: the note stays where it is.
	require.NoError(t, n.sf.UnlinkNote(mark.RecordID, n.s))
	require.NoError(t, n.sf.Edit("ContentNote", mark.RecordID, map[string]any{"Content": "<p>all apart</p>"}))
	n.announce(inSalesforce(stranger))
	n.plan()
	n.contactSync(n.linkOf(record.Salesforce, stranger).ID)
	n.hears(mark)
	require.Equal(t, link.GoHighLevelID, n.together(mark).GoHighLevelID)
	require.Len(t, n.ghl.Notes(), 1)
	require.Contains(t, n.bodies()[0], "all apart")
	require.Equal(t, n.g, n.ghl.Notes()[0].ContactID)
}

func TestANoteWaitsForItsContactToComeIntoStep(t *testing.T) {
	n := newNoted(t, setting{})
	bob := n.ghl.Create(contact("Babbage", "bob@example.com"))
	id, err := n.ghl.CreateNote(gohighleveltest.Note{ContactID: bob, Body: "early"})
	require.NoError(t, err)
	mark := record.Mark{Side: record.GoHighLevel, RecordID: id, ContactID: bob}
	n.hears(mark)
	require.Equal(t, record.ProblemNoContact, n.noteOf(mark).Problem)
	require.Zero(t, n.sf.Count("ContentNote"))
	n.announce(inGoHighLevel(bob))
	n.plan()
	n.contactSync(n.linkOf(record.GoHighLevel, bob).ID)
	n.hears()
	require.Equal(t, record.LinkInStep, n.noteOf(mark).State)
	require.Equal(t, 1, n.sf.Count("ContentNote"))
}

func TestNotesOfNobodyAndOfLeadsAreLeftOut(t *testing.T) {
	n := newNoted(t, setting{})
	mark := n.inSalesforce("Private thoughts", "<p>mine</p>")
	n.hears(mark)
	require.Equal(t, record.LinkExcluded, n.noteOf(mark).State)
	require.Empty(t, n.ghl.Notes())
}
