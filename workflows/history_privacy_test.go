package workflows

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	common "go.temporal.io/api/common/v1"
	history "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// people returns what the invented people of the recorded histories are called and reached by, lower-cased: the recorder
// writes it down, one per line.
func people(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(histories, "people.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.ToLower(strings.TrimSpace(string(text))), "\n")
	if len(lines) < 50 {
		t.Fatalf("only %d names, addresses and numbers are known; that cannot be all", len(lines))
	}
	return lines
}

func TestNoRecordedHistoryShowsCustomerData(t *testing.T) {
	known := people(t)
	for _, files := range corpus(t) {
		for _, file := range files {
			for _, found := range shown(load(t, file), known) {
				t.Errorf("%s shows %q in clear", file, found)
			}
		}
	}
}

func TestCustomerDataIsSeenHoweverItIsWrapped(t *testing.T) {
	const who = "ada.lovelace1@example.com"
	inJSON, err := json.Marshal(map[string][]byte{"contact": []byte(`{"email":"` + who + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for what, event := range map[string]*history.HistoryEvent{
		"in a payload":                  completed([]byte(`{"email":"Ada.Lovelace1@Example.com"}`)),
		"in base64 in a payload's JSON": completed(inJSON),
		"as a number":                   completed([]byte(`{"phone":12012200001}`)),
		"in an error's text": {Attributes: &history.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
			WorkflowExecutionSignaledEventAttributes: &history.WorkflowExecutionSignaledEventAttributes{SignalName: "no " + who},
		}},
	} {
		if got := shown(&history.History{Events: []*history.HistoryEvent{event}}, []string{who, "2012200001"}); len(got) != 1 {
			t.Errorf("%s: found %v", what, got)
		}
	}
	if got := shown(&history.History{Events: []*history.HistoryEvent{completed([]byte(`"somebody else"`))}}, []string{who}); len(got) != 0 {
		t.Errorf("found %v where there is nothing", got)
	}
}

func completed(data []byte) *history.HistoryEvent {
	return &history.HistoryEvent{Attributes: &history.HistoryEvent_ActivityTaskCompletedEventAttributes{
		ActivityTaskCompletedEventAttributes: &history.ActivityTaskCompletedEventAttributes{
			Result: &common.Payloads{Payloads: []*common.Payload{{Data: data}}},
		},
	}}
}

// shown returns which of the known texts a history shows to whoever can read and decode it.
func shown(h *history.History, known []string) []string {
	var clear strings.Builder
	eachText(h.ProtoReflect(), func(text string) { expose(&clear, text, 0) })
	text := strings.ToLower(clear.String())
	var found []string
	for _, k := range known {
		if strings.Contains(text, k) {
			found = append(found, k)
		}
	}
	return found
}

// eachText visits every text and all bytes of a message.
func eachText(m protoreflect.Message, visit func(string)) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		one := func(v protoreflect.Value) {
			switch f.Kind() {
			case protoreflect.StringKind:
				visit(v.String())
			case protoreflect.BytesKind:
				visit(string(v.Bytes()))
			case protoreflect.MessageKind, protoreflect.GroupKind:
				eachText(v.Message(), visit)
			}
		}
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				visit(k.String())
				if f.MapValue().Kind() == protoreflect.MessageKind {
					eachText(v.Message(), visit)
				} else {
					visit(v.String())
				}
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				one(v.List().Get(i))
			}
		default:
			one(v)
		}
		return true
	})
}

// expose writes what a text says, and what is wrapped in it as JSON or base64.
func expose(into *strings.Builder, text string, depth int) {
	if depth > 8 {
		return
	}
	if strings.ContainsAny(text[:min(1, len(text))], `{["`) {
		var value any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&value) == nil {
			eachLeaf(value, func(s string) { expose(into, s, depth+1) })
			return
		}
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(decoded) > 0 {
		expose(into, string(decoded), depth+1)
	}
	// A long text in base64 says nothing itself, but may happen to spell a short name.
	if err != nil || len(text) < 32 {
		into.WriteString(text)
		into.WriteByte('\n')
	}
}

// eachLeaf visits every key, text and number of a JSON value.
func eachLeaf(value any, visit func(string)) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			eachLeaf(e, visit)
		}
	case map[string]any:
		for k, e := range v {
			visit(k)
			eachLeaf(e, visit)
		}
	case string:
		visit(v)
	case json.Number:
		visit(v.String())
	}
}
