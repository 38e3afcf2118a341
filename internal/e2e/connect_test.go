package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

// TestASideIsConnectedThroughTheWorkersPublicAddress connects a side again where the vendor's page answers a worker, and has the
// connection checked by it.
func TestASideIsConnectedThroughTheWorkersPublicAddress(t *testing.T) {
	s := newSystem(t, sandbox.Options{})
	s.connect(t, nil)
	s.startWorker(t)
	if _, err := s.starter(t, "connections", "check", connection); err != nil { // it listens once it works
		t.Fatal(err)
	}

	command := exec.CommandContext(t.Context(), starterProgram, "connect", "salesforce", connection)
	command.Env = append(s.Env(), "TANDEM_PUBLIC_URL="+s.PublicURL(), "PATH="+t.TempDir()) // without a browser
	var out bytes.Buffer
	command.Stdout = &out
	told, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var callback *url.URL
	var said strings.Builder
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if page := strings.TrimSpace(lines.Text()); callback == nil && strings.HasPrefix(page, s.State.SalesforceURL) {
			callback = browse(t, page)
		}
	}
	if err := command.Wait(); err != nil || callback == nil {
		t.Fatalf("%v: %s%s", err, &said, &out)
	}
	contains(t, out.String(), "Connection acme is ready", s.PublicURL()+"/webhooks/gohighlevel")
	for _, line := range strings.Split(out.String(), "\n") {
		if strings.Contains(line, " webhooks ") && !strings.Contains(line, " yes ") {
			t.Errorf("webhooks are said not to arrive: %s", line)
		}
	}
	contains(t, said.String(), "Connection acme is connected")

	if again, page := fetch(t, callback.String()); again != http.StatusBadRequest || strings.Contains(page, "Connected") {
		t.Errorf("the answer was taken a second time: HTTP %d", again)
	}
	log, err := os.ReadFile(filepath.Join(s.DataDir, "worker.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{callback.Query().Get("code"), callback.Query().Get("state")} {
		if secret == "" || bytes.Contains(log, []byte(url.QueryEscape(secret))) || strings.Contains(out.String(), secret) {
			t.Errorf("the callback %q is empty, or somewhere to be read", secret)
		}
	}
}

// browse opens a vendor's page, as a person's browser does, and returns where it led.
func browse(t *testing.T, page string) (callback *url.URL) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		callback = r.URL
		return nil
	}}
	answer, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the page ends with HTTP %d: %s", answer.StatusCode, text)
	}
	return callback
}

func fetch(t *testing.T, address string) (int, string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
