package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestANoteHasBecomeTasksOnceBothSidesShowThem(t *testing.T) {
	l, who := stageWithSomebody(nil)
	l.made[noteToTask] = []made{{who, minutes}}
	writes, completes := l.writesMinutes(who, "Ada Lovelace"), l.completesItem(who, minutesItems[0])
	for _, a := range []*act{writes, completes} {
		require.LessOrEqual(t, len([]rune(fitted(a, textWidth-1))), textWidth-1)
	}
	require.NoError(t, writes.do())
	require.Len(t, l.box.Entries(record.Note, record.Salesforce, who.SalesforceID), 1)

	// The tasks, as NoteToTask and TaskSync make them.
	due := time.Date(2026, 12, 4, 17, 0, 0, 0, time.UTC)
	for _, title := range []string{minutes + " (1 of 2 done)", "1/2 Send the contract · " + minutes, "2/2 Book a room · " + minutes} {
		_, arrived := writes.settled(t.Context())
		require.False(t, arrived, "before %s is there", title)
		for _, side := range record.Sides {
			_, err := l.box.AddTask(side, who.RecordID(side), title, due)
			require.NoError(t, err)
		}
	}
	_, arrived := writes.settled(t.Context())
	require.True(t, arrived)
	require.Zero(t, l.minutesDrift())

	require.NoError(t, completes.do())
	_, arrived = completes.settled(t.Context())
	require.False(t, arrived, "nobody has synced it")
	require.Equal(t, 2, l.minutesDrift(), "each side tells it otherwise")
	for _, e := range l.ofMinutes(record.Salesforce, who) {
		if e.Title == "1/2 Send the contract · "+minutes {
			require.NoError(t, l.box.CompleteTask(record.Salesforce, e.ID))
		}
	}
	_, arrived = completes.settled(t.Context())
	require.True(t, arrived)
	require.Zero(t, l.minutesDrift())
}
