package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

// oneKey is a key for whoever asks.
type oneKey []byte

func (k oneKey) PayloadKey(_ context.Context, connection string) (*vault.DataKey, error) {
	return vault.OpenDataKey(1, connection, k)
}

func began(p *common.Payload) []*history.HistoryEvent {
	return []*history.HistoryEvent{{Attributes: &history.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &history.WorkflowExecutionStartedEventAttributes{Input: &common.Payloads{Payloads: []*common.Payload{p}}},
	}}}
}

func TestWithoutTheKeysItIsSaidWhatIsMissingAndNothingIsStarted(t *testing.T) {
	t.Setenv("TANDEM_DATA", t.TempDir()) // where no stack runs
	key, err := vault.NewDataKey()
	require.NoError(t, err)
	sealed, err := codec.New(codec.NewKeys(oneKey(key), 0), workflows.ConnectionOf).Converter().ToPayload(map[string]string{"message": "Ada was refused"})
	require.NoError(t, err)
	clear, err := converter.GetDefaultDataConverter().ToPayload(1)
	require.NoError(t, err)

	var told bytes.Buffer
	a := newApp(strings.NewReader(""), &told, &told, func(string) (string, bool) { return "", false })
	a.encrypt(&a.resolved)
	refused := &failure.Failure{Message: "a child failed", Cause: &failure.Failure{Message: "Encoded failure", EncodedAttributes: sealed}}
	for range 2 {
		a.reveal(refused)
	}
	require.Equal(t, "a child failed", refused.Message)
	require.Equal(t, "(encrypted)", refused.Cause.Message)
	require.Contains(t, told.String(), vault.EnvFile)
	require.Equal(t, 1, strings.Count(told.String(), "cannot be shown"))

	_, err = a.resolved.DataConverter.ToPayload(1)
	require.ErrorContains(t, err, vault.EnvFile)
	require.ErrorContains(t, a.legible(began(sealed)), vault.EnvFile)
	require.NoError(t, a.legible(began(clear)), "what an earlier version wrote needs no key")
}
