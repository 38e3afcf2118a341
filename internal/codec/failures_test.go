package codec

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

func (w *world) failuresIn(connection string) converter.FailureConverter {
	return converter.WithFailureConverterSerializationContext(failures{data: w.Converter()}, converter.WorkflowSerializationContext{WorkflowID: "run/" + connection})
}

func TestAFailureShowsItsKindAndNothingElse(t *testing.T) {
	w := newWorld(t, 0)
	cause := errors.New("because of Charles")
	f := w.failuresIn("acme").ErrorToFailure(temporal.NewNonRetryableApplicationError("no Ada here", "not_found", cause, map[string]string{"who": "Ada"}))
	require.NotContains(t, f.String(), "Ada")
	require.NotContains(t, f.String(), "Charles")
	require.Equal(t, "not_found", f.GetApplicationFailureInfo().GetType())
	require.True(t, f.GetApplicationFailureInfo().GetNonRetryable())
	require.Equal(t, "acme", string(f.GetEncodedAttributes().GetMetadata()[metaConnection]))

	err := w.failuresIn("acme").FailureToError(f)
	require.EqualError(t, err, "no Ada here (type: not_found, retryable: false): because of Charles")
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	var who map[string]string
	require.NoError(t, app.Details(&who))
	require.Equal(t, "Ada", who["who"])
}

// Whoever reports a failure has nobody to report another one to.
func TestWithoutAKeyAFailureKeepsOnlyItsKind(t *testing.T) {
	w := newWorld(t, 0)
	w.forget("acme")
	f := w.failuresIn("acme").ErrorToFailure(temporal.NewNonRetryableApplicationError("no Ada here", "not_found", errors.New("Charles"), "Ada"))
	require.NotContains(t, f.String(), "Ada")
	require.NotContains(t, f.String(), "Charles")
	require.Equal(t, "not_found", f.GetApplicationFailureInfo().GetType())
	require.True(t, f.GetApplicationFailureInfo().GetNonRetryable())
	require.Nil(t, w.failuresIn("acme").ErrorToFailure(nil))

	w.add(t, "acme")
	received := w.failuresIn("acme").ErrorToFailure(errors.New("Ada"))
	err := w.failuresIn("acme").FailureToError(proto.Clone(received).(*failure.Failure)) // it is decrypted in place
	w.forget("acme")
	require.NotContains(t, w.failuresIn("acme").FailureToError(received).Error(), "Ada")
	require.NotContains(t, w.failuresIn("acme").ErrorToFailure(err).String(), "Ada")
}

// The SDK wraps what a converter fails with, and what is wrapped is tried again.
func TestAnErasureIsNeverTriedAgain(t *testing.T) {
	w := newWorld(t, 0)
	w.forget("acme")
	_, err := w.in("acme").ToPayload("x")
	f := w.failuresIn("acme").ErrorToFailure(fmt.Errorf("unable to decode the activity function input: %w", err))
	require.Equal(t, "Erased", f.GetApplicationFailureInfo().GetType())
	require.True(t, f.GetApplicationFailureInfo().GetNonRetryable())
}
