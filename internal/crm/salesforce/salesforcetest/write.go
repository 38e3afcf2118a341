package salesforcetest

import (
	"slices"
	"strings"
	"time"
)

// writer carries out the writes of one call. The caller holds the write lock.
type writer struct {
	f    *Fake
	now  time.Time
	user uint32 // position in the User table
	// person lets rules pass that hold for the API only, and system fields be set.
	person bool
	// single says that the call writes one record, where a mistyped value fails the whole call.
	single bool
	// allowSave and details are the duplicate rule header's.
	allowSave, details bool
	base               string // "/services/data/v67.0"
	operation          string // for faults

	undo                      []func()
	creates, updates, deletes int
}

// mark is how far a writer has come.
type mark struct{ undo, creates, updates, deletes int }

func (w *writer) mark() mark { return mark{len(w.undo), w.creates, w.updates, w.deletes} }

// rollback takes everything back that the writer did since the mark.
func (w *writer) rollback(to mark) {
	for _, undo := range slices.Backward(w.undo[to.undo:]) {
		undo()
	}
	w.undo = w.undo[:to.undo]
	w.creates, w.updates, w.deletes = to.creates, to.updates, to.deletes
}

func (w *writer) put(t *table, pos uint32, r *row) {
	until := w.f.lateUntil(r, w.now)
	w.putUntil(t, pos, r, until)
	if s := t.shadow; s != nil {
		s.reach(pos)
		w.putUntil(s.table, pos, s.of(r), until)
	}
}

func (w *writer) putUntil(t *table, pos uint32, r *row, until time.Time) {
	before := t.rows[pos]
	was, late := t.late[pos]
	t.put(pos, r, until)
	if !until.IsZero() {
		w.f.addLate(t, pos, until)
	}
	w.undo = append(w.undo, func() {
		t.put(pos, before, time.Time{})
		if late {
			t.show(pos, before, was.before)
			t.late[pos] = was
		}
	})
}

func (w *writer) seconds() uint32 { return uint32(w.now.Unix()) }

// create saves a new record.
func (w *writer) create(t *table, fields map[string]any) (id string, errs []*apiError) {
	if !t.object.createable && !w.person || t.shadows != nil {
		return "", []*apiError{fail("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: "+t.object.label)}
	}
	now := w.seconds()
	r := &row{created: now, modified: now, stamp: now, createdBy: w.user, modifiedBy: w.user, owner: w.user}
	if errs := w.prepare(t, r, nil, 0, fields); errs != nil {
		return "", errs
	}
	if limit := w.f.options.MaxRecords; limit > 0 && !w.person && w.f.table("Contact").existing+w.f.table("Account").existing >= limit {
		return "", []*apiError{fail("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")}
	}
	pos := t.grow()
	w.put(t, pos, r)
	w.creates++
	if t.object.created != nil {
		t.object.created(w, t, pos)
	}
	return t.id(pos), nil
}

// update changes the named fields of a record.
func (w *writer) update(t *table, pos uint32, fields map[string]any) []*apiError {
	before := t.rows[pos]
	if before == nil {
		return []*apiError{notFound()}
	}
	if before.deleted {
		return []*apiError{entityIsDeleted()}
	}
	if (!t.object.createable || t.object.refuses&noUpdate != 0) && !w.person || t.shadows != nil {
		return []*apiError{readOnly()}
	}
	r := *before
	r.modified, r.stamp, r.modifiedBy = w.seconds(), w.seconds(), w.user
	if errs := w.prepare(t, &r, before, pos, fields); errs != nil {
		return errs
	}
	w.put(t, pos, &r)
	w.updates++
	return nil
}

func entityIsDeleted() *apiError { return failWith(404, "ENTITY_IS_DELETED", "entity is deleted") }

