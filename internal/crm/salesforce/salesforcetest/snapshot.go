package salesforcetest

import (
	"bufio"
	"encoding/gob"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

const snapshotFormat = 1

// snapshotHead is all of an org but its rows, which follow table by table.
type snapshotHead struct {
	Format        int
	OrgID         string
	Tables        []snapshotTable
	SchemaChanged time.Time
	LateRows      []latePosition
	Locks         map[string]time.Time
	Locators      []locator
	LocatorsMade  uint64
	Auth          authState
	Minutes       map[int64]int
}

type snapshotTable struct {
	Name    string
	Fields  []string // the packed fields by index
	Custom  []snapshotField
	Deletes []snapshotDelete
	Rows    int
}

type snapshotField struct {
	Name, Label, Kind                           string
	Length                                      int
	Required, Unique, CaseSensitive, ExternalID bool
	Restricted                                  bool
	Values                                      []string
}

type snapshotDelete struct{ Pos, At uint32 }

// snapshotRow is one position of a table; Absent when nothing is there. Before is what readers see while it is late.
type snapshotRow struct {
	Absent, Deleted, Archived    bool
	Packed                       string
	Created, Modified, Stamp     uint32
	CreatedBy, ModifiedBy, Owner uint32
	Late                         bool
	Until                        time.Time
	Before                       *snapshotRow
}

// Save writes everything the org holds: records, deleted ones, custom fields, tokens, query locators, the day's usage,
// rows that are late or locked. Options, faults, validation rules and statistics are not part of it.
func (f *Fake) Save(w io.Writer) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	f.usage.mu.Lock()
	defer f.usage.mu.Unlock()
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := gob.NewEncoder(buffered)
	if err := out.Encode(f.head()); err != nil {
		return err
	}
	for _, t := range f.tables {
		for i, r := range t.rows {
			saved := saveRow(r)
			if late, ok := t.late[uint32(i)]; ok {
				before := saveRow(late.before)
				saved.Late, saved.Until, saved.Before = true, late.until, &before
			}
			if err := out.Encode(&saved); err != nil {
				return err
			}
		}
	}
	return buffered.Flush()
}

func (f *Fake) head() snapshotHead {
	head := snapshotHead{
		Format: snapshotFormat, OrgID: f.orgID, SchemaChanged: f.schemaChanged, LateRows: f.lateRows, Locks: f.locks,
		LocatorsMade: f.locators.next, Auth: f.auth.authState, Minutes: f.usage.Minutes,
	}
	for _, l := range f.locators.order {
		head.Locators = append(head.Locators, *l)
	}
	for _, t := range f.tables {
		saved := snapshotTable{Name: t.object.name, Rows: len(t.rows)}
		for _, fl := range t.object.packed {
			saved.Fields = append(saved.Fields, fl.name)
			if fl.custom {
				saved.Custom = append(saved.Custom, snapshotField{
					fl.name, fl.label, fl.kind, fl.length, fl.required, fl.unique, fl.caseSensitive, fl.externalID, fl.restricted, fl.values,
				})
			}
		}
		for _, d := range t.deletes {
			saved.Deletes = append(saved.Deletes, snapshotDelete{d.pos, d.at})
		}
		head.Tables = append(head.Tables, saved)
	}
	return head
}

func saveRow(r *row) snapshotRow {
	if r == nil {
		return snapshotRow{Absent: true}
	}
	return snapshotRow{
		Deleted: r.deleted, Archived: r.archived, Packed: r.packed, Created: r.created, Modified: r.modified, Stamp: r.stamp,
		CreatedBy: r.createdBy, ModifiedBy: r.modifiedBy, Owner: r.owner,
	}
}

