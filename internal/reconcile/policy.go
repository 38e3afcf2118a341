// Package reconcile decides what a sync does: base + two records + policies -> decision. It is pure: the same input
// always gives the same decision, in the same order.
package reconcile

import "github.com/tandem-sync/tandem/internal/record"

// Direction says which way a field may travel.
type Direction string

// The directions.
const (
	Both          Direction = "both"
	ToGoHighLevel Direction = "to_gohighlevel"
	ToSalesforce  Direction = "to_salesforce"
	Off           Direction = "off"
)

// Allows tells whether a field may be written to a side.
func (d Direction) Allows(to record.Side) bool {
	switch d {
	case Both:
		return true
	case ToGoHighLevel:
		return to == record.GoHighLevel
	case ToSalesforce:
		return to == record.Salesforce
	default:
		return false
	}
}

// Resolution settles a conflict: both sides changed a field to different values, or differ when first matched.
type Resolution string

// The resolutions.
const (
	Newest          Resolution = "newest"      // the record changed last wins; a tie goes to the policy's Tie
	GoHighLevelWins Resolution = "gohighlevel" // GoHighLevel's value wins
	SalesforceWins  Resolution = "salesforce"  // Salesforce's value wins
	Ask             Resolution = "ask"         // a person decides; until then the field stays as it is on both sides
)

// Drift says what to do when the side that a field may not travel from has changed it.
type Drift string

// The drifts.
const (
	Ignore  Drift = "ignore"  // leave the edit until the other side changes the field
	Restore Drift = "restore" // write the other side's value over it
)

// Policy is how one field is kept in step.
type Policy struct {
	Field     record.Field
	Set       bool // merge per element
	Direction Direction
	Conflict  Resolution
	Tie       record.Side // who wins when Newest cannot tell
	Drift     Drift
	// Limits names what a side's API cannot do with the field.
	GoHighLevel Limits
	Salesforce  Limits
}

// Limits are what a vendor's API cannot do with a field.
type Limits struct {
	ReadOnly   bool // never writable
	CreateOnly bool // writable only while creating the record
	NoClear    bool // cannot be emptied once filled
}

func (p Policy) limits(s record.Side) Limits {
	if s == record.GoHighLevel {
		return p.GoHighLevel
	}
	return p.Salesforce
}

// Cause says why a value is written. The values are kept in the journal: never rename one.
type Cause string

// The causes.
const (
	CauseCreate   Cause = "create"   // the record is made on that side
	CauseEdit     Cause = "edit"     // the other side changed the field, this side did not
	CauseFill     Cause = "fill"     // at the first match, this side had nothing
	CauseConflict Cause = "conflict" // both sides had changed it, and the field's rule decided
	CauseVerdict  Cause = "verdict"  // both sides had changed it, and a person decided
	CauseRestore  Cause = "restore"  // this side changed a field that may not travel from it
	CauseMerge    Cause = "merge"    // elements of a set that the other side added or removed
	CauseNote     Cause = "note"     // a note asks for it, or says how its tasks stand
	CauseDelete   Cause = "delete"   // the record was deleted with all it held
)