func readOnly() *apiError {
	return fail("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
}

// remove moves a record to the recycle bin, and what hangs on it with it.
func (w *writer) remove(t *table, pos uint32) *apiError {
	before := t.rows[pos]
	if before == nil {
		return notFound()
	}
	if before.deleted {
		return entityIsDeleted()
	}
	if !t.object.createable {
		return readOnly()
	}
	if t.object.keeps != nil && !w.person {
		if err := t.object.keeps(w, t, before); err != nil {
			return err
		}
	}
	if err := w.locked(t, before, int64(pos)); err != nil {
		return err
	}
	w.bury(t, pos, "")
	w.buryFamily(t, pos)
	if t.object.name == "Account" {
		contacts, id := w.f.table("Contact"), t.id(pos)
		account := contacts.object.field("AccountId").index
		for i, r := range contacts.rows {
			if r != nil && !r.deleted && r.get(account) == id {
				w.bury(contacts, uint32(i), "")
				w.buryFamily(contacts, uint32(i))
			}
		}
	}
	return nil
}

func (w *writer) bury(t *table, pos uint32, winner string) {
	r := *t.rows[pos]
	r.deleted, r.modified, r.stamp, r.modifiedBy = true, w.seconds(), w.seconds(), w.user
	if winner != "" {
		r.packed = repack(r.packed, []change{{t.object.field("MasterRecordId").index, winner}})
	}
	w.put(t, pos, &r)
	w.logDelete(t, pos)
	if t.shadow != nil {
		w.logDelete(t.shadow.table, pos)
	}
	w.deletes++
}

func (w *writer) logDelete(t *table, pos uint32) {
	t.deletes = append(t.deletes, deletion{pos, w.seconds()})
	w.undo = append(w.undo, func() { t.deletes = t.deletes[:len(t.deletes)-1] })
}

// locked returns the error of a row, or of a record that is locked with it, that another transaction holds; self is the
// row's position, -1 when it is new.
func (w *writer) locked(t *table, r *row, self int64) *apiError {
	if w.person {
		return nil
	}
	var ids []string
	if self >= 0 {
		ids = append(ids, t.id(uint32(self)))
	}
	for _, fl := range t.object.locks {
		if id := r.get(fl.index); id != "" {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if until, ok := w.f.locks[id]; ok && w.now.Before(until) {
			return lockError(id)
		}
	}
	if w.f.faults.lockRow(w.operation) {
		return lockError(strings.Join(ids, ", "))
	}
	return nil
}

func lockError(id string) *apiError {
	return fail("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: "+id)
}

// prepare puts the fields into r, a copy of before (nil when new), if the org's rules let it.
func (w *writer) prepare(t *table, r, before *row, pos uint32, fields map[string]any) []*apiError {
	fields = w.f.triggered(t.object.name, fields)
	if !w.person {
		fields = w.f.faults.altered(w.operation, fields)
	}
	changed, errs := w.convert(t, fields, before == nil)
	if errs != nil {
		return errs
	}
	var packed []change
	for _, c := range changed {
		if err := w.checkField(t, c.field, c.text); err != nil {
			errs = append(errs, err)
			continue
		}
		if c.field.column == inPacked {
			packed = append(packed, change{c.field.index, c.text})
		} else if err := w.setColumn(r, c.field, c.text); err != nil {
			errs = append(errs, err)
		}
	}
	slices.SortFunc(packed, func(a, b change) int { return int(a.index) - int(b.index) })
	r.packed = repack(r.packed, packed)
	if errs == nil && t.object.shape != nil {
		if err := t.object.shape(&draft{w, t, r, before, changed}); err != nil {
			return []*apiError{err}
		}
	}
	if err := w.checkRequired(t, r); err != nil {
		errs = append(errs, err)
	}
	if errs != nil {
		return errs
	}
	self := int64(-1)
	held := r
	if before != nil {
		self, held = int64(pos), before
	}
	if err := w.locked(t, held, self); err != nil {
		return []*apiError{err}
	}
	if err := w.checkUnique(t, r, self); err != nil {
		return []*apiError{err}
	}
	if w.person {
		return nil
	}
	if errs := w.validate(t, self, r); errs != nil {
		return errs
	}
	if err := w.checkDuplicates(t, r, before, self); err != nil {
		return []*apiError{err}
	}
	return nil
}
