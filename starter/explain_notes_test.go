package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// explainsWhatANoteAskedFor explains a task that a note became, and that no link holds.
func (h *house) explainsWhatANoteAskedFor(t *testing.T) {
	const note, task = "069000000000001AAA", "taskOfANote000000000"
	plain, err := json.Marshal([]reconcile.Write{{Field: record.Title, After: record.Scalar("Call the lawyer"), Cause: reconcile.CauseNote}})
	require.NoError(t, err)
	sealed, err := assembly.NewCipher(h.Vault, "acme").Seal(record.GoHighLevel, "journal", plain)
	require.NoError(t, err)
	_, err = h.Store.HeedNote(t.Context(), "acme", note)
	require.NoError(t, err)
	_, err = h.Store.ChangeNote(t.Context(), "acme", note, func(n *record.FollowedNote) error {
		n.Journal = []record.NoteEntry{{
			Origin:   record.Origin{Connection: "acme", Kind: record.Task, Origin: "note-to-task/acme/" + note, RunID: "run-1", RulesVersion: 1},
			RecordID: task, JournalEntry: record.JournalEntry{Side: record.GoHighLevel, Operation: record.Create, Sealed: sealed},
		}}
		return nil
	})
	require.NoError(t, err)
	for _, name := range []string{task, "gohighlevel:" + task} {
		got := h.run(t, "explain acme %s", name)
		require.Equal(t, exitDone, got.code, got.err)
		for _, text := range []string{"Task of acme: it is not synced", "on behalf of note-to-task/acme/" + note, `"Call the lawyer"`, "a note asks for it"} {
			require.Contains(t, got.out, text)
		}
	}
	require.Equal(t, exitNotFound, h.run(t, "explain acme salesforce:%s", task).code)
	h.execute(t, `DELETE FROM note_tasks`)
	h.execute(t, `DELETE FROM journal`)
}
