package spectest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func needWebhooks(t *testing.T) string {
	t.Helper()
	directory, err := findDirectory()
	if err != nil {
		t.Skip(errNoDescription)
	}
	folder := filepath.Join(directory, webhookFolder)
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		t.Skip(errNoDescription)
	}
	return folder
}

func TestPayloadsThatKeepToTheDescriptionPass(t *testing.T) {
	folder := needWebhooks(t)
	for _, payload := range []string{
		`{"type":"ContactCreate","timestamp":"t","webhookId":"w","appId":"a","versionId":"v","locationId":"l","id":"c","dnd":true,"tags":["a"],"customFields":[{"id":"f","value":["x"]},{"id":"g","value":4}]}`,
		`{"type":"ContactDndUpdate","timestamp":"t","locationId":"l","id":"c","dndSettings":{"SMS":{"status":"active"}}}`,
		`{"type":"INSTALL","timestamp":"t","appId":"a","installType":"Location","companyId":"o","trial":{"onTrial":true,"trialStartDate":"d"},"whitelabelDetails":{}}`,
		`{"type":"UNINSTALL","timestamp":"t","appId":"a","companyId":"o"}`,
		`{"type":"TaskComplete","timestamp":"t","locationId":"l","id":"t","contactId":"c","title":"x","body":"y","dueDate":"d","dateAdded":"d"}`,
		`{"type":"NoteUpdate","timestamp":"t","locationId":"l","id":"n","contactId":"c","body":"<p>"}`,
		`{"type":"AppointmentUpdate","timestamp":"t","locationId":"l","appointment":{"id":"a","users":["u"],"startTime":"s"}}`,
	} {
		if err := breach(folder, []byte(payload)); err != nil {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestPayloadsThatBreakTheDescriptionAreNamed(t *testing.T) {
	folder := needWebhooks(t)
	for payload, naming := range map[string]string{
		`{"type":"ContactMerge","timestamp":"t"}`:                                   "no such event",
		`{"type":"../ContactCreate","timestamp":"t"}`:                               "no event",
		`{"type":"TaskUpdate","timestamp":"t"}`:                                     "no such event",
		`{"type":"TaskComplete","timestamp":"t","completed":true}`:                  "completed",
		`{"type":"NoteUpdate","timestamp":"t","userId":"u"}`:                        "userId",
		`{"type":"AppointmentUpdate","timestamp":"t","id":"a"}`:                     "id",
		`{"type":"AppointmentUpdate","timestamp":"t","appointment":{"status":"x"}}`: "status",
		`{"type":"ContactCreate","timestamp":"t","dateUpdated":"d"}`:                "dateUpdated",
		`{"type":"ContactCreate","timestamp":"t","dndSettings":{}}`:                 "dndSettings",
		`{"type":"ContactCreate","timestamp":"t","id":4}`:                           "id",
		`{"type":"ContactCreate"}`:                                                  "timestamp",
		`{"type":"ContactCreate","timestamp":"t","customFields":[{"key":"k"}]}`:     "key",
		`{"type":"ContactCreate","timestamp":"t","customFields":[{"value":true}]}`:  "value",
		`{"data":{"type":"ContactCreate"}}`:                                         "no event",
		`[`:                                                                         "payload",
	} {
		err := breach(folder, []byte(payload))
		if err == nil || !strings.Contains(summary(err), naming) {
			t.Errorf("%s: want a breach naming %q, got %v", payload, naming, err)
		}
	}
}

func TestWithoutADescriptionWebhooksPassAndTheTestSaysSo(t *testing.T) {
	t.Setenv(DirectoryVariable, t.TempDir())
	before, heard := Skipped(), &listener{TB: t}
	ValidateWebhook(heard, []byte(`[`))
	if Skipped() != before+1 || len(heard.breaches) > 0 || len(heard.logs) != 1 || !strings.HasPrefix(heard.logs[0], "SKIPPED: ") {
		t.Errorf("skipped %d times, logged %q, reported %q", Skipped()-before, heard.logs, heard.breaches)
	}
}
