package e2e

import (
	"bytes"
	"context"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/workflows"
)

// mustShowOnly looks at a run in the Web UI as a browser does: one who may see reads its summary, details and result, and
// one who may not reads ciphertext.
func (s *system) mustShowOnly(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("NOT CHECKED: what the Web UI shows, for want of Chromium (apt-get install chromium)")
	}
	const summary, details = "Look whether Acme lets us in", "Somebody asked by telephone"
	run, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.CheckConnectionID(connection), TaskQueue: workflows.TaskQueue, StaticSummary: summary, StaticDetails: details,
		TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioCheck, connection),
	}, workflows.CheckConnection, workflows.CheckConnectionInput{Connection: connection})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	pages := s.State.UIAddress + "/namespaces/" + s.State.Namespace + "/workflows/" + url.PathEscape(run.GetID()) + "/" + run.GetRunID() + "/"
	for _, page := range []struct {
		tab     string
		secrets []string
		closed  string // what is shown instead
	}{
		{"history", []string{summary, "needed_for"}, "tandem-key"}, // the latter is of the result
		{"user-metadata", []string{summary, details, "Check access and fields on both sides"}, "Decoding failed"},
	} {
		for _, may := range []bool{true, false} {
			s.LetSee(codec.Anybody)
			if !may {
				s.LetSee(codec.Token(codecToken)) // which the Web UI does not have
			}
			shown := strings.ReplaceAll(see(t, browser, pages+page.tab), "%20", " ") // Markdown is shown in frames of its own
			if !strings.Contains(shown, run.GetRunID()) {
				t.Fatalf("the page shows no run: %s", shown)
			}
			for _, secret := range page.secrets {
				if strings.Contains(shown, secret) != may {
					t.Errorf("%s: to one who may see it (%t) %q is shown: %t", page.tab, may, secret, !may)
				}
			}
			if strings.Contains(shown, page.closed) == may {
				t.Errorf("%s: to one who may see (%t) %q is shown: %t", page.tab, may, page.closed, may)
			}
		}
	}
}

// see returns a page as a browser shows it once all is loaded.
func see(t *testing.T, browser, page string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=20000", "--dump-dom", page)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	return out.String()
}
