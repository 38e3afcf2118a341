package gohighleveltest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func due(c *caller) time.Time { return c.clock.Now().Add(48 * time.Hour) }

func (c *caller) findTasks(body object) []object {
	c.t.Helper()
	out := []object{}
	for _, x := range c.want(201, "POST", "/locations/"+c.fake.LocationID()+"/tasks/search", body).body["tasks"].([]any) {
		out = append(out, x.(object))
	}
	return out
}

func (c *caller) createTask(contact, title string) string {
	c.t.Helper()
	made := c.want(201, "POST", "/contacts/"+contact+"/tasks", object{"title": title, "dueDate": "2026-03-03T09:00:00Z", "completed": false})
	return made.body["task"].(object)["id"].(string)
}

func TestWritesOfTasksAreStrict(t *testing.T) {
	c := start(t, Options{})
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	id := c.createTask(contact, "Call")
	for message, body := range map[string]object{
		"title should not be empty":                    {"dueDate": "2026-03-03T09:00:00Z", "completed": false},
		"completed must be a boolean value":            {"title": "x", "dueDate": "2026-03-03T09:00:00Z"},
		"dueDate must be a valid ISO 8601 date string": {"title": "x", "completed": false, "dueDate": "2026-03-03"},
		"property dateAdded should not exist":          {"title": "x", "completed": false, "dueDate": "2026-03-03T09:00:00Z", "dateAdded": "x"},
		"body must be a string":                        {"title": "x", "completed": false, "dueDate": "2026-03-03T09:00:00Z", "body": nil},
	} {
		a := c.want(422, "POST", "/contacts/"+contact+"/tasks", body)
		require.Contains(t, a.message(), message)
	}
	c.want(422, "PUT", "/contacts/"+contact+"/tasks/"+id, object{"title": ""})
	c.want(422, "PUT", "/contacts/"+contact+"/tasks/"+id+"/completed", object{"completed": "yes"})
	c.want(422, "PUT", "/contacts/"+contact+"/tasks/"+id+"/completed", object{"completed": true, "title": "x"})
	c.want(400, "GET", "/contacts/gone/tasks", nil)
	c.want(400, "GET", "/contacts/"+c.fake.Create(Contact{FirstName: "Grace"})+"/tasks/"+id, nil)
	c.want(200, "PUT", "/contacts/"+contact+"/tasks/"+id, object{"body": "x"})
	got := c.want(200, "PUT", "/contacts/"+contact+"/tasks/"+id, object{"body": ""}).body["task"].(object)
	require.NotContains(t, got, "body", "an empty text clears")
	require.Equal(t, Changes{Created: 1, Updated: 2}, c.fake.Stats().Tasks)
	require.Zero(t, c.fake.Stats().Created, "a task is no contact")
}

func TestOnlyTheSearchSaysWhenATaskWasChanged(t *testing.T) {
	c := start(t, Options{})
	contact := c.fake.Create(Contact{FirstName: "Ada", LastName: "King"})
	id := c.createTask(contact, "Call")
	c.clock.advance(time.Minute)
	require.NoError(t, c.fake.EditTask(id, map[string]any{"title": "Call now"}))
	read := c.want(200, "GET", "/contacts/"+contact+"/tasks/"+id, nil).body["task"].(object)
	require.Equal(t, object{
		"id": id, "title": "Call now", "dueDate": "2026-03-03T09:00:00.000Z", "completed": false, "contactId": contact,
	}, read)
	row := c.findTasks(object{})[0]
	require.NotContains(t, row, "id")
	require.Equal(t, id, row["_id"])
	require.Equal(t, "2026-03-01T09:00:00.000Z", row["dateAdded"])
	require.Equal(t, "2026-03-01T09:01:00.000Z", row["dateUpdated"])
	require.Equal(t, false, row["deleted"])
	require.Equal(t, object{"_id": contact, "firstName": "Ada", "lastName": "King"}, row["contactDetails"])
}

func TestSearchesForTasksLagAndShowDeletedOnesMeanwhile(t *testing.T) {
	for _, found := range []bool{false, true} {
		c := start(t, Options{IndexLag: 10 * time.Second, FindDeletedTasks: found})
		contact := c.fake.Create(Contact{FirstName: "Ada"})
		id := c.createTask(contact, "Call")
		require.Empty(t, c.findTasks(object{}))
		c.clock.advance(10 * time.Second)
		require.Len(t, c.findTasks(object{}), 1)
		require.NoError(t, c.fake.CompleteTask(id))
		require.Equal(t, false, c.findTasks(object{})[0]["completed"])
		c.clock.advance(10 * time.Second)
		require.Equal(t, true, c.findTasks(object{"completed": true})[0]["completed"])
		c.want(200, "DELETE", "/contacts/"+contact+"/tasks/"+id, nil)
		require.Equal(t, false, c.findTasks(object{})[0]["deleted"], "until the index has caught up")
		c.clock.advance(10 * time.Second)
		rows := c.findTasks(object{})
		if !found {
			require.Empty(t, rows)
			continue
		}
		require.Equal(t, true, rows[0]["deleted"])
		require.Equal(t, iso(c.clock.Now().Add(-10*time.Second).UnixMilli()), rows[0]["dateUpdated"])
	}
}

