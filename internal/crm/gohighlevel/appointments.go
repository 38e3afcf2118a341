package gohighlevel

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tandem-sync/tandem/internal/crm"
)

// ListContactAppointments carries out [get-appointments-for-contact]: the appointments of a contact, all in one page.
// Times are written as 2006-01-02 15:04:05 in the location's zone; the calendars' operations say them with an offset.
// NotFound when the contact is gone. Safe to repeat.
//
// [get-appointments-for-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-appointments-for-contact
func (c *Client) ListContactAppointments(ctx context.Context, contactID string) ([]crm.Document, error) {
	result, err := c.do(ctx, call{operation: listContactAppointments, ids: []string{contactID}})
	if err != nil {
		return nil, err
	}
	return result.recordsIn(listContactAppointments, "events", appointmentOf(contactID))
}

// ListCalendars carries out [get-calendars]: the location's calendars, drafted ones included, all in one page. Safe to
// repeat.
//
// [get-calendars]: https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendars
func (c *Client) ListCalendars(ctx context.Context) ([]crm.Document, error) {
	result, err := c.do(ctx, call{
		operation: listCalendars, query: url.Values{"locationId": {c.locationID}, "showDrafted": {"true"}},
	})
	if err != nil {
		return nil, err
	}
	return result.recordsIn(listCalendars, "calendars", decodeRecord)
}

// ListCalendarEvents carries out [get-calendar-events]: the events of one calendar, user or group within a window, all
// in one page. HighLevel cannot list them without one of the three, nor say what changed. Safe to repeat.
//
// [get-calendar-events]: https://marketplace.gohighlevel.com/docs/ghl/calendars/get-calendar-events
func (c *Client) ListCalendarEvents(ctx context.Context, q crm.CalendarEventList) ([]crm.Document, error) {
	query := url.Values{
		"locationId": {c.locationID},
		"startTime":  {strconv.FormatInt(q.Start.UnixMilli(), 10)},
		"endTime":    {strconv.FormatInt(q.End.UnixMilli(), 10)},
	}
	named := 0
	for key, id := range map[string]string{"calendarId": q.CalendarID, "userId": q.UserID, "groupId": q.GroupID} {
		if id != "" {
			query.Set(key, id)
			named++
		}
	}
	if named != 1 {
		return nil, refuse(listCalendarEvents, "not exactly one calendar, user or group is given")
	}
	if q.Start.IsZero() || !q.Start.Before(q.End) {
		return nil, refuse(listCalendarEvents, "the window does not end after it starts")
	}
	result, err := c.do(ctx, call{operation: listCalendarEvents, query: query})
	if err != nil {
		return nil, err
	}
	return result.recordsIn(listCalendarEvents, "events", appointmentOf(""))
}

// GetAppointment carries out [get-appointment]. NotFound when the appointment is gone, which HighLevel says with a 400, or
// in version v3 may say with the appointment as it was, marked as deleted. Safe to repeat.
//
// [get-appointment]: https://marketplace.gohighlevel.com/docs/ghl/calendars/get-appointment
func (c *Client) GetAppointment(ctx context.Context, id string) (crm.Document, error) {
	appointment, err := c.appointment(ctx, call{operation: getAppointment, ids: []string{id}})
	if deleted, _ := appointment["deleted"].(bool); err == nil && deleted {
		return nil, newError(getAppointment, crm.NotFound, http.StatusOK, "appointment"+codeNotFound, "the appointment is deleted")
	}
	return appointment, err
}

// CreateAppointment carries out [create-appointment] in the client's location, which requires calendarId, contactId and
// startTime (with an offset). Unless the document says toNotify, it says false, or the location's automations would
// write to the customer. Rejected where the slot is not free and the document does not say ignoreFreeSlotValidation. Not
// safe to repeat.
//
// [create-appointment]: https://marketplace.gohighlevel.com/docs/ghl/calendars/create-appointment
func (c *Client) CreateAppointment(ctx context.Context, appointment crm.Document) (crm.Document, error) {
	return c.appointment(ctx, call{operation: createAppointment, body: c.here(quiet(appointment))})
}

// UpdateAppointment carries out [edit-appointment]. Keys that are absent stay as they are. Unless the changes say
// toNotify, they say false. Safe to repeat.
//
// [edit-appointment]: https://marketplace.gohighlevel.com/docs/ghl/calendars/edit-appointment
func (c *Client) UpdateAppointment(ctx context.Context, id string, changes crm.Document) (crm.Document, error) {
	body := quiet(changes)
	delete(body, "locationId") // this operation takes neither
	delete(body, "contactId")
	return c.appointment(ctx, call{operation: updateAppointment, ids: []string{id}, body: body})
}

// DeleteCalendarEvent carries out [delete-event], a DELETE with an empty object for its body; an event that is gone
// already counts as deleted. Safe to repeat.
//
// [delete-event]: https://marketplace.gohighlevel.com/docs/ghl/calendars/delete-event
func (c *Client) DeleteCalendarEvent(ctx context.Context, id string) error {
	return c.remove(ctx, call{operation: deleteCalendarEvent, ids: []string{id}, body: crm.Document{}})
}

func (c *Client) appointment(ctx context.Context, call call) (crm.Document, error) {
	result, err := c.do(ctx, call)
	if err != nil {
		return nil, err
	}
	return result.recordIn(call.operation, appointmentOf(""), "event", "appointment")
}

// quiet returns the document as one that notifies nobody, unless it says otherwise.
func quiet(document crm.Document) crm.Document {
	body := crm.Document{"toNotify": false}
	maps.Copy(body, document)
	return body
}
