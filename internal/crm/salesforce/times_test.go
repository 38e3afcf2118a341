package salesforce

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSalesforcesTimesAreRead(t *testing.T) {
	want := time.Date(2026, 11, 23, 17, 2, 11, 0, time.UTC)
	for _, text := range []string{
		"2026-11-23T17:02:11.000+0000", "2026-11-23T17:02:11.000Z", "2026-11-23T17:02:11Z", "2026-11-23T17:02:11+0000",
		"2026-11-23T18:02:11.000+0100", "2026-11-23T18:02:11+01:00", "2026-11-23T17:02:11.000000000+00:00",
	} {
		got, err := ParseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "2026-11-23", "17:02", "2026-11-23T17:02:11", "0000-01-01T00:00:00Z", "1795455586000", "2026-13-01T00:00:00Z"} {
		_, err := ParseTime(text)
		require.EqualError(t, err, "salesforce: not a date and time", text)
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-11-23T17:02:11.000+0000", "2026-11-23T18:02:11+01:00", "0001-01-01T00:00:00+2359", "9999-12-31T23:59:59.999-0001", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTime(text)
		if err != nil {
			return
		}
		again, err := ParseTime(got.Format("2006-01-02T15:04:05.999999999-0700"))
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q reads as %v, then as %v, %v", text, got, again, err)
		}
	})
}
