package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
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
