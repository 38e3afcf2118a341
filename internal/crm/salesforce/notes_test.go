package salesforce

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

// bothParts is an answer to CreateNotes.
func bothParts(notes, links string, status string) scripted {
	return scripted{status: 200, body: `{"compositeResponse":[
		{"body":` + notes + `,"httpStatusCode":` + status + `,"referenceId":"notes"},
		{"body":` + links + `,"httpStatusCode":` + status + `,"referenceId":"links"}]}`}
}

func TestHoweverAnOrgTellsWhichNoteItRefusedTheOthersAreUndone(t *testing.T) {
	const (
		halted   = `[{"errorCode":"PROCESSING_HALTED","message":"m"}]`
		rolled   = `{"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK","message":"m"}]}`
		refused  = `{"success":false,"errors":[{"statusCode":"STRING_TOO_LONG","message":"m"}]}`
		notFound = `{"success":false,"errors":[{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"m"}]}`
		made     = `{"success":true,"id":"069000000000001AAA","errors":[]}`
	)
	for name, c := range map[string]struct {
		answer scripted
		first  crm.Kind // of the first note; "" where it is undone like the second
	}{
		"a note, and all links halted":              {bothParts(`[`+refused+`,`+rolled+`]`, halted, "400"), crm.Rejected},
		"a note, as if the other one had been made": {bothParts(`[`+refused+`,`+made+`]`, halted, "200"), crm.Rejected},
		"a link, and all notes halted":              {bothParts(halted, `[`+notFound+`,`+rolled+`]`, "400"), crm.NotFound},
		"a link, and each note rolled back":         {bothParts(`[`+rolled+`,`+rolled+`]`, `[`+notFound+`,`+rolled+`]`, "200"), crm.NotFound},
		"a link, as if the notes had been made":     {bothParts(`[`+made+`,`+made+`]`, `[`+notFound+`,`+rolled+`]`, "200"), crm.NotFound},
		"none":                                      {bothParts(halted, halted, "400"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t, c.answer)
			results, err := o.CreateNotes(t.Context(), []crm.Document{{"Title": "a"}, {"Title": "b"}}, []string{"003a", "003b"})
			require.NoError(t, err)
			require.Equal(t, c.first == "", results[0].Undone)
			if c.first != "" {
				require.Equal(t, c.first, results[0].Err.Kind)
			}
			require.True(t, results[1].Undone)
			require.NotNil(t, results[1].Err)
			require.Empty(t, results[1].ID)
		})
	}
}

func TestWhatIsWrongWithTheWholeCallIsNoNotesFault(t *testing.T) {
	const halted = `[{"errorCode":"PROCESSING_HALTED","message":"m"}]`
	for code, kind := range map[string]crm.Kind{"UNABLE_TO_LOCK_ROW": crm.Busy, "INSUFFICIENT_ACCESS": crm.NeedsAccess} {
		o := newOrg(t, bothParts(`[{"errorCode":"`+code+`","message":"m"}]`, halted, "400"))
		_, err := o.CreateNotes(t.Context(), []crm.Document{{"Title": "a"}}, []string{"003a"})
		require.Equal(t, kind, crm.KindOf(err))
	}
}
