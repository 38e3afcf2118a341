package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// office is a live system and the people who look after it: they have the starter, and the file with the rules.
type office struct {
	*system
	rules  sandbox.RulesOptions
	worker *devstack.Process
}

// openOffice starts a live system with people, under the quick rules and what is changed about them.
func openOffice(t testing.TB, o sandbox.Options, p sandbox.People, change func(*sandbox.RulesOptions)) *office {
	t.Helper()
	s := &office{system: newSystem(t, o)}
	s.Sandbox.Fill(p)
	s.connect(t, func(r *sandbox.RulesOptions) {
		r.IndexLag, r.Extra = 200*time.Millisecond, quick
		change(r)
		s.rules = *r
	})
	s.worker = s.startWorker(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	return s
}

// run runs the starter, which is to succeed, and returns what it printed.
func (s *office) run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := s.starter(t, args...)
	if err != nil {
		t.Fatalf("starter %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// refused runs the starter, which is to fail, and returns what it said.
func (s *office) refused(t testing.TB, args ...string) string {
	t.Helper()
	out, err := s.starter(t, args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("starter %s was to be refused, and ended with %v: %s", strings.Join(args, " "), err, out)
	}
	return string(exit.Stderr)
}

// apply changes the rules in their file and applies it.
func (s *office) apply(t testing.TB, change func(*sandbox.RulesOptions), args ...string) string {
	t.Helper()
	return s.run(t, append([]string{"connections", "apply", s.write(t, change)}, args...)...)
}

// write writes the rules into a file, changed.
func (s *office) write(t testing.TB, change func(*sandbox.RulesOptions)) (path string) {
	t.Helper()
	change(&s.rules)
	path = filepath.Join(t.TempDir(), connection+".yaml")
	if err := os.WriteFile(path, s.Sandbox.Rules(s.rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asked is a review as the starter prints it.
type asked struct {
	ID    int64 `json:"id"`
	Links []struct {
		Link          int64            `json:"link"`
		GoHighLevelID string           `json:"gohighlevel_id"`
		SalesforceID  string           `json:"salesforce_id"`
		State         record.LinkState `json:"state"`
	} `json:"links"`
	Reason     string          `json:"reason"`
	Fields     []record.Field  `json:"fields"`
	Side       record.Side     `json:"side"`
	WorkflowID string          `json:"workflow_id"`
	RemindedAt *time.Time      `json:"reminded_at"`
	Choices    []record.Choice `json:"choices"`
	DecidedAt  *time.Time      `json:"decided_at"`
	Choice     record.Choice   `json:"choice"`
	DecidedBy  string          `json:"decided_by"`
}

func (a asked) number() string { return strconv.FormatInt(a.ID, 10) }

// reviews lists reviews as a person would.
func (s *office) reviews(t testing.TB, args ...string) []asked {
	t.Helper()
	var all []asked
	s.decode(t, &all, append([]string{"reviews", "list", connection, "--limit", "0"}, args...)...)
	return all
}

// decode runs the starter and reads what it printed.
func (s *office) decode(t testing.TB, into any, args ...string) {
	t.Helper()
	out := s.run(t, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("starter %s: %v in %s", strings.Join(args, " "), err, out)
	}
}

// about waits until an open review of a reason is about a contact and a run waits for it.
func (s *office) about(t testing.TB, reason string, l record.Link) asked {
	t.Helper()
	var found asked
	s.eventually(t, func() bool {
		for _, r := range s.reviews(t, "--reason", reason) {
			for _, link := range r.Links {
				if link.Link == l.ID && r.WorkflowID != "" {
					found = r
					return true
				}
			}
		}
		return false
	})
	return found
}

// decided returns the review as it was decided; false while it is open.
func (s *office) decided(t testing.TB, id int64) (asked, bool) {
	t.Helper()
	all := s.reviews(t, "--decided")
	i := slices.IndexFunc(all, func(r asked) bool { return r.ID == id })
	if i < 0 {
		return asked{}, false
	}
	return all[i], true
}

// find returns a contact's link as it is now.
func (s *office) find(t testing.TB, side record.Side, id string) record.Link {
	t.Helper()
	l, err := s.Store.FindLink(t.Context(), connection, record.Contact, side, id)
	if err != nil {
		t.Fatal(err)
	}
	if l == nil {
		return record.Link{}
	}
	return *l
}

// stands waits until a link stands in a state.
func (s *office) stands(t testing.TB, id int64, state record.LinkState) {
	t.Helper()
	s.eventually(t, func() bool { return s.link(t, id).State == state })
}

// link returns a link as it is now; the zero one where it is gone.
func (s *office) link(t testing.TB, id int64) record.Link {
	t.Helper()
	work, err := s.Store.Links(t.Context(), connection, record.Contact, id-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(work) == 0 || work[0].Link.ID != id {
		return record.Link{}
	}
	return work[0].Link
}

// inGHL and inSF change a contact as a person in that CRM would.
func (s *office) inGHL(t testing.TB, l record.Link, changes map[string]any) {
	t.Helper()
	if err := s.Sandbox.GoHighLevel.Edit(l.GoHighLevelID, changes); err != nil {
		t.Fatal(err)
	}
}

func (s *office) inSF(t testing.TB, l record.Link, changes map[string]any) {
	t.Helper()
	if err := s.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, changes); err != nil {
		t.Fatal(err)
	}
}

// cities waits until both sides hold a city.
func (s *office) cities(t testing.TB, l record.Link, city string) {
	t.Helper()
	s.eventually(t, func() bool {
		ghl, sf := s.city(t, l)
		return ghl == city && sf == city
	})
}

func contains(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}
