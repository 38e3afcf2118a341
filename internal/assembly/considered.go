package assembly

import (
	"context"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/rules"
)

// OpenWith returns a connection under other rules than its own. It keeps those that it was asked for last, so that asking
// again for the same costs no API call.
func (c *Connections) OpenWith(ctx context.Context, id, rulesText string) (*activities.Connection, error) {
	current, err := c.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	held := c.opened[id]
	var considered *activities.Connection
	if held != nil {
		considered = held.considered
	}
	c.mu.Unlock()
	if considered != nil && considered.Rules.Text == rulesText {
		return considered, nil
	}
	loaded, err := rules.Parse(id, []byte(rulesText))
	if err != nil {
		return nil, &crm.Error{Operation: "open connection", Kind: crm.Invalid, Reason: "the rules do not load: " + err.Error()}
	}
	if loaded.Connection != id || loaded.GoHighLevel.Location != current.Rules.GoHighLevel.Location || loaded.Salesforce.Org != current.Rules.Salesforce.Org {
		return nil, &crm.Error{Operation: "open connection", Kind: crm.Invalid, Reason: "the rules are those of another connection, location or org"}
	}
	other := *current
	other.Rules, other.RulesVersion = loaded, 0
	directory, err := readDirectory(ctx, &other)
	if err != nil {
		return nil, err
	}
	other.Mapper = loaded.Mapper(directory)
	c.mu.Lock()
	defer c.mu.Unlock()
	if held != nil { // it was erased meanwhile
		held.considered = &other
	}
	return &other, nil
}
