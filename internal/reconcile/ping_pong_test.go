package reconcile_test

import (
	"reflect"
	"testing"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestOnlyAFieldWhoseValuesKeepComingBackAlternates(t *testing.T) {
	history := func(values ...string) (out []reconcile.Write) {
		for _, v := range values {
			out = append(out, reconcile.Write{Field: record.City, After: record.Scalar(v)})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		history []reconcile.Write
		want    []record.Field
	}{
		{"nothing was written", nil, nil},
		{"many edits to new values", history("a", "b", "c", "d", "e", "f"), nil},
		{"a person who thought better of it", history("a", "b", "a"), nil},
		{"the same value to both sides", history("a", "a", "b", "b"), nil},
		{"back and forth", history("a", "b", "a", "b"), []record.Field{record.City}},
		{"back and forth with what comes between", history("a", "b", "c", "a", "c"), []record.Field{record.City}},
		{"emptied and filled", history("a", "", "a", ""), []record.Field{record.City}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := reconcile.Alternating(c.history); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v alternate, want %v", got, c.want)
			}
		})
	}
}
