package salesforcetest

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheOrgRewritesANotesHTML(t *testing.T) {
	for sent, kept := range map[string]string{
		"<p>Hello</p>":                          "<p>Hello</p>\n",
		"plain":                                 "<p>plain</p>\n",
		"one<br>two<BR/>three":                  "<p>one<br>two<br>three</p>\n",
		"one\r\ntwo":                            "<p>one  two</p>\n",
		"<p>a</p>\n\n<p>b</p>":                  "<p>a</p>\n<p>b</p>\n",
		"<ul>\n<li>a</li>\n<li>b\n</ul>tail":    "<ul><li>a</li><li>b </li></ul>\n<p>tail</p>\n",
		"<b>bold <i>both</b> rest":              "<p><b>bold <i>both</i></b> rest</p>\n",
		"<p>a<p>b":                              "<p>a</p>\n<p>b</p>\n",
		"It&#39;s &quot;5 &lt; 6&quot; &amp; x": "<p>It&#39;s &quot;5 &lt; 6&quot; &amp; x</p>\n",
		`<p class="x" onclick="y">a</p>`:        "<p>a</p>\n",
		`<a href="https://x.co/?a=1&amp;b=2" target="_blank">x</a>`: `<p><a href="https://x.co/?a=1&amp;b=2">x</a></p>` + "\n",
		`<a href="javascript:alert(1)">x</a>`:                       "<p><a>x</a></p>\n",
		`<img src="/sfc/servlet?id=1"><img src="//evil.co/x">`:      `<p><img src="/sfc/servlet?id=1"></p>` + "\n",
		"  ": "",
		"":   "",
	} {
		require.Equal(t, kept, rewritten(sent), sent)
		require.True(t, sent == "" || strings.Contains(sent, "&#39") || acceptable(sent), sent)
	}
	require.Equal(t, "<p>caf\u00e9&nbsp;x &lt;oops</p>\n", rewritten("caf&eacute;&nbsp;x <script><oops"), "people paste what the API would refuse")
}

func TestTheAPIRefusesWhatNotesCannotHold(t *testing.T) {
	for _, good := range []string{
		"caf\u00e9 \u4f60\u597d \U0001f600", "a &amp; b &lt; c &gt; d &quot;e&quot; &#39;f&#39;", "<P>a</P><br/><STRIKE>b</STRIKE>", "a\r\n\tb",
	} {
		require.True(t, acceptable(good), good)
	}
	for _, bad := range []string{
		"a & b", "a < b", "a > b", `say "x"`, "it's", "&eacute;", "&nbsp;", "&apos;", "&#233;", "<script>x</script>", "<div>x</div>",
		"<h1>x</h1>", "<!-- x -->", "<p", "a\x00b", "a\x07b", "\xff", "\u0085",
	} {
		require.False(t, acceptable(bad), "%q", bad)
	}
}

// Text that is escaped as the vendor asks comes back as the same text, however its HTML changed.
func TestEscapedTextSurvivesTheRewriting(t *testing.T) {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "\n", "<br>")
	back := strings.NewReplacer("<br>", "\n", "<p>", "", "</p>\n", "")
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[ -~\x{a0}-\x{2ff}\x{1f600}]*[!-~]`)).Draw(rt, "lines")
		text := strings.Join(lines, "\n")
		sent := escape.Replace(text)
		require.True(rt, acceptable(sent))
		require.Equal(rt, text, html.UnescapeString(back.Replace(rewritten(sent))))
	})
}

func TestAPreviewIsTheBeginningOfTheText(t *testing.T) {
	require.Equal(t, "a b & c", preview("<p>a<br>b</p>\n<p>&amp;&nbsp;c</p>\n"))
	require.Equal(t, strings.Repeat("\U0001f600", 127), preview(strings.Repeat("\U0001f600", 200)))
}

var keptTag = regexp.MustCompile(`^</?(p|b|i|u|strike|ul|ol|li|br|a|a href="(https?://|mailto:)[^\s"'<>]+"|img src="/[^\s"'<>]+")>$`)

func FuzzNoteHTML(f *testing.F) {
	for _, s := range []string{
		"<p>a</p>", "<ul><li>a<li>b</ul>", "<b><p>x</b></p>", "</p></ul></li>", "<a href='https://x.co'>y", "<img src=\"/x\">", "&amp;&nbsp;&#0;&#xd800;",
		"<p><ul><li><ol><li><p>deep", "<", "<<p>>", "<br", "a\x00\xffb", "<a href=\"https://x.co/&quot;\">",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		acceptable(s)
		once := rewritten(s)
		if twice := rewritten(once); twice != once {
			t.Fatalf("rewriting again changes %q to %q", once, twice)
		}
		for _, tag := range anyTag.FindAllString(once, -1) {
			if !keptTag.MatchString(tag) {
				t.Fatalf("%q keeps %q", once, tag)
			}
		}
		if units := len([]rune(preview(once))); units > previewLength {
			t.Fatalf("a preview of %d characters", units)
		}
	})
}
