package rules

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	yamlast "github.com/goccy/go-yaml/ast"

	"github.com/tandem-sync/tandem/internal/record"
)

// The bounds of an expression: its source, and what one run may allocate (bytes of text plus elements of lists).
const (
	longestExpression = 2000
	mostNodes         = 300
	memoryBudget      = 1 << 20
)

// expressionShape says what an expression takes and gives.
type expressionShape int

const (
	conditionShape expressionShape = iota // a record -> true or false
	textShape                             // value and contact -> text
	setShape                              // values and contact -> a list of texts
)

func (s expressionShape) valueName() string {
	if s == setShape {
		return "values"
	}
	return "value"
}

func compileCondition(v value, s scope) *Condition {
	e := compileExpression(v, s, conditionShape)
	if e == nil {
		return nil
	}
	return &Condition{*e}
}

func compileTransform(v value, t record.Type, s scope) *Transform {
	shape := textShape
	if t == record.TypeSet {
		shape = setShape
	}
	e := compileExpression(v, s, shape)
	if e == nil {
		return nil
	}
	return &Transform{expression: *e, set: shape == setShape}
}

// compileExpression returns nil where the file has no expression, and where it is wrong, which is then a problem.
func compileExpression(v value, s scope, shape expressionShape) *expression {
	source := v.text("")
	if !v.given() || source == "" && v.what() != "text" {
		return nil
	}
	return compileSource(v, source, s, shape)
}

func compileSource(v value, source string, s scope, shape expressionShape) *expression {
	switch {
	case strings.TrimSpace(source) == "":
		v.problem("is empty; write an expression, or leave it out")
		return nil
	case utf8.RuneCountInString(source) > longestExpression:
		v.problem("the expression has more than %d characters", longestExpression)
		return nil
	}
	rules := &expressionRules{}
	program, err := expr.Compile(source, options(s, shape, rules)...)
	if err == nil && len(rules.broken) == 0 && shape == setShape && !listOfTexts(program.Node().Nature()) {
		err = errors.New("it must give a list of texts, as filter(values, # != \"old\")")
	}
	var located *file.Error
	switch {
	case err != nil && (errors.As(err, &located) || len(rules.broken) == 0):
		line, column, message := explain(err, s, shape)
		v.expressionProblem(line, column, message)
		return nil
	case len(rules.broken) > 0: // which may be why the result as a whole has no type
		for _, b := range rules.broken {
			line, column := position(source, b.from)
			v.expressionProblem(line, column, b.message)
		}
		return nil
	}
	return &expression{path: v.path, source: source, program: program, scope: s}
}

func listOfTexts(n *nature.Nature) bool {
	if !n.IsArray() {
		return false
	}
	element := n.Elem(nil)
	return element.IsString()
}

func options(s scope, shape expressionShape, rules *expressionRules) []expr.Option {
	env := s.types()
	kind := reflect.Bool
	switch shape {
	case conditionShape:
		env["side"] = types.String
	case textShape:
		env = types.Map{"value": types.String, "contact": env}
		kind = reflect.String
	case setShape:
		env = types.Map{"values": textList, "contact": env}
		kind = reflect.Slice
	}
	for name, function := range new(meter).functions() {
		env[name] = types.TypeOf(function)
	}
	out := []expr.Option{
		expr.Env(env), expr.AsKind(kind), expr.WarnOnAny(), expr.MaxNodes(mostNodes), expr.DisableAllBuiltins(), expr.Patch(rules),
	}
	for _, name := range allowedFunctions {
		out = append(out, expr.EnableBuiltin(name))
	}
	return out
}

// expressionProblem reports a problem within an expression. A block of text (|) keeps its lines, so the line is known.
func (v value) expressionProblem(line, column int, message string) {
	where := place(line, column)
	if _, block := v.node.(*yamlast.LiteralNode); block {
		v.line += line
	}
	v.problem("at %s: %s", where, message)
}

func place(line, column int) string {
	if line > 1 {
		return fmt.Sprintf("line %d, column %d", line, column)
	}
	return fmt.Sprintf("column %d", column)
}

