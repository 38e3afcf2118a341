package workflows

import "go.temporal.io/sdk/workflow"

// Changes of workflow code that runs may be in the middle of are listed here: one constant (the change id) and one
// function over workflow.GetVersion per change, with its date, its reason, and when it may be removed (once no run that
// began before it is open or within the namespace's retention).

// changeLiveSync, of November 2026: what is gone from a side is settled by proof and by the rules, where it only went to
// review before; an onboarding ends by giving reviews their runs and by turning live sync on. It may be removed with the
// release after the next.
const changeLiveSync = "live-sync"

// liveSync tells whether a run began under live sync.
func liveSync(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeLiveSync, workflow.DefaultVersion, 1) >= 1
}

// changeOverlap, of November 2026: a SyncChanges looks for more while what it has begun is under way, and a contact that
// takes long holds up nobody else. It may be removed with the release after the next.
const changeOverlap = "overlap"

// overlapping tells whether a run began after steps came to overlap. It is asked only where that makes a difference, so
// that the many runs in which it makes none need not remember it.
func overlapping(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeOverlap, workflow.DefaultVersion, 1) >= 1
}

// changeComparingKinds, of November 2026: an onboarding compares both sides' tasks and appointments once they are backfilled,
// where it only counted what the ledger had of them. It may be removed with the release after the next.
const changeComparingKinds = "comparing-kinds"

// comparingKinds tells whether a run began under that change.
func comparingKinds(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeComparingKinds, workflow.DefaultVersion, 1) >= 1
}

// changeLookingAgain, of November 2026: a record that is gone when it is to be written to is read again, and one whose contact
// is gone when it is to be created waits for that contact; either failed before. It may be removed with the release after the
// next.
const changeLookingAgain = "looking-again"

// lookingAgain tells whether a run began under that change. It is asked only where that makes a difference.
func lookingAgain(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeLookingAgain, workflow.DefaultVersion, 1) >= 1
}

// changeHolding, of November 2026: a note whose look a side refuses stays marked, where its run failed before. It may be removed
// with the release after the next.
const changeHolding = "holding"

// holding tells whether a run began under that change. It is asked only where that makes a difference.
func holding(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, changeHolding, workflow.DefaultVersion, 1) >= 1
}
