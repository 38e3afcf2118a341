package intake

import (
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// remembered is how long the inbox knows a delivery again; the vendor's dashboard replays those of the last 30 days.
// What is older cannot be told from a replay by somebody else.
const remembered = 30 * 24 * time.Hour

// other stands for every event that is not in the vendor's catalogue, so that no sender decides how many series there are.
const other = "other"

// catalogue is what the vendor documents.
var catalogue = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`
		AppInstall AppPaymentStatus AppUninstall AppUpdate AppointmentCreate AppointmentDelete AppointmentUpdate
		AssociationCreate AssociationDelete AssociationUpdate CampaignStatusUpdate ContactCreate ContactDelete
		ContactDndUpdate ContactTagUpdate ContactUpdate ConversationUnreadWebhook ConversationUpdate ExternalAuthConnected
		InboundMessage InvoiceCreate InvoiceDelete InvoicePaid InvoicePartiallyPaid InvoiceSent InvoiceUpdate InvoiceVoid
		LCEmailStats LocationCreate LocationUpdate NoteCreate NoteDelete NoteUpdate ObjectSchemaCreate ObjectSchemaUpdate
		OpportunityAssignedToUpdate OpportunityCreate OpportunityDelete OpportunityMonetaryValueUpdate
		OpportunityStageUpdate OpportunityStatusUpdate OpportunityUpdate OrderCreate OrderStatusUpdate OutboundMessage
		PlanChange PriceCreate PriceDelete PriceUpdate ProductCreate ProductDelete ProductUpdate ProviderOutboundMessage
		RecordCreate RecordDelete RecordUpdate RelationCreate RelationDelete SaaSPlanCreate TaskComplete TaskCreate
		TaskDelete UserCreate UserDelete UserUpdate VoiceAiCallEnd`) {
		names[n] = true
	}
	return names
}()

// event is the name under which an envelope is counted. Installs arrive under other names than they are documented by.
func (e envelope) event() string {
	switch e.Type {
	case "INSTALL":
		return "AppInstall"
	case "UNINSTALL":
		return "AppUninstall"
	}
	if catalogue[e.Type] {
		return e.Type
	}
	return other
}

// belongings are the kinds of the events that begin so.
var belongings = map[string]record.Kind{"Task": record.Task, "Note": record.Note, "Appo": record.Appointment}

func (e envelope) uninstall() bool { return e.event() == "AppUninstall" }

// announced makes of an envelope what the inbox takes. Where the outcome is anything but accepted, or take is false,
// there is nothing to take.
func (e envelope) announced(body []byte, now time.Time, app string) (a record.Announced, take bool, o outcome) {
	a = record.Announced{Event: e.event(), Location: e.LocationID, Kind: record.Contact}
	switch a.Event {
	case "ContactCreate", "ContactUpdate", "ContactTagUpdate", "ContactDndUpdate":
		a.Mark = record.Mark{Side: record.GoHighLevel, RecordID: e.ID}
	case "ContactDelete":
		a.Mark = record.Mark{Side: record.GoHighLevel, RecordID: e.ID, OnlyLinked: true}
	case "TaskCreate", "TaskComplete", "TaskDelete", "NoteCreate", "NoteUpdate", "NoteDelete",
		"AppointmentCreate", "AppointmentUpdate", "AppointmentDelete":
		a.Kind = belongings[a.Event[:4]]
		a.Mark = record.Mark{Side: record.GoHighLevel, RecordID: e.ID, ContactID: e.ContactID, OnlyLinked: strings.HasSuffix(a.Event, "Delete")}
		if !isID(e.ContactID) {
			a.Mark.ContactID = ""
			// New tasks come without their contact, by way of which alone they can be read: the next poll finds both.
			a.Mark.OnlyLinked = a.Mark.OnlyLinked || a.Kind != record.Appointment
		}
	case "AppUninstall":
		if !isID(e.LocationID) {
			return a, false, unknownLocation // of a whole agency, whose locations are not known here
		}
		// HighLevel signs for every app alike: the uninstall of another one must not turn ours off.
		if app != "" && e.AppID != "" && e.AppID != app {
			return a, false, otherApp
		}
		a.Uninstall = true
	default:
		return a, false, accepted
	}
	if !isID(e.LocationID) || (!a.Uninstall && !isID(e.ID)) {
		return a, false, unreadable
	}
	if !e.At.IsZero() && now.Sub(e.At) > remembered {
		return a, false, stale
	}
	a.Key = e.key(body, now)
	return a, true, accepted
}
