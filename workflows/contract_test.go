package workflows

import (
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

// Whoever looks for a run, or must not start a second one, computes its id.
func TestIDsAreMadeOfWhatTheWorkIsAbout(t *testing.T) {
	same(t, "onboarding", OnboardingID("acme"), "onboarding/acme")
	same(t, "bulk sync", BulkSyncID("acme", record.Contact, "e-1"), "bulk/acme/contact/e-1")
	same(t, "contact by link", ContactSyncID(ContactSyncInput{Connection: "acme", LinkID: 7}), "contact/acme/7")
	same(t, "contact by record",
		ContactSyncID(ContactSyncInput{Connection: "acme", Side: record.Salesforce, RecordID: "003X"}), "contact/acme/salesforce:003X")
	same(t, "check", CheckConnectionID("acme"), "check/acme")
}

func TestAContactIsNamedInOneWay(t *testing.T) {
	for _, c := range []struct {
		in   ContactSyncInput
		fine bool
	}{
		{ContactSyncInput{Connection: "acme", LinkID: 1}, true},
		{ContactSyncInput{Connection: "acme", Side: record.GoHighLevel, RecordID: "x"}, true},
		{ContactSyncInput{Connection: "acme", Side: record.Salesforce, RecordID: "x"}, true},
		{ContactSyncInput{Connection: "acme"}, false},
		{ContactSyncInput{Connection: "acme", Side: record.Salesforce}, false},
		{ContactSyncInput{Connection: "acme", RecordID: "x"}, false},
		{ContactSyncInput{Connection: "acme", Side: "hubspot", RecordID: "x"}, false},
		{ContactSyncInput{Connection: "acme", LinkID: 1, RecordID: "x"}, false},
		{ContactSyncInput{LinkID: 1}, false},
	} {
		if err := c.in.Validate(); (err == nil) != c.fine {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
}