func TestATaskThatIsLoadedAgainReplacesItself(t *testing.T) {
	c := start(t, Options{})
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	for _, title := range []string{"Old", "New"} {
		_, err := c.fake.LoadTasks([]Task{{ID: "t1", ContactID: contact, Title: title, DueDate: due(c)}})
		require.NoError(t, err)
		c.clock.advance(time.Minute)
	}
	rows := c.findTasks(object{})
	require.Len(t, rows, 1)
	require.Equal(t, "New", rows[0]["title"])
}

func TestSearchesForTasksArePagedAndFiltered(t *testing.T) {
	c := start(t, Options{})
	ada, grace := c.fake.Create(Contact{FirstName: "Ada", BusinessID: "b1"}), c.fake.Create(Contact{FirstName: "Grace"})
	var all []Task
	for i := range 60 {
		all = append(all, Task{ContactID: []string{ada, grace}[i%2], Title: "Call", DueDate: due(c), Completed: i%3 == 0, AssignedTo: []string{"u1", ""}[i%2]})
	}
	all[7].Body = "about the ENGINE"
	loaded, err := c.fake.LoadTasks(all)
	require.NoError(t, err)

	require.Len(t, c.findTasks(object{}), 25, "unless a limit is given")
	var seen []string
	var after any
	for range 7 {
		body := object{"limit": 10}
		if after != nil {
			body["searchAfter"] = after
		}
		rows := c.findTasks(body)
		for _, r := range rows {
			seen = append(seen, r["_id"].(string))
			after = r["searchAfter"]
		}
		if len(rows) < 10 {
			break
		}
	}
	require.ElementsMatch(t, loaded, seen)
	require.Equal(t, seen[20:30], func() (ids []string) {
		for _, r := range c.findTasks(object{"limit": 10, "skip": 20}) {
			ids = append(ids, r["_id"].(string))
		}
		return ids
	}())
	for want, body := range map[int]object{
		30: {"contactId": []string{ada}, "limit": 500}, 60: {"contactId": []string{ada, grace}, "limit": 500}, 20: {"completed": true, "limit": 500},
		0: {"assignedTo": []string{"u2"}}, 1: {"query": "engine"}, 10: {"businessId": "b1", "completed": true},
	} {
		require.Len(t, c.findTasks(body), want, body)
	}
	path := "/locations/" + c.fake.LocationID() + "/tasks/search"
	for message, body := range map[string]object{
		"limit must not be greater than 500":  {"limit": 501},
		"limit must not be less than 1":       {"limit": 0},
		"property pageLimit should not exist": {"pageLimit": 10},
		"searchAfter does not fit the sort":   {"searchAfter": []any{"x"}},
		"contactId must be an array":          {"contactId": ada},
	} {
		require.Contains(t, c.want(422, "POST", path, body).message(), message)
	}
	c.want(403, "POST", "/locations/elsewhere/tasks/search", object{})
	c.token, _ = c.fake.GrantToken("contacts.readonly")
	c.want(401, "POST", path, object{})
}

func TestWhatHangsOnAContactGoesWithItAndMovesWithIt(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits"})
	ids := map[string][3]string{}
	for _, name := range []string{"winner", "loser", "gone"} {
		contact := c.fake.Create(Contact{FirstName: name})
		task, err := c.fake.CreateTask(Task{ContactID: contact, Title: name, DueDate: due(c)})
		require.NoError(t, err)
		note, err := c.fake.CreateNote(Note{ContactID: contact, Body: name})
		require.NoError(t, err)
		appointment, err := c.fake.CreateAppointment(Appointment{ContactID: contact, CalendarID: calendar, StartTime: due(c)})
		require.NoError(t, err)
		ids[name], ids[contact] = [3]string{task, note, appointment}, [3]string{name}
		ids[name+"'s contact"] = [3]string{contact}
	}
	winner, loser, gone := ids["winner's contact"][0], ids["loser's contact"][0], ids["gone's contact"][0]
	c.drain()
	x.forget()
	c.clock.advance(time.Minute)
	require.NoError(t, c.fake.Merge(winner, loser))
	c.want(200, "DELETE", "/contacts/"+gone, nil)
	c.drain()
	require.ElementsMatch(t, []string{ContactDelete + " " + loser, ContactUpdate + " " + winner, ContactDelete + " " + gone}, x.names())

	c.want(400, "GET", "/contacts/"+loser+"/tasks/"+ids["loser"][0], nil)
	moved := c.want(200, "GET", "/contacts/"+winner+"/tasks/"+ids["loser"][0], nil).body["task"].(object)
	require.Equal(t, winner, moved["contactId"])
	c.want(200, "GET", "/contacts/"+winner+"/notes/"+ids["loser"][1], nil)
	require.Len(t, c.want(200, "GET", "/contacts/"+winner+"/appointments", nil).body["events"], 2)
	for _, row := range c.findTasks(object{}) {
		require.Equal(t, winner, row["contactId"])
		require.Equal(t, row["dateAdded"], row["dateUpdated"], "a merge moves no dateUpdated")
	}
	require.Len(t, c.fake.Tasks(), 2)
	require.Len(t, c.fake.Notes(), 2)
	require.Len(t, c.fake.Appointments(), 2)
	c.want(400, "GET", "/calendars/events/appointments/"+ids["gone"][2], nil)
	_, err := c.fake.CreateNote(Note{ContactID: gone, Body: "x"})
	require.ErrorIs(t, err, ErrNoContact)
}
