package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	named    = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	declared = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
)

func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	model, err := os.ReadFile(filepath.Join(root, ".github", "THREAT_MODEL.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	walk(t, func(path string, d fs.DirEntry) {
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
			return
		}
		for _, name := range declared.FindAllSubmatch(text, -1) {
			there[string(name[1])] = true
		}
	})
	shown := named.FindAllSubmatch(model, -1)
	if len(shown) < 20 {
		t.Fatalf("the threat model names only %d tests", len(shown))
	}
	for _, name := range shown {
		if !there[string(name[1])] {
			t.Errorf("the threat model is shown by %s, which is not there", name[1])
		}
	}
}
