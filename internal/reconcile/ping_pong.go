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
