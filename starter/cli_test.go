package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// outcome is what a command line came to.
type outcome struct {
	code     int
	out, err string
}

// starter runs a command line in this process. No dev stack of this machine is in its sight.
func starter(t *testing.T, env map[string]string, stdin string, args ...string) outcome {
	t.Helper()
	t.Setenv("TANDEM_DATA", t.TempDir())
	for _, name := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE"} {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	var out, errOut bytes.Buffer
	a := newApp(strings.NewReader(stdin), &out, &errOut, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	a.browse = func(string) error { return errors.New("this machine has no browser") }
	code := execute(t.Context(), a, args)
	return outcome{code, out.String(), errOut.String()}
}

// everyCommand visits the commands that are ours.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		if child.Name() != "completion" && child.Name() != "help" {
			everyCommand(child, visit)
		}
	}
}

func TestEveryCommandExplainsItselfWithExamples(t *testing.T) {
	everyCommand(newRootCommand(newApp(nil, nil, nil, nil)), func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		help := starter(t, nil, "", append(path, "--help")...)
		require.Equal(t, exitDone, help.code, c.CommandPath())
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.Contains(t, help.out, "Examples:", c.CommandPath())
		require.Contains(t, c.Example, c.CommandPath(), "an example shows another command")
	})
}

func TestEveryExampleIsACommandLineThatIsTaken(t *testing.T) {
	everyCommand(newRootCommand(newApp(nil, nil, nil, nil)), func(c *cobra.Command) {
		for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
			line = strings.TrimSpace(line)
			line, _, _ = strings.Cut(line, "   ") // what follows is explanation
			line, _, _ = strings.Cut(line, " > ")
			words := strings.Fields(line)
			for len(words) > 0 && strings.Contains(words[0], "=") {
				words = words[1:] // an environment variable
			}
			require.Equal(t, "starter", words[0], line)
			found, rest, err := newRootCommand(newApp(nil, nil, nil, nil)).Find(words[1:])
			require.NoError(t, err, line)
			require.NoError(t, found.ParseFlags(rest), line)
			require.NoError(t, found.ValidateArgs(found.Flags().Args()), line)
			require.True(t, found.Runnable(), line)
		}
	})
}

func TestTheRootExplainsTheExitCodes(t *testing.T) {
	help := starter(t, nil, "", "--help")
	for _, line := range []string{
		"0  done", "1  failed", "2  wrong usage or input", "3  needs a person", "4  no such connection or run", "5  Temporal or Postgres does not answer",
	} {
		require.Contains(t, help.out, line)
	}
}

func TestAnErrorBecomesItsExitCode(t *testing.T) {
	fail := errors.New("no")
	for _, c := range []struct {
		code int
		err  error
	}{
		{exitFailed, fail},
		{exitFailed, context.Canceled},
		{exitFailed, temporal.NewApplicationError("", string(crm.Invalid))},
		{exitFailed, serviceerror.NewInternal("")},
		{exitUsage, usageError{fail}},
		{exitPerson, needsPerson{fail}},
		{exitPerson, temporal.NewApplicationError("", string(crm.NeedsAccess))},
		{exitPerson, temporal.NewApplicationError("", string(crm.NeedsReconnect))},
		{exitNotFound, record.ErrNoConnection},
		{exitNotFound, serviceerror.NewNotFound("")},
		{exitUnreachable, unreachable{fail}},
		{exitUnreachable, serviceerror.NewUnavailable("")},
		{exitUnreachable, serviceerror.NewDeadlineExceeded("")},
	} {
		require.Equal(t, c.code, exitCode(fmt.Errorf("outside: %w", c.err)), "%v", c.err)
	}
}

func TestWrongUsageIsRefusedBeforeAnythingIsReached(t *testing.T) {
	for _, c := range []struct {
		line string
		says []string // all of them at once
	}{
		{"frobnicate", []string{"unknown command", "frobnicate"}},
		{"status --output xml", []string{"--output", "table or json"}},
		{"runs --nosuchflag", []string{"--nosuchflag", "starter runs --help"}},
		{"runs surplus", []string{"starter runs"}},
		{"connections check acme --permission-set Tandem", []string{"--permission-set", "give --fix as well"}},
		{"runs --connection a'b --scenario nap --limit -1", []string{"--connection", "--scenario", "onboarding, bulk-sync, contact-sync", "--limit"}},
		{"runs --since yesterday", []string{"--since", "7d"}},
		{"replay", []string{"workflow ids", "--failed"}},
		{"replay onboarding/acme --failed", []string{"not both"}},
		{"replay onboarding/acme --connection acme --run-id r", []string{"go with --failed", "--run-id goes with --check"}},
		{"replay --check --failed", []string{"--check takes one workflow id"}},
		{"replay --check a b", []string{"--check takes one workflow id"}},
		{"replay --failed --connection A", []string{"--connection"}},
		{"watch", []string{"starter watch <workflow-id>"}},
		{"status one two", []string{"starter status"}},
		{"start onboarding", []string{"starter start onboarding <connection>"}},
		{"start contact-sync acme", []string{"link", "record"}},
		{"start contact-sync acme --gohighlevel a --salesforce b", []string{"not by both"}},
		{"start contact-sync acme --link 1 --salesforce b", []string{"not by both"}},
		{"connections init acme", []string{"--location is missing", "--org is missing"}},
		{"connections init Acme! --location L --org 00D5g000004XyzAEAS", []string{"connection", "lower-case letters"}},
		{"connections add", []string{"starter connections add <rules.yaml>"}},
		{"connections add /nowhere/rules.yaml", []string{"/nowhere/rules.yaml"}},
		{"scopes", []string{"--for", "starter connections init"}},
		{"scopes --for /nowhere/rules.yaml", []string{"/nowhere/rules.yaml"}},
		{"demo --contacts -3", []string{"--contacts"}},
		{"migrate", []string{"TANDEM_DATABASE_URL", "starter dev"}},
		{"migrate --database-url mysql://x", []string{"postgres://"}},
	} {
		got := starter(t, nil, "", strings.Fields(c.line)...)
		require.Equal(t, exitUsage, got.code, "%s: %s", c.line, got.err)
		require.Empty(t, got.out, c.line)
		for _, text := range c.says {
			require.Contains(t, got.err, text, c.line)
		}
	}
}

