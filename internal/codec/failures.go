package codec

import (
	"errors"

	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// TypeErased is the type of the error that a payload cannot be read because its key was destroyed. It is recorded in
// histories: never rename it.
const TypeErased = "Erased"

// erased is final: a key that was destroyed does not come back.
func erased(cause error) error {
	return temporal.NewNonRetryableApplicationError("what Temporal kept of this connection was erased with its key", TypeErased, cause)
}

// failures converts errors with their messages, stack traces and details encrypted. Their types stay readable.
type failures struct {
	data converter.DataConverter
}

var (
	_ converter.FailureConverter                         = failures{}
	_ converter.FailureConverterWithSerializationContext = failures{}
)

func (f failures) WithSerializationContext(of converter.SerializationContext) converter.FailureConverter {
	return failures{data: converter.WithDataConverterSerializationContext(f.data, of)}
}

func (f failures) encrypting() converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: f.data, EncodeCommonAttributes: true})
}

// ErrorToFailure never fails: whoever reports an error has nobody to report another one to. Where nothing can be encrypted
// only the types of the errors remain.
func (f failures) ErrorToFailure(err error) (out *failurepb.Failure) {
	if err == nil {
		return nil
	}
	err = outermost(err)
	defer func() {
		if recover() != nil {
			out = bare(temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{}).ErrorToFailure(err))
		}
	}()
	return f.encrypting().ErrorToFailure(err)
}

// FailureToError leaves messages out that cannot be decrypted.
func (f failures) FailureToError(failure *failurepb.Failure) error {
	return f.encrypting().FailureToError(failure)
}

// outermost returns an erasure that the SDK has wrapped, which would make it one of the errors that are tried again.
func outermost(err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == TypeErased && !temporalOwn(err) {
		return app
	}
	return err
}

func temporalOwn(err error) bool {
	switch err.(type) {
	case *temporal.ApplicationError, *temporal.ActivityError, *temporal.ChildWorkflowExecutionError, *temporal.CanceledError,
		*temporal.TimeoutError, *temporal.TerminatedError, *temporal.PanicError, *temporal.ServerError:
		return true
	default:
		return false
	}
}

// bare returns a failure with nothing but what kind of failure it is.
func bare(of *failurepb.Failure) *failurepb.Failure {
	f := proto.Clone(of).(*failurepb.Failure) // it may be one that was received
	for at := f; at != nil; at = at.GetCause() {
		at.Message, at.StackTrace, at.EncodedAttributes = "Encoded failure", "", nil
		if info := at.GetApplicationFailureInfo(); info != nil {
			info.Details = nil
		}
		if info := at.GetCanceledFailureInfo(); info != nil {
			info.Details = nil
		}
		if info := at.GetTimeoutFailureInfo(); info != nil {
			info.LastHeartbeatDetails = nil
		}
	}
	return f
}
