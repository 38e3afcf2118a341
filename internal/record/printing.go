package record

import (
	"fmt"
	"io"
	"log/slog"
)

// What customers wrote is never printed: fmt, slog and zap meet the methods below, whatever the verb. JSON still holds it,
// since that is what is sealed and stored.

// String tells how much there is of a value, and not what it is.
func (v Value) String() string {
	switch len(v) {
	case 0:
		return "[empty]"
	case 1:
		return "[withheld]"
	default:
		return fmt.Sprintf("[%d withheld]", len(v))
	}
}

// GoString is String.
func (v Value) GoString() string { return v.String() }

// Format prints String for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue gives slog String.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// String tells which fields there are, and not what is in them.
func (f Fields) String() string { return fmt.Sprint(map[Field]Value(f)) }

// Format prints String for every verb.
func (f Fields) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// LogValue gives slog String.
func (f Fields) LogValue() slog.Value { return slog.StringValue(f.String()) }

// String tells which record it is, and not what is in it.
func (r Record) String() string {
	return fmt.Sprintf("%s %s in %s with %d fields", r.Kind, r.ID, r.Side, len(r.Fields))
}

// GoString is String.
func (r Record) GoString() string { return r.String() }

// Format prints String for every verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue gives slog String.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String tells how many there are.
func (a Aliases) String() string {
	return fmt.Sprintf("%d more e-mail addresses, %d more phones", len(a.Emails), len(a.Phones))
}

// Format prints String for every verb.
func (a Aliases) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue gives slog String.
func (a Aliases) LogValue() slog.Value { return slog.StringValue(a.String()) }

// String tells which part it is of.
func (e Envelope) String() string {
	return fmt.Sprintf("envelope from %s, %d of %d", e.From, e.Part, e.Of)
}

// Format prints String for every verb.
func (e Envelope) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue gives slog String.
func (e Envelope) LogValue() slog.Value { return slog.StringValue(e.String()) }
