package intake_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestAnEventOfANoteMarksItWithItsContact(t *testing.T) {
	for name, c := range map[string]struct {
		contact    string
		onlyLinked bool
	}{
		"NoteCreate": {contact: "contact7"},
		"NoteUpdate": {contact: "contact7"},
		"NoteDelete": {contact: "contact7", onlyLinked: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			require.Equal(t, 200, w.deliver(`{"type":"`+name+`","locationId":"loc1","id":"note1","contactId":"contact7","body":"<p>Ann is ill</p>"}`))
			require.Len(t, w.inbox.all(), 1)
			got := w.inbox.all()[0]
			require.Equal(t, record.Note, got.Kind)
			require.Equal(t, record.Mark{Side: record.GoHighLevel, RecordID: "note1", ContactID: c.contact, OnlyLinked: c.onlyLinked}, got.Mark)
			require.NotContains(t, w.logged(), "Ann")
		})
	}
}

func TestANoteOfWhichNobodySaysWhoseItIsMarksOnlyWhatIsKnown(t *testing.T) {
	w := newWorld(t, nil)
	require.Equal(t, 200, w.deliver(`{"type":"NoteCreate","locationId":"loc1","id":"note1"}`))
	require.Len(t, w.inbox.all(), 1)
	require.True(t, w.inbox.all()[0].Mark.OnlyLinked, "it can be read by way of its contact alone: the next poll finds both")
}
