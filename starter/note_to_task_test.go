package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tried runs note-to-task on the 28th of April 2026, a Tuesday, in New York.
func tried(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	return starter(t, nil, stdin, append([]string{"note-to-task", "--now", "2026-04-28T16:30", "--zone", "America/New_York"}, args...)...)
}

func TestANoteIsShownAsTheTasksThatItWouldBecome(t *testing.T) {
	got := tried(t, "", "--title", "Kick-off call", "--user", "Ben Stone <ben@acme.com>", "--author", "Dana Fox",
		"--try", `Next steps:\n- send offer by Friday @Ben\n- [x] call legal\n- book room in two weeks\n   a big one\n- ask @zoe`)
	require.Equal(t, exitDone, got.code, got.err)
	require.Equal(t, `4 tasks under one parent: Kick-off call (1 of 4 done)
The parent is due Tue 2026-05-12, at 17:00 (America/New_York), and goes to Dana Fox.

#  TASK                    DUE             BECAUSE OF            ASSIGNEE   BECAUSE OF      FOUND BY     STATE
1  Send offer by Friday    Fri 2026-05-01  "by Friday"           Ben Stone  mentioned       bullet list  -
2  Call legal              Fri 2026-05-01  no day named: 3 days  Dana Fox   wrote the note  check list   done
3  Book room in two weeks  Tue 2026-05-12  "in two weeks"        Dana Fox   wrote the note  bullet list  -
4  Ask zoe                 Fri 2026-05-01  no day named: 3 days  Dana Fox   wrote the note  bullet list  -
3: a big one
4: nobody is known, or more than one, as @zoe; name them with --user
`, got.out)
}

func TestANoteComesFromAFileOrFromStandardInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "note.html")
	require.NoError(t, os.WriteFile(path, []byte("<p>Hello</p><ul><li>call Ann&nbsp;tomorrow</li></ul>"), 0o600))
	for _, got := range []outcome{
		tried(t, "", "--file", path), tried(t, "todo: call Ann tomorrow\n", "--try", "-"), tried(t, "todo: call Ann tomorrow\n", "--file", "-"),
	} {
		require.Equal(t, exitDone, got.code, got.err)
		require.Contains(t, got.out, "One task, due at 17:00 (America/New_York).")
		require.Contains(t, got.out, "Call Ann tomorrow")
		require.Contains(t, got.out, "Wed 2026-04-29")
	}
}

func TestALocaleGivesANoteItsLanguageAndItsDates(t *testing.T) {
	for locale, day := range map[string]string{"en-US": "2026-12-05", "en-GB": "2026-05-12", "de-DE": "2026-05-12"} {
		got := tried(t, "", "--locale", locale, "--try", "todo: pay by 12/05/2026")
		require.Contains(t, got.out, day, locale)
	}
	require.Contains(t, tried(t, "", "--locale", "de-DE", "--try", "bitte bis Freitag senden").out, `"bis Freitag"`)
	require.Contains(t, tried(t, "", "--locale", "en-US", "--try", "bitte bis Freitag senden").out, "becomes no task")
}

func TestANoteIsTriedUnderAConnectionsRules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acme.yaml")
	write := func(noteToTask string) {
		require.NoError(t, os.WriteFile(path, []byte("gohighlevel: {location: abc}\nsalesforce: {org: 00D000000000001}\nnote_to_task:\n"+noteToTask), 0o600))
	}
	write("  words: [ping]\n  due_days: 9\n  due_hour: 8\n")
	got := tried(t, "", "--rules", path, "--try", "Ping Bob")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, "Thu 2026-05-07")
	require.Contains(t, got.out, "8:00")
	require.Contains(t, got.out, "turned off")

	write("  enabled: true\n  filter: 'title == \"Tasks\"'\n")
	got = tried(t, "", "--rules", path, "--try", "todo: this")
	require.Equal(t, "This note becomes no task: the rules leave it out (title == \"Tasks\").\n", got.out)

	write("  enabld: true\n  due_hour: 25\n")
	got = tried(t, "", "--rules", path, "--try", "todo: this")
	require.Equal(t, exitUsage, got.code)
	for _, text := range []string{path + ":4:", "did you mean enabled?", path + ":5:", "0 to 23"} {
		require.Contains(t, got.err, text)
	}
}

func TestATriedNoteIsPrintedForPrograms(t *testing.T) {
	got := tried(t, "", "--title", "Plan", "--try", `- call Ann\n- call Bob by 5/4`, "-o", "json")
	require.Equal(t, exitDone, got.code, got.err)
	var out triedNote
	require.NoError(t, json.Unmarshal([]byte(got.out), &out))
	require.True(t, out.Enabled)
	require.Equal(t, "America/New_York", out.Zone)
	require.Len(t, out.Plan.Tasks, 2)
	require.Len(t, out.Shown, 3)
	require.Equal(t, "Plan (0 of 2 done)", out.Shown[0].Title)
	require.Equal(t, "2/2 Call Bob by 5/4 · Plan", out.Shown[2].Title)

	got = tried(t, "", "--try", "we spoke", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(got.out), &out))
	require.Contains(t, got.out, `"reason": "nothing"`)
	require.Contains(t, got.out, `"gohighlevel": []`)
}

func TestEverythingThatIsWrongWithATryIsNamedAtOnce(t *testing.T) {
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{}, []string{"--try", "--file"}},
		{[]string{"--try", "a", "--file", "b"}, []string{"not by both"}},
		{[]string{"--try", "a", "--zone", "Atlantis", "--locale", "!", "--user", "a@", "--user", ""}, []string{"Atlantis", "Europe/Berlin", "--locale", "en-US", `"a@" is no e-mail address`, "is empty"}},
		{[]string{"--try", "a", "--now", "soon"}, []string{`--now "soon"`, "2026-04-28T16:30"}},
		{[]string{"--file", "/nowhere/note.txt"}, []string{"/nowhere/note.txt"}},
		{[]string{"--try", "a", "--author", "<>@"}, []string{"--author", "is no e-mail address"}},
		{[]string{"--rules", "/nowhere/acme.yaml", "--try", "a"}, []string{"/nowhere/acme.yaml"}},
		{[]string{"surplus"}, []string{"surplus", "--try"}},
	} {
		got := starter(t, nil, "", append([]string{"note-to-task"}, c.args...)...)
		require.Equal(t, exitUsage, got.code, "%v: %s", c.args, got.err)
		require.Empty(t, got.out)
		for _, text := range c.says {
			require.Contains(t, got.err, text, "%v", c.args)
		}
	}
}

func TestANoteCannotDriveTheTerminal(t *testing.T) {
	got := tried(t, "", "--title", "\x1b[2J", "--try", "todo: \x1b]0;x\x07 call @\x1b[31m\n   \x1b[1m details")
	require.Equal(t, exitDone, got.code, got.err)
	require.False(t, strings.ContainsAny(got.out, "\x1b\x07"))
}

func TestShellsCompleteWhatATryTakes(t *testing.T) {
	require.Contains(t, starter(t, nil, "", "__complete", "note-to-task", "--locale", "").out, "de-DE")
	require.Contains(t, starter(t, nil, "", "__complete", "note-to-task", "--zone", "").out, "America/New_York")
	require.Contains(t, starter(t, nil, "", "__complete", "note-to-task", "--").out, "--try")
}
