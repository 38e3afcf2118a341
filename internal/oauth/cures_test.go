package oauth

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forAPerson are the kinds of errors that end only when a person does something.
var forAPerson = []string{"NeedsAccess", "NeedsReconnect", "Invalid"}

func TestTheReadmeHasACureForEveryErrorThatConnectingCanGive(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, cures, found := strings.Cut(string(text), "| It says | Because | Do |")
	require.True(t, found)
	cures, _, found = strings.Cut(cures, "\n## ")
	require.True(t, found)
	said := whatConnectingSays(t)
	require.Greater(t, len(said), 25)
	for _, words := range said {
		assert.Contains(t, cures, "`"+firstClause(words), "where it says %q, a person finds nothing about it", words)
	}
}

// firstClause is what an error says before what it advises.
func firstClause(words string) string {
	words, _, _ = strings.Cut(words, ": ")
	words, _, _ = strings.Cut(words, "%")
	return strings.TrimSpace(words)
}

// whatConnectingSays are the words, in this package's source, of all errors that are for a person.
func whatConnectingSays(t *testing.T) (out []string) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	add := func(e ast.Expr) {
		if words := literal(e); words != "" && !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit: // {kind: crm.NeedsAccess, reason: "..."}
				fields := map[string]ast.Expr{}
				for _, e := range n.Elts {
					if pair, named := e.(*ast.KeyValueExpr); named {
						if key, plain := pair.Key.(*ast.Ident); plain {
							fields[strings.ToLower(key.Name)] = pair.Value
						}
					}
				}
				if isForAPerson(fields["kind"]) {
					add(fields["reason"])
				}
			case *ast.AssignStmt: // e.Kind, e.Reason = crm.NeedsAccess, "..."
				if len(n.Rhs) == 2 && isForAPerson(n.Rhs[0]) {
					add(n.Rhs[1])
				}
			case *ast.CallExpr: // salesforceError(crm.NeedsAccess, "...")
				for i, arg := range n.Args {
					if isForAPerson(arg) && i+1 < len(n.Args) {
						add(n.Args[i+1])
					}
				}
			}
			return true
		})
	}
	for _, known := range refusals {
		if !strings.Contains(known.meaning, "try again later") {
			out = append(out, known.meaning)
		}
	}
	return out
}

func isForAPerson(e ast.Expr) bool {
	kind, selected := e.(*ast.SelectorExpr)
	return selected && slices.Contains(forAPerson, kind.Sel.Name)
}

// literal is the text that an expression begins with.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return literal(e.X)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	}
	return ""
}
