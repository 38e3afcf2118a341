// Package secret holds values that must never be shown: tokens, passwords, what a customer wrote. Whatever prints one,
// by fmt, JSON, slog or zap, on its own or deep in another value, prints that it is withheld. It is shown only by Reveal,
// which is easy to look for.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// withheld is what is printed instead of a secret; nothing is printed for an empty one, so that it can be told that it is
// missing.
const withheld = "[withheld]"

// Text is a text that is never shown. The zero value is empty. It is safe to copy.
type Text struct {
	// A pointer, since fmt reads the unexported fields of the values around this one without asking Format, and prints no
	// more than the address of a pointer that it meets there.
	value *string
}

// New withholds a text.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{value: &text}
}

// Reveal returns the text itself, for the one place that has to send or seal it.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// Empty tells whether there is nothing to withhold.
func (t Text) Empty() bool { return t.value == nil }

// Is tells whether a text that somebody presents is this one, in a time that tells nothing of either. An empty secret is
// nobody's.
func (t Text) Is(presented string) bool {
	want, have := sha256.Sum256([]byte(t.Reveal())), sha256.Sum256([]byte(presented))
	return subtle.ConstantTimeCompare(want[:], have[:]) == 1 && !t.Empty()
}

// String returns that the text is withheld, or "" where it is empty.
func (t Text) String() string {
	if t.Empty() {
		return ""
	}
	return withheld
}

// GoString is String.
func (t Text) GoString() string { return t.String() }

// Format prints String for every verb, since verbs other than those for text would print the field.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// MarshalText encodes String: a secret is not encoded by accident. What has to be stored is sealed.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue gives slog String.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }
