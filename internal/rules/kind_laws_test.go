package rules_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

const kindsFile = `
gohighlevel: {location: ve9EPM428h8vShlRW1KT}
salesforce: {org: 00D5g00000TandmEAB}
tasks:
  external_id_field: GHL_Id__c
  priority: {default: Normal, show: [High]}
  reopen_as: In Progress
notes: {part_length: 1000}
appointments: {create: both, calendar: cal1, external_id_field: GHL_Id__c}
users:
  map: {ghlBob: 005000000000Bob}
  default: {salesforce: 005000000000Def, gohighlevel: ghlDef}
`

var setting = rules.Setting{
	Zone: mustZone("America/New_York"),
	GoHighLevelUsers: []rules.User{
		{ID: "ghlAda", Name: "Ada Lovelace", Email: "Ada@example.com"}, {ID: "ghlBob", Name: "Bob", Email: "bob@agency.example"},
		{ID: "ghlDef", Name: "Desk", Email: "desk@example.com"}, {ID: "ghlLone", Email: "lone@agency.example"},
	},
	SalesforceUsers: []rules.User{
		{ID: "005000000000AdaAAA", Name: "Ada Lovelace", Email: "ada@example.com"}, {ID: "005000000000BobAAA", Name: "Bob", Email: "bob@example.com"},
		{ID: "005000000000DefAAA", Email: "ops@example.com"}, {ID: "005000000000OldAAA", Email: "old@example.com", Inactive: true},
	},
	TaskStatuses: []rules.OrgStatus{
		{Name: "Not Started", Default: true}, {Name: "In Progress"}, {Name: "Completed", Closed: true}, {Name: "Deferred"},
	},
}

func mustZone(name string) *time.Location {
	out, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return out
}

func kindRules(t require.TestingT, file string) *rules.Rules {
	loaded, err := rules.Parse("acme", []byte(file))
	require.NoError(t, err)
	return loaded
}

func sum(f record.Field, v record.Value) []uint64 {
	var out []uint64
	for _, e := range v {
		s := sha256.Sum256([]byte(string(f) + "\x00" + e))
		out = append(out, binary.BigEndian.Uint64(s[:])>>16)
	}
	slices.Sort(out)
	return out
}

// pair is one record on both sides as the vendors hold it: one document each, or several where a note is in parts.
type pair struct {
	mapper rules.KindMapper
	docs   map[record.Side][]map[string]any
	base   reconcile.Base
	made   int
}

func (p *pair) read(t require.TestingT, side record.Side) *record.Record {
	if len(p.docs[side]) == 0 {
		return nil
	}
	var docs []map[string]any
	for _, doc := range p.docs[side] {
		docs = append(docs, wire(t, doc))
	}
	var r record.Record
	var err error
	switch m := p.mapper.(type) {
	case *rules.NoteMapper:
		r, err = m.FromParts(side, docs)
	default:
		if side == record.GoHighLevel {
			r, err = m.FromGoHighLevel(docs[0], false)
		} else {
			r, err = m.FromSalesforce(docs[0])
		}
	}
	require.NoError(t, err)
	require.Empty(t, r.Traits)
	return &r
}

func (p *pair) decide(t require.TestingT) reconcile.Decision {
	return reconcile.Decide(reconcile.Input{
		Base: p.base, GoHighLevel: p.read(t, record.GoHighLevel), Salesforce: p.read(t, record.Salesforce),
		Policies: p.mapper.Policies(), Fingerprint: sum, Project: p.mapper.Project,
	})
}

func (p *pair) sync(t require.TestingT) reconcile.Decision {
	d := p.decide(t)
	next := d.Next
	before := map[record.Side]*record.Record{}
	for _, side := range record.Sides {
		before[side] = p.read(t, side)
	}
	for _, side := range record.Sides {
		writes := d.Writes(side)
		if len(writes) == 0 && d.Create != side {
			continue
		}
		contact := map[record.Side]string{record.GoHighLevel: "ghlContact", record.Salesforce: "003Contact"}[side]
		w := p.mapper.Write(side, rules.Change{Writes: writes, Current: before[side], Other: before[side.Other()], ContactID: contact})
		p.apply(t, side, w)
		next = reconcile.Stored(next, side, p.read(t, side).Fields, writes, sum)
	}
	p.base = next
	return d
}

// newborn is a Salesforce record with nothing but what it always has.
func (p *pair) newborn() map[string]any {
	doc := map[string]any{}
	for _, field := range p.mapper.SalesforceFields() {
		if !strings.Contains(field, ".") {
			doc[field] = nil
		}
	}
	prefix := map[string]string{"Task": "00T", "Event": "00U", "ContentNote": "069", "Note": "002"}[p.mapper.SalesforceObject()]
	doc["Id"], doc["CreatedDate"] = fmt.Sprint(prefix, p.made), "2026-03-01T10:00:00.000+0000"
	for field, v := range map[string]any{
		"OwnerId": "005000000000AdaAAA", "WhoId": "003Contact", "ParentId": "003Contact", "Status": "Not Started", "Priority": "Normal",
	} {
		if _, has := doc[field]; has {
			doc[field] = v
		}
	}
	return doc
}

