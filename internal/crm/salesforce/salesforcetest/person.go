package salesforcetest

import (
	"errors"
	"fmt"
	"time"
)

// byPerson carries out a person's work under the lock.
func (f *Fake) byPerson(do func(w *writer) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	f.publishDue(now)
	w := &writer{f: f, now: now, user: f.person, person: true}
	if err := do(w); err != nil {
		w.rollback(mark{})
		return err
	}
	return nil
}

// errGone tells that there is no such record.
var errGone = errors.New("no such record")

// misuse panics on what no person could do in the CRM, so that a test's typing error cannot pass for a result.
func misuse(err error) {
	var coded *apiError
	if errors.As(err, &coded) && coded.code != "DUPLICATE_VALUE" {
		panic(err.Error())
	}
}

// Create saves a record as a person in the CRM does and returns its id. The Content of a ContentNote is the HTML that
// the person's editor makes. People are not held to the rules that the API
// user meets: required fields, validation and duplicate rules, picklists, field-level security. The fields may set
// CreatedDate, LastModifiedDate, SystemModstamp, CreatedById and LastModifiedById, for records with a history. It
// panics on an unknown object or field, on a value of the wrong type, and on a unique value that is taken.
func (f *Fake) Create(object string, fields map[string]any) (id string) {
	id, err := f.create(object, fields)
	if err != nil {
		panic(err.Error())
	}
	return id
}

func (f *Fake) create(object string, fields map[string]any) (id string, err error) {
	err = f.byPerson(func(w *writer) error {
		id, err = w.personCreates(object, fields)
		return err
	})
	return id, err
}

func (w *writer) personCreates(object string, fields map[string]any) (string, error) {
	t := w.f.table(object)
	if t == nil {
		return "", fail("INVALID_TYPE", "no object "+object)
	}
	id, errs := w.create(t, goFields(fields))
	if errs != nil {
		return "", errs[0]
	}
	return id, nil
}

func goFields(fields map[string]any) map[string]any {
	out := make(map[string]any, len(fields))
	for name, value := range fields {
		out[name] = fromGo(value)
	}
	return out
}

// Load saves many records as Create does, as an import before the sync began, and returns their ids. It counts as one
// transaction.
func (f *Fake) Load(object string, rows []map[string]any) []string {
	ids, err := f.load(object, rows)
	if err != nil {
		panic(err.Error())
	}
	return ids
}

func (f *Fake) load(object string, rows []map[string]any) (ids []string, err error) {
	ids = make([]string, len(rows))
	err = f.byPerson(func(w *writer) error {
		for i, fields := range rows {
			id, err := w.personCreates(object, fields)
			if err != nil {
				return err
			}
			ids[i] = id
		}
		return nil
	})
	return ids, err
}

// Edit changes the named fields of a record as a person does; nil clears. It returns an error when there is no such
// record or a unique value is taken, and panics where Create does.
func (f *Fake) Edit(object, id string, fields map[string]any) error {
	err := f.edit(object, id, fields)
	misuse(err)
	return err
}

func (f *Fake) edit(object, id string, fields map[string]any) error {
	return f.byPerson(func(w *writer) error {
		t, pos, err := f.live(object, id)
		if err != nil {
			return err
		}
		if errs := w.update(t, pos, goFields(fields)); errs != nil {
			return errs[0]
		}
		return nil
	})
}

// live finds a current record that is not deleted.
func (f *Fake) live(object, id string) (*table, uint32, error) {
	t, pos, r := f.current(object, id)
	if r == nil || r.deleted {
		return nil, 0, errGone
	}
	return t, pos, nil
}

// current finds a current record, deleted or not; the row is nil when there is none.
func (f *Fake) current(object, id string) (*table, uint32, *row) {
	t := f.table(object)
	id15, ok := parseID(id)
	if t == nil || !ok {
		return nil, 0, nil
	}
	pos, ok := t.find(id15)
	if !ok || gone(t.rows[pos], f.now()) {
		return nil, 0, nil
	}
	return t, pos, t.rows[pos]
}

