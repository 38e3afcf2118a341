package archtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// topLevel is all that the repository's top level may hold, besides names that begin with a dot.
var topLevel = []string{
	"workflows", "activities", "worker", "starter", "internal",
	"docker-compose.yml", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
}

// shapeless are names of folders that say nothing of what is in them.
var shapeless = []string{
	"util", "utils", "common", "helper", "helpers", "shared", "misc",
}

// longest is how many lines a Go file may have that people write and read.
const longest = 400

func TestTheTopLevelHoldsOnlyWhatThePlanNames(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s has no place on the top level: it belongs into a room of its own below internal", e.Name())
		}
	}
}

func TestFoldersAreNamedForWhatTheyHold(t *testing.T) {
	walk(t, func(path string, d fs.DirEntry) {
		if d.IsDir() && slices.Contains(shapeless, d.Name()) {
			t.Errorf("%s: a folder of that name becomes a drawer for everything; name it for its subject", path)
		}
	})
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func TestNoFileIsTooLongToRead(t *testing.T) {
	walk(t, func(path string, d fs.DirEntry) {
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
			return
		}
		if lines := bytes.Count(text, []byte("\n")); lines > longest && !generated.Match(text) {
			t.Errorf("%s has %d lines, more than %d: split it by subject", path, lines, longest)
		}
	})
}

// walk visits everything of the repository but what is hidden or test data.
func walk(t *testing.T, visit func(path string, d fs.DirEntry)) {
	t.Helper()
	seen := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		seen++
		visit(path, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d files and folders were seen, which cannot be the repository", seen)
	}
}
