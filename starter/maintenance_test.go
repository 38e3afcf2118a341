package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// maintains shows maintenance of a connection that is live, with a worker.
func (h *house) maintains(t *testing.T) {
	none := h.run(t, "maintenance show acme")
	require.Equal(t, exitDone, none.code, none.err)
	require.Contains(t, none.err, "has not been maintained yet")
	require.Equal(t, exitNotFound, h.run(t, "maintenance show nobody").code)
	require.Equal(t, exitNotFound, h.run(t, "start maintenance nobody --dry-run").code)

	var dry, done record.MaintenanceReport
	h.mustRun(t, &dry, "start maintenance acme --dry-run")
	require.True(t, dry.DryRun)
	require.Contains(t, h.run(t, "maintenance show acme").err, "has not been maintained yet", "a dry run leaves nothing behind")
	shown := h.run(t, "start maintenance acme --wait")
	require.Equal(t, exitDone, shown.code, shown.err)
	require.Contains(t, shown.out, "Maintenance of acme at")
	require.Regexp(t, `records +\d+ +0 +0 +0 +0`, shown.out)
	h.mustRun(t, &done, "maintenance show acme")
	require.Equal(t, "acme", done.Connection)
	require.Len(t, done.Parts, 6)
	require.Equal(t, shown.out, h.run(t, "maintenance show acme").out)
	require.Contains(t, h.run(t, "status acme").out, "Maintained ")
	started := h.run(t, "start maintenance acme")
	require.Contains(t, started.out, "starter watch maintenance/by-hand/acme")
}

func TestEverythingThatMaintenanceFindsIsToldInWordsThatSayWhatToDo(t *testing.T) {
	for found, says := range map[record.MaintenanceFindingKind]string{
		record.FoundOrphans:   "3 links of tasks belong to a contact that is not in step any more, and are synced to wait for it: 7, 8, ...",
		record.FoundRemovable: "3 links of tasks are to nothing any more, and are listed for the next maintenance to forget: 7, 8, ...",
		record.FoundHeldBack:  "`starter start maintenance acme --confirm`",
		record.FoundInvisible: "not shown by Salesforce",
		record.FoundOverdue:   "`starter reviews list acme`",
		record.FoundReconnect: "starter connect salesforce",
		record.FoundFailure:   "looking after the links failed in Salesforce, by Unavailable",
	} {
		f := record.MaintenanceFinding{
			Part: record.MaintainLinks, Found: found, Kind: record.Task, Side: record.Salesforce, Count: 3, IDs: []int64{7, 8}, Problem: "Unavailable",
		}
		require.Contains(t, findingWords("acme", f), says)
	}
	require.Contains(t, findingWords("acme", record.MaintenanceFinding{Found: record.FoundFailure, Problem: "Invalid"}), "could not be opened, by Invalid")
}

func TestWhatNeedsAPersonStandsOutInAReport(t *testing.T) {
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, nil, nil)
	require.NoError(t, a.showMaintenance(record.MaintenanceReport{
		Connection: "acme", At: time.Now(), DryRun: true,
		Parts: []record.MaintenanceCounts{{Part: record.MaintainLinks, Looked: 30, Problem: "Unavailable"}},
		Findings: []record.MaintenanceFinding{
			{Part: record.MaintainLinks, Found: record.FoundHeldBack, Kind: record.Contact, Count: 30},
			{Part: record.MaintainLinks, Found: record.FoundRemovable, Kind: record.Contact, Count: 1},
		},
	}))
	require.Contains(t, out.String(), "nothing was changed")
	require.Contains(t, out.String(), "! 30 links of contacts")
	require.Contains(t, out.String(), "* 1 link of contacts")

	st := connectionStatus{Connection: "acme", Kind: record.Contact, State: record.ConnectionActive, Maintenance: &lastMaintenance{Attention: 1}}
	require.Contains(t, strings.Join(st.attention(0), "\n"), "found 1 thing to look at; `starter maintenance show acme`")
}
