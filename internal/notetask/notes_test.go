package notetask_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/notetask/plaindate"
	"github.com/tandem-sync/tandem/internal/rules"
)

// The notes were written on Tuesday, 28 April 2026, at half past four in the afternoon in New York. A task without a day is
// due on 1 May.
var written = time.Date(2026, 4, 28, 20, 30, 0, 0, time.UTC)

var directory = notetask.Directory{
	People: []notetask.Person{
		{GoHighLevelID: "g-anna", SalesforceID: "005000000000001AAA", Name: "Anna Berg", Email: "anna.berg@tandem.example"},
		{GoHighLevelID: "g-ben", Name: "Ben O'Hara", Email: "ben@tandem.example"},
		{SalesforceID: "005000000000003AAA", Name: "José Núñez", Email: "jnunez@tandem.example"},
		{GoHighLevelID: "g-chris1", Name: "Chris Miller", Email: "cm@tandem.example"},
		{GoHighLevelID: "g-chris2", Name: "Chris Young", Email: "cy@tandem.example"},
	},
	GoHighLevelIDs: map[string]string{"005000000000003": "g-jose", "005000000000009AAA": "g-dana"},
	Owner:          "g-owner", Default: "g-default",
}

var dana = notetask.Author{SalesforceID: "005000000000009AAA", Name: "Dana Fox", Email: "dana@acme.example"}

// setting is what notes are read under, with further rules in YAML.
func setting(t *testing.T, more string) notetask.Setting {
	t.Helper()
	r, err := rules.Parse("acme.yaml", []byte("gohighlevel: {location: abc}\nsalesforce: {org: 00D000000000001}\nnote_to_task:\n  enabled: true\n"+indented(more)))
	require.NoError(t, err)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return notetask.Setting{
		Rules: r.NoteToTask, Zone: zone, Directory: directory, Dates: plaindate.New(r.NoteToTask.Languages, r.NoteToTask.DateOrder),
	}
}

func indented(yaml string) string {
	var b strings.Builder
	for _, l := range strings.Split(yaml, "\n") {
		if l != "" {
			b.WriteString("  " + l + "\n")
		}
	}
	return b.String()
}

