package assembly_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

// ring holds a key for whoever asks.
type ring []byte

func (r ring) PayloadKey(_ context.Context, connection string) (*vault.DataKey, error) {
	return vault.OpenDataKey(1, connection, r)
}

func newCodec(t *testing.T) *codec.Codec {
	t.Helper()
	key, err := vault.NewDataKey()
	require.NoError(t, err)
	return codec.New(codec.NewKeys(ring(key), codec.KeyLife), workflows.ConnectionOf)
}

// encrypted returns a history as it would be, had its connection been acme and its run encrypted.
func encrypted(t *testing.T, c *codec.Codec, h *history.History) *history.History {
	t.Helper()
	of := converter.WorkflowSerializationContext{WorkflowID: workflows.SyncChangesID("acme")}
	sealing := c.WithSerializationContext(of)
	require.NoError(t, proxy.VisitPayloads(t.Context(), h, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(ctx *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			if _, lane := ctx.Parent.(*common.Header); lane {
				return p, nil
			}
			return sealing.Encode(p)
		},
	}))
	require.NoError(t, proxy.VisitFailures(t.Context(), h, proxy.VisitFailuresOptions{
		Visitor: func(_ *proxy.VisitFailuresContext, f *failure.Failure) error {
			return converter.EncodeCommonFailureAttributes(converter.WithDataConverterSerializationContext(c.Converter(), of), f)
		},
	}))
	return h
}

// A run that began before anything was encrypted goes on, and one that is encrypted is replayed like any other.
func TestHistoriesReplayInClearAndEncrypted(t *testing.T) {
	files, err := filepath.Glob("../../workflows/testdata/histories/*/*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	c := newCodec(t)
	var options client.Options
	c.EncryptWork(&options)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableRegistrationAliasing: true, DisableDeadlockDetection: true, // a slow machine is no defect
		DataConverter: options.DataConverter, FailureConverter: options.FailureConverter,
	})
	require.NoError(t, err)
	workflows.Register(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	for _, file := range files {
		require.NoError(t, replayer.ReplayWorkflowHistory(quiet, read(t, file)), "%s in clear", file)
		require.NoError(t, replayer.ReplayWorkflowHistory(quiet, encrypted(t, c, read(t, file))), "%s encrypted", file)
	}
}

func read(t *testing.T, file string) *history.History {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	h, err := client.HistoryFromJSON(bytes.NewReader(content), client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}
