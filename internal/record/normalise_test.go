package record_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

var american = record.Normaliser{Region: "US"}

func TestTwoSpellingsOfTheSameContentAreEqual(t *testing.T) {
	rows := []struct {
		kind record.Type
		a, b string
	}{
		{record.TypeEmail, "Ada@Example.COM ", "ada@example.com"},
		{record.TypeEmail, "straße@example.com", "STRASSE@example.com"},
		{record.TypePhone, "(415) 555-2671", "+1 415 555 2671"},
		{record.TypePhone, "415.555.2671", "+14155552671"},
		{record.TypePhone, "+44 20 7946 0958", "+442079460958"},
		{record.TypeText, "Jose\u0301", "José"},
		{record.TypeText, "12 Main St\r\nSuite 4 ", "12 Main St\nSuite 4"},
		{record.TypeText, "a\u00a0b", "a b"},
		{record.TypeCountry, "United States", "US"},
		{record.TypeCountry, "USA", "us"},
		{record.TypeCountry, "Germany", "DEU"},
		{record.TypeCountry, "UK", "United Kingdom"},
		{record.TypeURL, "HTTPS://Example.com/", "example.com"},
		{record.TypeDate, "05/04/1980", "1980-05-04"},
		{record.TypeDate, "1980-05-04T00:00:00.000Z", "1980-05-04"},
		{record.TypeDate, "326246400000", "1980-05-04"},
		{record.TypeBool, "active", "true"},
		{record.TypeBool, "false", ""},
		{record.TypeNumber, "10.50", "10.5"},
		{record.TypeNumber, "1e2", "100"},
		{record.TypeLine, " Call\n\tAda ", "Call Ada"},
		{record.TypeRich, "one  two \r\n\r\n\r\n  three", "one two\n\n  three"},
		{record.TypeInstant, "2026-05-04T14:00:00.000+0200", "2026-05-04T12:00:00Z"},
		{record.TypeInstant, "1777896000000", "2026-05-04 12:00:00"},
		{record.TypeSet, "VIP;Newsletter", "newsletter;vip;vip"},
	}
	for _, row := range rows {
		if a, b := american.Normalise(row.kind, row.a), american.Normalise(row.kind, row.b); !a.Equal(b) {
			t.Errorf("%s: %q became %q and %q became %q", row.kind, row.a, a, row.b, b)
		}
	}
}

func TestContentThatIsNotUnderstoodIsKept(t *testing.T) {
	for kind, raw := range map[record.Type]string{
		record.TypePhone: "call the office", record.TypeCountry: "Middle-earth", record.TypeDate: "some day in May",
		record.TypeNumber: "many", record.TypeURL: "not a url at all",
	} {
		if got := american.Normalise(kind, raw).Text(); got != raw {
			t.Errorf("%s: %q became %q", kind, raw, got)
		}
	}
}

func TestNormalisingTwiceChangesNothing(t *testing.T) {
	kinds := []record.Type{record.TypeText, record.TypeEmail, record.TypePhone, record.TypeCountry, record.TypeURL,
		record.TypeDate, record.TypeBool, record.TypeNumber, record.TypeSet, record.TypeLine, record.TypeRich, record.TypeInstant}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "type")
		once := american.Normalise(kind, rapid.String().Draw(t, "raw"))
		again := american.NormaliseSet(once)
		if kind != record.TypeSet {
			again = american.Normalise(kind, once.Text())
		}
		if !again.Equal(once) {
			t.Fatalf("%s: %q became %q", kind, once, again)
		}
	})
}

func TestACountryWrittenByNameReadsBackAsItsCode(t *testing.T) {
	for _, code := range []string{"US", "GB", "DE", "FR", "BR", "CI", "KR", "NO", "ZA", "TR", "CZ"} {
		if got := record.CountryCode(record.CountryName(code)); got != code {
			t.Errorf("%s is written %q and read back as %q", code, record.CountryName(code), got)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, raw := range []string{"", "+1 415 555 2671 ext. 5", "1e99", "\xff", "2026-13-45", "http://[::1", "İ"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, kind := range []record.Type{record.TypeText, record.TypeEmail, record.TypePhone, record.TypeCountry,
			record.TypeURL, record.TypeDate, record.TypeBool, record.TypeNumber, record.TypeLine, record.TypeRich, record.TypeInstant} {
			v := american.Normalise(kind, raw)
			if !utf8.ValidString(v.Text()) {
				t.Fatalf("%s: %q became invalid UTF-8", kind, raw)
			}
			if again := american.Normalise(kind, v.Text()); !again.Equal(v) {
				t.Fatalf("%s: %q became %q and then %q", kind, raw, v, again)
			}
		}
	})
}
