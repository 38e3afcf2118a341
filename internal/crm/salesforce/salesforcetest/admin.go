package salesforcetest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// serveAdmin answers /__admin/: the Go methods of Fake over HTTP, for people and programs that run the fake on its own.
// doc.go lists the paths.
func (f *Fake) serveAdmin(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/__admin/"), "/"), "/")
	operation := r.Method + " " + parts[0]
	if operation == "GET snapshot" {
		w.Header().Set("Content-Type", "application/octet-stream")
		_ = f.Save(w)
		return
	}
	out, err := f.admin(operation, parts[1:], r)
	switch {
	case errors.Is(err, errNoSuchPath), errors.Is(err, errGone):
		w.WriteHeader(http.StatusNotFound)
		return
	case err != nil:
		w.Header().Set("Content-Type", jsonType)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(marshal(map[string]string{"error": err.Error()}))
		return
	case out == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(marshal(out))
}

var errNoSuchPath = errors.New("no such path")

func (f *Fake) admin(operation string, args []string, r *http.Request) (any, error) {
	switch operation {
	case "GET records", "POST records", "PATCH records", "DELETE records":
		return f.adminRecords(r, args)
	case "POST load":
		var rows []map[string]any
		if err := decodeBody(r, &rows); err != nil {
			return nil, err
		}
		return f.load(strings.Join(args, "/"), rows)
	case "GET count":
		return map[string]int{"count": f.Count(strings.Join(args, "/"))}, nil
	case "POST merge":
		var in struct {
			Winner string
			Losers []string
		}
		if err := decodeBody(r, &in); err != nil {
			return nil, err
		}
		return nil, f.Merge(in.Winner, in.Losers...)
	case "POST link", "POST unlink":
		var in struct{ Note, Entity string }
		if err := decodeBody(r, &in); err != nil {
			return nil, err
		}
		if operation == "POST unlink" {
			return nil, f.UnlinkNote(in.Note, in.Entity)
		}
		_, err := f.create("ContentDocumentLink", map[string]any{"ContentDocumentId": in.Note, "LinkedEntityId": in.Entity})
		return nil, err
	case "POST fields":
		return nil, f.adminField(r)
	case "POST lock":
		var in struct {
			ID    string
			Until time.Time
		}
		if err := decodeBody(r, &in); err != nil {
			return nil, err
		}
		f.LockRow(in.ID, in.Until)
		return nil, nil
	case "PUT faults":
		return nil, f.adminFaults(r)
	case "GET stats":
		return struct {
			Stats
			Data int `json:"dataRequests"`
		}{f.Stats(), f.Requests()}, nil
	case "DELETE stats":
		f.ResetStats()
		return nil, nil
	case "POST grant":
		access, refresh := f.GrantToken()
		return map[string]string{"access_token": access, "refresh_token": refresh, "instance_url": "http://" + r.Host}, nil
	case "DELETE grant":
		f.RevokeGrant()
		return nil, nil
	case "DELETE sessions":
		f.ExpireSessions()
		return nil, nil
	case "PUT snapshot":
		return nil, f.Restore(r.Body)
	}
	return nil, errNoSuchPath
}

// decodeBody reads a JSON body with numbers kept as written.
func decodeBody(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := decodeJSON(body, into); err != nil {
		return err
	}
	return nil
}

func (f *Fake) adminRecords(r *http.Request, args []string) (any, error) {
	var fields map[string]any
	if (r.Method == "POST" && len(args) == 1) || r.Method == "PATCH" {
		if err := decodeBody(r, &fields); err != nil {
			return nil, err
		}
	}
	switch {
	case r.Method == "GET" && len(args) == 1:
		return f.All(args[0]), nil
	case r.Method == "POST" && len(args) == 1:
		id, err := f.create(args[0], fields)
		return map[string]string{"id": id}, err
	case r.Method == "GET" && len(args) == 2:
		record, ok := f.Get(args[0], args[1])
		if !ok {
			return nil, errGone
		}
		return record, nil
	case r.Method == "PATCH" && len(args) == 2:
		return nil, f.edit(args[0], args[1], fields)
	case r.Method == "DELETE" && len(args) == 2:
		return nil, f.Delete(args[0], args[1])
	case r.Method == "POST" && len(args) == 3 && args[2] == "undelete":
		return nil, f.Undelete(args[0], args[1])
	case r.Method == "POST" && len(args) == 3 && args[2] == "archive":
		return nil, f.Archive(args[0], args[1])
	case r.Method == "POST" && len(args) == 3 && args[2] == "purge":
		return nil, f.Purge(args[0], args[1])
	}
	return nil, errNoSuchPath
}

func (f *Fake) adminField(r *http.Request) error {
	var in struct {
		Object, Name, Type                          string
		Length                                      int
		ExternalID, Unique, CaseSensitive, Required bool
		Values                                      []string
		Restricted                                  bool
	}
	if err := decodeBody(r, &in); err != nil {
		return err
	}
	var opts []FieldOption
	if in.ExternalID {
		opts = append(opts, ExternalID())
	}
	if in.Unique {
		opts = append(opts, Unique())
	}
	if in.CaseSensitive {
		opts = append(opts, CaseSensitive())
	}
	if in.Required {
		opts = append(opts, Required())
	}
	if in.Length > 0 {
		opts = append(opts, Length(in.Length))
	}
	if in.Values != nil {
		opts = append(opts, Values(in.Restricted, in.Values...))
	}
	return f.addCustomField(in.Object, in.Name, in.Type, opts...)
}

// adminFaults reads faults whose latency is written as Go writes durations, "250ms".
func (f *Fake) adminFaults(r *http.Request) error {
	var in []struct {
		Kind    string
		Rate    float64
		Count   int
		Path    string
		Latency string
		Field   string
		Value   string
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	list := make([]Fault, len(in))
	for i, one := range in {
		list[i] = Fault{Kind: one.Kind, Rate: one.Rate, Count: one.Count, Path: one.Path, Field: one.Field, Value: one.Value}
		if !knownFault(one.Kind) {
			return errors.New("unknown kind of fault " + one.Kind)
		}
		if one.Latency != "" {
			if list[i].Latency, err = time.ParseDuration(one.Latency); err != nil {
				return err
			}
		}
	}
	f.SetFaults(list)
	return nil
}
