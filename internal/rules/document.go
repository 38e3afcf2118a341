package rules

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A rules file is small and flat. The bounds keep a damaged or hostile one from costing anything.
const (
	longestFile  = 256 << 10
	mostTokens   = 20_000 // words and signs: about 1,000 custom fields
	deepestFlow  = 8
	deepestDash  = 8
	startOfFile  = 1
	byteOrderBOM = "\ufeff"
)

// document is a file being read and what was found wrong with it so far.
type document struct {
	file     string
	problems Problems
}

func (d *document) problem(line, column int, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{
		File: d.file, Line: max(line, 1), Column: max(column, 1), Path: oneLine(path), Message: oneLine(fmt.Sprintf(format, args...)),
	})
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// err returns the problems in order, nil when there are none.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	d.problems.sort()
	return d.problems
}

// read parses the text and returns its top-level value; ok is false where the text is not YAML of the kind that rules
// files are, which is then a problem.
func (d *document) read(text []byte) (root value, ok bool) {
	if len(text) > longestFile {
		d.problem(startOfFile, 1, "", "the file has %d bytes; a rules file has at most %d", len(text), longestFile)
		return value{}, false
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderBOM))
	if !d.readable(text) {
		return value{}, false
	}
	before := len(d.problems)
	file, err := d.parse(string(text))
	if err != nil {
		line, column, message := startOfFile, 1, err.Error()
		var located yaml.Error
		if errors.As(err, &located) {
			message = located.GetMessage()
			if t := located.GetToken(); t != nil && t.Position != nil {
				line, column = t.Position.Line, t.Position.Column
			}
		}
		d.problem(line, column, "", "this is not valid YAML: %s", message)
	}
	if len(d.problems) > before {
		return value{}, false
	}
	root = value{document: d, line: startOfFile, column: 1}
	if len(file.Docs) > 0 {
		root.node = file.Docs[0].Body
	}
	return root, true
}

// readable reports bytes that no YAML may hold.
func (d *document) readable(text []byte) bool {
	for i, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !utf8.Valid(line) {
			d.problem(i+1, 1, "", "the line is not UTF-8; save the file as UTF-8")
			return false
		}
		for column, r := range []rune(string(line)) {
			if r < ' ' && r != '\t' || r == 0x7f {
				d.problem(i+1, column+1, "", "the line holds the control character %U; remove it", r)
				return false
			}
		}
	}
	return true
}

func (d *document) parse(text string) (file *ast.File, err error) {
	// The parser is somebody else's and the text is too: a defect there must not take the process along.
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the parser cannot read it")
		}
	}()
	tokens := lexer.Tokenize(text)
	if len(tokens) > mostTokens {
		at := tokens[mostTokens].Position
		d.problem(at.Line, at.Column, "", "the file is too long; a rules file has at most about 1,000 fields")
		return nil, nil
	}
	d.refuse(tokens)
	if len(d.problems) > 0 {
		return nil, nil
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// refuse reports what YAML has and rules files do not.
func (d *document) refuse(tokens token.Tokens) {
	flow, dashes, dashLine := 0, 0, 0
	for i, t := range tokens {
		at := func(format string, args ...any) {
			d.problem(t.Position.Line, t.Position.Column, "", format, args...)
		}
		switch t.Type {
		case token.AnchorType, token.AliasType:
			at("text that starts with %s must stand in quotes", t.Value)
		case token.TagType:
			at("text that starts with ! must stand in quotes: '!…'")
		case token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			at("%s is not used in rules files; write each key with its value", t.Value)
		case token.DocumentHeaderType:
			if i > 0 && tokens[i-1].Type != token.CommentType {
				at("a second document starts here; a rules file holds one connection")
			}
		case token.MappingStartType, token.SequenceStartType:
			if flow++; flow == deepestFlow+1 {
				at("too many brackets inside each other")
			}
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType:
			if t.Position.Line != dashLine {
				dashes, dashLine = 0, t.Position.Line
			}
			if dashes++; dashes == deepestDash+1 {
				at("too many lists inside each other")
			}
		}
	}
}
