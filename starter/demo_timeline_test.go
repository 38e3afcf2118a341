package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// stageWithSomebody is a live part without a Tandem behind it, with one contact that both sides know.
func stageWithSomebody(view deskView) (*live, couple) {
	l := stage(view)
	l.box = sandbox.New(sandbox.Options{})
	card := sandbox.Card{record.FirstName: "Ada", record.LastName: "Lovelace", record.Email: "ada.lovelace@example.com"}
	link := record.Link{GoHighLevelID: l.box.Add(record.GoHighLevel, card), SalesforceID: l.box.Add(record.Salesforce, card)}
	return l, couple{link, card, card}
}

func TestWhatPeopleMakeHasArrivedOnceTheOtherSideShowsIt(t *testing.T) {
	l, who := stageWithSomebody(nil)
	deeds := l.deeds(time.Now())
	kinds := map[record.Kind]int{}
	for _, d := range deeds {
		kinds[d.kind]++
		a := l.deed(who, "Ada Lovelace", d)
		require.NoError(t, a.do())
		require.LessOrEqual(t, len([]rune(fitted(a, textWidth-1))), textWidth-1)
		_, here := l.find(d.kind, d.side, who, d.title)
		require.True(t, here, d.title)
		_, arrived := a.settled(t.Context())
		require.False(t, arrived, "%s has not been synced", d.title)
		l.made[d.kind] = append(l.made[d.kind], made{who, d.title})
	}
	require.Equal(t, map[record.Kind]int{record.Task: 2, record.Note: 2, record.Appointment: 1}, kinds)
	require.Equal(t, 2, l.kindResult(record.Task).Drift, "what one side lacks is drift")

	// The other halves, as a sync makes them.
	for _, d := range deeds {
		require.NoError(t, map[record.Kind]func() error{
			record.Task: func() error {
				_, err := l.box.AddTask(d.side.Other(), who.RecordID(d.side.Other()), d.title, time.Now().Add(time.Hour))
				return err
			},
			record.Note: func() error {
				_, err := l.box.AddNote(d.side.Other(), who.RecordID(d.side.Other()), d.title, "")
				return err
			},
			record.Appointment: func() error { return nil },
		}[d.kind]())
		_, arrived := l.deed(who, "Ada Lovelace", d).settled(t.Context())
		require.Equal(t, d.kind != record.Appointment, arrived, d.title)
	}
	require.Zero(t, l.kindResult(record.Note).Drift)
	require.Equal(t, 1, l.kindResult(record.Appointment).Drift)

	done := l.completes(who, "Call back about the offer")
	_, arrived := done.settled(t.Context())
	require.False(t, arrived)
	require.NoError(t, done.do())
	task, _ := l.find(record.Task, record.Salesforce, who, "Call back about the offer")
	require.False(t, task.Done, "nobody has synced it")
	require.NoError(t, l.box.CompleteTask(record.Salesforce, task.ID))
	_, arrived = done.settled(t.Context())
	require.True(t, arrived)
}

func TestTheKindsAreCountedBesideTheEdits(t *testing.T) {
	g := &gazette{ended: map[string]upshot{}}
	l, who := stageWithSomebody(g)
	d := l.deeds(time.Now())[0]
	l.patience = time.Nanosecond
	require.NoError(t, l.scene(t.Context(), []beat{{acts: []*act{l.deed(who, "Ada Lovelace", d)}}, {acts: []*act{l.completes(who, d.title)}}}))
	require.Equal(t, kindResult{Made: 1, Changed: 1}, l.kinds[record.Task], "neither has arrived")
	require.Zero(t, l.flows[record.GoHighLevel].edits)
}
