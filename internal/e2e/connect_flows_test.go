package e2e

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
)

// connectSide runs starter connect for a side, with a person who visits the page that it shows, and returns what it said, and
// whether it failed.
func (s *system) connectSide(t testing.TB, side record.Side, visit func(page string), flags ...string) (string, error) {
	t.Helper()
	ghl, sf := sandbox.Apps()
	command := exec.CommandContext(t.Context(), starterProgram, append([]string{"connect", string(side), connection}, flags...)...)
	command.Env = append(s.Env(), "PATH="+t.TempDir(), // without a browser
		"TANDEM_GOHIGHLEVEL_CLIENT_SECRET="+ghl.ClientSecret, "TANDEM_SALESFORCE_CLIENT_SECRET="+sf.ClientSecret)
	said, writes := io.Pipe()
	var all bytes.Buffer
	command.Stdout, command.Stderr = &all, writes
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	heard := make(chan string)
	go func() {
		var text strings.Builder
		for lines := bufio.NewScanner(said); lines.Scan(); {
			text.WriteString(lines.Text() + "\n")
			if address := strings.TrimSpace(lines.Text()); strings.HasPrefix(address, "http") {
				visit(address)
			}
		}
		heard <- text.String()
	}()
	err := command.Wait()
	_ = writes.Close()
	return <-heard + all.String(), err
}

// granting visits a page as a person does who grants access.
func granting(page string) {
	if response, err := http.Get(page); err == nil {
		_ = response.Body.Close()
	}
}

// forger is put around Salesforce's fake, and changes what its token endpoint answers.
type forger struct {
	forge atomic.Pointer[func(grant map[string]any)]
}

func (f *forger) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forge := f.forge.Load()
		if forge == nil || !strings.HasSuffix(r.URL.Path, "/services/oauth2/token") {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var grant map[string]any
		if json.Unmarshal(answer.Body.Bytes(), &grant) == nil {
			(*forge)(grant)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_ = json.NewEncoder(w).Encode(grant)
	})
}

func TestEachSideIsConnectedByEachOfItsFlowsAndByNothingForged(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const privateToken = "pit-6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
	f := &forger{}
	s := newSystem(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{PrivateToken: privateToken},
		Salesforce:  salesforcetest.Options{ClientCredentialsUser: salesforcetest.DefaultUser, JWTPublicKey: &key.PublicKey},
	}, func(o *stack.Options) { o.WatchSalesforce = f.around })
	s.connect(t, nil)
	s.startWorker(t)
	if _, err := s.starter(t, "connections", "check", connection); err != nil { // it listens once it works
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ghl, sf := sandbox.Apps()
	org := []string{"--client-id", sf.ClientID, "--login-host", s.State.SalesforceURL}
	otherState := func(page string) { // an answer to another attempt comes first
		callback := redirected(t, page)
		q := callback.Query()
		q.Set("state", "of-another-attempt")
		stray := *callback
		stray.RawQuery = q.Encode()
		if status, text := fetch(t, stray.String()); status != http.StatusBadRequest || strings.Contains(text, "Connected") {
			t.Errorf("an answer with another state was taken: HTTP %d", status)
		}
		granting(callback.String())
	}
	for name, flow := range map[string]struct {
		side  record.Side
		visit func(page string)
		flags []string
	}{
		"marketplace app":    {record.GoHighLevel, granting, []string{"--client-id", ghl.ClientID}},
		"private token":      {record.GoHighLevel, granting, []string{"--token-file", file("token.txt", []byte(privateToken+"\n"))}},
		"web":                {record.Salesforce, granting, org},
		"web, other state":   {record.Salesforce, otherState, org},
		"client credentials": {record.Salesforce, granting, append([]string{"--flow", "client-credentials"}, org...)},
		"jwt": {record.Salesforce, granting, append([]string{"--flow", "jwt", "--username", salesforcetest.DefaultUser, "--key-file",
			file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))}, org...)},
	} {
		said, err := s.connectSide(t, flow.side, flow.visit, flow.flags...)
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, said)
		}
		contains(t, said, "Connection acme is ready")
	}

	otherVerifier := func(page string) {
		address, err := url.Parse(page)
		if err != nil {
			t.Error(err)
			return
		}
		q := address.Query()
		q.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
		address.RawQuery = q.Encode()
		granting(address.String())
	}
	for _, c := range []struct {
		name  string
		visit func(page string)
		forge func(grant map[string]any)
		says  string
	}{
		{"a code of another verifier", otherVerifier, func(map[string]any) {}, "starter connect"},
		{"an instance elsewhere", granting, func(g map[string]any) { g["instance_url"] = "https://acme.my.salesforce.com.evil.example" }, "names no instance that is one of Salesforce's own hosts"},
		{"another org's identity", granting, func(g map[string]any) {
			g["id"] = "https://login.salesforce.com/id/00Dxx0000001gPMEAY/" + salesforcetest.DefaultUser
		}, "not signed with the app's client secret"},
		{"no signature", granting, func(g map[string]any) { delete(g, "signature") }, "is not signed"},
	} {
		f.forge.Store(&c.forge)
		said, err := s.connectSide(t, record.Salesforce, c.visit, org...)
		if err == nil {
			t.Errorf("%s was taken: %s", c.name, said)
		}
		contains(t, said, c.says)
	}
	f.forge.Store(nil)
	said, err := s.starter(t, "connections", "check", connection)
	if contains(t, said, "Connection acme is ready"); err != nil {
		t.Errorf("what was refused took the grant from before: %v", err)
	}
}

// redirected is where a page sends the browser, which does not go there.
func redirected(t *testing.T, page string) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(page)
	if err != nil {
		t.Error(err)
		return &url.URL{}
	}
	defer func() { _ = response.Body.Close() }()
	address, err := response.Location()
	if err != nil {
		t.Error(err)
		return &url.URL{}
	}
	return address
}
