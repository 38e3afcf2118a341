package workflows

import "strings"

// ConnectionOf returns the connection that a workflow is about, by the workflow's id; "" for the sweeps and maintenances of
// a shard, which are about many, and for ids that name nothing. What Temporal keeps of the workflow is encrypted under that
// connection's key: so every id that names a connection names it second, after a slash.
func ConnectionOf(workflowID string) string {
	scenario, about, _ := strings.Cut(workflowID, "/")
	switch scenario {
	case "sweep":
		return ""
	case "maintenance":
		var byHand bool
		if about, byHand = strings.CutPrefix(about, "by-hand/"); !byHand {
			return ""
		}
	}
	connection, _, _ := strings.Cut(about, "/")
	return connection
}
