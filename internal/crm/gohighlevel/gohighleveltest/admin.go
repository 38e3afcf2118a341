package gohighleveltest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// adminHandler is the person in the CRM and the tester at the knobs, for another process.
func (f *Fake) adminHandler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /__admin/contacts", f.adminList)
	m.HandleFunc("POST /__admin/contacts", f.adminCreate)
	m.HandleFunc("GET /__admin/contacts/{id}", func(w http.ResponseWriter, r *http.Request) {
		c, there := f.Get(r.PathValue("id"))
		if !there {
			adminReply(w, nil, ErrNoContact)
			return
		}
		adminReply(w, c, nil)
	})
	m.HandleFunc("PATCH /__admin/contacts/{id}", adminCall(func(r *http.Request, changes map[string]any) (any, error) {
		return map[string]any{}, f.Edit(r.PathValue("id"), changes)
	}))
	m.HandleFunc("DELETE /__admin/contacts/{id}", func(w http.ResponseWriter, r *http.Request) {
		adminReply(w, map[string]any{}, f.Delete(r.PathValue("id")))
	})
	m.HandleFunc("POST /__admin/merge", adminCall(func(_ *http.Request, in struct{ Winner, Loser string }) (any, error) {
		return map[string]any{}, f.Merge(in.Winner, in.Loser)
	}))
	m.HandleFunc("GET /__admin/stats", func(w http.ResponseWriter, _ *http.Request) { adminReply(w, f.Stats(), nil) })
	m.HandleFunc("DELETE /__admin/stats", func(w http.ResponseWriter, _ *http.Request) {
		f.ResetStats()
		adminReply(w, map[string]any{}, nil)
	})
	m.HandleFunc("POST /__admin/faults", adminCall(func(_ *http.Request, all []Fault) (any, error) {
		f.SetFaults(all)
		return map[string]any{}, nil
	}))
	m.HandleFunc("POST /__admin/settings", adminCall(func(_ *http.Request, s Settings) (any, error) {
		f.Configure(s)
		return map[string]any{}, nil
	}))
	m.HandleFunc("POST /__admin/grant", adminCall(func(_ *http.Request, in struct{ Scopes []string }) (any, error) {
		access, refresh := f.GrantToken(in.Scopes...)
		return map[string]any{"access_token": access, "refresh_token": refresh, "locationId": f.LocationID()}, nil
	}))
	m.HandleFunc("POST /__admin/revoke", func(w http.ResponseWriter, _ *http.Request) {
		f.RevokeGrant()
		adminReply(w, map[string]any{}, nil)
	})
	m.HandleFunc("POST /__admin/customFields", adminCall(func(_ *http.Request, in adminField) (any, error) {
		return map[string]any{"id": f.AddCustomField(in.Name, in.Key, in.DataType, in.Options...)}, nil
	}))
	m.HandleFunc("POST /__admin/users", adminCall(func(_ *http.Request, in struct{ FirstName, LastName, Email string }) (any, error) {
		return map[string]any{"id": f.AddUser(in.FirstName, in.LastName, in.Email)}, nil
	}))
	f.adminTimeline(m)
	f.adminWebhooks(m)
	m.HandleFunc("POST /__admin/tags", adminCall(func(_ *http.Request, in struct{ Name string }) (any, error) {
		return map[string]any{"id": f.AddTag(in.Name)}, nil
	}))
	return m
}

type adminField struct {
	Name, Key, DataType string
	Options             []string
}

func adminReply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case errors.Is(err, ErrNoContact), errors.Is(err, ErrNoRecord):
		w.WriteHeader(http.StatusNotFound)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	}
	if err != nil {
		v = map[string]any{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

func adminCall[T any](do func(*http.Request, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			adminReply(w, nil, err)
			return
		}
		out, err := do(r, in)
		adminReply(w, out, err)
	}
}

// adminCreate takes one contact, or a list of them to load, or to import when the query says announce.
func (f *Fake) adminCreate(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
		adminReply(w, nil, err)
		return
	}
	var many []Contact
	if json.Unmarshal(raw, &many) == nil {
		load := f.Load
		if r.URL.Query().Has("announce") {
			load = f.Import
		}
		adminReply(w, map[string]any{"ids": load(many)}, nil)
		return
	}
	var c Contact
	if err := json.Unmarshal(raw, &c); err != nil {
		adminReply(w, nil, err)
		return
	}
	adminReply(w, map[string]any{"id": f.Create(c)}, nil)
}

// adminList streams every contact, or the first limit of them in no particular order, as one array.
func (f *Fake) adminList(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = -1
	}
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	separator := "["
	for c := range f.All() {
		if limit == 0 {
			break
		}
		limit--
		if _, err := w.Write([]byte(separator)); err != nil {
			return
		}
		separator = ","
		if e.Encode(c) != nil {
			return
		}
	}
	if separator == "[" {
		_, _ = w.Write([]byte("["))
	}
	_, _ = w.Write([]byte("]\n"))
}
