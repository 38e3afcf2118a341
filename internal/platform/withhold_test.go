package platform

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

const planted = "Quxzelda"

// netted is a logger as NewLogger makes it, and bare one without the net, to show that the net is what holds.
func loggers(out *bytes.Buffer) (netted, bare *zap.Logger) {
	config := zap.NewProductionEncoderConfig()
	bare = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(config), zapcore.AddSync(out), zapcore.DebugLevel))
	config.NewReflectedEncoder = withheldStructures
	netted = zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(config), zapcore.AddSync(out), zapcore.DebugLevel), zap.WrapCore(Withhold))
	return netted, bare
}

// person logs itself carelessly.
type person struct{ Email string }

func (p person) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("email", p.Email)
	enc.AddInt("age", 42)
	return nil
}

type people []person

func (p people) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for _, one := range p {
		if err := enc.AppendObject(one); err != nil {
			return err
		}
	}
	return nil
}

func TestWhatAFieldsNameGivesAwayIsWithheldWhateverItsValue(t *testing.T) {
	for name, field := range map[string]zap.Field{
		"token": zap.String("access_token", planted), "camel case": zap.String("refreshToken", planted), "header": zap.String("Authorization", planted),
		"with a dash": zap.String("x-api-key", planted), "bytes": zap.ByteString("body", []byte(planted)), "many": zap.Strings("emails", []string{planted}),
		"stringer": zap.Stringer("phone", bytes.NewBufferString(planted)), "an error": zap.NamedError("password", errors.New(planted)),
		"an object": zap.Object("person", person{planted}), "inline": zap.Inline(person{planted}), "objects": zap.Array("people", people{{planted}}),
		"a dictionary": zap.Dict("about", zap.Dict("deep", zap.String("phone_number", planted))),
		"a structure":  zap.Any("contact", map[string]string{"anything": planted}), "a structure by reflection": zap.Reflect("held", person{planted}),
		"in a slice": zap.Any("held", []any{planted, person{planted}}),
	} {
		var out bytes.Buffer
		netted, bare := loggers(&out)
		netted.Info("a line", field)
		netted.With(field).Info("a line")
		netted.Named("below").With(zap.Namespace("deep")).Info("a line", field)
		require.NotContains(t, out.String(), planted, name)
		require.Equal(t, 3, strings.Count(out.String(), "[withheld"), "%s: %s", name, out.String())
		bare.Info("a line", field)
		require.Contains(t, out.String(), planted, "%s is nothing that would be logged anyway", name)
	}
}

func TestWhatIsDeepInAStructureIsNotLogged(t *testing.T) {
	contact := record.Record{Fields: record.Fields{record.FirstName: {planted}}}
	for name, value := range map[string]any{
		"records": []record.Record{contact}, "documents": struct{ Held map[string]crm.Document }{map[string]crm.Document{"a": {"b": planted}}},
	} {
		var out bytes.Buffer
		netted, bare := loggers(&out)
		netted.Info("a line", zap.Any("value", value), zap.Reflect("again", value))
		slog.New(zapslog.NewHandler(netted.Core())).Info("a line", "value", value, slog.Group("group", "value", value, "email", planted))
		require.NotContains(t, out.String(), planted, name)
		bare.Info("a line", zap.Any("value", value))
		require.Contains(t, out.String(), planted, "%s hold nothing", name)
	}
}

func TestACredentialDeepInAnythingShowsNoSecretWhoeverEncodesIt(t *testing.T) {
	c := oauth.Credential{Side: record.Salesforce, AccessToken: planted, RefreshToken: planted, ClientSecret: planted}
	var out bytes.Buffer
	_, bare := loggers(&out)
	held := struct {
		One  oauth.Credential
		Many []*oauth.Credential
	}{c, []*oauth.Credential{&c}}
	bare.Info("a line", zap.Any("held", held), zap.Reflect("held", map[string]any{"a": c}))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("a line", "held", held)
	require.NotContains(t, out.String(), planted)
	stored, err := c.Encode()
	require.NoError(t, err)
	require.Contains(t, string(stored), planted, "what is sealed is whole")
}

func TestWhatIsHarmlessIsLoggedAsItIs(t *testing.T) {
	var out bytes.Buffer
	netted, _ := loggers(&out)
	netted.Info("a line", zap.String("connection", "acme"), zap.Int("Attempt", 3), zap.Duration("took", time.Second), zap.Error(errors.New("it failed")),
		zap.Strings("kinds", []string{"contact"}), zap.Dict("run", zap.String("WorkflowID", "sync/acme"), zap.Ints("codes of it", []int{429})), zap.Any("count", 7))
	require.NotContains(t, out.String(), "withheld")
	for _, part := range []string{`"connection":"acme"`, `"Attempt":3`, `"took":1`, `"error":"it failed"`, `"kinds":["contact"]`, `"WorkflowID":"sync/acme"`, `"codes of it":[429]`, `"count":7`} {
		require.Contains(t, out.String(), part)
	}
}
