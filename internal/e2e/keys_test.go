package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// TestKeysAreRotatedUnderLoadAndAConnectionIsErasedInFullSwing lets two workers sync edits one after the other while the keys
// are rotated and the old one is retired, and then erases the connection while edits go on.
func TestKeysAreRotatedUnderLoadAndAConnectionIsErasedInFullSwing(t *testing.T) {
	s := openOffice(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}},
		sandbox.People{Both: 12, OnlyGoHighLevel: 6, OnlySalesforce: 6, Seed: 8}, func(*sandbox.RulesOptions) {})
	s.startWorker(t) // beside the one that runs already
	row, err := s.Store.GetConnection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	old := s.Vault.Primary()
	people := s.keepEditing(t)
	people.arrive(t, 2)

	t.Logf("keys list:\n%s", s.run(t, "keys", "list"))
	out := s.run(t, "keys", "rotate")
	t.Logf("keys rotate:\n%s", out)
	contains(t, out, "is added, on standby", "seals from now on", "sealed anew")
	people.arrive(t, 2)
	// What began before the rotation ends by itself; what fails would keep the old key for good.
	s.eventually(t, func() bool {
		var said string
		said, err = s.starter(t, "keys", "retire")
		return err == nil && strings.Contains(said, fmt.Sprintf("Key %d is retired.", old))
	})
	people.arrive(t, 2)
	t.Logf("keys list:\n%s", s.run(t, "keys", "list"))
	if failed := s.run(t, "runs", "--failed", "-o", "json"); strings.TrimSpace(failed) != "[]" {
		t.Errorf("runs failed: %s", failed)
	}
	if got := s.Vault.Primary(); got == old {
		if _, err := s.Vault.Reload(); err != nil || s.Vault.Primary() == old {
			t.Errorf("key %d seals still: %v", got, err)
		}
	}
	counts, err := s.Store.CountSealed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Key != s.Vault.Primary() {
			t.Errorf("%d values of %s are under key %d", c.Rows, c.Table, c.Key)
		}
	}

	people.over.Store(true) // its edits do not arrive any more
	var account struct {
		Erased bool
		Tables []struct {
			Table         string
			Before, After int64
		}
	}
	text := s.run(t, "disconnect", connection, "--erase", "--yes", "-o", "json")
	if err := json.Unmarshal([]byte(text), &account); err != nil || !account.Erased {
		t.Fatalf("%v: %s", err, text)
	}
	if err := people.end(); err != nil {
		t.Fatal(err)
	}
	for _, table := range account.Tables {
		if table.After != 0 || table.Before == 0 && (table.Table == "links" || table.Table == "journal" || table.Table == "credentials") {
			t.Errorf("%+v", table)
		}
	}
	// The webhooks of the last edits, and what the workers were in the middle of, come to nothing.
	if err := s.worker.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.system.worker.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	held, err := s.Store.Holdings(t.Context(), row.Number)
	if err != nil || store.Rows(held) != 0 {
		t.Errorf("what is kept: %v, %v", held, err)
	}
	if _, err := s.Store.Count(t.Context(), connection, record.Contact, ""); err == nil {
		t.Error("there is a connection still")
	}
}
