package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// accessCheck tries one thing that syncing needs of a side.
type accessCheck struct {
	side record.Side
	try  func(context.Context, *AccessReport) error
}

func (c *Connection) accessChecks() []accessCheck {
	checks := []accessCheck{
		{record.GoHighLevel, c.checkLocation}, {record.GoHighLevel, c.checkReading}, {record.GoHighLevel, c.checkWriting},
		{record.GoHighLevel, c.checkCustomFields}, {record.Salesforce, c.checkSalesforce},
	}
	return append(checks, c.kindChecks()...)
}

func (c *Connection) checkLocation(ctx context.Context, _ *AccessReport) error {
	_, err := c.GoHighLevel.GetLocation(ctx)
	return err
}

func (c *Connection) checkReading(ctx context.Context, _ *AccessReport) error {
	_, err := c.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{PageLimit: 1})
	return err
}

// checkWriting goes by what was granted: nothing may be written to find out.
func (c *Connection) checkWriting(_ context.Context, out *AccessReport) error {
	for _, scope := range c.missingScopes() {
		if strings.HasSuffix(scope, ".write") { // what reads is tried
			out.Problems = append(out.Problems, fmt.Sprintf("GoHighLevel: the token lacks the scope %s. "+
				"Add it to the app or the private integration and connect this side again.", scope))
		}
	}
	return nil
}

// checkCustomFields looks for the location's custom fields that the rules name.
func (c *Connection) checkCustomFields(ctx context.Context, out *AccessReport) error {
	wanted := map[string]bool{}
	if key := c.Rules.GoHighLevel.ExternalIDField; key != "" {
		wanted[key] = true
	}
	for _, f := range c.Rules.Contacts.Fields {
		if key, custom := strings.CutPrefix(f.GoHighLevelKey, "customFields."); custom {
			wanted[key] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	fields, err := c.GoHighLevel.ListCustomFields(ctx)
	if err != nil {
		return err
	}
	for _, f := range fields {
		key, _ := f["fieldKey"].(string)
		delete(wanted, key)
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		out.Problems = append(out.Problems, fmt.Sprintf("GoHighLevel: the location has no contact custom field with the key %s. "+
			"Create it under Settings > Custom Fields, or take it out of the rules.", key))
	}
	return nil
}

// checkSalesforce finds out whether the edition and the user may use the API at all, and compares the fields that the
// rules map with what this user may read and write.
func (c *Connection) checkSalesforce(ctx context.Context, out *AccessReport) error {
	if _, err := c.Salesforce.GetLimits(ctx); err != nil {
		return err
	}
	describe, err := c.Salesforce.DescribeObject(ctx, contactObject)
	if err != nil {
		return err
	}
	fields := fieldsOf(describe)
	missing := func(name string) {
		out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: Contact has no field %s that this user can see. "+
			"Create it, or grant the user's permission set access to it, or take it out of the rules.", name))
	}
	for _, rule := range c.Rules.Contacts.Fields {
		name, _, related := strings.Cut(rule.SalesforceField, ".")
		if related {
			continue // read through a relationship; a query would say if it could not be
		}
		f, ok := fields[name]
		if !ok {
			missing(name)
			continue
		}
		writes := rule.Direction.Allows(record.Salesforce) && !rule.Policy.Salesforce.ReadOnly
		if writes && (f["createable"] == false || f["updateable"] == false) {
			out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: this user may not write Contact.%s. "+
				"Grant edit access in the user's permission set, or set the field's direction to %s.", name, reconcile.ToGoHighLevel))
		}
	}
	if name := c.Rules.Salesforce.ExternalIDField; name != "" {
		f, ok := fields[name]
		switch {
		case !ok:
			missing(name)
		case f["externalId"] != true || f["unique"] != true:
			out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: Contact.%s must be marked External ID and Unique, "+
				"so that no contact can be created twice.", name))
		}
	}
	return nil
}

// fieldsOf returns the fields of a described object by their names.
func fieldsOf(describe crm.Document) map[string]map[string]any {
	fields := map[string]map[string]any{}
	list, _ := describe["fields"].([]any)
	for _, item := range list {
		if f, ok := item.(map[string]any); ok {
			name, _ := f["name"].(string)
			fields[name] = f
		}
	}
	return fields
}
