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

func TestARestoreIsInVainOnceTheSameWasRestoredTwiceAndUndone(t *testing.T) {
	write := func(cause reconcile.Cause, before, after string) reconcile.Write {
		return reconcile.Write{Field: record.City, Before: record.Scalar(before), After: record.Scalar(after), Cause: cause}
	}
	restore := func(before, after string) reconcile.Write { return write(reconcile.CauseRestore, before, after) }
	other := reconcile.Write{Field: record.State, After: record.Scalar("NY"), Cause: reconcile.CauseEdit}
	for _, c := range []struct {
		name    string
		history []reconcile.Write
		due     reconcile.Write
		want    []record.Field
	}{
		{"nothing was written", nil, restore("b", "a"), nil},
		{"a person who tried it twice", []reconcile.Write{restore("b", "a")}, restore("b", "a"), nil},
		{"it came back twice", []reconcile.Write{restore("b", "a"), other, restore("b", "a")}, restore("b", "a"), []record.Field{record.City}},
		{"something else came instead", []reconcile.Write{restore("b", "a"), restore("b", "a")}, restore("c", "a"), nil},
		{"it is restored to something else", []reconcile.Write{restore("b", "a"), restore("b", "a")}, restore("b", "c"), nil},
		{"it was edited since", []reconcile.Write{restore("b", "a"), restore("b", "a"), write(reconcile.CauseEdit, "b", "a")}, restore("b", "a"), nil},
		{"an edit travels however often", []reconcile.Write{restore("b", "a"), restore("b", "a")}, write(reconcile.CauseEdit, "b", "a"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := reconcile.InVain(c.history, []reconcile.Write{c.due}); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v are restored in vain, want %v", got, c.want)
			}
		})
	}
}
