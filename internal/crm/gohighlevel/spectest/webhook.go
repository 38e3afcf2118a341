package spectest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// webhookFolder is where the description has HighLevel's webhooks, one file per event.
const webhookFolder = "webhook-events"

// webhookFiles names the files of the events whose payloads carry another type.
var webhookFiles = map[string]string{"INSTALL": "AppInstall", "UNINSTALL": "AppUninstall"}

// undescribedFields are those of real payloads that the description leaves out: the envelope, and the kind of an install.
var undescribedFields = []string{"type", "locationId", "timestamp", "webhookId", "appId", "versionId", "companyId", "installType"}

// ValidateWebhook reports to t where the payload of a webhook breaks HighLevel's description of its event, a field that
// the description does not have included. Without a description it says so in t's log, counts it, and lets all pass.
func ValidateWebhook(t testing.TB, payload []byte) {
	t.Helper()
	directory, err := findDirectory()
	if err == nil {
		_, err = os.Stat(filepath.Join(directory, webhookFolder))
	}
	if err != nil {
		skipped.Add(1)
		t.Log(errNoDescription)
		return
	}
	checked.Add(1)
	if err := breach(filepath.Join(directory, webhookFolder), payload); err != nil {
		t.Errorf("webhook breaks HighLevel's description: %s", summary(err))
	}
}

// breach returns where a payload breaks the description in a folder.
func breach(folder string, payload []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(payload, &fields); err != nil {
		return fmt.Errorf("the payload: %w", err)
	}
	name, _ := fields["type"].(string)
	if file, other := webhookFiles[name]; other {
		name = file
	}
	if name == "" || name != filepath.Base(name) {
		return fmt.Errorf("there can be no event %q", name)
	}
	schema, err := webhookSchema(filepath.Join(folder, name+".json"))
	if err != nil {
		return fmt.Errorf("event %s: %w", name, err)
	}
	return schema.VisitJSON(fields, openapi3.MultiErrors())
}

// webhookSchema reads the schema of an event, and closes it: what is neither described nor known to be left out is no
// field of the event.
func webhookSchema(file string) (*openapi3.Schema, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("the description has no such event")
	}
	if err != nil {
		return nil, err
	}
	var event struct {
		Schema *openapi3.Schema `json:"schema"`
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		return nil, err
	}
	schema := event.Schema
	for _, name := range undescribedFields {
		if schema.Properties[name] == nil {
			schema.WithProperty(name, openapi3.NewStringSchema())
		}
	}
	closeAll(schema)
	schema.Required = []string{"type", "timestamp"}
	return schema, nil
}

// closeAll closes an object with its parts. A type that JSON does not have ("Date") is text.
func closeAll(s *openapi3.Schema) {
	if s.Type.Is("Date") {
		s.Type = &openapi3.Types{openapi3.TypeString}
	}
	if s.Items != nil {
		closeAll(s.Items.Value)
	}
	if s.Properties == nil {
		return
	}
	for _, part := range s.Properties {
		closeAll(part.Value)
	}
	closed(s)
}