// Merge merges up to two records into a winner of the same object: the losers go to the recycle bin with the winner as
// MasterRecordId, their tasks, events, notes and contacts (of accounts) move over, and the winner is touched.
func (f *Fake) Merge(winner string, losers ...string) error {
	return f.byPerson(func(w *writer) error {
		id15, ok := parseID(winner)
		if !ok {
			return errGone
		}
		t := f.tableOf(id15)
		if t == nil || t.object.field("MasterRecordId") == nil {
			return fmt.Errorf("records of this object cannot be merged")
		}
		if len(losers) == 0 || len(losers) > 2 {
			return errors.New("one or two records can be merged into another")
		}
		_, winnerPos, err := f.live(t.object.name, winner)
		if err != nil {
			return err
		}
		for _, loser := range losers {
			_, pos, err := f.live(t.object.name, loser)
			if err != nil {
				return err
			}
			if pos == winnerPos {
				return errors.New("a record cannot be merged into itself")
			}
			w.moveFamily(t, pos, winnerPos)
			w.bury(t, pos, t.id(winnerPos))
			if t.object.name == "Account" {
				w.moveContacts(t.id(pos), t.id(winnerPos))
			}
		}
		touched := *t.rows[winnerPos]
		touched.modified, touched.stamp, touched.modifiedBy = w.seconds(), w.seconds(), w.user
		w.put(t, winnerPos, &touched)
		return nil
	})
}

// moveContacts re-parents an account's contacts: a system change, which only SystemModstamp shows.
func (w *writer) moveContacts(from, to string) {
	contacts := w.f.table("Contact")
	account := contacts.object.field("AccountId").index
	for i, r := range contacts.rows {
		if r != nil && !r.deleted && r.get(account) == from {
			moved := *r
			moved.packed = repack(r.packed, []change{{account, to}})
			moved.stamp = w.seconds()
			w.put(contacts, uint32(i), &moved)
		}
	}
}

// Delete moves a record to the recycle bin, and what hangs on it: an account's contacts, a contact's tasks, events and
// classic notes, a note's links.
func (f *Fake) Delete(object, id string) error {
	return f.byPerson(func(w *writer) error {
		t, pos, err := f.live(object, id)
		if err != nil {
			return err
		}
		if err := w.remove(t.source(), pos); err != nil {
			return err
		}
		return nil
	})
}

// Undelete takes a record out of the recycle bin, and what went there with it but an account's contacts. It returns an
// error for what the recycle bin does not keep, as a ContentNote.
func (f *Fake) Undelete(object, id string) error {
	return f.byPerson(func(w *writer) error {
		t, pos, r := f.current(object, id)
		if r == nil || !r.deleted {
			return errGone
		}
		if t.source().object.refuses&noUndelete != 0 {
			return errors.New("records of this object cannot be undeleted")
		}
		if err := w.checkUnique(t, r, int64(pos)); err != nil {
			return err
		}
		w.revive(t, pos)
		return nil
	})
}

// Purge removes a record for good, and what hangs on it, from the recycle bin too. Only the delete log remembers it.
func (f *Fake) Purge(object, id string) error {
	return f.byPerson(func(w *writer) error {
		t, pos, r := f.current(object, id)
		if r == nil {
			return errGone
		}
		w.purge(t.source(), pos)
		return nil
	})
}

// Get returns a record as it is now, deleted or not, with nil for each empty field; false when there is none.
func (f *Fake) Get(object, id string) (map[string]any, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t, pos, r := f.current(object, id)
	if r == nil {
		return nil, false
	}
	return f.record(t, pos, r), true
}

// All returns all records that are not deleted, in order of Id.
func (f *Fake) All(object string) []map[string]any {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t := f.table(object)
	if t == nil {
		return nil
	}
	out := make([]map[string]any, 0, t.existing)
	for i, r := range t.rows {
		if r != nil && !r.deleted {
			out = append(out, f.record(t, uint32(i), r))
		}
	}
	return out
}

// Count returns how many records are not deleted.
func (f *Fake) Count(object string) int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if t := f.table(object); t != nil {
		return t.existing
	}
	return 0
}

// LockRow makes the API's writes to a record, and to the contacts, tasks and events that belong to it, fail with
// UNABLE_TO_LOCK_ROW until the given time.
func (f *Fake) LockRow(id string, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id15, ok := parseID(id); ok {
		f.locks[id18(id15)] = until
	}
}
