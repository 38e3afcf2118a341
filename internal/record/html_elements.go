package record

import (
	"html"
	"regexp"
	"strings"
)

// How an element shapes the text that stands in it.
type elementShape int

const (
	inlineElement elementShape = iota + 1
	blockElement               // stands on lines of its own
	hiddenElement              // its content is no text; the tokenizer hands it over in one piece
)

// elementShapes holds every element of HTML that notes and descriptions have. Whatever else looks like a tag is text:
// people write <name> and <ada@example.com>.
var elementShapes = func() map[string]elementShape {
	out := map[string]elementShape{}
	for shape, names := range map[elementShape]string{
		inlineElement: `a abbr acronym audio b bdi bdo big br button canvas center cite code data del dfn em embed font hr i img
			input ins kbd label map area mark meter object output param picture progress q rp rt ruby s samp select option
			optgroup datalist small source span strike strong sub sup svg td template textarea th time title tt u var video wbr`,
		blockElement: `address article aside blockquote body caption dd details dialog dir div dl dt fieldset figcaption figure
			footer form h1 h2 h3 h4 h5 h6 header hgroup html legend li main menu nav ol p pre search section summary table tbody
			tfoot thead tr ul col colgroup head link meta base`,
		hiddenElement: `script style iframe noembed noframes noscript`,
	} {
		for _, name := range strings.Fields(names) {
			out[name] = shape
		}
	}
	return out
}()

var (
	entityPattern  = regexp.MustCompile(`&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)
	tagPattern     = regexp.MustCompile(`</?([A-Za-z][A-Za-z0-9]*)(\s[^<>]*|/)?>`)
	commentPattern = regexp.MustCompile(`<!--|<!(?i:doctype)`)
	// namespaced names are those of word processors and web components: tags of no element, but tags.
	namespaced = regexp.MustCompile(`^[a-z][a-z0-9]*[:-][a-z0-9:-]*[a-z0-9]$`)
)

// looksLikeHTML tells whether a text has an element of HTML, an entity or a comment in it.
func looksLikeHTML(s string) bool {
	return found(tagPattern, s, func(name string) bool { return elementShapes[strings.ToLower(name)] != 0 }) ||
		found(entityPattern, s, func(name string) bool {
			entity := "&" + name + ";"
			return html.UnescapeString(entity) != entity
		}) ||
		commentPattern.MatchString(s)
}

// found tells whether the first group of any match is a name that is known.
func found(pattern *regexp.Regexp, s string, known func(name string) bool) bool {
	for {
		at := pattern.FindStringSubmatchIndex(s)
		if at == nil {
			return false
		}
		if known(s[at[2]:at[3]]) {
			return true
		}
		s = s[at[1]:]
	}
}
