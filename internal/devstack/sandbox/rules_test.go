package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func TestTheRulesOfASandboxAreValidAndCanBeExtended(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	o := sandbox.RulesOptions{Connection: "acme", GoHighLevelURL: "http://127.0.0.1:7701"}
	plain := s.Rules(o)
	_, err := rules.Parse("acme.yaml", plain)
	require.NoError(t, err)
	o.Extra = "more:\n  of: it\n"
	require.Equal(t, string(plain)+o.Extra, string(s.Rules(o)))
}

func TestTheRulesOfASandboxAskWhereTheyAreToldTo(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	parsed, err := rules.Parse("acme.yaml", s.Rules(sandbox.RulesOptions{
		Connection: "acme", GoHighLevelURL: "http://127.0.0.1:7701", Ask: []record.Field{record.City},
		DeletedInGoHighLevel: rules.DeletionPropagate,
	}))
	require.NoError(t, err)
	require.Equal(t, rules.DeletionPropagate, parsed.Contacts.Deletions.GoHighLevel)
	require.Equal(t, rules.DeletionAsk, parsed.Contacts.Deletions.Salesforce)
	for _, f := range parsed.Contacts.Fields {
		if f.Field == record.City {
			require.Equal(t, reconcile.Ask, f.Conflict)
			require.Equal(t, "MailingCity", f.SalesforceField)
		}
	}
}
