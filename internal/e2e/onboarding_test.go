package e2e

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

func TestOnboardingBringsEachSideWhatItLacksAndASecondOneWritesNothing(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 500 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 300, OnlyGoHighLevel: 200, OnlySalesforce: 200, Messy: true, Seed: 7})
	s.connect(t, nil)
	s.startWorker(t)
	out := s.onboard(t)
	t.Logf("first: %+v", out)
	before := s.Sandbox.GoHighLevel.Stats()
	again := s.onboard(t)
	t.Logf("second: %+v", again)
	_ = before
}
