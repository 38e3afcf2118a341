package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// requirement is a line of go.mod that requires a module directly; reason one of the table that says what for.
var (
	requirement = regexp.MustCompile(`(?m)^(?:require )?\t?([a-z0-9.-]+\.[a-z]+/\S+) v\S+$`)
	reason      = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*[a-z].*\\|$")
)

func TestEveryDirectDependencyHasAReason(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile(filepath.Join(root, ".github", "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	var given, required []string
	for _, line := range reason.FindAllSubmatch(reasons, -1) {
		given = append(given, string(line[1]))
	}
	for _, line := range requirement.FindAllSubmatch(text, -1) {
		required = append(required, string(line[1]))
	}
	if len(required) < 10 {
		t.Fatalf("only %d direct dependencies were found, which cannot be all", len(required))
	}
	for _, path := range required {
		if !slices.Contains(given, path) {
			t.Errorf("%s has no reason in .github/DEPENDENCIES.md", path)
		}
	}
	for _, path := range given {
		if !slices.Contains(required, path) {
			t.Errorf(".github/DEPENDENCIES.md gives a reason for %s, which is no direct dependency any more", path)
		}
	}
}
