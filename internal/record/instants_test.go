package record_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestEverySpellingOfAnInstantIsRead(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, raw := range []string{
		"2026-07-01T09:30:00Z", "2026-07-01T09:30:00.000Z", "2026-07-01T11:30:00+02:00", "2026-07-01T11:30:00+0200",
		"2026-07-01T09:30:00.000+0000", "2026-07-01 11:30:00", "2026-07-01T11:30:00", "2026-07-01T11:30", "2026-07-01 11:30",
		"1782898200000", "1782898200", " 2026-07-01 11:30:00 AM ", "2026-07-01 05:30:00-04:00", "2026-07-01T09:30:00.999Z",
	} {
		got, ok := record.ParseInstant(raw, berlin)
		if want := "2026-07-01T09:30:00Z"; !ok || record.Instant(got) != want {
			t.Errorf("%q was read as %s, %v", raw, record.Instant(got), ok)
		}
	}
	for _, raw := range []string{"", "soon", "2026-13-01T00:00:00Z", "1e9", "99999999999999999999", "2026-07-01T25:00:00Z"} {
		if got, ok := record.ParseInstant(raw, berlin); ok {
			t.Errorf("%q was read as %s", raw, got)
		}
	}
}

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	out, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestADueDateNeverMoves(t *testing.T) {
	// From +14 to -11, and with clocks that change by half an hour, at midnight, and on other days than elsewhere.
	zones := []string{
		"Pacific/Kiritimati", "Pacific/Apia", "Pacific/Chatham", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Beirut",
		"Africa/Cairo", "Europe/Berlin", "UTC", "America/Sao_Paulo", "America/Havana", "America/Santiago", "America/New_York",
		"America/Los_Angeles", "America/St_Johns", "Pacific/Pago_Pago", "Pacific/Niue", "Africa/Casablanca",
	}
	rapid.Check(t, func(t *rapid.T) {
		at := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		date := time.Unix(86400*rapid.Int64Range(15400, 40000).Draw(t, "day"), 0).UTC().Format(time.DateOnly)
		due, ok := record.DueAt(date, rapid.IntRange(0, 23).Draw(t, "hour"), at)
		if !ok || record.DueOn(due, at) != date {
			t.Fatalf("%s in %s is due at %s, on %s there", date, at, due, record.DueOn(due, at))
		}
		if back, ok := record.ParseInstant(due.Format("2006-01-02T15:04:05.000Z"), at); !ok || record.DueOn(back, at) != date {
			t.Fatalf("%s is read back as %s", date, back)
		}
	})
}

func TestADayThatAZoneSkippedIsDueRightAfterIt(t *testing.T) {
	apia := zone(t, "Pacific/Apia")
	due, ok := record.DueAt("2011-12-30", 17, apia)
	if want := "2011-12-31T00:00:00+14:00"; !ok || due.In(apia).Format(time.RFC3339) != want {
		t.Errorf("due at %s, want %s", due.In(apia), want)
	}
	if _, ok := record.DueAt("soon", 17, apia); ok {
		t.Error("soon is no date")
	}
}

func FuzzParseInstant(f *testing.F) {
	for _, raw := range []string{"", "2026-07-01T09:30:00.000+0000", "1782898200000", "2026-07-01 11:30:00 PM", "-1", "0000-01-01"} {
		f.Add(raw)
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, raw string) {
		at, ok := record.ParseInstant(raw, berlin)
		if !ok {
			return
		}
		if again, ok := record.ParseInstant(record.Instant(at), berlin); !ok || !again.Equal(at) {
			t.Fatalf("%q is %s and then %s", raw, at, again)
		}
	})
}
