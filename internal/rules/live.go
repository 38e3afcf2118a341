package rules

import "time"

// DeletionPolicy says what becomes of a record's other half once the record is deleted on a side.
type DeletionPolicy string

// The policies.
const (
	DeletionPropagate DeletionPolicy = "propagate" // delete it as well
	DeletionIgnore    DeletionPolicy = "ignore"    // leave it, and sync it no more
	DeletionAsk       DeletionPolicy = "ask"       // a person decides
	DeletionMark      DeletionPolicy = "mark"      // leave it with a mark, and sync it no more
)

// Deletions is what follows from a deletion.
type Deletions struct {
	// GoHighLevel is for records that are deleted in GoHighLevel, Salesforce for those deleted in Salesforce.
	GoHighLevel DeletionPolicy
	Salesforce  DeletionPolicy
	// MarkTag is the tag that a GoHighLevel contact gets under mark.
	MarkTag string
	// MarkField is the API name of a checkbox field of the Salesforce Contact that is set under mark; "" sets nothing.
	MarkField string
	Surge     Surge
}

// Surge is from when on deletions stop and ask once for all of them: more than Count within Window, or more than Share
// of the connection's linked contacts where that is more.
type Surge struct {
	Count  int
	Share  float64 // 0.05 is 5 %
	Window time.Duration
}

// Live is how changes are found and synced once a connection is onboarded.
type Live struct {
	// RecordLaneMax is how many pending changes get a run each; more go in bulk.
	RecordLaneMax int
	Sweeps        Sweeps
	Verify        Verify
	Breaker       Breaker
}

// Sweeps is how often both sides are polled for changes that no webhook told of, and how far back each poll looks.
type Sweeps struct {
	// Fastest and Slowest bound the interval, which follows the allowance that is left and the activity.
	Fastest, Slowest time.Duration
	// GoHighLevelOverlap and SalesforceOverlap are how far each poll reads again what it may have read before: for what
	// became visible late.
	GoHighLevelOverlap, SalesforceOverlap time.Duration
	// Margin is how far a Salesforce poll stays behind the org's clock: a second that is not over may still fill.
	Margin time.Duration
	// Compare is within which time the rotating comparison of all links comes round once; 0 turns it off.
	Compare time.Duration
	// StaleAfter is how long a connection may be without a successful pass before it is called stale.
	StaleAfter time.Duration
}

// Verify is how often everything is compared, whatever webhooks and polls said.
type Verify struct {
	Every time.Duration // 0 turns it off
}

// Breaker parks a contact that was written Writes times within Window, back and forth.
type Breaker struct {
	Writes int
	Window time.Duration
}

// Reviews is how long what waits for a person waits.
type Reviews struct {
	RemindAfter time.Duration // 0 for no reminder
	// DecideAfter is when the default is taken; 0 for never.
	DecideAfter time.Duration
}

// Retention is how long what is over is kept.
type Retention struct {
	// Journal is how long the entries of the journal are kept; 0 for ever.
	Journal time.Duration
	// Links is how long links are kept whose records are deleted on both sides; 0 for ever.
	Links time.Duration
}

// The defaults of a connection whose rules say nothing else.
var (
	defaultGoHighLevelAllowance = Allowance{
		Requests: 100, Window: 10 * time.Second, Daily: 200_000, BackfillShare: 0.7, Recheck: 15 * time.Minute,
	}
	defaultSalesforceAllowance = Allowance{Window: 10 * time.Second, BackfillShare: 0.7, Recheck: 15 * time.Minute}
	defaultIndexLag            = 15 * time.Second

	defaultDeletions = Deletions{
		GoHighLevel: DeletionAsk, Salesforce: DeletionAsk, MarkTag: "deleted in salesforce",
		Surge: Surge{Count: 25, Share: 0.05, Window: time.Hour},
	}
	defaultLive = Live{
		RecordLaneMax: 10,
		Sweeps: Sweeps{
			Fastest: time.Minute, Slowest: 15 * time.Minute, GoHighLevelOverlap: 5 * time.Minute, SalesforceOverlap: 10 * time.Minute,
			Margin: 5 * time.Second, Compare: 24 * time.Hour, StaleAfter: time.Hour,
		},
		Verify:  Verify{Every: 7 * 24 * time.Hour},
		Breaker: Breaker{Writes: 6, Window: 10 * time.Minute},
	}
	defaultReviews   = Reviews{RemindAfter: 72 * time.Hour, DecideAfter: 14 * 24 * time.Hour}
	defaultRetention = Retention{Journal: 400 * 24 * time.Hour, Links: 90 * 24 * time.Hour}
)
