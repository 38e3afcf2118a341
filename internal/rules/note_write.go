package rules

import (
	"encoding/base64"

	"github.com/tandem-sync/tandem/internal/record"
)

// Write returns the documents of a note: one, or more where the text is too long for one.
func (m *NoteMapper) Write(to record.Side, c Change) Write {
	object, limit, titleLimit, cost := "", m.rules.PartLength, longestNoteTitle, record.Cost(record.HTMLCost)
	if to == record.Salesforce {
		if object = m.object; c.Current != nil {
			object = m.objectOf(c.Current.ID)
		}
		titleLimit = m.titleLimit(object)
		limit, cost = map[string]int{contentNote: longestContentNote, classicNote: longestClassicNote, taskObject: longestDescription}[object], record.TextAreaCost
		if object == contentNote {
			cost = record.HTMLCost
		}
	}
	var header *record.Envelope
	if c.create() && (m.rules.Header || object == taskObject) && c.Other != nil { // by it a note is told from a task
		header = &record.Envelope{From: to.Other(), Author: c.Other.Author}
		if !c.Other.CreatedAt.IsZero() {
			header.At = c.Other.CreatedAt.In(m.zone)
		}
	}
	out := Write{Doc: map[string]any{}}
	whole := c.title()
	if whole == "" && c.create() && to == record.Salesforce && c.Other != nil {
		whole = titleStandIn(c.Other, "Note").Text()
	}
	title := record.Shorten(whole, titleLimit)
	retitled := c.writes(record.Title) && (title != whole || c.Current != nil && c.Current.Envelope != nil && c.Current.Envelope.Title != "")
	if c.create() || c.writes(record.Body) || retitled {
		for i, text := range c.wrapped(to, header, titleLimit, limit, cost) {
			doc := m.document(to, object, title, text, c, i)
			if i == 0 {
				out.Doc = doc
			} else {
				out.Further = append(out.Further, doc)
			}
		}
		out.Whole = true
		return out
	}
	if c.writes(record.Title) {
		key := titleKey(object)
		out.Doc[key] = typed(record.TypeText, record.Scalar(title))
		for i := 1; i < len(c.Current.Parts); i++ {
			out.Further = append(out.Further, map[string]any{key: out.Doc[key]})
		}
	}
	return out
}

func titleKey(object string) string {
	return map[string]string{"": "title", contentNote: "Title", classicNote: "Title", taskObject: "Subject"}[object]
}

// document returns one part of a note; parts that there are not yet are created.
func (m *NoteMapper) document(to record.Side, object, title, text string, c Change, part int) map[string]any {
	doc := map[string]any{}
	create := c.create() || part > 0 && part >= len(c.Current.Parts)
	if create || c.writes(record.Title) {
		doc[titleKey(object)] = typed(record.TypeText, record.Scalar(title))
	}
	switch object {
	case "":
		doc["body"] = record.Markup(text)
	case contentNote:
		doc["Content"] = base64.StdEncoding.EncodeToString([]byte(record.NoteHTML(text)))
	case classicNote:
		doc["Body"] = typed(record.TypeText, record.Scalar(text))
	case taskObject:
		doc["Description"] = typed(record.TypeText, record.Scalar(text))
	}
	contact := c.ContactID
	if contact == "" && c.Current != nil && len(c.Current.ContactIDs) > 0 {
		contact = c.Current.ContactIDs[0]
	}
	if !create || contact == "" {
		return doc
	}
	switch object {
	case classicNote:
		doc["ParentId"] = contact
	case taskObject:
		doc["WhoId"], doc["Status"] = contact, m.completed
		if c.Other != nil && !c.Other.CreatedAt.IsZero() {
			doc["ActivityDate"] = record.DueOn(c.Other.CreatedAt, m.zone) // where it belongs on the timeline
		}
	}
	return doc
}
