package salesforce

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
)

// missingField corrects the refusal of an upsert: NOT_FOUND means there that the field, not the record, is missing.
func missingField(err error, field string) error {
	var e *crm.Error
	if errors.As(err, &e) && e.Code == "NOT_FOUND" {
		e.Kind, e.Reason, e.Fields = crm.NeedsAccess, reasonField, []string{identifier(field)}
	}
	return err
}

func (r request) fail(kind crm.Kind, reason string) *crm.Error {
	return &crm.Error{Side: record.Salesforce, Operation: r.operation, Kind: kind, Reason: reason}
}

// notSent is the failure of a call that never left. An error that has a kind already keeps it.
func (r request) notSent(reason string, err error) error {
	if crm.KindOf(err) != "" {
		return err
	}
	e := r.fail(crm.Unavailable, reason)
	e.Cause = safeCause(err)
	return e
}

// lost is the failure of a call whose answer did not arrive whole.
func (r request) lost(err error) *crm.Error {
	var refused *outbound.Refused
	if errors.As(err, &refused) {
		return r.fail(crm.NeedsReconnect, refused.Reason)
	}
	e := r.fail(crm.Unavailable, reasonDown)
	if r.creates && !neverConnected(err) {
		e = r.fail(crm.Ambiguous, reasonAmbiguous)
	}
	e.Cause = safeCause(err)
	return e
}

// unreadable is the failure of a call that succeeded with an answer nobody can use.
func (r request) unreadable(status int) *crm.Error {
	e := r.fail(crm.Unavailable, "the answer cannot be read")
	if r.creates {
		e = r.fail(crm.Ambiguous, reasonAmbiguous)
	}
	e.Status = status
	return e
}

func (r request) tooLarge(status int) *crm.Error {
	e := r.unreadable(status)
	switch {
	case r.blob:
		e.Kind, e.Reason = crm.Rejected, "the content is longer than Tandem takes"
	case !r.creates:
		e.Kind, e.Reason = crm.Invalid, "the answer is larger than Tandem takes; ask for less at a time"
	}
	return e
}

// neverConnected tells whether the call failed before a byte of it could be sent.
func neverConnected(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &lookup) || errors.As(err, &certificate)
}

// safeCause keeps of a failure what can hold neither an address's query, nor a token, nor a vendor's text.
func safeCause(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	for _, plain := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return certificate
	}
	return fmt.Errorf("%T", err)
}
