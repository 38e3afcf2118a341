package activities

import (
	"context"
	"fmt"
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
		{record.GoHighLevel, c.checkCustomFields}, {record.GoHighLevel, c.checkReach}, {record.Salesforce, c.checkSalesforce}, {record.Salesforce, c.checkDuplicateRules},
	}
	checks = append(checks, c.kindChecks()...)
	for _, side := range record.Sides { // last, when each has told its time
		checks = append(checks, accessCheck{side, c.checkGranted(side)})
	}
	return checks
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
	wanted, missing, err := c.customFields(ctx)
	if err != nil {
		return err
	}
	for _, key := range wanted {
		there := !slices.Contains(missing, key)
		out.need(record.GoHighLevel, NeedCustomField, key, c.customFieldUse(key), there)
		if !there {
			out.Problems = append(out.Problems, fmt.Sprintf("GoHighLevel: the location has no contact custom field with the key %s. "+
				"Create it under Settings > Custom Fields > Add Field (object Contact%s), let `starter connections check %s --fix` do it, "+
				"or take it out of the rules.", key, c.customFieldForm(key), c.ID))
		}
	}
	return nil
}

// checkSalesforce finds out whether the edition and the user may use the API at all, and compares the fields that the
// rules map with what this user may read and write.
func (c *Connection) checkSalesforce(ctx context.Context, out *AccessReport) error {
	if _, err := c.Salesforce.GetLimits(ctx); err != nil {
		if crm.KindOf(err) == crm.NeedsAccess {
			out.need(record.Salesforce, NeedAPI, "REST API", "everything", false)
		}
		return err
	}
	out.need(record.Salesforce, NeedAPI, "REST API", "everything", true)
	if err := c.checkOrg(ctx, out); err != nil {
		return err
	}
	describe, err := c.Salesforce.DescribeObject(ctx, contactObject)
	if err != nil {
		return err
	}
	fields := fieldsOf(describe)
	own, err := c.contactFields(ctx)
	if err != nil {
		return err
	}
	missing := func(name string) {
		out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: Contact has no field %s that this user can see. "+
			"Create it%s, or grant the user's permission set access to it, or take it out of the rules.", name, c.creating(own, name)))
	}
	for _, rule := range c.Rules.Contacts.Fields {
		name, _, related := strings.Cut(rule.SalesforceField, ".")
		if related {
			continue // read through a relationship; a query would say if it could not be
		}
		f, ok := fields[name]
		writes := writesRule(rule)
		refused := writes && (f["createable"] == false || f["updateable"] == false)
		out.need(record.Salesforce, NeedField, contactObject+"."+name, fmt.Sprintf("%s of contacts (%s)", rule.Field, readsOr(writes)), ok && !refused)
		if !ok {
			missing(name)
			continue
		}
		if refused {
			out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: this user may not write Contact.%s. "+
				"Grant edit access in the user's permission set, or set the field's direction to %s.", name, reconcile.ToGoHighLevel))
		}
	}
	name := c.Rules.Salesforce.ExternalIDField
	if name == "" {
		return nil
	}
	f, ok := fields[name]
	marked := f["externalId"] == true && f["unique"] == true
	out.need(record.Salesforce, NeedExternalID, contactObject+"."+name, "creating no contact twice", ok && marked)
	switch {
	case !ok:
		out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: Contact has no field %[1]s that this user can see. Create it under Setup > Object Manager > "+
			"Contact > Fields & Relationships > New: Text, length 255, Field Name %[2]s, External ID, Unique (case sensitive); grant the user's "+
			"permission set Read and Edit Access to it; or let `starter connections check %[3]s --fix` do both, as a user who may; "+
			"or take external_id_field out of the rules.", name, strings.TrimSuffix(name, "__c"), c.ID))
	case !marked:
		out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: Contact.%s must be marked External ID and Unique, "+
			"so that no contact can be created twice.", name))
	}
	return nil
}

// creating says how one of an org's own fields is created; "" for a field that is none.
func (c *Connection) creating(own ownFields, name string) string {
	f, ok := own.named(name)
	if !ok {
		return ""
	}
	under := fmt.Sprintf(" under Setup > Object Manager > %s > Fields & Relationships > New", f.object)
	if f.metadata == nil {
		return under + ", of a type that fits"
	}
	return fmt.Sprintf("%s: %s, Field Name %s (or let `starter connections check %s --fix` do it)", under, f.metadata["type"], strings.TrimSuffix(name, "__c"), c.ID)
}

// checkOrg asks the org itself which one it is: not every flow's grant proves it.
func (c *Connection) checkOrg(ctx context.Context, out *AccessReport) error {
	rows, err := c.rows(ctx, "SELECT Id FROM Organization")
	if err != nil {
		return err
	}
	wanted := c.Rules.Salesforce.Org
	for _, row := range rows {
		if id, _ := row["Id"].(string); len(id) >= 15 && len(wanted) >= 15 && id[:15] != wanted[:15] {
			out.Problems = append(out.Problems, fmt.Sprintf("Salesforce: access was granted for org %s, but the rules name %s. "+
				"Run `starter connect salesforce %s` and log in to the right one.", id, wanted, c.ID))
		}
	}
	return nil
}

func readsOr(writes bool) string {
	if writes {
		return "read, write"
	}
	return "read"
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
