package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// columns is how wide a terminal is taken to be.
const columns = 100

// fitHelp makes the help of a command, and of all below it, fit a terminal.
func fitHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("reflow", reflow)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 100"))
	root.SetHelpTemplate(strings.ReplaceAll(root.HelpTemplate(), "{{. | trimTrailingWhitespaces}}", "{{. | trimTrailingWhitespaces | reflow}}"))
}

// reflow breaks the lines of a text anew so that they fit. Lines that begin with a space stay as they are, and so do the
// breaks between paragraphs.
func reflow(text string) string {
	var out []string
	var words []string
	flush := func() {
		line := ""
		for _, word := range words {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > columns {
				out, line = append(out, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			out = append(out, line)
		}
		words = nil
	}
	for _, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			flush()
			out = append(out, line)
			continue
		}
		words = append(words, strings.Fields(line)...)
		if strings.HasSuffix(line, ":") {
			flush()
		}
	}
	flush()
	return strings.Join(out, "\n")
}
