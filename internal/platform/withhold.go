package platform

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// withheld is what is logged in place of what is not.
const withheld = "[withheld]"

// withheldNames are what a field's name must not have in it, whatever its value: in lower case, without anything between
// the words.
var withheldNames = []string{
	"token", "secret", "password", "passphrase", "authorization", "cookie", "credential", "apikey", "privatekey", "keyset", "bearer",
	"email", "phone", "firstname", "lastname", "fullname", "address1", "street", "birth",
	"payload", "document", "requestbody", "responsebody", "notetext",
}

// withheldWords are what a field's name must not be as a whole.
var withheldWords = []string{"body", "code", "query", "title", "text", "note", "signature", "assertion"}

// Withhold is the second net under a logger, for what its types and whoever logs let through: of a field whose name says that
// it may hold a secret or what a customer wrote, in an object of several too, only the name is logged. Together with
// withheldStructures no value is logged but texts, numbers and times under harmless names, and what describes itself.
func Withhold(core zapcore.Core) zapcore.Core { return withholding{core} }

type withholding struct{ zapcore.Core }

// With adds fields to every line.
func (w withholding) With(fields []zapcore.Field) zapcore.Core {
	return withholding{w.Core.With(harmless(fields))}
}

// Check asks the core, which may drop some of many equal lines, and has the line written through here.
func (w withholding) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if w.Core.Check(entry, nil) == nil {
		return checked
	}
	return checked.AddCore(entry, w)
}

// Write writes a line.
func (w withholding) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return w.Core.Write(entry, harmless(fields))
}

// harmless returns the fields with what must not be logged withheld.
func harmless(fields []zapcore.Field) []zapcore.Field {
	out := make([]zapcore.Field, len(fields))
	for i, field := range fields {
		switch out[i] = field; {
		case field.Type == zapcore.NamespaceType, field.Type == zapcore.SkipType:
		case telling(field.Key):
			out[i] = zap.String(field.Key, withheld)
		case field.Type == zapcore.ObjectMarshalerType, field.Type == zapcore.InlineMarshalerType, field.Type == zapcore.ArrayMarshalerType:
			held := zapcore.NewMapObjectEncoder()
			field.AddTo(held)
			out[i] = zap.Inline(object(held.Fields))
		}
	}
	return out
}

// telling says whether a field's name tells that its value must not be logged.
func telling(name string) bool {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-. ", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
	return slices.Contains(withheldWords, plain) || slices.ContainsFunc(withheldNames, func(word string) bool { return strings.Contains(plain, word) })
}

// object is what an object logs of itself, by the names of its fields.
type object map[string]any

// MarshalLogObject logs what may be, in the order of the names.
func (o object) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if telling(name) {
			enc.AddString(name, withheld)
			continue
		}
		var err error
		switch value := o[name].(type) {
		case map[string]any:
			err = enc.AddObject(name, object(value))
		case []any:
			err = enc.AddArray(name, array(value))
		default:
			zap.Any(name, value).AddTo(enc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// array is what an array logs of itself.
type array []any

// MarshalLogArray logs what may be of each element.
func (a array) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for _, element := range a {
		var err error
		switch value := element.(type) {
		case map[string]any:
			err = enc.AppendObject(object(value))
		case []any:
			err = enc.AppendArray(array(value))
		case time.Time:
			enc.AppendTime(value)
		case time.Duration:
			enc.AppendDuration(value)
		default:
			err = enc.AppendReflected(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withheldStructures encodes what a logger knows no better way for. Of a structure it logs the type: what is deep in it was
// made to be sent or sealed, and not to be read in a log.
func withheldStructures(w io.Writer) zapcore.ReflectedEncoder { return structures{w} }

type structures struct{ out io.Writer }

// Encode writes a plain value, and of any other its type.
func (s structures) Encode(v any) error {
	switch v.(type) {
	case nil, bool, string, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
	default:
		v = fmt.Sprintf("[withheld %T]", v)
	}
	return json.NewEncoder(s.out).Encode(v)
}
