package reconcile

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// returns is how often a value must have come back for a field to alternate: once may be a person who thought better of
// it.
const returns = 2

// Alternating returns the fields to which values that had been replaced were written again and again, sorted. History is
// everything that was written to both records, oldest first.
func Alternating(history []Write) []record.Field {
	past := map[record.Field][]record.Value{}
	back := map[record.Field]int{}
	for _, w := range history {
		values := past[w.Field]
		last := len(values) - 1
		// The same value twice in a row is one write, as to both sides.
		if last >= 0 && values[last].Equal(w.After) {
			continue
		}
		if slices.ContainsFunc(values, w.After.Equal) {
			back[w.Field]++
		}
		past[w.Field] = append(values, w.After)
	}
	var out []record.Field
	for field, n := range back {
		if n >= returns {
			out = append(out, field)
		}
	}
	slices.Sort(out)
	return out
}

// InVain returns the fields that are due to be restored to a value on a side where the same was done again and again, and
// each time what was replaced came back at once: something there will not have it otherwise. History is what was written to
// that side, oldest first.
func InVain(history, due []Write) []record.Field {
	var out []record.Field
	for _, w := range due {
		if w.Cause != CauseRestore {
			continue
		}
		tries := 0
		for _, before := range slices.Backward(history) {
			if before.Field != w.Field {
				continue
			}
			if before.Cause != CauseRestore || !before.Before.Equal(w.Before) || !before.After.Equal(w.After) {
				break
			}
			tries++
		}
		if tries >= returns {
			out = append(out, w.Field)
		}
	}
	slices.Sort(out)
	return out
}
