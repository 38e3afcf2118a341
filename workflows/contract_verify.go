package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// VerifyInput starts a Verify, or continues one.
type VerifyInput struct {
	Connection string `json:"connection"`
	// Kinds are those to compare; empty for all that the rules sync.
	Kinds []record.Kind `json:"kinds,omitempty"`
	// Repair syncs what has drifted, and compares it once more. Without, nothing is written on either side.
	Repair bool `json:"repair,omitempty"`

	// State is carried over when the run continues as a new one.
	State *VerifyState `json:"state,omitempty"`
}

// VerifyState is how far a Verify has come.
type VerifyState struct {
	Epoch        string        `json:"epoch"`
	Begun        time.Time     `json:"begun"`
	RulesVersion int           `json:"rules_version"`
	Live         bool          `json:"live"`
	Kinds        []record.Kind `json:"kinds"`
	// Done are the kinds that are compared, Part is the one that is being compared, and After the link that it has come to.
	Done  []record.KindCertificate `json:"done,omitempty"`
	Part  record.KindCertificate   `json:"part"`
	After int64                    `json:"after,omitempty"`
}

// VerifyID is the workflow id of the comparison of a connection's two sides.
func VerifyID(connection string) string { return "verify/" + connection }

// Validate names everything that is wrong with the input.
func (in VerifyInput) Validate() error {
	err := needConnection(in.Connection)
	for _, kind := range in.Kinds {
		if !slices.Contains(record.Kinds, kind) {
			err = errors.Join(err, fmt.Errorf("kind %q is none", kind))
		}
	}
	return err
}
