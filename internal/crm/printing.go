package crm

import (
	"fmt"
	"io"
	"log/slog"
)

// What a vendor's document holds and what a token is are never printed: fmt, slog and zap meet the methods below, whatever
// the verb. JSON still holds a document, since that is what is sent.

// String tells how many properties there are, and not what is in them.
func (d Document) String() string { return fmt.Sprintf("document of %d properties", len(d)) }

// GoString is String.
func (d Document) GoString() string { return d.String() }

// Format prints String for every verb.
func (d Document) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue gives slog String.
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String tells where the token is good for.
func (t Token) String() string { return fmt.Sprintf("token (%s)", t.InstanceURL) }

// GoString is String.
func (t Token) GoString() string { return t.String() }

// Format prints String for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue gives slog String.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText keeps the token out of every encoding: it is never stored.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
