package gohighleveltest

// announceTask queues an event of a task. TaskCreate leaves out the contact and the body, and no event says whether the
// task is completed. The caller holds the timeline's lock, so that events are made in the order of the changes.
func (f *Fake) announceTask(name string, t *Task) {
	if !f.webhooks.on.Load() {
		return
	}
	p := &webhookPayload{
		Type: name, LocationID: f.LocationID(), ID: t.ID, AssignedTo: t.AssignedTo, Body: t.Body, ContactID: t.ContactID,
		Title: t.Title, DateAdded: iso(t.DateAdded.UnixMilli()), DueDate: iso(t.DueDate.UnixMilli()),
	}
	if name == TaskCreate {
		p.Body, p.ContactID = "", ""
	}
	f.emit(p)
}

// announceNote queues an event of a note, which leaves out its title, its author and all the rest. The caller holds the
// timeline's lock.
func (f *Fake) announceNote(name string, n *Note) {
	if !f.webhooks.on.Load() {
		return
	}
	f.emit(&webhookPayload{
		Type: name, LocationID: f.LocationID(), ID: n.ID, Body: n.Body, ContactID: n.ContactID, DateAdded: iso(n.DateAdded.UnixMilli()),
	})
}