// position turns an offset in runes into a line and a column, both from 1.
func position(source string, offset int) (line, column int) {
	line, column = 1, 1
	for i, r := range []rune(source) {
		switch {
		case i >= offset:
			return line, column
		case r == '\n':
			line, column = line+1, 1
		default:
			column++
		}
	}
	return line, column
}

var (
	unknownName   = regexp.MustCompile(`^(?:unknown name|unknown field|unknown builtin) (\S+)$`)
	wrongKind     = regexp.MustCompile(`^expected (bool|string|slice), but got (.*)$`)
	mismatched    = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`)
	mismatchedOne = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (.+)\)$`)
	notAList      = regexp.MustCompile(`^builtin (\S+) takes only array \(got (.+)\)$`)
	noField       = regexp.MustCompile(`^type \S+ has no (?:field|method) (\S+)$`)
)

// explain puts a compiler's error into the words of the rules file.
func explain(err error, s scope, shape expressionShape) (line, column int, message string) {
	line, column, message = 1, 1, err.Error()
	var located *file.Error
	if errors.As(err, &located) {
		line, column, message = max(located.Line, 1), located.Column+1, located.Message
	}
	if m := unknownName.FindStringSubmatch(message); m != nil {
		return line, column, s.missing(m[1], shape)
	}
	if m := noField.FindStringSubmatch(message); m != nil {
		return line, column, s.missing(m[1], shape)
	}
	if m := wrongKind.FindStringSubmatch(message); m != nil {
		return line, column, wrongResult(shape, m[2])
	}
	if m := mismatched.FindStringSubmatch(message); m != nil {
		return line, column, fmt.Sprintf("%s does not go between %s and %s; %s", m[1], plainType(m[2]), plainType(m[3]), mismatchHint(m[2], m[3]))
	}
	if m := mismatchedOne.FindStringSubmatch(message); m != nil {
		return line, column, fmt.Sprintf("%s does not go before %s", m[1], plainType(m[2]))
	}
	if m := notAList.FindStringSubmatch(message); m != nil {
		return line, column, m[1] + " takes a list, as tags, but is given " + plainType(m[2])
	}
	switch {
	case strings.Contains(message, "maximum allowed nodes"):
		message = "the expression is too long; make it simpler"
	case message == "unexpected token EOF", message == "unexpected end of expression":
		message = "the expression ends too early; a value, a quote or a bracket is missing"
	}
	message, _, _ = strings.Cut(message, "\n")
	return line, column, message
}

func wrongResult(shape expressionShape, got string) string {
	switch shape {
	case conditionShape:
		return "it must give true or false, but gives " + plainType(got) + `; compare it, as email != ""`
	case textShape:
		return "it must give text, but gives " + plainType(got) + "; wrap it in string(…)"
	default:
		return "it must give a list of texts, but gives " + plainType(got) + `, as filter(values, # != "old") does`
	}
}

func mismatchHint(left, right string) string {
	kinds := left + " " + right
	switch {
	case strings.Contains(kinds, "bool"):
		return "a field of true or false stands by itself or after !"
	case strings.Contains(kinds, "[]"):
		return `ask for an element with in, as "vip" in tags`
	case strings.Contains(kinds, "int") || strings.Contains(kinds, "float"):
		return `every field is text: put what it is compared with in quotes, or turn it into a number with float(…)`
	default:
		return "both sides must be of one type"
	}
}

// plainType names a type in the words of the rules file.
func plainType(t string) string {
	switch {
	case t == "string":
		return "text"
	case t == "bool":
		return "true or false"
	case t == "unknown", strings.HasPrefix(t, "interface"):
		return "something whose type is not known"
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case strings.HasPrefix(t, "map["):
		return "a group of fields"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "float"), strings.HasPrefix(t, "uint"):
		return "a number"
	}
	return t
}

// brokenRule is something that an expression may not do.
type brokenRule struct {
	from    int // offset in runes
	message string
}
