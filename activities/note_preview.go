package activities

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// notePreview stands, in the base of an enhanced note, for how the text begins that was last written to Salesforce: what the
// note says takes a call to read, and how it begins every poll shows. It is no field of a note. Bases are stored: never
// rename it.
const notePreview record.Field = "note_preview"

const (
	// previewLetters is how many letters and digits of a note are compared: of so many a preview tells surely.
	previewLetters = 80
	// wholePreview is how long a preview may be, in UTF-16 units, that cannot have been cut off; Salesforce shows up to 255.
	wholePreview = 200
)

// foresee notes in a base how a note will begin that is about to be written; the base stays as it is where the document has
// no text of a note.
func (c *Connection) foresee(next reconcile.Base, sent crm.Document) {
	encoded, given := sent["Content"].(string)
	content, err := base64.StdEncoding.DecodeString(encoded)
	if !given || err != nil || next == nil {
		return
	}
	next[notePreview] = reconcile.Agreed{Salesforce: c.previewSums(lettersOf(record.MarkupText(string(content))))}
}

func (c *Connection) previewSums(letters string) []uint64 {
	begins := []rune(letters)
	return c.Fingerprints.Value(notePreview, record.Scalar(string(begins[:min(len(begins), previewLetters)])))
}

// beginsAsSent tells whether a note begins as it was written last; known is false where that is not known, or where the
// preview does not tell.
func (c *Connection) beginsAsSent(preview string, k record.KnownRecord) (same, known bool) {
	base, err := reconcile.DecodeBase(k.Base)
	sent, kept := base[notePreview]
	letters := lettersOf(preview)
	cut := len(utf16.Encode([]rune(preview))) > wholePreview
	if err != nil || !kept || cut && utf8.RuneCountInString(letters) < previewLetters {
		return false, false
	}
	return slices.Equal(c.previewSums(letters), sent.Salesforce), true
}

// outdated forgets how a note begins where what it says in Salesforce is not what was written there any more.
func outdated(next, before reconcile.Base) {
	if !slices.Equal(next[record.Body].Salesforce, before[record.Body].Salesforce) {
		delete(next, notePreview)
	}
}

// lettersOf returns a text without what a vendor does to its spaces and signs.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFC.String(text))
}
