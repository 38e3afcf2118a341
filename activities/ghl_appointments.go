package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// GoHighLevelAppointmentInput names one appointment.
type GoHighLevelAppointmentInput struct {
	Connection    string `json:"connection"`
	AppointmentID string `json:"appointment_id"`
}

// GoHighLevelAppointmentWriteInput names one appointment ("" for a new one) and what to write.
type GoHighLevelAppointmentWriteInput struct {
	Connection    string `json:"connection"`
	AppointmentID string `json:"appointment_id,omitempty"`
	Appointment   Sealed `json:"appointment"` // a crm.Document
}

// GoHighLevelAppointment is one appointment as GoHighLevel holds it.
type GoHighLevelAppointment struct {
	AppointmentID string `json:"appointment_id"`
	Appointment   Sealed `json:"appointment"`
}

// GoHighLevelAppointments is appointments as GoHighLevel holds them: all of a contact's, or all within a window.
type GoHighLevelAppointments struct {
	AppointmentIDs []string `json:"appointment_ids"`
	Appointments   Sealed   `json:"appointments"` // a list of crm.Document
}

func (c *Connection) sealAppointment(doc crm.Document, err error) (out GoHighLevelAppointment, _ error) {
	out.AppointmentID, out.Appointment, err = c.sealRecord(doc, err)
	return out, err
}

// ListGoHighLevelContactAppointments is GET /contacts/{id}/appointments, whose times are the location's and say no zone.
func (a *GoHighLevel) ListGoHighLevelContactAppointments(ctx context.Context, in GoHighLevelContactInput) (out GoHighLevelAppointments, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	out.AppointmentIDs, out.Appointments, err = c.sealRecords(c.GoHighLevel.ListContactAppointments(ctx, in.ContactID))
	return out, err
}

// ListGoHighLevelCalendars is GET /calendars/.
func (a *GoHighLevel) ListGoHighLevelCalendars(ctx context.Context, in ConnectionInput) (SealedDocuments, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocuments{}, err
	}
	docs, err := c.GoHighLevel.ListCalendars(ctx)
	return c.sealDocuments(record.GoHighLevel, docs, err)
}

// ListGoHighLevelCalendarEventsInput names exactly one calendar, user or group, and a window in which events start.
type ListGoHighLevelCalendarEventsInput struct {
	Connection string    `json:"connection"`
	CalendarID string    `json:"calendar_id,omitempty"`
	UserID     string    `json:"user_id,omitempty"`
	GroupID    string    `json:"group_id,omitempty"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
}

// ListGoHighLevelCalendarEvents is GET /calendars/events.
func (a *GoHighLevel) ListGoHighLevelCalendarEvents(ctx context.Context, in ListGoHighLevelCalendarEventsInput) (out GoHighLevelAppointments, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	out.AppointmentIDs, out.Appointments, err = c.sealRecords(c.GoHighLevel.ListCalendarEvents(ctx, crm.CalendarEventList{
		CalendarID: in.CalendarID, UserID: in.UserID, GroupID: in.GroupID, Start: in.Start, End: in.End,
	}))
	return out, err
}

// GetGoHighLevelAppointment is GET /calendars/events/appointments/{eventId}.
func (a *GoHighLevel) GetGoHighLevelAppointment(ctx context.Context, in GoHighLevelAppointmentInput) (GoHighLevelAppointment, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelAppointment{}, err
	}
	return c.sealAppointment(c.GoHighLevel.GetAppointment(ctx, in.AppointmentID))
}

// CreateGoHighLevelAppointment is POST /calendars/events/appointments. Nobody is notified unless the document says
// toNotify. Not safe to repeat: settle first.
func (a *GoHighLevel) CreateGoHighLevelAppointment(ctx context.Context, in GoHighLevelAppointmentWriteInput) (GoHighLevelAppointment, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Appointment)
	if err != nil {
		return GoHighLevelAppointment{}, err
	}
	return c.sealAppointment(c.GoHighLevel.CreateAppointment(ctx, doc))
}

// UpdateGoHighLevelAppointment is PUT /calendars/events/appointments/{eventId}. Nobody is notified unless the document
// says toNotify.
func (a *GoHighLevel) UpdateGoHighLevelAppointment(ctx context.Context, in GoHighLevelAppointmentWriteInput) (GoHighLevelAppointment, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Appointment)
	if err != nil {
		return GoHighLevelAppointment{}, err
	}
	return c.sealAppointment(c.GoHighLevel.UpdateAppointment(ctx, in.AppointmentID, doc))
}

// DeleteGoHighLevelCalendarEvent is DELETE /calendars/events/{eventId}.
func (a *GoHighLevel) DeleteGoHighLevelCalendarEvent(ctx context.Context, in GoHighLevelAppointmentInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	return c.GoHighLevel.DeleteCalendarEvent(ctx, in.AppointmentID)
}
