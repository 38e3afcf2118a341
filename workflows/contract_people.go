package workflows

import (
	"errors"
	"fmt"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// ExplainInput starts an Explain.
type ExplainInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	LinkID     int64       `json:"link_id"`
}

// ExplainID is the workflow id of the run that reads both sides of a link for a person.
func ExplainID(connection string, link int64) string {
	return fmt.Sprintf("explain/%s/%d", connection, link)
}

// Validate names everything that is wrong with the input.
func (in ExplainInput) Validate() error {
	err := needConnection(in.Connection)
	if in.LinkID <= 0 {
		err = errors.Join(err, errors.New("link_id is missing"))
	}
	return err
}

// TimelineInput starts a Timeline of one contact.
type TimelineInput struct {
	Connection string `json:"connection"`
	LinkID     int64  `json:"link_id"`
}

// TimelineID is the workflow id of the run that reads a contact's timeline for a person.
func TimelineID(connection string, link int64) string {
	return fmt.Sprintf("timeline/%s/%d", connection, link)
}

// Validate names everything that is wrong with the input.
func (in TimelineInput) Validate() error {
	err := needConnection(in.Connection)
	if in.LinkID <= 0 {
		err = errors.Join(err, errors.New("link_id is missing"))
	}
	return err
}

// PlanRulesInput starts a PlanRules, or continues one.
type PlanRulesInput struct {
	Connection string `json:"connection"`
	Rules      string `json:"rules"`   // the text of the rules that are considered
	Samples    int    `json:"samples"` // how many differing links to name
	Total      int    `json:"total"`   // links expected, for progress

	// Carried over when the run continues as a new one.
	After int64                      `json:"after,omitempty"` // the last link that was looked at
	Found activities.RulesDifference `json:"found"`
}

// PlanRulesID is the workflow id of the run that compares rules with those in force.
func PlanRulesID(connection string) string { return "plan-rules/" + connection }

// Validate names everything that is wrong with the input.
func (in PlanRulesInput) Validate() error {
	err := needConnection(in.Connection)
	if in.Rules == "" {
		err = errors.Join(err, errors.New("rules are missing"))
	}
	if in.Samples < 0 {
		err = errors.Join(err, errors.New("samples must be 0 or more"))
	}
	return err
}

// RulesOrigin is on whose behalf BulkSync writes, and its epoch, when all links are re-evaluated under a version of the
// rules.
func RulesOrigin(version int) string { return fmt.Sprintf("rules-v%d", version) }
