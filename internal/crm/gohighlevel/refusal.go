package gohighlevel

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// refusal is what an error body says, so far as it matters.
type refusal struct {
	text          string // every message, folded; decides, and goes no further
	fields        []string
	existingID    string
	matchingField []string
	traceID       string
	webPage       bool
}

const (
	longestText   = 4096
	longestName   = 64
	maximalFields = 20
)

var (
	recordID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// The validator's sentences about a property. Anchored, so that a quoted value is never taken for a name.
	unknownProperty = regexp.MustCompile(`^(?:[A-Za-z0-9_.]+\.)?property ([A-Za-z0-9_.]+) should not exist$`)
	fieldSentences  = []*regexp.Regexp{
		regexp.MustCompile(`^each value in (?:nested property )?([A-Za-z0-9_.]+) (?:must|should) `),
		regexp.MustCompile(`^nested property ([A-Za-z0-9_.]+) (?:must|should) `),
		regexp.MustCompile(`^([A-Za-z0-9_.]+) (?:must|should) `),
	}
	// properties are the names that the sentences may name: those of this package's requests. Whatever else stands
	// there could be a customer's word.
	properties = nameSet(`firstName lastName name email phone gender address1 city state postalCode country website
		timezone dnd dndSettings inboundDndSettings tags customFields source dateOfBirth companyName assignedTo locationId
		createNewIfDuplicateAllowed pageLimit searchAfter filters sort query limit skip startAfter startAfterId number model
		companyId contactId businessId id field_value fieldValue title body dueDate completed userId color pinned calendarId
		groupId startTime endTime appointmentStatus assignedUserId meetingLocationType meetingLocationId overrideLocationConfig
		description address ignoreDateRange toNotify ignoreFreeSlotValidation rrule`)
	digits = regexp.MustCompile(`^[0-9]+$`)
	// traceable is what a trace looks like. It is longer than a phone number, and no word consists of such letters: a vendor
	// that puts anything else there could put a customer's word there.
	traceable = regexp.MustCompile(`^[0-9a-fA-F][0-9a-fA-F-]{15,63}$`)
)

func (r refusal) has(words string) bool { return strings.Contains(r.text, words) }

// readRefusal reads an error body of any shape: HighLevel's flat object with one message or a list of them, version
// v3's nested object, text, a web page of something in between, or nothing.
func readRefusal(header http.Header, body []byte) refusal {
	object, ok := decodeObject(body)
	if !ok {
		text := strings.ToLower(string(body[:min(len(body), longestText)]))
		return refusal{
			text: text,
			webPage: strings.HasPrefix(header.Get("Content-Type"), "text/html") || strings.Contains(text, "<html") ||
				strings.Contains(text, "<!doctype"),
		}
	}
	messages := sentences(object["message"])
	messages = append(messages, sentences(object["error_description"])...)
	switch detail := object["error"].(type) {
	case string:
		messages = append(messages, detail)
	case map[string]any:
		messages = append(messages, sentences(detail["message"])...)
		messages = append(messages, sentences(detail["code"])...)
		messages = append(messages, sentences(detail["details"])...)
	}
	said := refusal{text: strings.ToLower(clip(strings.Join(messages, "\n"), longestText))}
	for _, message := range messages {
		if name := fieldOf(message); name != "" && len(said.fields) < maximalFields {
			said.fields = append(said.fields, name)
		}
	}
	if meta, ok := object["meta"].(map[string]any); ok {
		if id := text(meta["contactId"]); recordID.MatchString(id) && len(id) <= longestName {
			said.existingID = id
		}
		if name := ours(text(meta["matchingField"])); name != "" {
			said.matchingField = []string{name}
		}
	}
	if trace := text(object["traceId"]); traceable.MatchString(trace) {
		said.traceID = trace
	}
	return said
}

// sentences flattens a message, which is a string, a list of strings, or (in details) a list of objects with one.
func sentences(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, element := range v {
			switch element := element.(type) {
			case string:
				all = append(all, element)
			case map[string]any:
				all = append(all, sentences(text(element["message"]))...)
			}
		}
		return all
	case map[string]any:
		return sentences(text(v["message"]))
	}
	return nil
}

func fieldOf(message string) string {
	message = strings.TrimSpace(message)
	if match := unknownProperty.FindStringSubmatch(message); match != nil {
		return ours(match[1])
	}
	for _, sentence := range fieldSentences {
		if match := sentence.FindStringSubmatch(message); match != nil && ours(match[1]) != "" {
			return ours(match[1])
		}
	}
	return ""
}

// ours returns how far a path consists of properties of this package's requests and of places in lists.
func ours(path string) string {
	known := path
	for at, name := range strings.Split(path, ".") {
		if !properties[name] && (at == 0 || !digits.MatchString(name)) {
			known = strings.Join(strings.Split(path, ".")[:at], ".")
			break
		}
	}
	return clip(known, longestName)
}

func nameSet(names string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func clip(s string, longest int) string { return s[:min(len(s), longest)] }
