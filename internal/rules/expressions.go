package rules

import (
	"errors"
	"fmt"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/tandem-sync/tandem/internal/record"
)

// ExpressionError tells that an expression has no result for a record, as where it reads a number out of text that is
// none. Its text holds nothing of the record.
type ExpressionError struct {
	Path   string // where the expression stands in the rules file: "contacts.filter"
	Line   int    // within the expression, from 1
	Column int
	Reason string
}

// Error says where the expression failed.
func (e *ExpressionError) Error() string {
	return fmt.Sprintf("%s: the expression fails at %s: %s", e.Path, place(e.Line, e.Column), e.Reason)
}

// expression is a compiled expression. It is safe for concurrent use and always gives the same result for the same
// record.
type expression struct {
	path, source string
	program      *vm.Program
	scope        scope
}

func (e *expression) run(env map[string]any) (any, error) {
	meter := &meter{left: memoryBudget}
	for name, function := range meter.functions() {
		env[name] = function
	}
	machine := vm.VM{MemoryBudget: memoryBudget}
	out, err := machine.Run(e.program, env)
	if err != nil {
		return nil, e.failed(err)
	}
	return out, nil
}

// failed leaves the cause out, which may quote the record.
func (e *expression) failed(err error) error {
	out := &ExpressionError{Path: e.path, Line: 1, Column: 1, Reason: "it has no result for this record; guard it against empty or other text"}
	var located *file.Error
	if errors.As(err, &located) {
		out.Line, out.Column = located.Line, located.Column+1
		if located.Message == "memory budget exceeded" || errors.Is(err, errTooLarge) {
			out.Reason = "its result grows too large for this record"
		}
	}
	return out
}

func (e *expression) wrongResult(want string) error {
	return &ExpressionError{Path: e.path, Line: 1, Column: 1, Reason: "its result for this record is not " + want}
}

// Condition is a compiled boolean expression over a record.
type Condition struct{ expression }

// Match tells whether the condition holds for a record. A field that is not known counts as empty. It fails with
// *ExpressionError; the same record always gives the same answer.
func (c *Condition) Match(r record.Record) (bool, error) {
	env := c.scope.values(r)
	env["side"] = string(r.Side)
	out, err := c.run(env)
	if err != nil {
		return false, err
	}
	matches, ok := out.(bool)
	if !ok {
		return false, c.wrongResult("true or false")
	}
	return matches, nil
}

// Source returns the expression as it stands in the rules file.
func (c *Condition) Source() string { return c.source }

// Transform is a compiled expression from a field's value to another.
type Transform struct {
	expression
	set bool
}

// Apply returns the changed value of a field of a record, not yet normalised. It fails with *ExpressionError; the same
// value and record always give the same result.
func (t *Transform) Apply(v record.Value, r record.Record) (record.Value, error) {
	env := map[string]any{"contact": t.scope.values(r)}
	if t.set {
		env["values"] = elements(v)
	} else {
		env["value"] = v.Text()
	}
	out, err := t.run(env)
	if err != nil {
		return nil, err
	}
	if t.set {
		return t.elements(out)
	}
	switch out := out.(type) {
	case nil:
		return nil, nil
	case string:
		return record.Scalar(out), nil
	}
	return nil, t.wrongResult("text")
}

func (t *Transform) elements(out any) (record.Value, error) {
	switch out := out.(type) {
	case nil:
		return nil, nil
	case []string:
		return append(record.Value(nil), out...), nil
	case []any:
		var v record.Value
		for _, element := range out {
			text, ok := element.(string)
			if !ok {
				return nil, t.wrongResult("a list of texts")
			}
			v = append(v, text)
		}
		return v, nil
	}
	return nil, t.wrongResult("a list of texts")
}

// Source returns the expression as it stands in the rules file.
func (t *Transform) Source() string { return t.source }
