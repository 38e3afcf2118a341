package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhyAnEntryIsApartIsTold(t *testing.T) {
	here := func(change func(*activities.TimelineEntry)) activities.TimelineEntry {
		e := activities.TimelineEntry{Kind: record.Task, GoHighLevelID: "g", LinkID: 7, State: record.LinkInStep}
		change(&e)
		return e
	}
	for want, change := range map[string]func(*activities.TimelineEntry){
		"":                              func(e *activities.TimelineEntry) { e.SalesforceID = "s" },
		"waits for its sync":            func(*activities.TimelineEntry) {},
		"a CRM refuses it: Rejected":    func(e *activities.TimelineEntry) { e.State, e.Problem = record.LinkFailed, "Rejected" },
		"waits for a person: ping pong": func(e *activities.TimelineEntry) { e.State, e.Problem = record.LinkInReview, record.ReviewPingPong },
		"a person decided to leave it alone": func(e *activities.TimelineEntry) {
			e.State, e.Problem = record.LinkParted, record.ProblemIgnored
		},
		"the other half was deleted, and this one was to stay": func(e *activities.TimelineEntry) {
			e.State, e.Problem = record.LinkParted, record.ProblemKept
		},
		"its contact is not in step": func(e *activities.TimelineEntry) {
			e.State, e.Problem = record.LinkExcluded, record.ProblemNoContact
		},
		"the rules leave it out": func(e *activities.TimelineEntry) { e.LeftOut, e.LinkID, e.State = true, 0, "" },
		"the rules make no tasks in Salesforce": func(e *activities.TimelineEntry) {
			e.NotMade, e.LinkID, e.State = true, 0, ""
		},
		"it is not to be found in Salesforce any more, and the next sync looks into it": func(e *activities.TimelineEntry) { e.Lost = true },
		"nothing has told of it yet; the next sweep finds it":                           func(e *activities.TimelineEntry) { e.LinkID, e.State = 0, "" },
		"the sides differ in title and due until its next sync": func(e *activities.TimelineEntry) {
			e.SalesforceID, e.Differs = "s", []record.Field{record.Title, record.Due}
		},
	} {
		require.Equal(t, want, showEntry(here(change)).Why)
	}
}

func TestATimelineFitsANarrowTerminalWhateverItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := activities.TimelineEntry{
			Kind: rapid.SampledFrom(record.Kinds[1:]).Draw(t, "kind"), Title: rapid.String().Draw(t, "title"), Status: "confirmed",
			GoHighLevelID: "J3ZFiOrGtEYARYzj11iy", LinkID: rapid.Int64Range(0, 1e9).Draw(t, "link"), State: rapid.SampledFrom([]record.LinkState{
				"", record.LinkNew, record.LinkInStep, record.LinkFailed, record.LinkInReview, record.LinkParted, record.LinkExcluded,
			}).Draw(t, "state"), Problem: "identity_taken", Lost: rapid.Bool().Draw(t, "lost"),
			Differs: []record.Field{record.Title, record.Body, record.Status, record.Start, record.End, record.Address},
		}
		if rapid.Bool().Draw(t, "both") {
			e.SalesforceID = "00T5g000000A002EAC"
		}
		if rapid.Bool().Draw(t, "timed") {
			e.At = time.Date(2026, 12, 4, 9, 0, 0, 0, time.UTC)
		}
		var out bytes.Buffer
		a := newApp(nil, &out, nil, nil)
		err := a.showTimeline(shownTimeline{
			Connection: "acme", Link: 8, State: record.LinkInStep, TimeZone: "America/New_York", Kinds: record.Kinds[1:], Entries: []shownEntry{showEntry(e)},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if len([]rune(line)) > narrow || strings.ContainsAny(line, "\x1b\r\x07") {
				t.Fatalf("%q", line)
			}
		}
	})
}

func TestATimelineTellsWhatItDoesNotShow(t *testing.T) {
	var out bytes.Buffer
	a := newApp(nil, &out, nil, nil)
	require.NoError(t, a.showTimeline(shownTimeline{
		Connection: "acme", Link: 8, State: record.LinkExcluded, Problem: "left_filter", TimeZone: "Middle/Earth", Kinds: []record.Kind{record.Task},
		Off: []record.Kind{record.Note, record.Appointment}, Older: 3, Entries: []shownEntry{},
		Unread: []activities.TimelineGap{{Kind: record.Task, Side: record.Salesforce, Problem: crm.Unavailable}},
	}))
	for _, text := range []string{
		"excluded (left_filter)", "times are in UTC", "3 older ones", "Neither side holds any tasks", "! The tasks in Salesforce could not be read: Unavailable",
		"Not synced, and not shown: notes and appointments.", "`notes: {enabled: true}`, `appointments: {enabled: true}`",
	} {
		require.Contains(t, out.String(), text)
	}
}

func TestATaskIsNoContact(t *testing.T) {
	task := record.Link{ID: 9, Kind: record.Task, State: record.LinkInStep, SalesforceContact: "003X"}
	require.ErrorContains(t, isContact("acme", "00TX", task), "starter timeline acme 003X")
	task.SalesforceContact = ""
	require.ErrorContains(t, isContact("acme", "00TX", task), "starter explain acme 9")
	require.ErrorIs(t, isContact("acme", "9", record.Link{ID: 9}), record.ErrNoLink)
	require.NoError(t, isContact("acme", "7", record.Link{ID: 7, Kind: record.Contact, State: record.LinkNew}))
}
