package record_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestHTMLBecomesTheTextThatAReaderSees(t *testing.T) {
	for name, c := range map[string]struct{ html, want string }{
		"paragraphs are lines":            {"<p>one</p><p>two</p>", "one\ntwo"},
		"an empty paragraph is a gap":     {"<p>one</p><p><br></p><p>two</p>", "one\n\ntwo"},
		"a break ends a line":             {"one<br>two<br/>three</br>four", "one\ntwo\nthree\nfour"},
		"a break before a block is one":   {"one<br><div>two</div>", "one\ntwo"},
		"white space collapses":           {"<b>one</b>\n\t  two  <i> three </i>", "one two three"},
		"a space that does not break":     {"one&nbsp;&nbsp;two\u00a0three", "one two three"},
		"what nobody sees is dropped":     {"<b>o\u200bn\ufeffe</b>&shy;&#8203;", "one"},
		"entities are decoded":            {"R&amp;D &lt;b&gt; &eacute;t&#233; &#39;x&#39;", "R&D <b> été 'x'"},
		"a list":                          {"<ul><li>one</li><li>two</li></ul>", "- one\n- two"},
		"a list of paragraphs":            {"<ul><li><p>one</p></li><li><p>two</p></li></ul>", "- one\n- two"},
		"a numbered list":                 {"Do:<ol><li>one</li><li>two</li></ol>then", "Do:\n1. one\n2. two\nthen"},
		"a list within a list":            {"<ul><li>one<ul><li>a</li><li>b</li></ul></li><li>two</li></ul>", "- one\n  - a\n  - b\n- two"},
		"a list of an editor":             {`<ol><li data-list="bullet">one</li><li data-list="bullet" class="ql-indent-1">a</li></ol>`, "- one\n  - a"},
		"a check list of an editor":       {`<ol><li data-list="checked">one</li><li data-list="unchecked">two</li></ol>`, "- [x] one\n- [ ] two"},
		"a check list of another":         {`<ul data-type="taskList"><li data-checked="true"><label><input type="checkbox" checked></label><div><p>one</p></div></li></ul>`, "- [x] one"},
		"check boxes":                     {`<input type="checkbox" checked> one<br><input type="checkbox">two`, "[x] one\n[ ] two"},
		"a link keeps its address":        {`see <a href="https://example.com/a?b=1&amp;c=2">the offer</a>.`, "see the offer (https://example.com/a?b=1&c=2)."},
		"a link that says its address":    {`<a href="https://example.com/">example.com</a> <a href="mailto:ada@example.com">ada@example.com</a>`, "example.com ada@example.com"},
		"a link without text":             {`<a href="https://example.com/x"></a>`, "https://example.com/x"},
		"a link that leads nowhere":       {`<a href="#top">up</a> <a href="javascript:alert(1)">x</a>`, "up x"},
		"a link that never ends":          {`<a href="https://example.com">one <a href="https://example.org">two</a>`, "one (https://example.com) two (https://example.org)"},
		"a picture":                       {`<img src="/x.png" alt="the plan">`, "[image the plan]"},
		"a table":                         {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"},
		"text laid out beforehand":        {"<pre>a\n  b\n</pre>c", "a\n  b\nc"},
		"scripts and styles are no text":  {"<style>p{}</style><script>alert('<p>')</script>one<!-- two -->", "one"},
		"a script that never ends":        {"use <br><script> here", "use\n<script> here"},
		"tags of a word processor":        {"<p class=MsoNormal>one<o:p></o:p></p>", "one"},
		"what only looks like a tag":      {"<p>from <ada@example.com> to <name>, 1 < 2 & I <3 it</p>", "from <ada@example.com> to <name>, 1 < 2 & I <3 it"},
		"a tag that never ends":           {"<p>one <b two", "one <b two"},
		"a comment that is none":          {"<p>one </3 two> three", "one </3 two> three"},
		"many gaps are one":               {"one<br><br><br><br>two", "one\n\ntwo"},
		"lists without end do not indent": {strings.Repeat("<ul>", 500) + "<li>x", "- x"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := record.HTMLText(c.html); got != c.want {
				t.Errorf("%q became\n%q, want\n%q", c.html, got, c.want)
			}
		})
	}
}

func TestABodyIsReadAsHTMLOnlyWhereItIsHTML(t *testing.T) {
	for raw, want := range map[string]string{
		"one\n  two":                     "one\n  two",
		"a < b && c > d":                 "a < b && c > d",
		"write to <ada@example.com>":     "write to <ada@example.com>",
		"AT&T; R&D &unknown;":            "AT&T; R&D &unknown;",
		"<p>one</p>":                     "one",
		"one<br />two":                   "one\ntwo",
		"fish &amp; chips":               "fish & chips",
		"&lt;b&gt;":                      "<b>",
		"Dear <name>,<BR>thanks":         "Dear <name>,\nthanks",
		"one\r\ntwo\u2028three\vfour \t": "one\ntwo\nthree\nfour",
	} {
		if got := record.MarkupText(raw); got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
	}
}

func TestANoteIsWrittenInTheFewSignsThatSalesforceTakes(t *testing.T) {
	if got, want := record.NoteHTML("Tom & \"Jerry's\" <été>\n  - 🙂"), "Tom &amp; &quot;Jerry&#39;s&quot; &lt;été&gt;<br>\u00a0\u00a0- 🙂"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// pieces of text and HTML that meet in notes, and some that should not.
var scraps = []string{
	"a", "word", " ", "  ", "\n", "\n\n", "\t", "\u00a0", "\u200b", "<b>", "</b>", "<p>", "</p>", "<br>", "<ul>", "</ul>", "<ol>", "<li>", "</li>",
	"&amp;", "&lt;", "&nbsp;", "&", ";", "<", ">", "/", "!--", "-->", "<script>", "</script>", "<title>", "<pre>", "</pre>", "- ", "1. ", "é", "e\u0301", "🙂", "'", "\"",
	`<a href="https://example.com">`, "</a>", "<x:y>", "<name>", "[x]", "\r\n", "\x00", "\xff", "<input type=checkbox>", "<td>", "(1/3)", "↪", "[From Salesforce]", "\u0338",
}

func drawText(t *rapid.T) string {
	if rapid.Bool().Draw(t, "any") {
		return rapid.String().Draw(t, "text")
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(scraps), 0, 40).Draw(t, "scraps"), "")
}

func checkRoundTrips(t interface{ Fatalf(string, ...any) }, raw string) {
	for name, canonical := range map[string]func(string) string{
		"plain": record.PlainText, "HTML": record.HTMLText, "either": record.MarkupText,
	} {
		text := canonical(raw)
		if !utf8.ValidString(text) {
			t.Fatalf("%s: %q became invalid UTF-8", name, raw)
		}
		if again := record.PlainText(text); again != text {
			t.Fatalf("%s: %q is not canonical: again it is %q", name, text, again)
		}
		if back := record.HTMLText(record.NoteHTML(text)); back != text {
			t.Fatalf("%s: %q came back from Salesforce as %q", name, text, back)
		}
		if back := record.MarkupText(record.Markup(text)); back != text {
			t.Fatalf("%s: %q came back from GoHighLevel as %q", name, text, back)
		}
	}
}

func TestATextNeitherGrowsNorShrinksOnItsWayThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkRoundTrips(t, drawText(t)) })
}

func FuzzRichText(f *testing.F) {
	f.Add(strings.Join(scraps, ""))
	for _, scrap := range scraps {
		f.Add(scrap)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkRoundTrips(t, raw) })
}