// told is a plan in short: a line per task with its day and, where it is not the author's, whose it is.
func told(p notetask.Plan) string {
	if len(p.Tasks) == 0 {
		return "(" + string(p.Reason) + ")"
	}
	var b strings.Builder
	if p.Parent() {
		fmt.Fprintf(&b, "= %s\n", p.Title)
	}
	for _, t := range p.Tasks {
		if t.Done {
			b.WriteString("x ")
		}
		b.WriteString(t.Text)
		if t.DueText != "" {
			fmt.Fprintf(&b, " | %s", t.Due)
		}
		if t.Assignee.ID != "g-dana" {
			fmt.Fprintf(&b, " | %s", t.Assignee.ID)
		}
		for _, d := range t.Details {
			fmt.Fprintf(&b, "\n    %s", d)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// noted is a note and what becomes of it.
type noted struct {
	name  string
	rules string
	title string
	body  string
	html  bool
	want  string
}

func TestNotesBecomeTheTasksThatTheySpeakOf(t *testing.T) {
	all := append(append(append([]noted{}, plainNotes...), htmlNotes...), foreignNotes...)
	require.GreaterOrEqual(t, len(all), 60)
	names := map[string]bool{}
	for _, n := range all {
		require.False(t, names[n.name], "two notes are called %s", n.name)
		names[n.name] = true
		t.Run(n.name, func(t *testing.T) {
			note := notetask.Note{Title: n.title, Body: n.body, HTML: n.html, Author: dana, Written: written}
			plan, err := notetask.Make(note, notetask.Plan{}, setting(t, n.rules))
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSpace(n.want), told(plan))
			text := notetask.Text(note)
			for _, task := range plan.Tasks {
				if task.Found != notetask.FoundTitle {
					assert.Contains(t, text[task.Span.Start:task.Span.End], strings.TrimSpace(task.Span.Text), "a span lies elsewhere")
				}
				if task.DueText == "" {
					assert.Equal(t, notetask.Day("2026-05-01"), task.Due)
				}
			}
		})
	}
}

var plainNotes = []noted{
	{name: "one line with todo", body: "todo: send pricing by Friday", want: "Send pricing by Friday | 2026-05-01"},
	{name: "TODO in capitals without a colon", body: "TODO call Marcus tomorrow", want: "Call Marcus tomorrow | 2026-04-29"},
	{name: "to-do with a dash", body: "To-do - get W-9 from vendor", want: "Get W-9 from vendor"},
	{name: "follow up in the middle of prose", body: "Great chat with Mrs. Lopez today. She loves the pool option.\nFollow up in two weeks about financing.\nBudget about 40k.",
		want: "Follow up in two weeks about financing. | 2026-05-12"},
	{name: "a verb at the front of a line", body: "Spoke to Jim, he's travelling.\nCall Jim next Tuesday re: renewal\nEmail him the case study", title: "Jim",
		want: "= Jim\nCall Jim next Tuesday re: renewal | 2026-05-05\nEmail him the case study"},
	{name: "a bullet list", title: "Kick-off call", body: "- Send contract to legal\n- Set up sandbox by 5/4\n- Intro @Anna Berg to their CTO",
		want: "= Kick-off call\nSend contract to legal\nSet up sandbox by 5/4 | 2026-05-04\nIntro Anna Berg to their CTO | g-anna"},
	{name: "check boxes, one ticked", title: "Onboarding", body: "[x] Welcome email\n[ ] Import contacts by 05/12/2026\n[ ] Training session on May 20",
		want: "= Onboarding\nx Welcome email\nImport contacts by 05/12/2026 | 2026-05-12\nTraining session on May 20 | 2026-05-20"},
	{name: "markdown check boxes", title: "Plan", body: "- [ ] draft SOW\n- [X] NDA signed\n* [ ] book room", want: "= Plan\nDraft SOW\nx NDA signed\nBook room"},
	{name: "boxes as characters", title: "Visit", body: "☐ Measure windows\n☑ Take photos\n✅ Leave brochure", want: "= Visit\nMeasure windows\nx Take photos\nx Leave brochure"},
	{name: "numbered", title: "Steps", body: "1. Pull credit report\n2) Email term sheet by EOD\n3. Schedule closing for May 15th",
		want: "= Steps\nPull credit report\nEmail term sheet by EOD | 2026-04-28\nSchedule closing for May 15th | 2026-05-15"},
	{name: "the note says which list is the one", title: "QBR Globex", body: "Attendees:\n- Dana\n- Phil Collins\n- Sue\n\nDiscussed:\n- churn at 3%\n- new CFO\n\nAction items:\n- Send churn report by Thursday\n- Ask CFO about budget",
		want: "= QBR Globex\nSend churn report by Thursday | 2026-04-30\nAsk CFO about budget"},
	{name: "next steps without bullets", title: "Demo", body: "They liked the dashboard.\n\nNext steps:\nSend recording\nBook follow-up for 12 May\n\nAlso they use HubSpot today.",
		want: "= Demo\nSend recording\nBook follow-up for 12 May | 2026-05-12"},
	{name: "next step in one line", body: "Next step: proposal out by Monday", want: "Proposal out by Monday | 2026-05-04"},
	{name: "headings without a colon", title: "Call", body: "Attendees\n- Bob\n- Ann\nNext Steps\n- Bob: sign NDA\n- Send deck", want: "= Call\nBob: sign NDA\nSend deck"},
	{name: "a list that is not for doing, and a line that is", title: "Visit", body: "Family:\n- wife Carol\n- 2 dogs\n\nCall Carol on Monday", want: "Call Carol on Monday | 2026-05-04"},
	{name: "mention with an e-mail address", body: "todo @ben@tandem.example send mockups", want: "Send mockups | g-ben"},
	{name: "mention without spaces", body: "- @annaberg to review terms\n- @ben.ohara quote?", title: "T", want: "= T\nTo review terms | g-anna\nQuote? | g-ben"},
	{name: "mention by the first name", body: "Action: @Ben, please chase the invoice by Wed", want: "Please chase the invoice by Wed | 2026-04-29 | g-ben"},
	{name: "mention of a Salesforce user in the map", body: "todo: check stock @José Núñez", want: "Check stock | g-jose"},
	{name: "mention that two people answer to", body: "todo: ask @Chris about stock", want: "Ask Chris about stock"},
	{name: "mention of nobody we know", body: "todo: @zoe sends samples", want: "Zoe sends samples"},
	{name: "heading with a mention and a day", title: "Sync", body: "Action items @Anna (by Friday):\n- fix import\n- clean tags by Thursday\n- @Ben: export list", want: "= Sync\nFix import | 2026-05-01 | g-anna\nClean tags by Thursday | 2026-04-30 | g-anna\nExport list | 2026-05-01 | g-ben"},
	{name: "details below an item", title: "Prep", body: "- Prepare offer\n    - 3 seats\n    - 10% off\n- Call them", want: "= Prep\nPrepare offer\n    3 seats\n    10% off\nCall them"},
	{name: "a list that is one space off", title: "Off", body: "- one thing\n - two things\n- three things", want: "= Off\nOne thing\nTwo things\nThree things"},
	{name: "a day in the details", body: "todo: renew policy\n  expires on May 9, 2026", want: "Renew policy | 2026-05-09\n    expires on May 9, 2026"},
	{name: "a list inside a list", title: "Mixed", body: "- Background:\n  - moved from Ohio\n- Next steps:\n  - send forms\n  - call school on Friday",
		want: "= Mixed\nSend forms\nCall school on Friday | 2026-05-01"},
	{name: "messy typing", title: "misc", body: "  spoke 2 mike  , wants price !!\r\n\r\n-send price list asap\r\n-call  back   thurs?\r\n*email brochure by tmrw", want: "= misc\nSend price list asap\nCall back thurs?\nEmail brochure by tmrw | 2026-04-29"},
	{name: "a title that is the task", title: "Follow up with Ann next week", body: "She was on holiday.", want: "Follow up with Ann next week | 2026-05-08\n    She was on holiday."},
	{name: "a title that says nothing", title: "Untitled Note", body: "Roof inspection\n- order ladder\n- call insurer", want: "= Roof inspection\nOrder ladder\nCall insurer"},
	{name: "remind me", body: "Remind me to send flowers on May 10", want: "Remind me to send flowers on May 10 | 2026-05-10"},
	{name: "end of month", body: "Send invoice by end of month", want: "Send invoice by end of month | 2026-04-30"},
	{name: "an old date with its year is no deadline", body: "todo: renew contract from 01/03/2020", want: "Renew contract from 01/03/2020"},
	{name: "an old deadline stays", body: "todo: tax form, due 04/15/2026", want: "Tax form, due 04/15/2026 | 2026-04-15"},
	{name: "British dates", rules: "locale: en-GB", body: "todo: pay deposit by 12/05/2026", want: "Pay deposit by 12/05/2026 | 2026-05-12"},
	{name: "American dates", body: "todo: pay deposit by 12/05/2026", want: "Pay deposit by 12/05/2026 | 2026-12-05"},
	{name: "a pattern of the rules", rules: "patterns: ['^AI: (.*)', '>>>']", title: "Sync", body: "AI: order lunch\nblah >>> blah\nnothing here", want: "= Sync\nOrder lunch\nBlah >>> blah"},
	{name: "an expression of the rules", rules: "lines: 'heading == \"Homework for them\" && line contains \"!\"'\nlists: []\nwords: []", title: "H", body: "Homework for them:\n- read this!\n- maybe that\nother!", want: "Read this!"},
	{name: "words of the rules", rules: "words: [ping]\nlists: []", body: "Ping Sue on Friday\ncall Bob\n- listed", want: "Ping Sue on Friday | 2026-05-01"},
	{name: "lists only of one kind", rules: "lists: [check]\nwords: []", body: "- one thing\n[] tick this", want: "Tick this"},
	{name: "struck out", title: "S", body: "- ~~old thing~~\n- new thing", want: "= S\nx Old thing\nNew thing"},
	{name: "emphasis", title: "E", body: "**Next steps**\n- **Send** the deck\n- call", want: "= E\n**Send** the deck\nCall"},
	{name: "a date is not a list's number", body: "3. May: shop opens\nCall baker on 4 May", want: "Call baker on 4 May | 2026-05-04"},
	{name: "the owner comes first if the rules want it", rules: "assign: [owner]", body: "todo: water plants @Ben", want: "Water plants | g-owner"},
	{name: "nobody comes first", rules: "assign: []", body: "todo: water plants", want: "Water plants | g-default"},
	{name: "a mail's signature is no work", title: "Mail", body: "Hi team,\nplease send the forms by Friday.\n\nBest regards,\nTom Reed\nVP Sales\nCall: 555-123-4567\nEmail: tom@reed.example\nBook a meeting with me: https://cal.example/tom",
		want: "Please send the forms by Friday. | 2026-05-01"},
	{name: "work after a signature", title: "Mail", body: "Thanks,\nTom\n\nTodo: call Tom back on Monday", want: "Call Tom back on Monday | 2026-05-04"},
	{name: "a pasted thread is no work", title: "Fwd", body: "- Reply to Tom by Thursday\n\nOn Mon, Apr 27, 2026 at 9:12 AM Tom Reed <tom@reed.example> wrote:\n> todo: sign this\nSend me the file\n- one\n- two", want: "Reply to Tom by Thursday | 2026-04-30"},
	{name: "an Outlook thread is no work", title: "Fwd", body: "Call Tom about this tomorrow\n\nFrom: Tom Reed\nSent: Monday, April 27, 2026\nTo: Dana\nSubject: todo\n\n- Send us the offer\nCall me", want: "Call Tom about this tomorrow | 2026-04-29"},
	{name: "quoted lines are no work", body: "> todo: sign\n> - send", want: "(nothing)"},
	{name: "an account of a call", title: "Call with Acme", body: "Call with Bob went well.\nCall notes: nothing new\nEmail from Sue received\nFollow-up call was short\nCall ended 14:32\nAction was taken already.\nSend-off party was fun", want: "(nothing)"},
	{name: "plain prose", title: "Impressions", body: "Nice person. Has two kids. We talked about the weather and they sent a todo app link.", want: "(nothing)"},
	{name: "contact data", body: "Phone: 555-010-2233 bob@acme.example\nSchedule: 9-5 daily\nEmail: bob@acme.example\nCall: +1 (555) 010-2000\n- bob@acme.example\n- https://acme.example\n- 555-010-2000", want: "(nothing)"},
	{name: "nothing to do, says the note", title: "Check-in", body: "Action items:\n- None\n\nNext steps: n/a", want: "(nothing)"},
	{name: "everything was done before", title: "Old", body: "[x] a thing\n[x] other thing", want: "(done)"},
	{name: "an empty note", body: " \n\n\t", want: "(nothing)"},
	{name: "a note that Tandem finished", title: "K", body: "All 5 tasks done on 2026-05-03", want: "(nothing)"},
	{name: "left out by the rules", rules: "filter: 'title contains \"#task\"'", title: "Private", body: "todo: call mum", want: "(filtered)"},
	{name: "let in by the rules", rules: "filter: 'title contains \"#task\" && author == \"Dana Fox\"'", title: "Pool #task", body: "todo: call mum", want: "Call mum"},
}

var htmlNotes = []noted{
	{name: "the editor's paragraphs", html: true, body: "<p>Met Joan &amp; Lee today.</p><p>Follow&nbsp;up on Friday</p>", want: "Follow up on Friday | 2026-05-01"},
	{name: "the editor's list", html: true, title: "Walk-through", body: "<p><b>Next steps</b></p><ul><li>Send <i>quote</i> by May 5</li><li>Book crew</li></ul><p>Nice garden.</p>", want: "= Walk-through\nSend quote by May 5 | 2026-05-05\nBook crew"},
	{name: "the editor's numbered list", html: true, title: "N", body: "<ol><li>Call HOA</li><li><p>Get permit by 6/1</p></li></ol>", want: "= N\nCall HOA\nGet permit by 6/1 | 2026-06-01"},
	{name: "the editor's nested list", html: true, title: "N2", body: "<ul><li>Order parts<ul><li>pump</li><li>filter</li></ul></li><li>Email vendor</li></ul>", want: "= N2\nOrder parts\n    pump\n    filter\nEmail vendor"},
	{name: "line breaks", html: true, title: "B", body: "Hello<br>todo: fix gate<br/>Call Sue on Monday<br><br>bye", want: "= B\nFix gate\nCall Sue on Monday | 2026-05-04"},
	{name: "an attendees' list", html: true, title: "A", body: "<h3>Attendees</h3><ul><li>Bob</li><li>Eve</li></ul><h3>Actions</h3><ul><li>@Ben O&#39;Hara draft plan</li></ul>", want: "Draft plan | g-ben"},
	{name: "what is struck out is done", html: true, title: "S2", body: "<ul><li><strike>send W9</strike></li><li>send W10</li></ul>", want: "= S2\nx Send W9\nSend W10"},
	{name: "boxes as inputs", html: true, title: "C", body: `<div><input type="checkbox" checked> print plans</div><div><input type="checkbox"/> bind plans</div>`, want: "= C\nx Print plans\nBind plans"},
	{name: "boxes as list data", html: true, title: "Q", body: `<ol><li data-list="checked">one more</li><li data-list="unchecked">two more</li><li data-list="bullet" class="ql-indent-1">extra</li></ol>`, want: "= Q\nx One more\nTwo more\n    extra"},
	{name: "a quoted mail", html: true, title: "Q2", body: "<p>Send reply today</p><blockquote><p>todo: pay us</p><ul><li>now</li></ul></blockquote>", want: "Send reply today | 2026-04-28"},
	{name: "scripts and styles", html: true, body: "<style>li{todo:1}</style><script>todo: hack</script><p>todo: real one</p>", want: "Real one"},
	{name: "a table", html: true, title: "T", body: "<table><tr><td>todo:</td><td>sign page 3</td></tr><tr><td>Budget</td><td>20k</td></tr></table>", want: "Sign page 3"},
	{name: "HTML that is broken", html: true, title: "Br", body: "<ul><li>first thing<li>second <b>thing</ul></div></p>tail <", want: "= Br\nFirst thing\nSecond thing"},
	{name: "HTML with a finished line", html: true, title: "F", body: "<ul><li>call Ann</li></ul><p>Task done on 2026-05-03</p>", want: "Call Ann"},
	{name: "HTML in capitals and spans", html: true, body: `<P><SPAN style="font-size:12px">TODO:&#160;</SPAN><SPAN>ship sample by 05/08</SPAN></P>`, want: "Ship sample by 05/08 | 2026-05-08"},
}

var foreignNotes = []noted{
	{name: "German words and dates", rules: "locale: de-DE", title: "Erstgespräch", body: "Herr Maier ist interessiert.\n\nNächste Schritte:\n- Angebot bis 12.05.2026 schicken\n- in zwei Wochen nachfassen\n- Termin am 3. Juni vor Ort",
		want: "= Erstgespräch\nAngebot bis 12.05.2026 schicken | 2026-05-12\nIn zwei Wochen nachfassen | 2026-05-12\nTermin am 3. Juni vor Ort | 2026-06-03"},
	{name: "German prose with a request", rules: "locale: de-DE", body: "Guten Morgen,\nbitte bis Freitag Unterlagen senden.\n\nMit freundlichen Grüßen\nKlaus Weber\nTel.: +49 30 1234567", want: "Bitte bis Freitag Unterlagen senden. | 2026-05-01"},
	{name: "German participants", rules: "locale: de-AT", title: "Jour fixe", body: "Teilnehmer:\n- Frau Huber\n- Herr Gruber\n\nAufgaben:\n☐ Vertrag prüfen bis Mittwoch\n☑ Protokoll", want: "= Jour fixe\nVertrag prüfen bis Mittwoch | 2026-04-29\nx Protokoll"},
	{name: "German thread", rules: "locale: de-DE", body: "Anrufen morgen: Frau Huber\n\nAm 27.04.2026 um 09:12 schrieb Huber:\n- Bitte senden", want: "Anrufen morgen: Frau Huber | 2026-04-29"},
	{name: "Spanish words and dates", rules: "locale: es-ES", title: "Visita", body: "Reunión muy buena.\nLlamar a Juan mañana\nEnviar el contrato antes del viernes\nHacer seguimiento en dos semanas", want: "= Visita\nLlamar a Juan mañana | 2026-04-29\nEnviar el contrato antes del viernes | 2026-05-01\nHacer seguimiento en dos semanas | 2026-05-12"},
	{name: "Spanish list", rules: "locale: es-MX", title: "Junta", body: "Asistentes:\n- Luis\n- Marta\nPróximos pasos:\n- Mandar cotización el 12/05\n- Visita el 3 de junio", want: "= Junta\nMandar cotización el 12/05 | 2026-05-12\nVisita el 3 de junio | 2026-06-03"},
	{name: "Spanish account", rules: "locale: es-ES", title: "Nota", body: "Llamar de Juan fue raro\nPor la mañana hablamos.\nSaludos,\nPepe\nEnviar flores", want: "(nothing)"},
	{name: "French words and dates", rules: "locale: fr-FR", title: "RDV client", body: "Participants :\n- M. Martin\n\nÀ faire :\n- Envoyer le devis avant vendredi\n- Rappeler le 12/05\n- Relancer la semaine prochaine", want: "= RDV client\nEnvoyer le devis avant vendredi | 2026-05-01\nRappeler le 12/05 | 2026-05-12\nRelancer la semaine prochaine | 2026-05-08"},
	{name: "French prose", rules: "locale: fr-CA", body: "Bon échange avec Mme Roy.\nRappeler demain matin\nCordialement,\nLuc", want: "Rappeler demain matin | 2026-04-29"},
	{name: "English in a German location", rules: "locale: de-DE", title: "Sync", body: "Action items:\n- Send deck by next Friday\n- Vertrag bis morgen", want: "= Sync\nSend deck by next Friday | 2026-05-08\nVertrag bis morgen | 2026-04-29"},
	{name: "years first", rules: "locale: ja-JP", body: "todo: ship by 2026/05/12", want: "Ship by 2026/05/12 | 2026-05-12"},
	{name: "two languages by the rules", rules: "languages: [es, en]\ndate_order: day_first", title: "Dos", body: "- llamar el 5/6\n- send on 6/5", want: "= Dos\nLlamar el 5/6 | 2026-06-05\nSend on 6/5 | 2026-05-06"},
}
