package salesforcetest

import "time"

// kin is a reference whose holder goes where the record that it names goes.
type kin struct{ child, field string }

var person = []kin{{"Task", "WhoId"}, {"Event", "WhoId"}, {"Note", "ParentId"}, {"ContentDocumentLink", "LinkedEntityId"}}

// families are the kin of each object. An account's contacts are not among them: they are too many to keep an index of.
var families = map[string][]kin{
	"Contact":     person,
	"Lead":        person,
	"Account":     {{"Task", "WhatId"}, {"Event", "WhatId"}, {"Note", "ParentId"}, {"ContentDocumentLink", "LinkedEntityId"}},
	"Task":        {{"Task", "RecurrenceActivityId"}, {"ContentDocumentLink", "LinkedEntityId"}},
	"Event":       {{"Event", "RecurrenceActivityId"}, {"ContentDocumentLink", "LinkedEntityId"}},
	"ContentNote": {{"ContentDocumentLink", "ContentDocumentId"}},
}

// eachKin visits the rows that hold a reference to a record, deleted or not.
func (f *Fake) eachKin(t *table, pos uint32, visit func(child *table, by *field, at uint32, r *row)) {
	id15 := t.id(pos)[:15]
	for _, k := range families[t.object.name] {
		child := f.table(k.child)
		if child == nil {
			continue
		}
		by := child.object.field(k.field)
		index := child.byValue[by.index]
		for _, at := range index.find(id15) {
			if r := child.rows[at]; r != nil && index.value(r) == id15 {
				visit(child, by, at, r)
			}
		}
	}
}

// buryFamily moves what hangs on a record to the recycle bin with it.
func (w *writer) buryFamily(t *table, pos uint32) {
	w.f.eachKin(t, pos, func(child *table, _ *field, at uint32, r *row) {
		if !r.deleted {
			w.bury(child, at, "")
			w.buryFamily(child, at)
		}
	})
}

// reviveFamily takes out of the recycle bin what went there with a record, at the time at.
func (w *writer) reviveFamily(t *table, pos uint32, at uint32) {
	w.f.eachKin(t, pos, func(child *table, _ *field, childPos uint32, r *row) {
		if r.deleted && r.stamp == at && w.mayReturn(child, r) {
			w.revive(child, childPos)
		}
	})
}

// mayReturn tells whether what a row cannot be without is still there.
func (w *writer) mayReturn(t *table, r *row) bool {
	document := t.object.field("ContentDocumentId")
	if document == nil {
		return true
	}
	documents := w.f.table("ContentDocument")
	pos, ok := documents.find(r.get(document.index)[:15])
	return ok && documents.rows[pos] != nil && !documents.rows[pos].deleted
}

// revive takes a record out of the recycle bin, and what went there with it.
func (w *writer) revive(t *table, pos uint32) {
	r := t.rows[pos]
	back := *r
	back.deleted, back.modified, back.stamp, back.modifiedBy = false, w.seconds(), w.seconds(), w.user
	if m := t.object.field("MasterRecordId"); m != nil {
		back.packed = repack(back.packed, []change{{index: m.index}})
	}
	w.put(t, pos, &back)
	w.reviveFamily(t, pos, r.stamp)
}

// moveFamily hangs what hangs on one record on another: a system change, which only SystemModstamp shows.
func (w *writer) moveFamily(t *table, from, to uint32) {
	id := t.id(to)
	w.f.eachKin(t, from, func(child *table, by *field, at uint32, r *row) {
		if r.deleted {
			return
		}
		if by.name == "LinkedEntityId" && w.f.link(r.get(child.object.field("ContentDocumentId").index), id) >= 0 {
			w.bury(child, at, "")
			return
		}
		moved := *r
		moved.packed = repack(r.packed, []change{{by.index, id}})
		moved.stamp = w.seconds()
		w.put(child, at, &moved)
	})
}

// purge removes a record for good, and what hangs on it.
func (w *writer) purge(t *table, pos uint32) {
	r := t.rows[pos]
	w.f.eachKin(t, pos, func(child *table, _ *field, at uint32, held *row) {
		if !held.deleted || held.stamp == r.stamp {
			w.purge(child, at)
		}
	})
	for _, of := range t.withShadow() {
		if !r.deleted {
			of.deletes = append(of.deletes, deletion{pos, w.seconds()})
		}
		of.put(pos, nil, time.Time{})
	}
}
