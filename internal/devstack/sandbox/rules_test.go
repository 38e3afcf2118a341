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
	o.Extra = "reviews: {decide_after: 0}\n"
	o.Fields, o.Contacts = []string{"city: {conflict: ask}"}, []string{"deletions: {salesforce: mark}"}
	loaded, err := rules.Parse("acme.yaml", s.Rules(o))
	require.NoError(t, err)
	require.Equal(t, rules.DeletionMark, loaded.Contacts.Deletions.Salesforce)
	require.Zero(t, loaded.Reviews.DecideAfter)
	for _, f := range loaded.Contacts.Fields {
		if f.Field == record.City {
			require.Equal(t, reconcile.Ask, f.Conflict)
		}
	}
}
