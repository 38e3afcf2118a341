package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Need is one thing that a connection's rules need of a side, or that the side granted without need.
type Need struct {
	Side record.Side `json:"side"`
	// What sort of thing it is: one of the Need words.
	What    string  `json:"what"`
	Name    string  `json:"name"`
	For     string  `json:"needed_for,omitempty"`
	Granted Granted `json:"granted"`
}

// The sorts of needs.
const (
	NeedScope       = "scope"
	NeedAPI         = "API access"
	NeedObject      = "object"
	NeedField       = "field"
	NeedCustomField = "custom field"
	NeedExternalID  = "external id"
	NeedClock       = "clock"
	NeedWebhooks    = "webhooks"
	// NeedDuplicateRule is a rule of the org that may refuse what is saved.
	NeedDuplicateRule = "duplicate rule"
	NeedMatchingRule  = "matching rule"
)

// Granted says how a need stands.
type Granted string

// How a need stands.
const (
	GrantedYes     Granted = "yes"
	GrantedNo      Granted = "no"
	GrantedUnknown Granted = "not known" // the side does not say, as of a private integration's scopes
	GrantedSurplus Granted = "more than needed"
	// A rule of the side is in force, or there is none.
	GrantedActive   Granted = "active"
	GrantedInactive Granted = "none active"
)

// skewTolerated is how far a vendor's clock may be from ours without a word about it.
const skewTolerated = 30 * time.Second

func (out *AccessReport) need(side record.Side, what, name, purpose string, granted bool) {
	stands := GrantedNo
	if granted {
		stands = GrantedYes
	}
	out.Needs = append(out.Needs, Need{Side: side, What: what, Name: name, For: purpose, Granted: stands})
}

// checkScopes compares the scopes that the rules need of a side with what it granted, in both directions.
func (c *Connection) checkScopes(side record.Side, out *AccessReport) {
	granted := c.Scopes[side]
	needed := map[string]bool{}
	for _, s := range c.Rules.Scopes() {
		if s.Side != side {
			continue
		}
		has := slices.ContainsFunc(granted, func(g string) bool { return scopeName(side, g) == s.Name })
		needed[s.Name] = true
		switch {
		case len(granted) == 0:
			out.Needs = append(out.Needs, Need{Side: side, What: NeedScope, Name: s.Name, For: strings.Join(s.For, "; "), Granted: GrantedUnknown})
		case !has && s.Name == rules.RefreshScope:
			// The web flow refuses grants without it, so this is a flow that has no use for it.
		default:
			out.need(side, NeedScope, s.Name, strings.Join(s.For, "; "), has)
		}
	}
	var surplus []string
	for _, g := range slices.Sorted(slices.Values(granted)) {
		if needed[scopeName(side, g)] {
			continue
		}
		if side == record.GoHighLevel && g == rules.UninstallScope {
			out.need(side, NeedScope, g, c.uninstallScopeUse(), true)
			continue
		}
		need := Need{Side: side, What: NeedScope, Name: g, Granted: GrantedSurplus}
		if side == record.GoHighLevel && g == rules.CustomFieldsScope {
			need.For = "creating custom fields by --fix"
		}
		surplus, out.Needs = append(surplus, g), append(out.Needs, need)
	}
	if len(surplus) > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%s granted more than these rules need: %s. Take it away from the app or the token and connect this side again.",
			side, strings.Join(surplus, ", ")))
	}
}

// uninstallScopeUse is what the scope is for that no rule needs and whose absence holds nothing back.
func (c *Connection) uninstallScopeUse() string {
	const uninstalling = "uninstalling the app when the connection is erased (optional)"
	if c.OfAgency {
		return "the location's token for the agency's; " + uninstalling
	}
	return uninstalling
}

// scopeName is a scope by the name that it is asked for by: Salesforce has two for one of them.
func scopeName(side record.Side, granted string) string {
	if side == record.Salesforce && granted == "offline_access" {
		return rules.RefreshScope
	}
	return granted
}

// checkClock compares a side's clock with ours, by its last answer.
func (c *Connection) checkClock(side record.Side, out *AccessReport) {
	if c.Skew == nil {
		return
	}
	skew, known := c.Skew(side)
	if !known {
		return
	}
	const purpose = "signed requests, and which of two changes is newer"
	near := skew.Abs() <= skewTolerated
	name := "within 30 s of ours"
	if !near {
		name = fmt.Sprintf("%+d s from ours", int(skew.Seconds()))
		out.Notes = append(out.Notes, fmt.Sprintf("%s's clock is %s off this worker's. Let the worker's machine set its clock by NTP.",
			side, skew.Abs().Round(time.Second)))
	}
	out.need(side, NeedClock, name, purpose, near)
}

// checkReach looks whether webhooks arrive. Everything works without them, later.
func (c *Connection) checkReach(ctx context.Context, out *AccessReport) error {
	if c.Reach == nil {
		return nil
	}
	address, problem := c.Reach(ctx)
	out.need(record.GoHighLevel, NeedWebhooks, address, "hearing of changes at once", problem == "")
	if problem != "" {
		out.Notes = append(out.Notes, fmt.Sprintf("Webhooks do not arrive at %s: %s. Changes in GoHighLevel are found by polls alone. "+
			"Let the proxy there lead to TANDEM_WEBHOOK_LISTEN of a worker, path and all.", address, problem))
	}
	return nil
}

// checkGranted is what needs no call of its own.
func (c *Connection) checkGranted(side record.Side) func(context.Context, *AccessReport) error {
	return func(_ context.Context, out *AccessReport) error {
		c.checkScopes(side, out)
		c.checkClock(side, out)
		return nil
	}
}
