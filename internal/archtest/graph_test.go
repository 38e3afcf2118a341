// Package archtest holds the house to its plan: who may import whom, and what lies where.
package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the path of our own module; patterns name its packages by "./".
const module = "github.com/tandem-sync/tandem"

// root is the module's folder, seen from this one.
const root = "../.."

// node is one package as the go command lists it, without its tests.
type node struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// graph is every package that the module builds from, by import path.
type graph map[string]node

// listed asks the go command for the module's packages and all that they build from.
func listed(t *testing.T) graph {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	g := graph{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var n node
		if err := decoder.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("what go list printed: %v", err)
		}
		g[n.ImportPath] = n
	}
	return g
}

// ours returns our own packages in order.
func (g graph) ours() []string {
	var out []string
	for path := range g {
		if path == module || strings.HasPrefix(path, module+"/") {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// chain returns the shortest way by which a package imports one that the pattern names, nil when there is none. Standard
// packages count only where the package itself imports them: what they are used for further down is not its business.
func (g graph) chain(from, pattern string, direct bool) []string {
	queue, seen := [][]string{{from}}, map[string]bool{from: true}
	for len(queue) > 0 {
		way := queue[0]
		queue = queue[1:]
		imports := slices.Sorted(slices.Values(g[way[len(way)-1]].Imports))
		for _, next := range imports {
			standard := g[next].Standard
			if seen[next] || (standard || direct) && len(way) > 1 {
				continue
			}
			further := append(slices.Clone(way), next)
			if matches(pattern, next) {
				return further
			}
			if !standard {
				seen[next] = true
				queue = append(queue, further)
			}
		}
	}
	return nil
}

// matches tells whether a pattern names a package. Patterns are import paths, "./" stands for our module, and a final
// "/..." takes in everything below.
func matches(pattern, path string) bool {
	if own, ok := strings.CutPrefix(pattern, "./"); ok {
		pattern = module + "/" + own
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == pattern
}

func matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

// short is a package's path as people say it.
func short(path string) string { return strings.TrimPrefix(path, module+"/") }

// violation says in one line what is wrong and why it matters.
func violation(way []string, because string) string {
	names := make([]string, len(way))
	for i, path := range way {
		names[i] = short(path)
	}
	return fmt.Sprintf("%s must not reach %s (%s): %s", names[0], names[len(names)-1], strings.Join(names, " -> "), because)
}
