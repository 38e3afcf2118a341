package codec

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/tandem-sync/tandem/internal/vault"
)

func TestWhatIsEncryptedComesBackAndNamesItsConnectionAndKeyInClear(t *testing.T) {
	w := newWorld(t, 0)
	p := w.encrypt(t, "acme", "Ada Lovelace")
	require.NotContains(t, p.String(), "Ada")
	require.NotContains(t, p.String(), "json", "how it was written is not for everybody either")
	require.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted"), "tandem-connection": []byte("acme"), "tandem-key": []byte("2")}, p.Metadata)
	require.NotEqual(t, p.Data, w.encrypt(t, "acme", "Ada Lovelace").Data)
	var text string
	require.NoError(t, w.in("acme").FromPayload(p, &text))
	require.Equal(t, "Ada Lovelace", text)
	require.NoError(t, w.Converter().FromPayload(p, &text), "whoever reads without knowing the run, as the Web UI does")

	house := w.encrypt(t, "", "counters")
	require.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted"), "tandem-key": []byte("1")}, house.Metadata)
	require.NoError(t, w.in("acme").FromPayload(house, &text))
	require.Equal(t, "counters", text)
}

func TestAnActivityEncryptsUnderTheConnectionOfItsWorkflow(t *testing.T) {
	w := newWorld(t, 0)
	p, err := converter.WithDataConverterSerializationContext(w.Converter(), converter.ActivitySerializationContext{WorkflowID: "run/bare"}).ToPayload(1)
	require.NoError(t, err)
	require.Equal(t, "bare", string(p.Metadata["tandem-connection"]))
}

func TestNothingThatIsEncryptedIsEncryptedTwice(t *testing.T) {
	w := newWorld(t, 0)
	p := w.encrypt(t, "acme", "x")
	again, err := w.Encode([]*common.Payload{p})
	require.NoError(t, err)
	require.True(t, proto.Equal(p, again[0]))
}

func TestPayloadsOfEarlierVersionsAreReadAsTheyAre(t *testing.T) {
	w := newWorld(t, 0)
	w.down = errDown
	clear, err := converter.GetDefaultDataConverter().ToPayload("Ada")
	require.NoError(t, err)
	var text string
	require.NoError(t, w.in("acme").FromPayload(clear, &text))
	require.Equal(t, "Ada", text)
}

func TestWhatWasTamperedWithOrMovedIsRefused(t *testing.T) {
	w := newWorld(t, 0)
	var text string
	for what, tamper := range map[string]func(p *common.Payload){
		"a bit of it":            func(p *common.Payload) { p.Data[len(p.Data)/2] ^= 1 },
		"its end":                func(p *common.Payload) { p.Data = p.Data[:len(p.Data)-1] },
		"all of it":              func(p *common.Payload) { p.Data = nil },
		"the connection":         func(p *common.Payload) { p.Metadata[metaConnection] = []byte("bare") },
		"the connection and key": func(p *common.Payload) { p.Metadata[metaConnection], p.Metadata[metaKey] = []byte("bare"), []byte("3") },
		"given to the house":     func(p *common.Payload) { delete(p.Metadata, metaConnection); p.Metadata[metaKey] = []byte("1") },
		"without a key":          func(p *common.Payload) { delete(p.Metadata, metaKey) },
	} {
		p := w.encrypt(t, "acme", "x")
		tamper(p)
		require.Error(t, w.Converter().FromPayload(p, &text), what)
	}
	// A whole payload, put into another connection's history.
	require.ErrorIs(t, w.in("bare").FromPayload(w.encrypt(t, "acme", "x"), &text), vault.ErrDoesNotOpen)
	require.Empty(t, text)
}

func TestAForgottenKeyIsFinalForWhatWasAndForWhatWouldBe(t *testing.T) {
	w := newWorld(t, time.Minute)
	p := w.encrypt(t, "acme", "x")
	w.forget("acme")
	var text string
	require.NoError(t, w.in("acme").FromPayload(p, &text), "a key is taken as read for a while")
	w.clock = w.clock.Add(time.Minute)
	_, encoding := w.in("acme").ToPayload("y")
	for _, err := range []error{w.in("acme").FromPayload(p, &text), encoding} {
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, "Erased", app.Type())
		require.True(t, app.NonRetryable())
		require.ErrorIs(t, err, vault.ErrErased)
	}
	require.NoError(t, w.in("bare").FromPayload(w.encrypt(t, "bare", "z"), &text), "others are not touched")

	w.add(t, "acme") // a new connection of the same name
	require.ErrorIs(t, w.in("acme").FromPayload(p, &text), vault.ErrErased)
	require.NoError(t, w.in("acme").FromPayload(w.encrypt(t, "acme", "w"), &text))
}

func TestAKeyIsReadOnceInAWhile(t *testing.T) {
	w := newWorld(t, time.Minute)
	for range 10 {
		w.encrypt(t, "acme", "x")
	}
	require.Equal(t, 1, w.read)
	w.clock = w.clock.Add(time.Minute)
	w.encrypt(t, "acme", "x")
	require.Equal(t, 2, w.read)
}

func TestAnotherProcessesNewKeyIsHeardOf(t *testing.T) {
	w := newWorld(t, time.Minute)
	w.encrypt(t, "acme", "x")
	other := newWorld(t, 0)
	other.shelf = w.shelf
	w.add(t, "acme")
	other.Codec = New(NewKeys(w.shelf, 0), w.about)
	var text string
	require.NoError(t, w.in("acme").FromPayload(other.encrypt(t, "acme", "new"), &text))
	require.Equal(t, "new", text)
}

func TestWorkGoesOnUnderTheKeysThatWereReadWhilePostgresIsDown(t *testing.T) {
	w := newWorld(t, time.Minute)
	w.encrypt(t, "acme", "x")
	w.down = errDown
	w.clock = w.clock.Add(time.Hour)
	w.encrypt(t, "acme", "y")
	_, err := w.in("bare").ToPayload("z")
	require.ErrorIs(t, err, errDown)
}

// An error would fail the run for good; a panic has Temporal give the workflow task out again.
func TestAKeyThatCannotBeReadNowStopsAWorkersTaskAndFailsNoRun(t *testing.T) {
	w := newWorld(t, 0)
	p := w.encrypt(t, "acme", "x")
	w.down = errDown
	working := *w.Codec
	working.insists = true
	w.Codec = &working
	var text string
	require.Panics(t, func() { _ = w.in("acme").FromPayload(p, &text) })
	require.Panics(t, func() { _, _ = w.in("acme").ToPayload("y") })

	w.down = nil
	w.forget("acme")
	require.ErrorIs(t, w.in("acme").FromPayload(p, &text), vault.ErrErased, "what is erased stays erased, and is no reason to try again")
}
