package workflows

import (
	"errors"
	"fmt"
)

// MaintenanceInput starts a Maintenance: of one connection, by hand, or of one shard of the connections, those whose number
// leaves the remainder Shard when divided by Shards.
type MaintenanceInput struct {
	Connection string `json:"connection,omitempty"`
	// DryRun changes nothing; Confirm lets go what is held back until a person says so. Both go with a connection.
	DryRun  bool `json:"dry_run,omitempty"`
	Confirm bool `json:"confirm,omitempty"`

	Shard  int `json:"shard,omitempty"`
	Shards int `json:"shards,omitempty"`
}

// MaintenanceShardID is the id of a shard's Schedule, and the beginning of its runs' workflow ids.
func MaintenanceShardID(shard int) string { return fmt.Sprintf("maintenance/%d", shard) }

// MaintenanceID is the workflow id of a connection's maintenance by hand.
func MaintenanceID(connection string) string { return "maintenance/by-hand/" + connection }

// Validate names everything that is wrong with the input.
func (in MaintenanceInput) Validate() error {
	byHand := in.DryRun || in.Confirm
	switch {
	case in.Connection != "" && (in.Shard != 0 || in.Shards != 0):
		return errors.New("name a connection or a shard, not both")
	case in.Connection != "":
		return nil
	case byHand:
		return errors.New("dry_run and confirm go with a connection")
	}
	return SweepInput{Shard: in.Shard, Shards: in.Shards}.Validate()
}
