package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
)

// importedRecords is how many tasks, and how many notes, an import brings.
const importedRecords = 150

func TestImportedTasksAndNotesArriveOnceByBulkRuns(t *testing.T) {
	s := timeline(t, 20, record.Task, record.Note)
	people := s.pairs(t, 20)
	ghl, sf := s.Sandbox.GoHighLevel, s.Sandbox.Salesforce
	began := time.Now().UTC()

	var tasks []map[string]any
	for i := range importedRecords {
		tasks = append(tasks, map[string]any{
			"WhoId": people[i%len(people)].SalesforceID, "Subject": fmt.Sprintf("Call back %d", i), "ActivityDate": "2026-12-11",
			"Status": "Not Started", "Priority": "Normal",
		})
	}
	sf.Load("Task", tasks)
	for i := range importedRecords {
		if _, err := ghl.CreateNote(gohighleveltest.Note{ContactID: people[i%len(people)].GoHighLevelID, Body: fmt.Sprintf("Said this %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	s.becomes(t, "all tasks and notes are on both sides, and nothing is pending", func() bool {
		for _, kind := range []record.Kind{record.Task, record.Note} {
			if n, err := s.Store.Pending(t.Context(), connection, kind); err != nil || n > 0 {
				return false
			}
		}
		return len(ghl.Tasks()) >= importedRecords && sf.Count("ContentNote") >= importedRecords
	})
	took := time.Since(began)

	titles, texts := map[string]int{}, map[string]int{}
	for _, task := range ghl.Tasks() {
		titles[task.Title]++
	}
	for _, text := range s.enhancedNotes() {
		texts[text]++
	}
	for i := range importedRecords {
		task, note := fmt.Sprintf("Call back %d", i), fmt.Sprintf("Said this %d", i)
		if titles[task] != 1 || texts[note] != 1 {
			t.Errorf("%q is there %d times, %q %d times", task, titles[task], note, texts[note])
		}
	}
	cost := s.settledCost(t, fmt.Sprintf("StartTime >= '%s'", began.Format(time.RFC3339Nano)))
	for _, kind := range []record.Kind{record.Task, record.Note} {
		of := fmt.Sprintf("ConnectionId = '%s' AND Kind = '%s' AND Scenario = ", connection, kind)
		bulk, single := s.visible(t.Context(), of+"'bulk-sync'"), s.visible(t.Context(), of+"'"+string(kind)+"-sync'")
		if bulk < 1 || single > importedRecords/3 {
			t.Errorf("of the %ss there were %d bulk runs and %d runs of one: they did not go in bulk", kind, bulk, single)
		}
	}
	logCost(t, 2*importedRecords, took, cost)
}

// logCost tells what it took to sync so many records.
func logCost(t *testing.T, n int, took time.Duration, cost platform.Cost) {
	t.Logf("%d records in %s, %s a second; %.2f actions a record in %d runs", n, took.Round(time.Millisecond), rate(n, took),
		float64(cost.Actions)/float64(n), cost.Runs)
}
