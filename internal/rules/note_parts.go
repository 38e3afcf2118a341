package rules

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// Group sorts the notes of one contact on one side by which are parts of the same: each group is one note for FromParts.
func (m *NoteMapper) Group(side record.Side, docs []map[string]any) ([][]map[string]any, error) {
	texts := make([]string, len(docs))
	for i, doc := range docs {
		_, text, err := m.read(side, doc)
		if err != nil {
			return nil, err
		}
		if text != nil {
			texts[i] = *text
		}
	}
	var out [][]map[string]any
	for _, group := range record.Group(texts) {
		var notes []map[string]any
		for _, i := range group {
			notes = append(notes, docs[i])
		}
		out = append(out, notes)
	}
	return out, nil
}

func (m *NoteMapper) read(side record.Side, doc map[string]any) (record.Record, *string, error) {
	if side == record.GoHighLevel {
		return m.oneGoHighLevel(doc, false)
	}
	return m.oneSalesforce(doc)
}

// FromParts reads a note that is in one or more parts, in any order. It is called as its first part, and its Parts are the
// ids of all of them. While a part is missing the body is unknown and the note is left out.
func (m *NoteMapper) FromParts(side record.Side, docs []map[string]any) (record.Record, error) {
	type part struct {
		record.Record
		number int
	}
	var parts []part
	var texts []string
	for _, doc := range docs {
		r, text, err := m.read(side, doc)
		if err != nil {
			return record.Record{}, err
		}
		number := 0
		if text != nil {
			texts = append(texts, *text)
			if e, _ := record.Unwrap(*text); e != nil {
				number = e.Part
			}
		}
		parts = append(parts, part{r, number})
	}
	if len(parts) == 0 {
		return record.Record{}, missingID(side)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.number - b.number })
	r := parts[0].Record
	if parts[0].number == 0 && len(parts) == 1 {
		if len(texts) == 1 {
			m.body(&r, texts[0], m.titleLimitOf(r))
			m.asTask(&r)
		}
		return r, nil
	}
	for _, p := range parts {
		r.Parts = append(r.Parts, p.ID)
		if p.ModifiedAt.After(r.ModifiedAt) {
			r.ModifiedAt = p.ModifiedAt
		}
	}
	e, body, whole := record.Join(texts)
	if !whole || e.From != side.Other() {
		r.Traits, r.Envelope = append(r.Traits, record.TraitIncompletePart), envelopeOf(texts)
		return r, nil
	}
	r.Envelope, r.Fields[record.Body] = e, record.Scalar(body)
	if title := r.Fields[record.Title].Text(); e.Title != "" && record.Shorten(e.Title, m.titleLimitOf(r)) == title {
		r.Fields[record.Title] = record.Scalar(e.Title)
	}
	return r, nil
}

// envelopeOf returns the envelope of a text by those of its parts that there are; nil where none has one.
func envelopeOf(texts []string) *record.Envelope {
	for _, text := range texts {
		if e, _ := record.Unwrap(text); e != nil {
			e.Part, e.Of = 0, 0
			return e
		}
	}
	return nil
}

// Part returns a note's canonical text and the envelope on it; nil where there is none, or where the document does not
// tell the text.
func (m *NoteMapper) Part(side record.Side, doc map[string]any) (*record.Envelope, string, error) {
	_, text, err := m.read(side, doc)
	if err != nil || text == nil {
		return nil, "", err
	}
	e, _ := record.Unwrap(*text)
	return e, *text, nil
}

func (m *NoteMapper) titleLimitOf(r record.Record) int {
	if r.Side == record.GoHighLevel {
		return longestNoteTitle
	}
	return m.titleLimit(m.objectOf(r.ID))
}
