package gohighleveltest

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// snapshotFormat is raised with every change of the types below or of the packed rows.
const snapshotFormat = 3

// savedState is everything but the contacts, which follow it in chunks until an empty one.
type savedState struct {
	Format                int
	LocationID, CompanyID string
	AllowDuplicateContact bool
	Paused                bool
	Seeds, Drawn          [3]uint64
	Fields                []customField
	Tags                  []locationTag
	Users                 []user
	Grants                []grant
	Codes                 map[string]code
	Access                []savedToken
	Refresh               []savedToken
	Behind                []savedWrite
	Queue                 []savedWrite
	Timeline              savedTimeline
}

type savedToken struct {
	Token   string
	Grant   int // in Grants
	Expires time.Time
	Spent   time.Time
	Result  *issued
}

type savedRow struct {
	Added, Updated int64
	Body           string
}

// savedWrite is a queued write, or the version that the index still has; an empty Body is no row.
type savedWrite struct {
	Due time.Time
	ID  string
	Row savedRow
}

func saveRow(r *row) savedRow {
	if r == nil {
		return savedRow{}
	}
	return savedRow{r.added, r.updated, r.body}
}

func (s savedRow) row() *row {
	if s.Body == "" {
		return nil
	}
	return &row{s.Added, s.Updated, s.Body}
}

const snapshotChunk = 4096

// Save writes a snapshot of the location: contacts and what hangs on them, the search indexes' lag, definitions, tokens. Limits, faults and
// counts are not part of it.
func (f *Fake) Save(w io.Writer) error {
	o := f.options()
	state := savedState{
		Format: snapshotFormat, LocationID: o.LocationID, CompanyID: o.CompanyID, AllowDuplicateContact: o.AllowDuplicateContact,
	}
	for i, s := range []*source{&f.ids, &f.traces, &f.chances} {
		state.Seeds[i], state.Drawn[i] = s.seed.Load(), s.n.Load()
	}
	f.location.save(&state)
	f.grants.save(&state)
	rows := f.saveRecords(&state)
	b := bufio.NewWriter(w)
	e := gob.NewEncoder(b)
	if err := e.Encode(state); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	for chunk := range slices.Chunk(rows, snapshotChunk) {
		saved := make([]savedRow, len(chunk))
		for i, r := range chunk {
			saved[i] = saveRow(r)
		}
		if err := e.Encode(saved); err != nil {
			return fmt.Errorf("save snapshot: %w", err)
		}
	}
	if err := e.Encode([]savedRow{}); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	return b.Flush()
}

// Restore replaces everything that Save writes by a snapshot. On an error nothing has changed.
func (f *Fake) Restore(r io.Reader) error {
	d := gob.NewDecoder(bufio.NewReader(r))
	var state savedState
	if err := d.Decode(&state); err != nil {
		return fmt.Errorf("restore snapshot: %w", err)
	}
	if state.Format != snapshotFormat {
		return errors.New("restore snapshot: written by another version")
	}
	var rows []*row
	for {
		var chunk []savedRow
		if err := d.Decode(&chunk); err != nil {
			return fmt.Errorf("restore snapshot: %w", err)
		}
		if len(chunk) == 0 {
			break
		}
		for _, s := range chunk {
			rows = append(rows, s.row())
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o := *f.options()
	o.LocationID, o.CompanyID, o.AllowDuplicateContact = state.LocationID, state.CompanyID, state.AllowDuplicateContact
	f.settings.Store(&o)
	for i, s := range []*source{&f.ids, &f.traces, &f.chances} {
		s.restore(state.Seeds[i], state.Drawn[i])
	}
	f.location.restore(&state)
	f.grants.restore(&state)
	f.restoreRecords(&state, rows)
	return nil
}

// save takes the contacts down. The caller holds the lock.
func (s *contacts) save(state *savedState) []*row {
	rows := make([]*row, 0, len(s.byID))
	for _, r := range s.byID {
		rows = append(rows, r)
	}
	for id, b := range s.index.behind {
		state.Behind = append(state.Behind, savedWrite{ID: id, Row: saveRow(b.indexed)})
	}
	for _, w := range s.index.queue[s.index.head:] {
		state.Queue = append(state.Queue, savedWrite{Due: w.due, ID: w.id, Row: saveRow(w.row)})
	}
	return rows
}

// restore replaces the contacts. The caller holds the lock.
func (s *contacts) restore(state *savedState, rows []*row) {
	s.index = newSearchIndex()
	s.byID = make(map[string]*row, len(rows))
	s.email, s.phone = newIdentities(len(rows)), newIdentities(len(rows))
	for _, r := range rows {
		s.remember(r)
	}
	x := &s.index
	for _, b := range state.Behind {
		x.behind[b.ID] = &behind{indexed: b.Row.row()}
	}
	for _, w := range state.Queue {
		x.behind[w.ID].queued++
		x.queue = append(x.queue, indexWrite{due: w.Due, id: w.ID, row: w.Row.row()})
	}
	var indexed []*row
	for _, r := range rows {
		if _, late := x.behind[r.id()]; !late {
			indexed = append(indexed, r)
		}
	}
	for _, b := range x.behind {
		if b.indexed != nil {
			indexed = append(indexed, b.indexed)
		}
	}
	x.fill(indexed)
}

func (l *location) save(state *savedState) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, x := range l.fields {
		state.Fields = append(state.Fields, *x)
	}
	for _, t := range l.tags {
		state.Tags = append(state.Tags, *t)
	}
	for _, u := range l.users {
		state.Users = append(state.Users, *u)
	}
}

func (l *location) restore(state *savedState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fields, l.tags, l.users = nil, nil, nil
	clear(l.byID)
	clear(l.byName)
	for i := range state.Fields {
		l.define(&state.Fields[i])
	}
	for i := range state.Tags {
		t := &state.Tags[i]
		l.tags = append(l.tags, t)
		l.byName[t.Name] = t
	}
	for i := range state.Users {
		l.users = append(l.users, &state.Users[i])
	}
}

func (g *grants) save(state *savedState) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	state.Paused = g.paused
	state.Codes = map[string]code{}
	for id, c := range g.codes {
		state.Codes[id] = *c
	}
	index := map[*grant]int{}
	of := func(x *grant) int {
		i, there := index[x]
		if !there {
			i = len(state.Grants)
			index[x] = i
			state.Grants = append(state.Grants, *x)
		}
		return i
	}
	for token, t := range g.access {
		state.Access = append(state.Access, savedToken{Token: token, Grant: of(t.grant), Expires: t.expires})
	}
	for token, t := range g.refresh {
		saved := savedToken{Token: token, Grant: of(t.grant), Expires: t.expires, Spent: t.spent, Result: t.result}
		state.Refresh = append(state.Refresh, saved)
	}
}

func (g *grants) restore(state *savedState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = state.Paused
	clear(g.codes)
	clear(g.access)
	clear(g.refresh)
	for id, c := range state.Codes {
		g.codes[id] = &c
	}
	for _, t := range state.Access {
		g.access[t.Token] = &accessToken{grant: &state.Grants[t.Grant], expires: t.Expires}
	}
	for _, t := range state.Refresh {
		g.refresh[t.Token] = &refreshToken{grant: &state.Grants[t.Grant], expires: t.Expires, spent: t.Spent, result: t.Result}
	}
}
