package gohighleveltest

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawContact(t *rapid.T) Contact {
	c := Contact{ID: rapid.StringMatching(`[A-Za-z0-9]{20}`).Draw(t, "id")}
	for _, s := range c.strings() {
		*s = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "text")
	}
	for _, l := range c.lists() {
		*l = rapid.SliceOfN(rapid.StringN(1, 300, -1), 0, 3).Draw(t, "list")
		if len(*l) == 0 {
			*l = nil
		}
	}
	c.DND = rapid.Bool().Draw(t, "dnd")
	for i := range rapid.IntRange(0, 2).Draw(t, "fields") {
		value := rapid.OneOf(rapid.Just[any]("text"), rapid.Just[any](2.5), rapid.Just[any]([]any{"a", "b"})).Draw(t, "value")
		c.CustomFields = append(c.CustomFields, CustomValue{fmt.Sprint(i), value})
	}
	c.DateAdded = time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "added")).UTC()
	c.DateUpdated = c.DateAdded
	return c
}

func TestAPackedContactUnpacksToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawContact(t)
		r := pack(&c)
		require.Equal(t, c, r.contact())
		require.Equal(t, c.ID, r.id())
		require.Equal(t, c.City, r.get(tagCity))
	})
}

func TestEveryShapeOfAContactIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawContact(t)
		for _, s := range []shape{asRead, asCreated, asFound, asListed} {
			o := &renderer{locationID: "l", shape: s}
			o.row(pack(&c), []byte(`[1,"x"]`))
			var back map[string]any
			require.NoError(t, json.Unmarshal(o.b, &back), string(o.b))
			require.Equal(t, c.ID, back["id"])
		}
	})
}

func TestTheOrderedIndexAgreesWithASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &ordered{key: keyAdded}
		var want []*row
		for i := range rapid.IntRange(0, 2500).Draw(t, "rows") {
			key := rapid.Int64Range(0, 50).Draw(t, "key")
			if len(want) > 0 && key == 0 {
				n := rapid.IntRange(0, len(want)-1).Draw(t, "removed")
				o.remove(want[n])
				want = slices.Delete(want, n, n+1)
				continue
			}
			r := pack(&Contact{ID: fmt.Sprintf("%020d", (i*7919)%2503), DateAdded: time.UnixMilli(key)})
			o.insert(r)
			want = append(want, r)
		}
		slices.SortFunc(want, func(a, b *row) int { return o.compare(a, o.place(b)) })
		require.True(t, slices.Equal(want, slices.AppendSeq([]*row(nil), o.ascend(first))))
		from := place{key: rapid.Int64Range(0, 51).Draw(t, "from")}
		n := slices.IndexFunc(want, func(r *row) bool { return r.added >= from.key })
		if n < 0 {
			n = len(want)
		}
		require.Equal(t, n, o.rank(from))
		down := slices.AppendSeq([]*row(nil), o.descend(from))
		slices.Reverse(down)
		require.True(t, slices.Equal(want[:n], down))
		require.Equal(t, len(want), o.size)
	})
}

func FuzzFilters(f *testing.F) {
	f.Add(`[{"field":"dateUpdated","operator":"range","value":{"gte":1}}]`)
	f.Add(`[{"group":"OR","filters":[{"field":"id","operator":"eq","value":["a"]}]},{"field":"tags","operator":"exists"}]`)
	f.Add(`[1,null,{"field":3},{"group":"AND"},{"field":"customFields.x","operator":"range","value":{"gt":"2020-01-01"}}]`)
	r := pack(&Contact{ID: "a", Tags: []string{"t"}, CustomFields: []CustomValue{{"x", 1.0}}})
	f.Fuzz(func(t *testing.T, raw string) {
		var list []any
		if json.Unmarshal([]byte(raw), &list) != nil {
			return
		}
		parsed, refused := parseFilters(list)
		if (parsed == nil) == (refused == nil) {
			t.Fatal("neither filters nor a refusal")
		}
		if parsed != nil {
			parsed.rowTest()(r)
		}
	})
}

// BenchmarkMillionContacts loads a million contacts, reports what each takes, and reads a page from the middle of a
// search by date.
func BenchmarkMillionContacts(b *testing.B) {
	const n = 1_000_000
	f := New(Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	batch := make([]Contact, n)
	for i := range batch {
		batch[i] = Contact{
			FirstName: "Firstname", LastName: fmt.Sprintf("Lastname%d", i), Email: fmt.Sprintf("person%d@example.com", i),
			Phone: fmt.Sprintf("+1202%07d", i), Address1: "1234 Long Street", City: "Springfield", State: "IL", PostalCode: "62701",
			Country: "US", Source: "import", Tags: []string{"customer", "newsletter"}, DateAdded: begin.Add(time.Duration(i) * time.Minute),
		}
	}
	f.Load(batch)
	batch = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	bytes := float64(after.HeapAlloc-before.HeapAlloc) / n
	x := &search{limit: 500, sort: []sortKey{{"dateUpdated", false}}, filters: &filters{
		added: anywhen, updated: bounds{begin.UnixMilli(), math.MaxInt64},
	}}
	x.after = []any{json.Number(fmt.Sprint(begin.Add(n / 2 * time.Minute).UnixMilli())), ""}
	for b.Loop() {
		rows, total := f.contacts.search(x)
		if len(rows) != 500 || total != n {
			b.Fatal(len(rows), total)
		}
	}
	b.ReportMetric(bytes, "bytes/contact")
	runtime.KeepAlive(f)
}
