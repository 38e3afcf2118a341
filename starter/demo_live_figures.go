package main

import (
	"math"
	"slices"
	"time"
)

// liveResult is the live part of what `starter demo --output json` prints.
type liveResult struct {
	// Edits are the changes that people made and that have to arrive: of those under ask and of deletions, only the rest of
	// the contact counts.
	Edits   int `json:"edits"`
	Arrived int `json:"arrived"` // of the edits
	// P50 and P95 are milliseconds from an edit in one CRM to its arrival in the other, of those that arrived.
	P50 int64 `json:"p50_ms"`
	P95 int64 `json:"p95_ms"`
	// Conflicts are the fields that both sides changed and that were left to a person.
	Conflicts int `json:"conflicts"`
	// Reviews are the questions that came up, decided or not.
	Reviews int `json:"reviews"`
}

// percentile is the smallest of the durations that a share p of them, above 0 and at most 1, do not exceed; 0 of none.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(p*float64(len(sorted)))), 1)-1]
}

// milliseconds rounds up, so that what took any time took one.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
