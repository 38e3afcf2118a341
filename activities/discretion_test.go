package activities_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/activities"
)

// secrets are what identifies customers in either CRM at this moment: every address and number, and every name that is
// long enough not to turn up in ciphertext by chance.
func (w *world) secrets() []string {
	var out []string
	add := func(shortest int, texts ...any) {
		for _, v := range texts {
			if text, _ := v.(string); len(text) >= shortest {
				out = append(out, strings.ToLower(text))
			}
		}
	}
	for c := range w.ghl.All() {
		add(6, c.Email, c.Phone)
		add(8, c.FirstName, c.LastName, c.Address1, c.CompanyName)
	}
	for _, x := range w.ghl.Tasks() {
		add(8, x.Title, x.Body)
	}
	for _, x := range w.ghl.Notes() {
		add(8, x.Title, x.Body)
	}
	for _, x := range w.ghl.Appointments() {
		add(8, x.Title, x.Notes, x.Description, x.Address)
	}
	for _, row := range w.sf.All("Contact") {
		add(6, row["Email"], row["Phone"])
		add(8, row["FirstName"], row["LastName"], row["MailingStreet"])
	}
	for _, object := range []string{"Task", "Event"} {
		for _, row := range w.sf.All(object) {
			add(8, row["Subject"], row["Description"], row["Location"])
		}
	}
	return out
}

// exposed returns a secret that is to be read in something that goes into Temporal's history, "" when there is none.
func (w *world) exposed(v any) string {
	w.t.Helper()
	var text string
	if err, isError := v.(error); isError {
		text = err.Error()
		var app *temporal.ApplicationError
		if errors.As(err, &app) && app.HasDetails() {
			var details any
			require.NoError(w.t, app.Details(&details))
			v = details
		}
	}
	encoded, err := json.Marshal(v)
	require.NoError(w.t, err)
	text = strings.ToLower(text + string(encoded))
	for _, secret := range w.secrets() {
		if strings.Contains(text, secret) {
			return secret
		}
	}
	return ""
}

func TestACustomerInClearIsSeenInResultsAndErrors(t *testing.T) {
	w := newWorld(t, setting{})
	w.ghl.Create(contact("Lovelace", "ada@example.com"))
	require.Equal(t, "ada@example.com", w.exposed(map[string]string{"search_after": "Ada@Example.com"}))
	require.Equal(t, "lovelace", w.exposed(errors.New("no last name like Lovelace")))
	require.Equal(t, "lovelace", w.exposed(temporal.NewApplicationError("refused", "Rejected", activities.Problem{Code: "Lovelace"})))
	require.Empty(t, w.exposed(activities.Problem{Code: "duplicate_contact"}))
}
