package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
)

type salesforceFault = salesforcetest.Fault

// hunt looks for planted values in everything that outlives what a system did.
type hunt struct {
	*system
	values map[string]string // by what they are
	heard  map[string]string // what was printed, by what printed it
	// excerpts show what the last search found, with what stands around it.
	excerpts string
}

// know adds values to look for: earlier ones stay.
func (h *hunt) know(more map[string]string) { maps.Copy(h.values, more) }

// overhear keeps what a program printed that is to show none of the values.
func (h *hunt) overhear(place, text string) {
	if h.heard == nil {
		h.heard = map[string]string{}
	}
	h.heard[place] += text
}

func (h *hunt) logFile() string { return filepath.Join(h.DataDir, "worker.log") }

// needles are the forms in which a value would be seen: as it is, as JSON and Postgres escape it, in base64 wherever it
// begins, and in hex. All are looked for without regard to case.
func needles(value string) [][]byte {
	quoted, _ := json.Marshal(value) // a text can always be
	forms := []string{value, strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(value))}
	for shift := range 3 {
		coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), value...))
		// What the neighbours have a part in is left out.
		coded = strings.TrimRight(coded, "=")
		if first := []int{0, 2, 3}[shift]; len(coded)-1 > first+8 {
			coded = coded[first : len(coded)-1]
			forms = append(forms, coded, strings.NewReplacer("+", "-", "/", "_").Replace(coded))
		}
	}
	slices.Sort(forms)
	var all [][]byte
	for _, form := range slices.Compact(forms) {
		all = append(all, bytes.ToLower([]byte(form)))
	}
	return all
}

// search returns what was found where.
func (h *hunt) search(t testing.TB) map[string][]string {
	t.Helper()
	patterns := map[string][][]byte{}
	for what, value := range h.values {
		patterns[what] = needles(value)
	}
	found := map[string][]string{}
	h.excerpts = ""
	look := func(place string, text []byte) {
		text = bytes.ToLower(text)
		for what, forms := range patterns {
			for _, form := range forms {
				if at := bytes.Index(text, form); at >= 0 && !slices.Contains(found[place], what) {
					found[place] = append(found[place], what)
					h.excerpts += fmt.Sprintf("\n%s in %s: %q", what, place, text[max(0, at-100):min(len(text), at+len(form)+60)])
				}
			}
		}
		slices.Sort(found[place])
		if len(found[place]) == 0 {
			delete(found, place)
		}
	}
	for place, text := range h.heard {
		look(place, []byte(text))
	}
	h.rows(t, look)
	h.histories(t, look)
	h.files(t, look)
	return found
}

// rows reads every table of Tandem's database.
func (h *hunt) rows(t testing.TB, look func(string, []byte)) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), h.Postgres.URL())
	must(t, err)
	defer func() { _ = db.Close(t.Context()) }() // it was only read
	rows, err := db.Query(t.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(tables) < 10 {
		t.Fatalf("only the tables %v were found", tables)
	}
	for _, table := range tables {
		rows, err := db.Query(t.Context(), `SELECT t::text FROM `+pgx.Identifier{table}.Sanitize()+` t`)
		must(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		look("table "+table, []byte(strings.Join(texts, "\n")))
	}
	// Whatever lies in memory comes to the files.
	_, err = db.Exec(t.Context(), `CHECKPOINT`)
	must(t, err)
}

// histories reads all that Temporal holds of every run, as it holds it: events, memos, search attributes, summaries,
// current details, heartbeats and failures of what is under way.
func (h *hunt) histories(t testing.TB, look func(string, []byte)) {
	t.Helper()
	seen, asked := 0, map[string]int{}
	for next := []byte(nil); ; {
		page, err := h.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: h.State.Namespace, NextPageToken: next})
		must(t, err)
		for _, info := range page.Executions {
			seen++
			id, run := info.GetExecution().GetWorkflowId(), info.GetExecution().GetRunId()
			place := "workflow " + strings.Split(id, "/")[0]
			look(place, wire(t, info))
			about, err := h.temporal.DescribeWorkflowExecution(t.Context(), id, run)
			must(t, err)
			look(place, wire(t, about))
			events := h.temporal.GetWorkflowHistory(t.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				must(t, err)
				look(place, wire(t, event))
			}
			// A few of each kind tell what they show in the Web UI while they are open, for which a worker replays them.
			if kind := info.GetType().GetName(); asked[kind] < 2 && !strings.HasPrefix(id, "leaked") {
				asked[kind]++
				var details sdk.WorkflowMetadata
				answer, err := h.temporal.QueryWorkflow(t.Context(), id, run, "__temporal_workflow_metadata")
				must(t, err)
				must(t, answer.Get(&details))
				look(place, wire(t, &details))
			}
		}
		if next = page.NextPageToken; len(next) == 0 {
			break
		}
	}
	if seen < 5 {
		t.Fatalf("only %d runs were found", seen)
	}
}

// wire returns a message as it is stored: payloads stand in it byte for byte.
func wire(t testing.TB, m proto.Message) []byte {
	t.Helper()
	text, err := proto.Marshal(m)
	must(t, err)
	return text
}

// files reads everything that the system has written: logs, Temporal's database, and Postgres's raw files with its
// write-ahead log.
func (h *hunt) files(t testing.TB, look func(string, []byte)) {
	t.Helper()
	seen := 0
	must(t, filepath.WalkDir(h.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // Postgres removes files of its own
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		seen++
		name, _ := filepath.Rel(h.DataDir, path)
		if strings.HasPrefix(name, "postgres"+string(filepath.Separator)) {
			name = "of Postgres"
		}
		look("file "+name, text)
		return nil
	}))
	if seen < 100 {
		t.Fatalf("only %d files were found", seen)
	}
}
