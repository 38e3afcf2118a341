package e2e

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// What a request reads by id, and whether it may write a record.
var (
	goHighLevelRecord = regexp.MustCompile(`^/contacts/(?:[A-Za-z0-9]{20}/(?:tasks|notes)/)?([A-Za-z0-9]{20})$|^/calendars/events/appointments/([A-Za-z0-9]{20})$`)
	salesforceRecord  = regexp.MustCompile(`/sobjects/(?:Contact|Task|Event|ContentNote)/([A-Za-z0-9]{15,18})(?:/Content)?$`)
)

func goHighLevelReads(r *http.Request, _ []byte) []string {
	if m := goHighLevelRecord.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		return []string{m[1] + m[2]} // one of them is empty
	}
	return nil
}

func goHighLevelWrites(r *http.Request) bool {
	return r.Method != http.MethodGet && r.URL.Path != "/contacts/search" &&
		(strings.HasPrefix(r.URL.Path, "/contacts/") || strings.HasPrefix(r.URL.Path, "/calendars/"))
}

func salesforceReads(r *http.Request, body []byte) []string {
	if m := salesforceRecord.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		return m[1:]
	}
	if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/composite/sobjects/") {
		return nil
	}
	var asked struct {
		IDs []string `json:"ids"`
	}
	if json.Unmarshal(body, &asked) != nil {
		return nil
	}
	return asked.IDs
}

func salesforceWrites(r *http.Request) bool {
	return r.Method != http.MethodGet && (strings.Contains(r.URL.Path, "/sobjects") || strings.Contains(r.URL.Path, "/composite"))
}
