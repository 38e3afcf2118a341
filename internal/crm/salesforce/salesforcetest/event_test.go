package salesforcetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAnEventsEndAndDurationAgree(t *testing.T) {
	b := newBench(t, Options{})
	contact := b.create(fields{"LastName": "Lovelace"})
	const start = "2026-12-01T09:00:00Z"
	for name, one := range map[string]struct {
		event   fields
		end     string
		minutes float64
		code    string
	}{
		"by end":                 {fields{"EndDateTime": "2026-12-01T09:45:00Z"}, "2026-12-01T09:45:00.000+0000", 45, ""},
		"by duration":            {fields{"DurationInMinutes": 30}, "2026-12-01T09:30:00.000+0000", 30, ""},
		"by both":                {fields{"DurationInMinutes": 30, "EndDateTime": "2026-12-01T10:30:00+01:00"}, "2026-12-01T09:30:00.000+0000", 30, ""},
		"by both that disagree":  {fields{"DurationInMinutes": 31, "EndDateTime": "2026-12-01T09:30:00Z"}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"by neither":             {fields{}, "", 0, "REQUIRED_FIELD_MISSING"},
		"no start":               {fields{"StartDateTime": nil, "DurationInMinutes": 30}, "", 0, "REQUIRED_FIELD_MISSING"},
		"end before start":       {fields{"EndDateTime": "2026-12-01T08:00:00Z"}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"14 days":                {fields{"DurationInMinutes": 20160}, "2026-12-15T09:00:00.000+0000", 20160, ""},
		"more than 14 days":      {fields{"DurationInMinutes": 20161}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"the same date":          {fields{"DurationInMinutes": 30, "ActivityDate": "2026-12-01"}, "2026-12-01T09:30:00.000+0000", 30, ""},
		"another date":           {fields{"DurationInMinutes": 30, "ActivityDate": "2026-12-02"}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"another instant":        {fields{"DurationInMinutes": 30, "ActivityDateTime": "2026-12-01T10:00:00Z"}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"a day":                  {fields{"IsAllDayEvent": true}, "2026-12-01T00:00:00.000+0000", 1440, ""},
		"three days":             {fields{"IsAllDayEvent": true, "EndDateTime": "2026-12-03T00:00:00Z"}, "2026-12-03T00:00:00.000+0000", 4320, ""},
		"half a day":             {fields{"IsAllDayEvent": true, "DurationInMinutes": 720}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"private with a contact": {fields{"DurationInMinutes": 30, "IsPrivate": true}, "", 0, "FIELD_INTEGRITY_EXCEPTION"},
		"an invitee's copy":      {fields{"DurationInMinutes": 30, "IsChild": true}, "", 0, "INVALID_FIELD_FOR_INSERT_UPDATE"},
	} {
		event := fields{"Subject": "Demo", "WhoId": contact, "StartDateTime": start}
		for k, v := range one.event {
			event[k] = v
		}
		a := b.do("POST", v67+"/sobjects/Event", event)
		if one.code != "" {
			require.Equal(t, one.code, a.code(t), name)
			continue
		}
		require.Equal(t, 201, a.status, "%s: %s", name, a.text)
		got := b.held("Event", a.object(t)["id"].(string))
		require.Equal(t, one.end, got["EndDateTime"], name)
		require.Equal(t, one.minutes, got["DurationInMinutes"], name)
		require.Equal(t, "2026-12-01", got["ActivityDate"], name)
		require.Equal(t, got["StartDateTime"], got["ActivityDateTime"], name)
		require.Equal(t, "Busy", got["ShowAs"], name)
	}
}

func TestAnEventIsNotMovedByItsStartAlone(t *testing.T) {
	b := newBench(t, Options{})
	id := b.add("Event", fields{"Subject": "Demo", "StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30})
	require.Equal(t, "FIELD_INTEGRITY_EXCEPTION", b.patch("Event", id, fields{"StartDateTime": "2026-12-02T09:00:00Z"}).code(t))
	require.Equal(t, 204, b.patch("Event", id, fields{"StartDateTime": "2026-12-01T09:00:00Z", "Location": "Here"}).status, "to where it is")
	require.Equal(t, 204, b.patch("Event", id, fields{"StartDateTime": "2026-12-02T09:00:00Z", "EndDateTime": "2026-12-02T10:00:00Z"}).status)
	require.EqualValues(t, 60, b.held("Event", id)["DurationInMinutes"])
	require.Equal(t, "2026-12-02", b.held("Event", id)["ActivityDate"])
	require.Equal(t, 204, b.patch("Event", id, fields{"EndDateTime": "2026-12-02T09:15:00Z"}).status)
	require.EqualValues(t, 15, b.held("Event", id)["DurationInMinutes"])
	require.Equal(t, 204, b.patch("Event", id, fields{"DurationInMinutes": 20}).status)
	require.Equal(t, "2026-12-02T09:20:00.000+0000", b.held("Event", id)["EndDateTime"])
	require.Equal(t, 204, b.patch("Event", id, fields{"IsAllDayEvent": true}).status)
	require.Equal(t, "2026-12-02T00:00:00.000+0000", b.held("Event", id)["StartDateTime"])
	require.EqualValues(t, 1440, b.held("Event", id)["DurationInMinutes"])
	require.NoError(t, b.org.Edit("Event", id, fields{"StartDateTime": "2026-12-05T00:00:00Z"}))
	require.Equal(t, "2026-12-05T00:00:00.000+0000", b.held("Event", id)["EndDateTime"], "a person drags it whole")
	copied := b.org.Create("Event", fields{"Subject": "Demo", "StartDateTime": "2026-12-05T00:00:00Z", "DurationInMinutes": 30, "IsChild": true})
	require.Equal(t, []any{id}, columnOf(b.query("SELECT Id FROM Event WHERE IsChild = false"), "Id"))
	require.Equal(t, []any{copied}, columnOf(b.query("SELECT Id FROM Event WHERE IsChild = true AND StartDateTime > 2026-12-01T00:00:00Z"), "Id"))
}

// A saved event's end is its start plus its duration, whatever was written in whichever order.
func TestNoSequenceOfWritesMakesAnEventInconsistent(t *testing.T) {
	b := newBench(t, Options{})
	id := b.add("Event", fields{"StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30})
	rapid.Check(t, func(rt *rapid.T) {
		change := fields{}
		at := func(name string) string {
			return time.Date(2026, 12, 1, 0, rapid.IntRange(0, 3*dayMinutes).Draw(rt, name), 0, 0, time.UTC).Format(time.RFC3339)
		}
		if rapid.Bool().Draw(rt, "start") {
			change["StartDateTime"] = at("from")
		}
		if rapid.Bool().Draw(rt, "end") {
			change["EndDateTime"] = at("to")
		}
		if rapid.Bool().Draw(rt, "lasts") {
			change["DurationInMinutes"] = rapid.SampledFrom([]int{-5, 0, 30, 1440, 2880, 30000}).Draw(rt, "minutes")
		}
		if rapid.Bool().Draw(rt, "days") {
			change["IsAllDayEvent"] = rapid.Bool().Draw(rt, "all day")
		}
		before := b.held("Event", id)
		if a := b.patch("Event", id, change); a.status != 204 {
			require.Contains(rt, []string{"FIELD_INTEGRITY_EXCEPTION", "REQUIRED_FIELD_MISSING"}, a.code(t))
			require.Equal(rt, before, b.held("Event", id))
		}
		got := b.held("Event", id)
		start, _ := parseDateTime(got["StartDateTime"].(string))
		end, _ := parseDateTime(got["EndDateTime"].(string))
		lasts := time.Duration(got["DurationInMinutes"].(float64)) * time.Minute
		if got["IsAllDayEvent"] == true {
			end = end.Add(24 * time.Hour)
			require.Zero(rt, start.Sub(start.Truncate(24*time.Hour)))
			require.Zero(rt, lasts%(24*time.Hour))
		}
		require.Equal(rt, lasts, end.Sub(start))
		require.LessOrEqual(rt, lasts, 14*24*time.Hour)
	})
}
