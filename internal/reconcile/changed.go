package reconcile

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// Changed tells whether a side holds anything else than it did at the last agreement, in the fields that may travel from
// it and were agreed on. Where nothing was ever agreed on, or nobody knows what came of the last write, everything is a
// change.
func Changed(base Base, r *record.Record, policies []Policy, fingerprint func(record.Field, record.Value) []uint64) bool {
	for _, p := range policies {
		value, known := r.Fields[p.Field]
		agreed, had := base[p.Field]
		if !known || !had {
			continue
		}
		if agreed.Tried != nil || p.Direction.Allows(r.Side.Other()) && !slices.Equal(fingerprint(p.Field, value), agreed.side(r.Side)) {
			return true
		}
	}
	return base == nil
}
