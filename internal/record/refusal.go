package record

import "time"

// Refusal is a vendor's refusal to give Tandem a token of a side. Until it is over nothing that needs the side can be done:
// the connection rests, and keeps what changes.
type Refusal struct {
	Side Side `json:"side"`
	// State is RefusalReconnect or RefusalSuspended.
	State string `json:"state"`
	// Reason says what is the matter and what a person does about it, in Tandem's own words.
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// The states of a refusal. They are stored and printed: never rename one.
const (
	// RefusalReconnect: the grant is spent, revoked or expired. Nothing but connecting the side again helps.
	RefusalReconnect = "reconnect"
	// RefusalSuspended: the grant stays, and is good again once what stands in the way is gone, as with a location that is
	// not active. Tandem tries now and then.
	RefusalSuspended = "suspended"
)

// ShownState is how a connection in a state stands with what its sides refuse: what a person turned off is that, and an
// active one that is refused is in the state of the refusal, the worst of them.
func ShownState(state string, refusals []Refusal) string {
	if state != ConnectionActive {
		return state
	}
	for _, r := range refusals {
		if state == ConnectionActive || r.State == RefusalReconnect {
			state = r.State
		}
	}
	return state
}