// Restore replaces everything the org holds with what Save wrote. The org's id must be the same. When it fails, the
// org is left in an undefined state.
func (f *Fake) Restore(r io.Reader) error {
	in := gob.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	var head snapshotHead
	if err := in.Decode(&head); err != nil {
		return fmt.Errorf("reading the snapshot: %w", err)
	}
	if head.Format != snapshotFormat || head.OrgID != f.orgID {
		return fmt.Errorf("the snapshot is of another format or org")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, saved := range head.Tables {
		if err := f.restoreTable(in, saved); err != nil {
			return err
		}
	}
	f.schemaChanged, f.lateRows, f.locks = head.SchemaChanged, head.LateRows, head.Locks
	if f.locks == nil {
		f.locks = map[string]time.Time{}
	}
	f.nextVisible.Store(0)
	if len(f.lateRows) > 0 {
		f.nextVisible.Store(f.lateRows[0].Until.UnixNano())
	}
	f.locators.reset()
	for i := range head.Locators {
		l := &head.Locators[i]
		f.locators.byID[l.ID] = l
		f.locators.order = append(f.locators.order, l)
		f.locators.rows += len(l.Positions)
	}
	f.locators.next = head.LocatorsMade
	f.restoreAuth(head.Auth)
	f.usage.mu.Lock()
	defer f.usage.mu.Unlock()
	f.usage.Minutes, f.usage.Total, f.usage.swept = head.Minutes, 0, 0
	for _, n := range head.Minutes {
		f.usage.Total += n
	}
	return nil
}

// restoreAuth takes the tokens over; gob leaves out empty maps.
func (f *Fake) restoreAuth(state authState) {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	f.auth.reset()
	f.auth.Grants = state.Grants
	maps.Copy(f.auth.Sessions, state.Sessions)
	maps.Copy(f.auth.Refreshes, state.Refreshes)
	maps.Copy(f.auth.Codes, state.Codes)
}

func (f *Fake) restoreTable(in *gob.Decoder, saved snapshotTable) error {
	t := f.table(saved.Name)
	if t == nil {
		return fmt.Errorf("the snapshot holds an object %s, which this org has not", saved.Name)
	}
	for _, c := range saved.Custom {
		if t.object.field(c.Name) == nil {
			fl := &field{
				name: c.Name, label: c.Label, kind: c.Kind, length: c.Length, custom: true, createable: true, updateable: true,
				required: c.Required, unique: c.Unique, caseSensitive: c.CaseSensitive, externalID: c.ExternalID, idLookup: c.ExternalID,
				restricted: c.Restricted, values: c.Values,
			}
			f.applySettings(t.object, fl)
			t.object.add(fl)
		}
	}
	indexes := make([]uint8, len(saved.Fields))
	same := true
	for i, name := range saved.Fields {
		fl := t.object.field(name)
		if fl == nil {
			return fmt.Errorf("the snapshot holds a field %s.%s, which this org has not", saved.Name, name)
		}
		indexes[i] = fl.index
		same = same && int(fl.index) == i
	}
	fresh := newTable(t.object, t.ids)
	if t.byPhone != nil {
		fresh.byPhone = phoneIndex(t.object)
	}
	fresh.rows = make([]*row, 0, saved.Rows)
	for _, d := range saved.Deletes {
		fresh.deletes = append(fresh.deletes, deletion{d.Pos, d.At})
	}
	t.rows, t.late, t.stamps, t.deletes, t.existing = fresh.rows, fresh.late, fresh.stamps, fresh.deletes, 0
	t.byValue, t.byPhone = fresh.byValue, fresh.byPhone
	for range saved.Rows {
		var one snapshotRow
		if err := in.Decode(&one); err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		pos := t.grow()
		load := func(s snapshotRow) *row {
			if s.Absent {
				return nil
			}
			if !same {
				s.Packed = renumber(s.Packed, indexes)
			}
			return &row{
				packed: s.Packed, created: s.Created, modified: s.Modified, stamp: s.Stamp,
				createdBy: s.CreatedBy, modifiedBy: s.ModifiedBy, owner: s.Owner, deleted: s.Deleted, archived: s.Archived,
			}
		}
		if one.Late {
			t.put(pos, load(*one.Before), time.Time{})
			t.put(pos, load(one), one.Until)
			continue
		}
		t.put(pos, load(one), time.Time{})
	}
	return nil
}

// renumber moves packed fields to other indexes.
func renumber(packed string, indexes []uint8) string {
	var changes []change
	for len(packed) > 0 {
		index, size, head := unpackHead(packed)
		changes = append(changes, change{indexes[index], packed[head : head+size]})
		packed = packed[head+size:]
	}
	slices.SortFunc(changes, func(a, b change) int { return int(a.index) - int(b.index) })
	return repack("", changes)
}
