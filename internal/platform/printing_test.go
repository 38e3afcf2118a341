package platform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/secret"
)

func TestWhatHoldsCustomersDataOrATokenPrintsNoneOfIt(t *testing.T) {
	const canary = "Quxzelda"
	contact := record.Record{
		Side: record.GoHighLevel, Kind: record.Contact, ID: "c1", Fields: record.Fields{record.FirstName: {canary}, record.Tags: {canary, "b"}},
		Aliases: record.Aliases{Emails: []string{canary}}, Author: canary, Envelope: &record.Envelope{Author: canary, Title: canary},
	}
	for name, value := range map[string]any{
		"record": contact, "fields": contact.Fields, "value": contact.Fields[record.FirstName], "aliases": contact.Aliases, "envelope": *contact.Envelope,
		"document": crm.Document{"firstName": canary}, "token": crm.Token{Access: canary}, "secret": secret.New(canary),
		"many": []record.Record{contact}, "deep": struct{ Held map[string]crm.Document }{map[string]crm.Document{"a": {"b": canary}}},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		fmt.Fprintln(&out, fmt.Errorf("refused: %v", value))
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		require.NotContains(t, out.String(), canary, name)
		require.NotContains(t, out.String(), fmt.Sprintf("%x", canary), name)
		if name == "many" || name == "deep" {
			continue // encoders of logs take these for JSON, which is for what is sealed
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
		zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zapcore.DebugLevel)).
			Info("x", zap.Any("value", value))
		require.NotContains(t, out.String(), canary, name)
	}
	stored, err := json.Marshal(contact.Fields)
	require.NoError(t, err)
	require.Contains(t, string(stored), canary, "what is sealed is whole")
}