func TestAnInitedRulesFileIsAccepted(t *testing.T) {
	got := starter(t, nil, "", "connections", "init", "acme", "--location", "ve9EPM428h8vShlRW1KT", "--org", "00D5g000004XyzAEAS")
	require.Equal(t, exitDone, got.code, got.err)
	path := filepath.Join(t.TempDir(), "acme.yaml")
	require.NoError(t, os.WriteFile(path, []byte(got.out), 0o600))
	loaded, err := readRules(path)
	require.NoError(t, err)
	require.Equal(t, "acme", loaded.Connection)
	require.Equal(t, "ve9EPM428h8vShlRW1KT", loaded.GoHighLevel.Location)
}

func TestEveryProblemOfARulesFileIsNamedWithItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(path, []byte("connection: Acme Inc\ngohighlevel:\n  locaton: L\nsalesforce:\n  org: nonsense\n"), 0o600))
	got := starter(t, nil, "", "connections", "add", path)
	require.Equal(t, exitUsage, got.code)
	for _, line := range []string{path + ":1:", path + ":3:", "did you mean location?", path + ":5:"} {
		require.Contains(t, got.err, line)
	}
}

func TestPostgresThatDoesNotAnswerIsUnreachable(t *testing.T) {
	for _, line := range []string{"migrate", "status", "connections list", "connections show acme", "connections check acme", "start onboarding acme"} {
		got := starter(t, nil, "", append(strings.Fields(line), "--database-url", "postgres://tandem:letmein@127.0.0.1:1/tandem")...)
		require.Equal(t, exitUnreachable, got.code, "%s: %s", line, got.err)
		require.NotContains(t, got.err, "letmein", line)
	}
}

func TestTemporalThatDoesNotAnswerIsUnreachable(t *testing.T) {
	got := starter(t, nil, "", "runs", "--temporal-address", "127.0.0.1:1")
	require.Equal(t, exitUnreachable, got.code)
	require.Contains(t, got.err, "127.0.0.1:1")
	require.Contains(t, got.err, "starter dev")
}

func TestTheVersionIsPrintedForPeopleAndPrograms(t *testing.T) {
	got := starter(t, nil, "", "version")
	require.Equal(t, exitDone, got.code)
	require.Contains(t, got.out, "starter "+version)
	got = starter(t, nil, "", "version", "-o", "json")
	var v map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.out), &v))
	require.Equal(t, version, v["version"])
	require.NotEmpty(t, v["go"])
	require.Contains(t, v, "temporal_sdk")
}

func TestShellsAreHelpedToCompleteCommands(t *testing.T) {
	got := starter(t, nil, "", "completion", "bash")
	require.Equal(t, exitDone, got.code)
	require.Contains(t, got.out, "starter")
}

func TestTheScopesOfARulesFileArePrintedWithTheirReasons(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acme.yaml")
	require.NoError(t, os.WriteFile(path, []byte("connection: acme\ngohighlevel: {location: ve9EPM428h8vShlRW1KT}\n"+
		"salesforce: {org: 00D5g000004XyzAEAS}\nappointments: {enabled: true}\n"), 0o600))
	table := starter(t, nil, "", "scopes", "--for", path)
	require.Equal(t, exitDone, table.code, table.err)
	require.Regexp(t, `GoHighLevel +calendars/events\.write +creating and changing appointments`, table.out)
	require.Contains(t, table.out, "Salesforce in one line: api refresh_token\n")
	require.NotContains(t, table.out, "locations/tasks.readonly", "no tasks are synced")
	require.Regexp(t, `\nOptional in GoHighLevel: oauth\.write, .*--scope oauth\.write`, table.out)

	got := starter(t, nil, "", "scopes", "--for", path, "-o", "json")
	var scopes []map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &scopes), got.out)
	require.Equal(t, map[string]any{"side": "gohighlevel", "scope": "calendars.readonly", "needed_for": []any{"finding the calendars"}}, scopes[4])
}
