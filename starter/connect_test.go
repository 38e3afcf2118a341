package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

func (h *house) connects(t *testing.T) {
	text, err := os.ReadFile(h.rules)
	require.NoError(t, err)
	refused := h.run(t, "connections add %s --salesforce-flow carrier-pigeon", h.rules)
	require.Equal(t, exitUsage, refused.code)
	for _, problem := range []string{"--gohighlevel-client-id", "--salesforce-client-id", "carrier-pigeon"} {
		require.Contains(t, refused.err, problem)
	}

	h.writeRules(t, strings.Replace(string(text), h.Sandbox.Salesforce.OrgID(), "00D000000000001AAA", 1))
	other := h.add(t, "")
	require.Equal(t, exitPerson, other.code)
	require.Contains(t, other.err, "00D000000000001AAA")
	require.Contains(t, other.err, h.Sandbox.Salesforce.OrgID())
	h.writeRules(t, string(text))

	added := h.add(t, "")
	require.Equal(t, exitDone, added.code, added.err)
	require.Contains(t, added.err, "No worker is there to check it")
	h.heldBack(t)
	var list []map[string]any
	h.mustRun(t, &list, "connections list")
	require.Len(t, list, 1)
	require.Equal(t, "acme", list[0]["connection"])
	require.EqualValues(t, 1, list[0]["rules_version"])

	h.writeRules(t, string(text)+"# the same, and a remark\n")
	updated := h.run(t, "connections add %s", h.rules)
	require.Equal(t, exitDone, updated.code, updated.err)
	var shown struct {
		Rules   string
		Version int `json:"rules_version"`
		Status  connectionStatus
	}
	h.mustRun(t, &shown, "connections show acme")
	require.Equal(t, 2, shown.Version)
	require.Contains(t, shown.Rules, "and a remark")
	require.Equal(t, "acme", shown.Status.Connection)

	again := h.add(t, "--reconnect salesforce,gohighlevel")
	require.Equal(t, exitDone, again.code, again.err)
	h.reconnects(t)
}

// reconnects connects each side again by the app it has, after its access was forgotten, and by others, which is refused.
func (h *house) reconnects(t *testing.T) {
	unknown := h.run(t, "connect salesforce nobody")
	require.Equal(t, exitNotFound, unknown.code, unknown.err)
	gone := h.run(t, "connections disconnect acme --yes")
	require.Equal(t, exitDone, gone.code, gone.err)
	require.Contains(t, gone.out, "starter connect salesforce acme")
	forgotten := h.run(t, "connect gohighlevel acme")
	require.Equal(t, exitUsage, forgotten.code, "no app is known any more")
	require.Contains(t, forgotten.err, "starter connect gohighlevel --help")

	ghl, sf := sandbox.Apps()
	evil := h.run(t, "connect salesforce acme --client-id %s --login-host login.salesforce.com.evil.example", sf.ClientID)
	require.NotEqual(t, exitDone, evil.code)
	require.Contains(t, evil.err, "not one of Salesforce's own")
	for _, side := range []string{
		"gohighlevel acme --client-id " + ghl.ClientID,
		"salesforce acme --client-id " + sf.ClientID + " --login-host " + h.State.SalesforceURL,
		"gohighlevel acme", "salesforce acme", // by the apps that they have by now
	} {
		kept := h.run(t, "connect %s", side)
		require.Equal(t, exitDone, kept.code, "%s: %s", side, kept.err)
		require.Contains(t, kept.err, "was granted and is kept", side)
	}
	h.heldBack(t)
	h.connectsByThePublicAddress(t)
}

// connectsByThePublicAddress connects both sides where the browser comes back to a worker.
func (h *house) connectsByThePublicAddress(t *testing.T) {
	came := 0
	callback := oauth.CallbackHandler(h.Store.Authorisations(h.Vault), func(err error) { t.Error(err) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came++
		require.Equal(t, "/tandem/oauth/callback", r.URL.Path)
		callback.ServeHTTP(w, r)
	}))
	defer server.Close()
	h.public = server.URL + "/tandem"
	defer func() { h.public = "" }()
	for i, side := range record.Sides {
		kept := h.run(t, "connect %s acme", side)
		require.Equal(t, exitDone, kept.code, "%s: %s", side, kept.err)
		require.Equal(t, i+1, came)
	}
	h.public = ""
	pointless := h.run(t, "connect salesforce acme --flow jwt --username ada")
	require.Equal(t, exitUsage, pointless.code)
	for _, flag := range []string{"--flow goes with --client-id", "--username goes with --client-id"} {
		require.Contains(t, pointless.err, flag)
	}
	fixed := h.run(t, "connect gohighlevel acme --token-file %s --scope oauth.write", h.rules)
	require.Equal(t, exitUsage, fixed.code)
	require.Contains(t, fixed.err, "--scope goes with an app")
	keyless := h.run(t, "connect salesforce acme --client-id x --flow jwt")
	require.Equal(t, exitUsage, keyless.code)
	require.Contains(t, keyless.err, "the Salesforce jwt flow needs --username and --key-file")
	lost := h.run(t, "connect gohighlevel acme --client-id x --redirect-url https://tandem.example/oauth/callback")
	require.Equal(t, exitUsage, lost.code)
	require.Contains(t, lost.err, "TANDEM_PUBLIC_URL")
}

// heldBack sees to it that a connection that no check has passed syncs nothing, and that it is told why.
func (h *house) heldBack(t *testing.T) {
	var list []map[string]any
	h.mustRun(t, &list, "connections list")
	require.Equal(t, record.ConnectionUnchecked, list[0]["state"])
	require.Len(t, list[0]["attention"], 1)
	for _, line := range []string{"connections list", "status acme", "connections show acme"} {
		require.Contains(t, h.run(t, "%s", line).out, "starter connections check acme", line)
	}
	for _, line := range []string{"start sync acme", "connections resume acme"} {
		refused := h.run(t, "%s", line)
		require.Equal(t, exitPerson, refused.code, line)
		require.Contains(t, refused.err, "starter connections check acme", line)
	}
}
