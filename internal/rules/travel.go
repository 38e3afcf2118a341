package rules

import (
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// Travel is how the tasks, notes or appointments of a connection are kept in step. Those of leads and of nobody are never
// synced: GoHighLevel keeps each with a contact.
type Travel struct {
	Enabled bool
	// Create says on which sides a record is made where only the other side has it.
	Create reconcile.Direction
	// ExternalIDField is the API name of a unique external id field on the Salesforce object that holds the GoHighLevel id;
	// "" when the org has none. Notes never have one.
	ExternalIDField string
	// LeaveOut are the traits by which records are left out.
	LeaveOut []record.Trait
	// Since is a date, as 2025-01-31: what happened before, and was not touched since, is left out. "" leaves nothing out.
	Since string
	// Filter leaves further records out; nil keeps all.
	Filter *Condition
	// Deletions are never marked: neither side has a place for it.
	Deletions Deletions
	// Fields holds one policy per synced field, in print order. Fields under direction off are not in it.
	Fields []reconcile.Policy
}

// Tasks is how tasks are kept in step.
type Tasks struct {
	Travel
	// DueHour is the hour of the location's day, 0 to 23, at which a Salesforce due date is due in GoHighLevel.
	DueHour int
	// DueAfter is how many days after its creation a task is due in GoHighLevel that has no due date in Salesforce:
	// GoHighLevel has no tasks without.
	DueAfter int
	// Statuses says by the name of a Salesforce status whether it counts as completed. Others count as the org has it.
	Statuses map[string]bool
	// CompleteAs and ReopenAs are the Salesforce statuses of a task that is completed, or opened again, in GoHighLevel; ""
	// means the org's default for that, or its first.
	CompleteAs, ReopenAs string
	// Priority is the Salesforce priority of tasks that GoHighLevel says nothing else of.
	Priority string
	// ShowPriority are the Salesforce priorities that GoHighLevel shows in front of a task's title: "[High] Call Ada".
	ShowPriority []string
}

// Notes is how notes are kept in step.
type Notes struct {
	Travel
	// As says what a GoHighLevel note becomes in Salesforce.
	As NoteForm
	// Header writes the author and the time above a note that crosses.
	Header bool
	// PartLength is how many characters a GoHighLevel note has at most; longer texts go in parts.
	PartLength int
}

// NoteForm is what a note is in Salesforce.
type NoteForm string

// The forms.
const (
	NoteAsNote NoteForm = "note" // an enhanced note, or a classic one where the org has no others
	NoteAsTask NoteForm = "task" // a completed task
)

// Appointments is how appointments are kept in step with Salesforce events.
type Appointments struct {
	Travel
	// Calendar is the id of the GoHighLevel calendar for appointments that are made for Salesforce events; "" makes none.
	Calendar string
	// Duration is how long an appointment takes whose end GoHighLevel does not say.
	Duration time.Duration
	// ShowStatus is where Salesforce shows an appointment's status, and StatusField the API name of the event's field
	// under StatusInField.
	ShowStatus  StatusPlace
	StatusField string
	// StatusWords are the words that stand for a status in Salesforce.
	StatusWords map[AppointmentStatus]string
	// Cancelled and NoShow say what becomes of the Salesforce event.
	Cancelled, NoShow EventFate
}

// AppointmentStatus is a status as GoHighLevel has it, and canonical.
type AppointmentStatus string

// The statuses.
const (
	StatusNew       AppointmentStatus = "new"
	StatusConfirmed AppointmentStatus = "confirmed"
	StatusCancelled AppointmentStatus = "cancelled"
	StatusShowed    AppointmentStatus = "showed"
	StatusNoShow    AppointmentStatus = "noshow"
	StatusInvalid   AppointmentStatus = "invalid"
)

// StatusPlace is where a Salesforce event shows the status of its appointment: events have none of their own.
type StatusPlace string

// The places.
const (
	StatusInSubject StatusPlace = "subject" // in front of the subject, unless it is new or confirmed: "[Cancelled] Checkup"
	StatusInField   StatusPlace = "field"
	StatusNowhere   StatusPlace = "off"
)

// EventFate is what becomes of an event whose appointment does not take place.
type EventFate string

// The fates.
const (
	EventShown   EventFate = "show"   // it stays, with the status
	EventDeleted EventFate = "delete" // it is deleted
)

// Users says who is who on the two sides.
type Users struct {
	// Map gives Salesforce user ids by GoHighLevel user ids. It goes before what ByEmail finds.
	Map map[string]string
	// ByEmail takes users of one e-mail address for the same person.
	ByEmail bool
	// GoHighLevel and Salesforce are the ids of the users who get what belongs to nobody known on that side; "" leaves it to
	// the side.
	GoHighLevel, Salesforce string
}

// Statuses of tasks, as GoHighLevel has them, and canonical.
const (
	TaskOpen      = "open"
	TaskCompleted = "completed"
)

// The limits of fields that the vendors' APIs do not take freely.
var (
	kept         = reconcile.Limits{NoClear: true}
	taskDefaults = travelDefaults{
		kind: record.Task, create: reconcile.Both, external: true,
		words:    []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitEmail, record.TraitCall, record.TraitOtherActivity, record.TraitRecurring},
		leaveOut: []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitEmail, record.TraitCall, record.TraitOtherActivity, record.TraitRecurring},
		goHighLevel: map[record.Field]reconcile.Limits{
			record.Title: kept, record.Status: kept, record.Due: kept, record.Assignee: kept, record.Priority: kept,
		},
		salesforce: map[record.Field]reconcile.Limits{record.Status: kept, record.Priority: kept, record.Assignee: kept},
	}
	noteDefaults = travelDefaults{
		kind: record.Note, create: reconcile.Both,
		words:       []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitPrivate},
		leaveOut:    []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitPrivate},
		goHighLevel: map[record.Field]reconcile.Limits{record.Body: kept},
		salesforce:  map[record.Field]reconcile.Limits{record.Title: kept},
	}
	appointmentDefaults = travelDefaults{
		kind: record.Appointment, create: reconcile.ToSalesforce, external: true,
		words: []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitRecurring, record.TraitChild, record.TraitPrivate, record.TraitAllDay},
		leaveOut: []record.Trait{record.TraitLead, record.TraitNoContact, record.TraitRecurring, record.TraitChild,
			record.TraitPrivate},
		goHighLevel: map[record.Field]reconcile.Limits{
			record.Title: kept, record.Status: kept, record.Start: kept, record.End: kept, record.Assignee: kept,
		},
		salesforce: map[record.Field]reconcile.Limits{record.Start: kept, record.End: kept, record.Assignee: kept},
	}

	defaultTravelDeletions = Deletions{
		GoHighLevel: DeletionPropagate, Salesforce: DeletionPropagate, Surge: Surge{Count: 25, Share: 0.05, Window: time.Hour},
	}
	defaultStatusWords = map[AppointmentStatus]string{
		StatusNew: "New", StatusConfirmed: "Confirmed", StatusCancelled: "Cancelled", StatusShowed: "Showed",
		StatusNoShow: "No-show", StatusInvalid: "Invalid",
	}
)

// appointmentStatuses lists the statuses in the order in which everything prints them.
var appointmentStatuses = []AppointmentStatus{
	StatusNew, StatusConfirmed, StatusCancelled, StatusShowed, StatusNoShow, StatusInvalid,
}

const (
	defaultDueHour    = 17
	longestDueAfter   = 365
	defaultPriority   = "Normal"
	defaultPartLength = 5000 // what GoHighLevel takes for the notes of appointments; it says nothing of other notes
	defaultDuration   = 30 * time.Minute
)