// apply does what the vendors do with a write.
func (p *pair) apply(t require.TestingT, side record.Side, w rules.Write) {
	for i, doc := range append([]map[string]any{w.Doc}, w.Further...) {
		if i >= len(p.docs[side]) {
			p.made++
			if side == record.GoHighLevel {
				p.docs[side] = append(p.docs[side], map[string]any{"id": fmt.Sprint("ghl", p.made), "contactId": "ghlContact", "dateAdded": "2026-03-01T10:00:00.000Z"})
			} else {
				p.docs[side] = append(p.docs[side], p.newborn())
			}
		}
		for key, v := range wire(t, doc) {
			if text, ok := v.(string); ok && key == "Content" {
				html, err := base64.StdEncoding.DecodeString(text)
				require.NoError(t, err)
				v = "<p>" + strings.ReplaceAll(string(html), "<br>", "</p><p>") + "</p>"
				v = strings.ReplaceAll(v.(string), "<p></p>", "<p><br></p>") // as Salesforce's editor has it
			}
			p.docs[side][i][key] = v
		}
	}
	if w.Whole {
		p.docs[side] = p.docs[side][:1+len(w.Further)]
	}
}

func drawPair(t *rapid.T, m rules.KindMapper) *pair {
	p := &pair{mapper: m, docs: map[record.Side][]map[string]any{}}
	side := rapid.SampledFrom(record.Sides).Draw(t, "born")
	p.apply(t, side, rules.Write{Doc: map[string]any{}})
	all := edits(m.Kind(), side)
	for _, name := range []string{"title", "body", "status", "priority", "completed", "due", "user", "times", "address"} {
		if edit := all[name]; edit != nil && (name == "times" || rapid.IntRange(0, 3).Draw(t, name) > 0) {
			edit(t, p.docs[side][0])
		}
	}
	return p
}

// edit changes something on a side; "" where it did not.
func (p *pair) edit(t *rapid.T) record.Side {
	side := rapid.SampledFrom(record.Sides).Draw(t, "side")
	if len(p.docs[side]) != 1 {
		return "" // people do not edit the parts by a whole new text
	}
	all := edits(p.mapper.Kind(), side)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	all[rapid.SampledFrom(names).Draw(t, "edit")](t, p.docs[side][0])
	return side
}

// agree fails where a field that travels both ways says something else on either side than the rules want.
func (p *pair) agree(t *rapid.T) {
	g, s := p.read(t, record.GoHighLevel), p.read(t, record.Salesforce)
	for _, policy := range p.mapper.Policies() {
		f := policy.Field
		vg, knownG := g.Fields[f]
		vs, knownS := s.Fields[f]
		if policy.Direction != reconcile.Both || !knownG || !knownS || f == record.Assignee {
			continue
		}
		// What stands in for an empty title or body is made once, from what the record says then.
		if (f == record.Title || f == record.Body) && (vg.Empty() || vs.Empty()) {
			continue
		}
		if !vg.Equal(vs) && !p.mapper.Project(record.Salesforce, f, g).Equal(vs) && !p.mapper.Project(record.GoHighLevel, f, s).Equal(vg) {
			t.Fatalf("%s: GoHighLevel holds %q and Salesforce %q; documents %v", f, vg, vs, p.docs)
		}
	}
}

func kindMappers(t require.TestingT) []rules.KindMapper {
	r := kindRules(t, kindsFile)
	classic := setting
	classic.ClassicNotes = true
	return []rules.KindMapper{r.TaskMapper(setting), r.NoteMapper(setting), r.NoteMapper(classic), r.AppointmentMapper(setting)}
}

func TestTheLawsOfTheMergeHoldForEveryKindAsTheVendorsKeepIt(t *testing.T) {
	for _, m := range kindMappers(t) {
		t.Run(string(m.Kind())+" as "+m.SalesforceObject(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := drawPair(t, m)
				p.sync(t)
				for range rapid.IntRange(0, 5).Draw(t, "steps") {
					if rapid.Bool().Draw(t, "edit") {
						p.edit(t)
					} else {
						p.sync(t)
					}
				}
				p.sync(t)
				p.agree(t)
				if again := p.decide(t); !again.Nothing() {
					t.Fatalf("it still writes %+v; documents %v", again, p.docs)
				}
			})
		})
	}
}

func TestWhatOnlyOneSideChangedIsNeverChangedBack(t *testing.T) {
	for _, m := range kindMappers(t) {
		t.Run(string(m.Kind())+" as "+m.SalesforceObject(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := drawPair(t, m)
				p.sync(t)
				p.sync(t)
				side := p.edit(t)
				if side == "" {
					t.Skip("no edit")
				}
				if d := p.decide(t); len(d.Writes(side)) > 0 || len(d.Conflicts) > 0 {
					t.Fatalf("the edit in %s is answered by %+v and %+v; documents %v", side, d.Writes(side), d.Conflicts, p.docs)
				}
			})
		})
	}
}
