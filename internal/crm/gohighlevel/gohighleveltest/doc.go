// Package gohighleveltest is a stateful stand-in for one HighLevel (GoHighLevel) location behind the vendor's API, as
// strict and as hostile as the vendor is documented or reported to be. A client that works against it has met every
// trap below.
//
// # Operations
//
//   - OAuth: GET /oauth/chooselocation and /v2/oauth/chooselocation (agrees at once and redirects), POST /oauth/token
//     (authorization_code, refresh_token), POST /oauth/locationToken, GET /oauth/installedLocations; the v3 spellings
//     location-token and installed-locations under Version v3; DELETE /marketplace/app/{appId}/installations
//   - contacts: POST /contacts/search, GET /contacts/search/duplicate, GET and POST /contacts/, POST /contacts/upsert,
//     GET, PUT and DELETE /contacts/{id}, GET /contacts/business/{id}, POST /contacts/bulk/business, POST and DELETE
//     /contacts/{id}/tags
//   - tasks: GET and POST /contacts/{id}/tasks, GET, PUT and DELETE /contacts/{id}/tasks/{taskId}, PUT
//     /contacts/{id}/tasks/{taskId}/completed, POST /locations/{id}/tasks/search
//   - notes: GET and POST /contacts/{id}/notes, GET, PUT and DELETE /contacts/{id}/notes/{noteId}
//   - appointments: GET /contacts/{id}/appointments, GET /calendars/, GET /calendars/events, POST
//     /calendars/events/appointments, GET and PUT /calendars/events/appointments/{eventId}, DELETE
//     /calendars/events/{eventId}
//   - GET /locations/{id}, its tags (list, create) and custom fields (list, create, get, update, delete)
//   - GET /users/, /users/search, /users/{id}
//
// # What is imitated
//
//   - Version: a missing or unknown header is 401. v3 changes the spelling of the token endpoint, of dndSettings and of
//     the success flag, and has no GET /users/.
//   - Tokens: access tokens look like JWTs and expire; a refresh token works once, and for 30 s more returns the same
//     pair; an agency's token is refused on contacts and must be exchanged; every operation wants its scope; another
//     location is 403; a paused location refuses to refresh and the same token works later.
//   - Uninstalling: a location's token takes the app out of its location, whose tokens end, also those that an agency's was
//     exchanged for; an agency's takes it out of all of its locations, and ends as well. A private integration token may not.
//     UNINSTALL is announced like an uninstalling by hand.
//   - Contacts: a missing contact is 400 "not found", and so is a wrong literal segment, which is read as an id. An
//     unknown key refuses the whole write with 422. PUT rejects locationId, companyName and gender and replaces all
//     tags. null clears where the field is nullable, "" does nothing; absent means empty on read. Tags are lower-cased,
//     phones become E.164 where they can be read. Custom field values are merged per field; unknown ones are ignored
//     with a 200. A second contact with the same address or number is 400 with the first one's id, unless the location
//     allows duplicates. Upsert drops, without a word, the field that belongs to a second contact, and promotes an
//     additional address that matched.
//   - Search: pageLimit is required and at most 500, page reaches the first 10,000 rows, beyond that the last row's own
//     searchAfter leads on; there is no meta. Dates take only range. Rows carry lower-cased names with the real ones in
//     firstNameRaw and lastNameRaw, address for address1, DATE fields in epoch milliseconds, and no dndSettings.
//     Searches and lists lag behind writes by IndexLag, and deleted contacts are still full rows until then; the
//     duplicate lookup and GET by id do not lag.
//   - Tasks: a new one needs title, dueDate and completed; due dates are read back in UTC with milliseconds. Only rows of
//     the search have dateAdded, dateUpdated and deleted; they call the id _id, come with status 201, newest first, each
//     with its own searchAfter, and lag behind writes by IndexLag. Whether rows of deleted tasks go on being found is
//     FindDeletedTasks; until the index has caught up they are full rows.
//   - Notes are readable one contact at a time, hold the HTML that a person typed, and do not say when they were changed.
//   - Appointments: writes answer flat and without dates, GET by id in an envelope, DELETE with 201. Times have the offset
//     of the location's zone, and none at all in the contact's own list, whose status is always "booked". Slots (workdays,
//     open hours, ahead of now, not taken) are guarded unless ignoreFreeSlotValidation; an rrule without that is dropped
//     without a word, and with it makes no instances. A write that does not say toNotify: false is counted in
//     Stats.Notifications.
//   - Deleting a contact deletes, and merging moves, what hangs on it, in silence, and without moving its dateUpdated.
//   - Webhooks: flat payloads without empty fields and without dateUpdated, for changes by people and by the API alike, the
//     caller's own included. Tags and do-not-disturb have events of their own; followers, the business and inbound
//     do-not-disturb change in silence; a merge is a ContactDelete and a ContactUpdate, in any order, as no order is
//     promised at all. A TaskCreate leaves out contact and body, a Note* event all but body and contact; there is no
//     TaskUpdate, so that editing or reopening a task is silent. An appointment comes in an envelope. Each is signed over its raw body. Under the older regime only a 429 is tried again.
//   - Limits: a sliding burst window and a daily allowance per location or company, with the vendor's headers, 429
//     beyond. The OAuth endpoints are not limited and are counted apart.
//
// # Knobs
//
// Options and Configure set limits, lag and location settings. Create, Edit, Merge and Delete act as a person in the
// CRM, Load seeds many contacts, AddCustomField, AddTag, AddUser and AddCalendar define. CreateTask, EditTask,
// CompleteTask, ReopenTask and DeleteTask, CreateNote, EditNote and DeleteNote, and CreateAppointment, EditAppointment,
// RescheduleAppointment, CancelAppointment, MarkNoShow and DeleteAppointment are that person too; LoadTasks, LoadNotes and
// LoadAppointments seed. GrantToken, GrantCompanyToken, RevokeGrant,
// ExpireAccessTokens and PauseLocation play the customer's part in OAuth. SetFaults makes requests slow, fail, or end
// in a cut connection before or after they took effect. Stats counts. Save and Restore keep everything across runs.
//
// SetWebhookURL turns webhooks on, SetWebhookFaults makes them late, shuffled, doubled, lost and forged, Install and
// Uninstall announce the app's own events, Import loads contacts and tells of them, Replay delivers what is logged once
// more, and DrainWebhooks waits until all is delivered. Close stops deliveries; a Fake without webhooks needs none.
//
// The same is open to other processes under /__admin/, without a token and uncounted, in JSON:
//
//	GET    /__admin/contacts?limit=      every contact, as Contact
//	POST   /__admin/contacts             Contact, or a list of them; answers {"id"} or {"ids"}
//	                                     with ?announce the list is imported, not loaded
//	GET    /__admin/contacts/{id}
//	PATCH  /__admin/contacts/{id}        as Edit
//	DELETE /__admin/contacts/{id}
//	POST   /__admin/merge                {"winner","loser"}
//	GET    /__admin/tasks                every task, as Task; likewise notes, as Note, and appointments, as Appointment
//	POST   /__admin/tasks                Task, or a list of them, as with contacts; likewise notes and appointments
//	GET    /__admin/tasks/{id}           likewise notes and appointments
//	PATCH  /__admin/tasks/{id}           as EditTask; likewise notes and appointments
//	DELETE /__admin/tasks/{id}           likewise notes and appointments
//	POST   /__admin/tasks/{id}/complete, /__admin/tasks/{id}/reopen
//	POST   /__admin/appointments/{id}/reschedule {"startTime"}
//	POST   /__admin/appointments/{id}/cancel, /__admin/appointments/{id}/noshow
//	GET    /__admin/calendars            every calendar, as Calendar
//	POST   /__admin/calendars            Calendar; answers {"id"}
//	GET    /__admin/stats, DELETE /__admin/stats
//	POST   /__admin/faults               a list of Fault
//	POST   /__admin/settings             Settings
//	POST   /__admin/grant                {"scopes"}; answers a pair of tokens
//	POST   /__admin/revoke
//	POST   /__admin/customFields         {"name","key","dataType","options"}; answers {"id"}
//	POST   /__admin/users                {"firstName","lastName","email"}; answers {"id"}
//	POST   /__admin/tags                 {"name"}; answers {"id"}
//	GET    /__admin/webhooks             answers {"endpoints","publicKey","legacyPublicKey"}
//	POST   /__admin/webhooks             WebhookEndpoint, as SetWebhookURL
//	POST   /__admin/webhooks/faults      WebhookFaults
//	POST   /__admin/webhooks/replay      {"since"}; answers {"events"}
//	POST   /__admin/install
//	POST   /__admin/uninstall
package gohighleveltest
