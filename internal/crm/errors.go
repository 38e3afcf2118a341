// Package crm holds what the clients of both CRMs promise: the endpoints, the documents that pass through them,
// and the ways in which a call can fail. It knows no vendor's wire.
package crm

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// Kind says how a call failed. The values are recorded in Temporal histories as error types: never rename one.
type Kind string

// The ways to fail. Each belongs to exactly one Class.
const (
	// Unavailable: the vendor or the way to it is down: 5xx, an HTML page, a refused or reset connection, a time-out
	// of a call that changes nothing.
	Unavailable Kind = "Unavailable"
	// Ambiguous: a call that changes something died after it was sent; it may or may not have been carried out.
	// Whoever repeats it must look first (settle).
	Ambiguous Kind = "Ambiguous"
	// Busy: the record is locked by somebody else's transaction; soon over.
	Busy Kind = "Busy"
	// RateLimited: an allowance is used up; RetryAfter says for how long, where the vendor says it.
	RateLimited Kind = "RateLimited"
	// NeedsReconnect: the grant is revoked, spent or expired; a person must connect again.
	NeedsReconnect Kind = "NeedsReconnect"
	// NeedsAccess: a scope, permission, edition or field-level security stands in the way; a person must grant it.
	NeedsAccess Kind = "NeedsAccess"
	// Rejected: the vendor refuses this record by a rule its owner set (validation rule, picklist, required field,
	// bad address); a person must mend the record or the rule.
	Rejected Kind = "Rejected"
	// Duplicate: the vendor holds this record already; ExistingID names it where it says so.
	Duplicate Kind = "Duplicate"
	// MultipleMatches: an external id fits several records; a person must merge them.
	MultipleMatches Kind = "MultipleMatches"
	// NotFound: no such record, or none that this user may see.
	NotFound Kind = "NotFound"
	// Invalid: the request itself is malformed; repeating it cannot help. A defect of Tandem or of its rules.
	Invalid Kind = "Invalid"
)

// Class is what to do about a Kind.
type Class string

// The four classes.
const (
	Retry  Class = "retry"  // repeat with backoff
	Wait   Class = "wait"   // repeat after a known time
	Person Class = "person" // needs a person, then repeat
	Never  Class = "never"  // repeating cannot help
)

// Class returns what to do about the kind. An unknown kind needs a person.
func (k Kind) Class() Class {
	switch k {
	case Unavailable, Ambiguous, Busy:
		return Retry
	case RateLimited:
		return Wait
	case Invalid, NotFound:
		return Never
	default:
		return Person
	}
}

// Error is the one error type of both clients. Its text holds no customer data and no token: Reason is Tandem's own
// words, Code and Fields are the vendor's identifiers.
type Error struct {
	Side      record.Side
	Operation string // the endpoint, as "GET /contacts/{id}"
	Kind      Kind
	Status    int    // HTTP status, 0 when there was none
	Code      string // the vendor's error code, "" when it has none
	Fields    []string
	Reason    string
	// ExistingID is the record that stands in the way of a Duplicate, "" when the vendor does not name it.
	ExistingID string
	RetryAfter time.Duration // 0 when the vendor does not say
	TraceID    string        // the vendor's trace id for support, "" when it has none
	Cause      error         // a transport failure, already free of URLs' queries and credentials; may be nil
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s: %s", e.Side, e.Operation, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.Status)
		if e.Code != "" {
			fmt.Fprintf(&b, ", %s", e.Code)
		}
		b.WriteByte(')')
	} else if e.Code != "" {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, ": %s", e.Reason)
	}
	if len(e.Fields) > 0 {
		fmt.Fprintf(&b, " [%s]", strings.Join(e.Fields, ", "))
	}
	if e.TraceID != "" {
		fmt.Fprintf(&b, " trace %s", e.TraceID)
	}
	return b.String()
}

// Unwrap returns the transport failure, if there was one.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first *Error in err's chain, "" when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
