package crm

import (
	"context"
	"slices"
)

// Lane is the priority class of an API call. The values are counted under in the ledger and travel in the headers of
// Temporal histories: never rename one.
type Lane string

// The lanes, the first before the last.
const (
	LaneLive        Lane = "live"        // a change on its way to the other side
	LaneHuman       Lane = "human"       // a person waits for it
	LaneMaintenance Lane = "maintenance" // sweeps, completions, retention
	LaneBackfill    Lane = "backfill"    // onboarding, mass imports
	LaneVerify      Lane = "verify"      // comparing what should be in step
)

// Lanes are all lanes in the order of their priority.
var Lanes = []Lane{LaneLive, LaneHuman, LaneMaintenance, LaneBackfill, LaneVerify}

// Rank is the lane's place in Lanes, 0 for the one that goes first; -1 for what is no lane.
func (l Lane) Rank() int { return slices.Index(Lanes, l) }

type laneKey struct{}

// WithLane lets the calls made under the context go in a lane. What is no lane changes nothing.
func WithLane(ctx context.Context, lane Lane) context.Context {
	if lane.Rank() < 0 {
		return ctx
	}
	return context.WithValue(ctx, laneKey{}, lane)
}

// LaneOf returns the lane that calls under the context go in; LaneLive where none was set.
func LaneOf(ctx context.Context) Lane {
	if lane, ok := ctx.Value(laneKey{}).(Lane); ok {
		return lane
	}
	return LaneLive
}

// HasLane tells whether a lane was set.
func HasLane(ctx context.Context) bool {
	_, ok := ctx.Value(laneKey{}).(Lane)
	return ok
}
