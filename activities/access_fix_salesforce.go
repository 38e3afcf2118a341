package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

// createInSalesforce creates the custom fields that are missing, and lets the connected user see them where it is known by
// which permission set. A field that is there and hidden from the user is left alone unless a person named one: somebody hid it.
func (c *Connection) createInSalesforce(ctx context.Context, g grants, out *CreatedFields) error {
	lacking, err := c.lackingFields(ctx)
	if err != nil {
		return err
	}
	if g.unseen != "" {
		out.Notes = append(out.Notes, fmt.Sprintf("Salesforce: the permission set %s shows nothing: whether this user has it is not known, which takes "+
			"View Setup and Configuration.", g.unseen))
	}
	unshown := false
	for _, f := range lacking {
		note := func(format string, args ...any) {
			out.Notes = append(out.Notes, fmt.Sprintf("Salesforce: %s ", f)+fmt.Sprintf(format, args...))
		}
		if f.metadata == nil {
			note("was not created: its name or its type leaves something for you to choose.")
			continue
		}
		refused, err := c.createOwnField(ctx, f)
		there := crm.KindOf(err) == crm.Duplicate
		switch kind := crm.KindOf(err); {
		case err != nil && unlessNamed(err) != nil:
			return err
		case kind == crm.NeedsAccess || kind == crm.NeedsReconnect:
			note("was not created: %v. It takes Customize Application, which nothing else needs: have an administrator create it instead.", err)
			return nil // what refused this one refuses the next
		case err != nil && !there:
			note("was not created: %v. Have it created as the check says.", err)
			continue
		case !there:
			out.CreatedInSalesforce = append(out.CreatedInSalesforce, f.String())
		}
		if len(refused) > 0 && !there {
			note("was created without being marked %[1]s, which the org refused. The check asks for it, so that nothing is created twice. Tick %[1]s under "+
				"Setup > Object Manager > %[2]s > Fields & Relationships > %[3]s > Edit, or take %[4]s out of the rules: Tandem then notes what it is about to "+
				"create, and looks for that before it creates it again.", strings.Join(refused, " and "), f.object, f.name, f.marks)
		}
		shown, err := c.showOwnField(ctx, f, g, there)
		switch {
		case err != nil:
			return err
		case there && shown:
			note("was there, and the permission set %s shows it now.", g.by.name)
		case there:
			note("is there, and hidden from this user. %s", seeField(f))
		case !shown:
			note("was created, and nobody sees it yet. %s", seeField(f))
		}
		unshown = unshown || !shown
	}
	if unshown && !g.named && len(g.among) > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("Salesforce: this user's permission sets are %s. `starter connections check %s --fix --permission-set %s` shows "+
			"these fields by that one, also those that are there and hidden.", g.names(), c.ID, g.among[0].name))
	}
	return nil
}

// lackingFields are the fields that the rules name and an object lacks, as far as this user sees, each with the objects that
// lack it. An object that the user may not see at all is left to the check.
func (c *Connection) lackingFields(ctx context.Context) (out []ownField, err error) {
	wanted, err := c.contactFields(ctx)
	if err != nil {
		return nil, err
	}
	described := map[string]map[string]map[string]any{}
	for _, f := range append(wanted, c.activityFields()...) {
		var lack []string
		for _, object := range f.shownOn {
			fields, known := described[object]
			if !known {
				describe, err := c.Salesforce.DescribeObject(ctx, object)
				if kind := crm.KindOf(err); err != nil && kind != crm.NotFound && kind != crm.NeedsAccess {
					return nil, err
				}
				if err == nil {
					fields = fieldsOf(describe)
				}
				described[object] = fields
			}
			if fields != nil && fields[f.name] == nil {
				lack = append(lack, object)
			}
		}
		if f.shownOn = lack; len(lack) > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

// createOwnField creates a field, and returns the marks that the org refused and it does without: it is not said anywhere
// whether an org lets Activity's fields have them.
func (c *Connection) createOwnField(ctx context.Context, f ownField) (refused []string, err error) {
	err = c.Salesforce.CreateCustomField(ctx, f.object, f.name, f.metadata)
	if f.object != activityObject || f.marks == "" {
		return nil, err
	}
	metadata := maps.Clone(f.metadata)
	for _, mark := range []struct {
		label string
		keys  []string
	}{{"Unique", []string{"unique", "caseSensitive"}}, {"External ID", []string{"externalId"}}} {
		if kind := crm.KindOf(err); kind != crm.Rejected && kind != crm.Invalid {
			return refused, err
		}
		maps.DeleteFunc(metadata, func(key string, _ any) bool { return slices.Contains(mark.keys, key) })
		refused = append(refused, mark.label)
		err = c.Salesforce.CreateCustomField(ctx, f.object, f.name, metadata)
	}
	return refused, err
}

// showOwnField lets the connected user see a field where it is known by which permission set, and tells whether it does.
func (c *Connection) showOwnField(ctx context.Context, f ownField, g grants, there bool) (shown bool, err error) {
	if g.by.id == "" || there && !g.named {
		return false, nil
	}
	err = c.show(ctx, f, g.by)
	if err != nil && g.named {
		// It is tried again where that may help, and finds the field there; without a name it would take it for hidden.
		return false, unlessNamed(err)
	}
	return err == nil, nil
}

func seeField(f ownField) string {
	ticks := "Read Access"
	if f.writes {
		ticks = "Read Access and Edit Access"
	}
	return fmt.Sprintf("Setup > Permission Sets > the connected user's > Object Settings > %s > Edit: tick %s of %s.",
		strings.Join(f.shownOn, " and "), ticks, f.name)
}
