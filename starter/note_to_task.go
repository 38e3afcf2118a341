package main

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/notetask/plaindate"
	"github.com/tandem-sync/tandem/internal/rules"
)

// noteOptions are the flags of note-to-task.
type noteOptions struct {
	text, file, title, author string
	rules, zone, now, locale  string
	users                     []string
	html                      bool
}

func newNoteToTaskCommand(a *app) *cobra.Command {
	var o noteOptions
	c := &cobra.Command{
		Use:   "note-to-task",
		Short: "Show what tasks a note would become, without any server",
		Long: `Reads a text as a Salesforce note and shows the GoHighLevel tasks that it would become: what is to be done, by when, who does
it, and which words made it so. Nothing is written anywhere, and no server is asked.

Items of bullet, numbered and check lists become tasks, and so do lines that begin with words like todo, follow up, call or
send; the rules of a connection (note_to_task) add to that. Several tasks get a parent that shows their progress. Where a note
says which of its lists is to be done ("Next steps:"), the others are left alone, and so are quoted mails and signatures.

A text that looks like HTML is read as such.`,
		Example: `  starter note-to-task --try "Follow up with Ann in two weeks"
  starter note-to-task --try "- send offer by Friday @Ben" --user "Ben Stone <ben@acme.com>"
  starter note-to-task --file note.txt --rules acme.yaml --zone America/New_York
  starter note-to-task --try - --locale de-DE --now 2026-04-28 -o json`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 && o.text == "" {
				return usageError{fmt.Errorf("starter note-to-task: what is %q? give the note's text with --try", args[0])}
			}
			o.text = strings.Join(append([]string{o.text}, args...), " ") // a text without quotes comes word by word
			return runNoteToTask(a, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.text, "try", "", `the note's text, with \n for a line break; - reads it from standard input`)
	f.StringVar(&o.file, "file", "", "a file with the note's text; - reads it from standard input")
	f.StringVar(&o.title, "title", "", "the note's title")
	f.StringVar(&o.author, "author", "the author", "who wrote the note: a name, an e-mail address, or \"name <address>\"")
	f.StringArrayVar(&o.users, "user", nil, "somebody who can be mentioned: a name, an e-mail address, or \"name <address>\"; can be repeated")
	f.StringVar(&o.rules, "rules", "", "the rules file of a connection (default: the usual rules)")
	f.StringVar(&o.zone, "zone", "", "the location's time zone, as Europe/Berlin (default: this machine's)")
	f.StringVar(&o.now, "now", "", "when the note was written, as 2026-04-28 or 2026-04-28T16:30 (default: now)")
	f.StringVar(&o.locale, "locale", "", "language and country of the note, as de-DE (default: the rules')")
	f.BoolVar(&o.html, "html", false, "read the text as HTML even if it does not look like it")
	_ = c.MarkFlagFilename("file")
	_ = c.MarkFlagFilename("rules", "yaml", "yml")
	for flag, values := range map[string][]string{
		"locale": {"en-US", "en-GB", "de-DE", "es-ES", "es-MX", "fr-FR", "fr-CA"},
		"zone":   {"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "UTC"},
	} {
		_ = c.RegisterFlagCompletionFunc(flag, fixed(values)) // the flag is there
	}
	return c
}

// triedNote is what `starter note-to-task -o json` prints.
type triedNote struct {
	Enabled bool                `json:"enabled"` // by the rules; a note is tried all the same
	Zone    string              `json:"zone"`
	Locale  string              `json:"locale"`
	Plan    notetask.Plan       `json:"plan"`
	Shown   []notetask.Rendered `json:"gohighlevel"` // as GoHighLevel would show the tasks, the parent first
}

func runNoteToTask(a *app, o noteOptions) error {
	setting, enabled, err := o.setting()
	if err != nil {
		return err
	}
	written, err := o.written(setting.Zone)
	if err != nil {
		return err
	}
	body, err := o.read(a.in)
	if err != nil {
		return err
	}
	author, err := person(o.author)
	if err != nil {
		return usageError{fmt.Errorf("--author: %w", err)}
	}
	setting.Directory.People = append(setting.Directory.People, author)
	plan, err := notetask.Make(notetask.Note{
		Title: o.title, Body: body, HTML: o.html || looksLikeHTML.MatchString(body), Written: written,
		Author: notetask.Author{Name: author.Name, Email: author.Email},
	}, notetask.Plan{}, setting)
	if err != nil {
		return err
	}
	out := triedNote{Enabled: enabled, Zone: setting.Zone.String(), Locale: setting.Rules.Locale, Plan: plan, Shown: plan.Render(plan.DoneInNote())}
	if a.json() {
		if out.Shown == nil {
			out.Shown = []notetask.Rendered{}
		}
		return a.printJSON(out)
	}
	return a.showTriedNote(out, setting.Rules)
}

// setting reads all flags but the note itself, and names everything that is wrong with them at once.
func (o noteOptions) setting() (out notetask.Setting, enabled bool, err error) {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	out = notetask.Setting{Rules: rules.DefaultNoteToTask(), Zone: time.Local}
	enabled = true // without rules there is nothing to turn it on or off
	if o.text == "" && o.file == "" {
		problem("what note? give its text with --try, or a file with --file; - is standard input")
	}
	if o.text != "" && o.file != "" {
		problem("give the note by --try or by --file, not by both")
	}
	if o.rules != "" {
		loaded, err := readRules(o.rules)
		if err != nil {
			return out, false, err
		}
		out.Rules, enabled = loaded.NoteToTask, loaded.NoteToTask.Enabled
	}
	out.Rules.Enabled = true
	if o.zone != "" {
		zone, err := time.LoadLocation(o.zone)
		if err != nil {
			problem("--zone %q: there is no such time zone; write one as Europe/Berlin or America/New_York", o.zone)
		}
		out.Zone = zone
	}
	if o.locale != "" {
		languages, order, ok := rules.NoteLocale(o.locale)
		if !ok {
			problem("--locale %q: write a language and a country, as en-US or de-DE", o.locale)
		}
		out.Rules.Locale, out.Rules.Languages, out.Rules.DateOrder = o.locale, languages, order
		if o.rules == "" {
			out.Rules.Words = rules.WordsOf(languages)
		}
	}
	if out.Zone != nil {
		if _, err := o.written(out.Zone); err != nil {
			problem("%w", err)
		}
	}
	for _, user := range o.users {
		p, err := person(user)
		if err != nil {
			problem("--user: %w", err)
		}
		out.Directory.People = append(out.Directory.People, p)
	}
	if err := errors.Join(problems...); err != nil {
		return out, false, usageError{err}
	}
	out.Dates = plaindate.New(out.Rules.Languages, out.Rules.DateOrder)
	return out, enabled, nil
}

// written reads when the note was written.
func (o noteOptions) written(zone *time.Location) (time.Time, error) {
	if o.now == "" {
		return time.Now().In(zone), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, o.now, zone); err == nil {
			return t.In(zone), nil
		}
	}
	const noon = 12 * time.Hour
	if t, err := time.ParseInLocation(time.DateOnly, o.now, zone); err == nil {
		return t.Add(noon), nil
	}
	return time.Time{}, usageError{fmt.Errorf("--now %q: write a day or a time, as 2026-04-28 or 2026-04-28T16:30", o.now)}
}

// longestTriedNote is how much is read of a note, in bytes: Salesforce takes no more.
const longestTriedNote = 50 << 20

// read reads the note's text.
func (o noteOptions) read(in io.Reader) (string, error) {
	if o.text != "" && o.text != "-" {
		return strings.ReplaceAll(o.text, `\n`, "\n"), nil // what a shell's plain quotes leave of a line break
	}
	if o.file != "" && o.file != "-" {
		text, err := os.ReadFile(o.file)
		if err != nil {
			return "", usageError{fmt.Errorf("--file: %w", err)}
		}
		return string(text), nil
	}
	text, err := io.ReadAll(io.LimitReader(in, longestTriedNote))
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	return string(text), nil
}

// looksLikeHTML finds the tags that note editors write.
var looksLikeHTML = regexp.MustCompile(`(?i)</(?:p|div|ul|ol|li|b|i|span|h[1-6]|table|blockquote)>|<br ?/?>|&nbsp;`)

// person reads somebody's name, address, or both. Their id is what they are called: no server is asked for another.
func person(text string) (notetask.Person, error) {
	text = strings.TrimSpace(text)
	out := notetask.Person{Name: text, GoHighLevelID: text}
	if strings.Contains(text, "@") {
		address, err := mail.ParseAddress(text)
		if err != nil {
			return out, fmt.Errorf("%q is no e-mail address; write a name, an address, or both as \"Ann Lee <ann@acme.com>\"", text)
		}
		out = notetask.Person{Name: address.Name, Email: address.Address, GoHighLevelID: address.Name}
		if address.Name == "" {
			out.Name, out.GoHighLevelID = address.Address, address.Address
		}
	}
	if out.Name == "" {
		return out, errors.New("is empty; write a name, or an e-mail address")
	}
	return out, nil
}
