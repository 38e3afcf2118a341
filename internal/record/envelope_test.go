package record_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

var ada = record.Envelope{
	From: record.Salesforce, Author: "Ada Lovelace", At: time.Date(2026, 5, 4, 14, 0, 0, 0, time.FixedZone("", 2*3600)),
}

func TestAnEnvelopeSaysWhoWroteANoteWhenAndWhere(t *testing.T) {
	got := ada.Wrap("Called.\nWill call again.", 5000, record.PlainCost)
	want := []string{"[From Salesforce: Ada Lovelace, 2026-05-04 14:00 +02:00]\nCalled.\nWill call again."}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestATextThatIsTooLongGoesInPartsThatSayWhichTheyAre(t *testing.T) {
	body := strings.TrimSpace(strings.Repeat("a line of twenty ch.\n", 60))
	marked := ada
	marked.Mark = "k4mz2q"
	parts := marked.Wrap(body, 600, record.PlainCost)
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	if want := "[From Salesforce: Ada Lovelace, 2026-05-04 14:00 +02:00]\n(2/3 k4mz2q)\na line of twenty ch.\n"; !strings.HasPrefix(parts[1], want) {
		t.Errorf("the second part begins as %q", parts[1][:100])
	}
	if _, _, ok := record.Join(parts[:2]); ok {
		t.Error("a part is missing and nobody noticed")
	}
	if _, _, ok := record.Join([]string{parts[0], parts[1], parts[1]}); ok {
		t.Error("a part is there twice and nobody noticed")
	}
	twin := ada
	twin.Mark = record.PartMark("another")
	others := twin.Wrap(body, 600, record.PlainCost)
	groups := record.Group([]string{parts[2], "another note", others[0], parts[0], parts[1], parts[1], others[1]})
	if want := [][]int{{0, 3, 4}, {1}, {2, 6}, {5}}; !reflect.DeepEqual(groups, want) {
		t.Errorf("the parts are grouped as %v, want %v", groups, want)
	}
}

func TestATextThatOnlyResemblesAnEnvelopeStays(t *testing.T) {
	for _, text := range []string{
		"", "(1/3)\nx", "[Title: x]", "[From Elsewhere]\nx", "[From Salesforce: Ada, 2026-05-04]x", "x\n[From Salesforce]",
		"[From Salesforce: Ada, 2026-13-04 14:00 +02:00]",
	} {
		if e, body := record.Unwrap(text); e != nil || body != text {
			t.Errorf("%q was read as %+v and %q", text, e, body)
		}
	}
}

func TestAWrappedTextIsTheSameWhenItIsUnwrappedWhateverItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := record.Envelope{
			From:   rapid.SampledFrom(record.Sides).Draw(t, "from"),
			Author: rapid.SampledFrom([]string{"", "Ada", "Åse [Ops]", "a, b", "x\ny"}).Draw(t, "author"),
			Mark:   rapid.SampledFrom([]string{"", record.PartMark("x")}).Draw(t, "mark"),
			Title:  rapid.SampledFrom([]string{"", "a long title", "[x]"}).Draw(t, "title"),
		}
		if rapid.Bool().Draw(t, "dated") {
			zone := time.FixedZone("", 60*rapid.IntRange(-11*60, 14*60).Draw(t, "offset"))
			e.At = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).In(zone)
		}
		body := record.PlainText(strings.Repeat(drawText(t), rapid.IntRange(1, 60).Draw(t, "times")))
		if rapid.Bool().Draw(t, "misleading") {
			body = record.PlainText(rapid.SampledFrom([]string{"(1/3)\n", "[Title: x]\n", "↪"}).Draw(t, "first") + body)
		}
		html := rapid.Bool().Draw(t, "html")
		cost, write, read := record.Cost(record.PlainCost), record.PlainText, record.PlainText
		if html {
			cost, write, read = record.HTMLCost, record.NoteHTML, record.HTMLText
		}
		parts := e.Wrap(body, 500, cost)
		var stored []string
		for _, part := range parts {
			if sent := write(part); len([]rune(sent)) > 500 {
				t.Fatalf("a part has %d characters", len([]rune(sent)))
			}
			stored = append(stored, read(write(part)))
		}
		var back string
		var found *record.Envelope
		if len(stored) == 1 {
			found, back = record.Unwrap(stored[0])
		} else {
			var ok bool
			if found, back, ok = record.Join(stored); !ok {
				t.Fatalf("the parts %q do not belong together", stored)
			}
		}
		if back != body {
			t.Fatalf("%q came back as %q", body, back)
		}
		if again := found.Wrap(back, 500, cost); !reflect.DeepEqual(again, parts) {
			t.Fatalf("written again it is %q, first it was %q", again, parts)
		}
	})
}

func TestATitleIsShortenedBetweenWords(t *testing.T) {
	for _, c := range []struct {
		title string
		limit int
		want  string
	}{
		{"short", 10, "short"}, {"exactly 10", 10, "exactly 10"}, {"some more words", 11, "some more…"},
		{"unbreakable", 6, "unbre…"}, {"🙂🙂🙂🙂", 6, "🙂🙂…"},
	} {
		if got := record.Shorten(c.title, c.limit); got != c.want {
			t.Errorf("%q at %d became %q, want %q", c.title, c.limit, got, c.want)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add("[From Salesforce: Ada, 2026-05-04 14:00 +02:00]\n[Title: x]\n(1/3)\nbody")
	f.Add("[From GoHighLevel]\n\n(1/3)")
	f.Fuzz(func(t *testing.T, raw string) {
		text := record.PlainText(raw)
		e, body := record.Unwrap(text)
		if e == nil {
			return
		}
		if e.Of > 0 {
			record.Join([]string{text})
			return
		}
		parts := e.Wrap(record.PlainText(body), 1<<30, record.PlainCost)
		if again, same := record.Unwrap(parts[0]); same != record.PlainText(body) || again == nil {
			t.Fatalf("%q holds %q and then %q", text, body, same)
		}
	})
}
