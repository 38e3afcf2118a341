package rules

import (
	"regexp"

	"github.com/tandem-sync/tandem/internal/record"
)

// NoteToTask is how Salesforce notes become GoHighLevel tasks.
type NoteToTask struct {
	Enabled bool
	// Filter leaves notes out; nil takes every note.
	Filter *NoteCondition
	// Lists are the kinds of lists whose items become tasks.
	Lists []ListKind
	// Words are those that a line which becomes a task begins with.
	Words []string
	// Patterns are regular expressions that a line which becomes a task matches. Their first group, where they have one,
	// is what the task says.
	Patterns []*regexp.Regexp
	// Lines is an expression that is true for lines which become tasks; nil is true for none.
	Lines *LineCondition
	// Locale is the BCP 47 tag of the language and region that notes are written in: "en-US".
	Locale string
	// Languages are those in which dates and words are understood, the locale's first.
	Languages []NoteLanguage
	DateOrder DateOrder
	// DueDays is how many days after the note was written a task is due that names no date.
	DueDays int
	// DueHour is the hour of the location's day, 0 to 23, at which tasks are due.
	DueHour int
	// Assign is whom a task goes to, in order of preference; the first one that can be found is taken.
	Assign []AssigneeSource
	// MarkDone writes into the note that all of its tasks are done.
	MarkDone bool
}

// ListKind is a kind of list in a note.
type ListKind string

// The kinds of lists.
const (
	CheckList    ListKind = "check"    // with boxes to tick
	BulletList   ListKind = "bullet"   // with dashes, stars or dots
	NumberedList ListKind = "numbered" // with numbers
)

// NoteLanguage is a language in which notes are understood, by its ISO 639 code.
type NoteLanguage string

// The languages.
const (
	English NoteLanguage = "en"
	German  NoteLanguage = "de"
	Spanish NoteLanguage = "es"
	French  NoteLanguage = "fr"
)

// NoteLanguages are all of them.
var NoteLanguages = []NoteLanguage{English, German, Spanish, French}

// DateOrder is how a date in digits is read.
type DateOrder string

// The orders.
const (
	MonthFirst DateOrder = "month_first" // 12/05/2026 is the 5th of December
	DayFirst   DateOrder = "day_first"   // 12/05/2026 is the 12th of May
	YearFirst  DateOrder = "year_first"  // 26/05/12 is the 12th of May
)

// AssigneeSource is where a task's assignee comes from.
type AssigneeSource string

// The sources. A task for which none has anybody goes to the connection's default, if there is one.
const (
	AssignMentioned AssigneeSource = "mention" // whom the item, or the heading above it, names with an @
	AssignAuthor    AssigneeSource = "author"  // who wrote the note
	AssignOwner     AssigneeSource = "owner"   // the contact's owner
)

// NoteCondition is a compiled boolean expression over a note.
type NoteCondition struct{ *Condition }

// NoteFacts is what an expression may know of a note.
type NoteFacts struct {
	Title, Text string // Text is plain
	Author      string // the author's name
	AuthorEmail string
}

// Match tells whether the condition holds for a note. It fails with *ExpressionError; the same note always gives the same
// answer.
func (c NoteCondition) Match(n NoteFacts) (bool, error) {
	return c.Condition.Match(n.record())
}

// LineCondition is a compiled boolean expression over a line of a note.
type LineCondition struct{ *Condition }

// LineFacts is what an expression may know of a line.
type LineFacts struct {
	Note NoteFacts
	Line string // without the mark of its list
	List string // "check", "bullet", "numbered", or "" outside lists
	// Heading is the heading above the line; "" where there is none.
	Heading string
}

// Match tells whether the condition holds for a line. It fails with *ExpressionError; the same line always gives the same
// answer.
func (c LineCondition) Match(l LineFacts) (bool, error) {
	r := l.Note.record()
	r.Fields[factLine], r.Fields[factList], r.Fields[factHeading] = record.Scalar(l.Line), record.Scalar(l.List), record.Scalar(l.Heading)
	return c.Condition.Match(r)
}

// The names of the facts in expressions.
const (
	factTitle       record.Field = "title"
	factText        record.Field = "text"
	factAuthor      record.Field = "author"
	factAuthorEmail record.Field = "author_email"
	factLine        record.Field = "line"
	factList        record.Field = "list"
	factHeading     record.Field = "heading"
)

func (n NoteFacts) record() record.Record {
	return record.Record{Side: record.Salesforce, Fields: map[record.Field]record.Value{
		factTitle: record.Scalar(n.Title), factText: record.Scalar(n.Text), factAuthor: record.Scalar(n.Author),
		factAuthorEmail: record.Scalar(n.AuthorEmail),
	}}
}

func factScope(names ...record.Field) scope {
	var out scope
	for _, name := range names {
		out.fields = append(out.fields, scopedField{name: name, kind: record.TypeText})
	}
	return out
}

var (
	noteScope = factScope(factTitle, factText, factAuthor, factAuthorEmail)
	lineScope = factScope(factTitle, factText, factAuthor, factAuthorEmail, factLine, factList, factHeading)
)

// itemWords are the words that a line which becomes a task begins with, by language.
var itemWords = map[NoteLanguage][]string{
	English: {
		"todo", "to do", "to-do", "action", "action item", "task", "next step", "follow up", "follow-up", "followup", "call",
		"call back", "phone", "email", "e-mail", "send", "schedule", "book", "remind", "reminder", "please", "need to",
		"make sure", "don't forget", "remember to", "check", "prepare", "ask", "confirm", "set up",
	},
	German: {
		"todo", "to do", "aufgabe", "nächster schritt", "nachfassen", "anrufen", "zurückrufen", "rückruf", "mail an", "e-mail an",
		"senden", "schicken", "zusenden", "erinnern", "erinnerung", "bitte", "termin vereinbaren", "angebot erstellen", "klären",
		"prüfen", "vorbereiten", "nicht vergessen", "wiedervorlage",
	},
	Spanish: {
		"tarea", "pendiente", "por hacer", "próximo paso", "seguimiento", "hacer seguimiento", "llamar", "devolver la llamada",
		"enviar", "mandar", "agendar", "programar", "recordar", "recordatorio", "preparar", "revisar", "confirmar", "preguntar",
		"no olvidar",
	},
	French: {
		"à faire", "a faire", "tâche", "action", "prochaine étape", "relancer", "relance", "appeler", "rappeler", "envoyer",
		"planifier", "programmer", "rappel", "préparer", "vérifier", "confirmer", "demander", "ne pas oublier",
	},
}

// The defaults of a connection whose rules say nothing of note-to-task.
var defaultNoteToTask = NoteToTask{
	Lists: []ListKind{CheckList, BulletList, NumberedList}, Locale: "en-US", DueDays: 3, DueHour: 17,
	Assign: []AssigneeSource{AssignMentioned, AssignAuthor, AssignOwner},
}
