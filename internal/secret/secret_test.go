package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tandem-sync/tandem/internal/secret"
)

const canary = "canary-7f3a"

// holder keeps a secret where fmt asks no method.
type holder struct {
	hidden secret.Text
	Shown  secret.Text
}

func TestNothingThatPrintsShowsASecret(t *testing.T) {
	text := secret.New(canary)
	values := []any{text, &text, holder{text, text}, &holder{text, text}, []secret.Text{text}, map[string]secret.Text{"token": text}}
	var printed bytes.Buffer
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10.3s"} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
		fmt.Fprintln(&printed, errors.New(fmt.Sprint(value)), fmt.Errorf("failed with %v", value))
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		printed.Write(encoded)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("a line", "value", value)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("a line", "value", value)
		encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
		log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&printed), zapcore.DebugLevel))
		log.Info("a line", zap.Any("value", value), zap.Reflect("reflected", value))
		log.Sugar().Infow("a line", "value", value)
	}
	encoded, err := json.Marshal(map[secret.Text]int{text: 1})
	require.NoError(t, err)
	printed.Write(encoded)
	require.NotContains(t, printed.String(), canary)
	require.NotContains(t, printed.String(), fmt.Sprintf("%x", canary))
	require.NotContains(t, printed.String(), fmt.Sprintf("%X", canary))
	require.Contains(t, printed.String(), "[withheld]")
	require.Equal(t, canary, text.Reveal(), "it is still there for whoever asks")
}

func TestASecretIsToldFromAnotherAndAnEmptyOneIsNobodys(t *testing.T) {
	require.True(t, secret.New(canary).Is(canary))
	require.False(t, secret.New(canary).Is(canary+"x"))
	require.False(t, secret.New(canary).Is(""))
	require.False(t, secret.New("").Is(""))
	require.True(t, secret.New("").Empty())
	require.Empty(t, fmt.Sprint(secret.Text{}))
}
