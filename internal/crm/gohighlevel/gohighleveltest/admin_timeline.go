package gohighleveltest

import (
	"encoding/json"
	"net/http"
	"time"
)

// adminTimeline is the person who works with tasks, notes, appointments and calendars.
func (f *Fake) adminTimeline(m *http.ServeMux) {
	adminKind(m, "tasks", kindOf[Task]{f.Tasks, f.Task, f.CreateTask, f.LoadTasks, f.EditTask, f.DeleteTask})
	adminKind(m, "notes", kindOf[Note]{f.Notes, f.Note, f.CreateNote, f.LoadNotes, f.EditNote, f.DeleteNote})
	adminKind(m, "appointments", kindOf[Appointment]{
		f.Appointments, f.Appointment, f.CreateAppointment, f.LoadAppointments, f.EditAppointment, f.DeleteAppointment,
	})
	adminAct(m, "tasks/{id}/complete", f.CompleteTask)
	adminAct(m, "tasks/{id}/reopen", f.ReopenTask)
	adminAct(m, "appointments/{id}/cancel", f.CancelAppointment)
	adminAct(m, "appointments/{id}/noshow", f.MarkNoShow)
	m.HandleFunc("POST /__admin/appointments/{id}/reschedule", adminCall(func(r *http.Request, in struct{ StartTime time.Time }) (any, error) {
		return map[string]any{}, f.RescheduleAppointment(r.PathValue("id"), in.StartTime)
	}))
	m.HandleFunc("GET /__admin/calendars", func(w http.ResponseWriter, _ *http.Request) { adminReply(w, f.Calendars(), nil) })
	m.HandleFunc("POST /__admin/calendars", adminCall(func(_ *http.Request, in Calendar) (any, error) {
		return map[string]any{"id": f.AddCalendar(in)}, nil
	}))
}

// kindOf is what a person can do with the records of one kind.
type kindOf[T any] struct {
	all    func() []T
	get    func(id string) (T, bool)
	create func(T) (string, error)
	load   func([]T) ([]string, error)
	edit   func(id string, changes map[string]any) error
	remove func(id string) error
}

// adminKind opens one kind. A list that is posted is loaded, or created one by one when the query says announce.
func adminKind[T any](m *http.ServeMux, name string, k kindOf[T]) {
	path := "/__admin/" + name
	m.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { adminReply(w, k.all(), nil) })
	m.HandleFunc("POST "+path, adminCall(func(r *http.Request, raw json.RawMessage) (any, error) {
		var many []T
		if json.Unmarshal(raw, &many) == nil {
			if r.URL.Query().Has("announce") {
				return createAll(many, k.create)
			}
			ids, err := k.load(many)
			return map[string]any{"ids": ids}, err
		}
		var one T
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, err
		}
		id, err := k.create(one)
		return map[string]any{"id": id}, err
	}))
	m.HandleFunc("GET "+path+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		x, there := k.get(r.PathValue("id"))
		if !there {
			adminReply(w, nil, ErrNoRecord)
			return
		}
		adminReply(w, x, nil)
	})
	m.HandleFunc("PATCH "+path+"/{id}", adminCall(func(r *http.Request, changes map[string]any) (any, error) {
		return map[string]any{}, k.edit(r.PathValue("id"), changes)
	}))
	m.HandleFunc("DELETE "+path+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		adminReply(w, map[string]any{}, k.remove(r.PathValue("id")))
	})
}

func createAll[T any](many []T, create func(T) (string, error)) (any, error) {
	ids := make([]string, 0, len(many))
	for _, x := range many {
		id, err := create(x)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return map[string]any{"ids": ids}, nil
}

// adminAct opens what a person does to one record and needs no body.
func adminAct(m *http.ServeMux, path string, act func(id string) error) {
	m.HandleFunc("POST /__admin/"+path, func(w http.ResponseWriter, r *http.Request) {
		adminReply(w, map[string]any{}, act(r.PathValue("id")))
	})
}
