package rules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// value is one value of the file and where it stands. A value that the file leaves out has no node and stands where its
// section does. Its methods return what they were given as the default when the value is missing, and also when it is
// wrong, which is then a problem.
type value struct {
	document     *document
	node         ast.Node
	path         string
	line, column int
}

func (v value) problem(format string, args ...any) {
	v.document.problem(v.line, v.column, v.path, format, args...)
}

// given tells whether the file has something here; a key with nothing behind it is as good as none.
func (v value) given() bool {
	if v.node == nil {
		return false
	}
	_, null := v.node.(*ast.NullNode)
	return !null
}

// sound tells whether nothing was found wrong here so far: what follows from a wrong value is not worth another problem.
func (v value) sound() bool {
	return !slices.ContainsFunc(v.document.problems, func(p Problem) bool { return p.Path == v.path })
}

// child returns the value under a node, with its own place where it has one.
func (v value) child(node ast.Node, name string, line, column int) value {
	out := value{document: v.document, node: node, path: name, line: line, column: column}
	if v.path != "" {
		out.path = v.path + "." + name
	}
	switch node.(type) {
	case nil, *ast.MappingNode, *ast.MappingValueNode, *ast.NullNode:
		return out // the key is a better place than the first colon
	}
	if t := node.GetToken(); t != nil && t.Position != nil {
		out.line, out.column = t.Position.Line, t.Position.Column
	}
	return out
}

// what names the kind of thing that stands here, for messages.
func (v value) what() string {
	switch v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	default:
		return "text"
	}
}

// section is a group of keys.
type section struct {
	value
	names  []string // in the order of the file
	values map[string]value
}

// section reads a group of keys; any other key is a problem. Without known keys, all are taken.
func (v value) section(known ...string) section {
	out := section{value: v, values: map[string]value{}}
	if !v.given() {
		return out
	}
	group, ok := v.node.(ast.MapNode)
	if !ok {
		v.problem("must be a group of keys, as %s:, but is %s", exampleKey(known), v.what())
		return out
	}
	for iter := group.MapRange(); iter.Next(); {
		t := iter.Key().GetToken()
		name := t.Value
		child := v.child(iter.Value(), name, t.Position.Line, t.Position.Column)
		key := child
		key.line, key.column = t.Position.Line, t.Position.Column
		if len(known) > 0 && !slices.Contains(known, name) {
			key.path = v.path
			key.problem("%s is not a key here; %s", quoted(name), keyHint(name, known))
			continue
		}
		if first, twice := out.values[name]; twice {
			key.problem("is here twice, first in line %d; keep one", first.line)
			continue
		}
		out.names = append(out.names, name)
		out.values[name] = child
	}
	return out
}

func exampleKey(known []string) string {
	if len(known) == 0 {
		return "phone"
	}
	return known[0]
}

func keyHint(name string, known []string) string {
	if best := closest(name, known); best != "" {
		return "did you mean " + best + "?"
	}
	return "use " + anyOf(known)
}

// get returns the value of a key.
func (s section) get(name string) value {
	if v, ok := s.values[name]; ok {
		return v
	}
	return s.child(nil, name, s.line, s.column)
}

// text reads a text.
func (v value) text(fallback string) string {
	if !v.given() {
		return fallback
	}
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		v.problem("must be text; write it in quotes: %s", quoted(n.GetToken().Value))
	default:
		v.problem("must be text, but is %s", v.what())
	}
	return fallback
}

// version reads an API version, with or without quotes.
func (v value) version(fallback string) string {
	if !v.given() {
		return fallback
	}
	text := ""
	switch n := v.node.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.FloatNode, *ast.IntegerNode:
		text = n.GetToken().Value
	}
	if !apiVersion.MatchString(text) {
		v.problem("%s is not an API version from 60.0 on; write it as %q", quoted(v.node.GetToken().Value), fallback)
		return fallback
	}
	return text
}

// integer reads a whole number within bounds.
func (v value) integer(fallback, least, most int) int {
	if !v.given() {
		return fallback
	}
	n, ok := v.node.(*ast.IntegerNode)
	if !ok {
		v.problem("must be a whole number, as %d, but is %s", fallback, v.what())
		return fallback
	}
	number, err := strconv.Atoi(strings.ReplaceAll(n.GetToken().Value, "_", ""))
	if err != nil || number < least || number > most {
		v.problem("%s is out of range; use a whole number from %d to %d", n.GetToken().Value, least, most)
		return fallback
	}
	return number
}

// boolean reads true or false.
func (v value) boolean(fallback bool) bool {
	if !v.given() {
		return fallback
	}
	n, ok := v.node.(*ast.BoolNode)
	if !ok {
		v.problem("must be true or false, without quotes")
		return fallback
	}
	return n.Value
}

// choose reads one of several words; noun names what they are, with its article.
func choose[S ~string](v value, fallback S, noun string, words ...S) S {
	if !v.given() {
		return fallback
	}
	text := v.text("")
	if text == "" {
		if _, isText := v.node.(*ast.StringNode); isText {
			v.problem("is empty; use %s", anyOf(words))
		}
		return fallback
	}
	if slices.Contains(words, S(text)) {
		return S(text)
	}
	v.problem("%s is not %s; use %s", quoted(text), noun, anyOf(words))
	return fallback
}

// list reads a list of different words; noun names what they are, with its article.
func list[S ~string](v value, fallback []S, noun string, words ...S) []S {
	if !v.given() {
		return fallback
	}
	sequence, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.problem("must be a list, as [%s], but is %s", fallback[0], v.what())
		return fallback
	}
	out := make([]S, 0, len(sequence.Values))
	for _, node := range sequence.Values {
		item := v.child(node, "", v.line, v.column)
		item.path = v.path
		if !item.given() {
			item.problem("an entry is empty; use %s", anyOf(words))
			continue
		}
		word := choose(item, "", noun, words...)
		switch {
		case word == "":
		case slices.Contains(out, word):
			item.problem("%s is here twice; keep one", word)
		default:
			out = append(out, word)
		}
	}
	return out
}
