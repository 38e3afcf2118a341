package workflows

import (
	"errors"
	"fmt"
)

// SyncChangesInput starts a SyncChanges, which SignalRing wakes.
type SyncChangesInput struct {
	Connection string `json:"connection"`
	// Told lists links whose waiting runs have been told of a change; carried over when the run continues as a new one.
	Told map[int64]bool `json:"told,omitempty"`
	// Round counts what was begun, carried over likewise.
	Round int `json:"round,omitempty"`
}

// SyncChangesID is the workflow id of the run that drains a connection's pending changes.
func SyncChangesID(connection string) string { return "sync/" + connection }

// Validate names everything that is wrong with the input.
func (in SyncChangesInput) Validate() error { return needConnection(in.Connection) }

// ReviewInput starts the run in which a review of several links waits for a person.
type ReviewInput struct {
	Connection string `json:"connection"`
	ReviewID   int64  `json:"review_id"`
}

// ReviewID is the workflow id of a review of several links.
func ReviewID(connection string, review int64) string {
	return fmt.Sprintf("review/%s/%d", connection, review)
}

// Validate names everything that is wrong with the input.
func (in ReviewInput) Validate() error {
	err := needConnection(in.Connection)
	if in.ReviewID <= 0 {
		err = errors.Join(err, errors.New("review_id is missing"))
	}
	return err
}

// SweepInput starts a Sweep over one shard of the connections: those whose number leaves the remainder Shard when divided
// by Shards.
type SweepInput struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
}

// SweepID is the id of a shard's Schedule, and the beginning of its runs' workflow ids.
func SweepID(shard int) string { return fmt.Sprintf("sweep/%d", shard) }

// Validate names everything that is wrong with the input.
func (in SweepInput) Validate() error {
	if in.Shards < 1 || in.Shard < 0 || in.Shard >= in.Shards {
		return fmt.Errorf("shard %d of %d makes no sense", in.Shard, in.Shards)
	}
	return nil
}
