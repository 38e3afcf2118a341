package activities_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// history is the purpose under which customer data is sealed in Temporal's history.
const history = "history"

func (w *world) seal(side record.Side, v any) activities.Sealed {
	w.t.Helper()
	plain, err := json.Marshal(v)
	require.NoError(w.t, err)
	sealed, err := w.connection().Cipher.Seal(side, history, plain)
	require.NoError(w.t, err)
	return sealed
}

func unseal[T any](w *world, side record.Side, sealed activities.Sealed) (out T) {
	w.t.Helper()
	plain, err := w.connection().Cipher.Open(side, history, sealed)
	require.NoError(w.t, err)
	require.NoError(w.t, json.Unmarshal(plain, &out))
	return out
}

func TestWhatWasSealedForOneSideDoesNotOpenForTheOther(t *testing.T) {
	w := newWorld(t, setting{})
	sealed := w.seal(record.GoHighLevel, map[string]string{"email": "ada.canary@example.com"})
	_, err := w.connection().Cipher.Open(record.Salesforce, history, sealed)
	require.Error(t, err)
}
