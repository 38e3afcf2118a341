package activities

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// permissionSet is one that an administrator made and assigned to the connected user.
type permissionSet struct{ id, name string }

// grants says by which permission set the connected user is let see fields.
type grants struct {
	// by is none where a person has to choose among several, or there is none.
	by    permissionSet
	among []permissionSet
	// named says that a person chose it: fields that are there and hidden are shown as well. Else somebody hid those.
	named bool
	// unseen is the permission set that was named, and not found out about.
	unseen string
}

func (g grants) names() string {
	names := make([]string, len(g.among))
	for i, set := range g.among {
		names[i] = set.name
	}
	return strings.Join(names, ", ")
}

// grants looks at the connected user's permission sets, and takes the one with the API name that is wanted, or the only one.
func (c *Connection) grants(ctx context.Context, wanted string) (g grants, err error) {
	var told bool
	if g.among, told, err = c.permissionSets(ctx); err != nil {
		return g, err
	}
	switch {
	case wanted == "" && len(g.among) == 1:
		g.by = g.among[0]
	case wanted != "" && !told:
		g.unseen = wanted
	case wanted != "":
		at := slices.IndexFunc(g.among, func(set permissionSet) bool { return strings.EqualFold(set.name, wanted) })
		if at < 0 {
			there := "none that somebody made"
			if len(g.among) > 0 {
				there = g.names()
			}
			return g, fault(record.Salesforce, crm.Invalid, "choose a permission set",
				fmt.Sprintf("the connected user has no permission set %q that fields can be shown by; it has %s", wanted, there))
		}
		g.by, g.named = g.among[at], true
	}
	return g, nil
}

// permissionSets are those of the connected user that somebody made, and not its profile's; not told where it is not known
// who the user is, or the user may not see them.
func (c *Connection) permissionSets(ctx context.Context) (out []permissionSet, told bool, err error) {
	if !salesforceID.MatchString(c.SalesforceUser) {
		return nil, false, nil
	}
	rows, err := c.rows(ctx, "SELECT PermissionSetId, PermissionSet.Name FROM PermissionSetAssignment WHERE AssigneeId = '"+c.SalesforceUser+
		"' AND PermissionSet.IsOwnedByProfile = false AND PermissionSet.IsCustom = true AND PermissionSet.Type = 'Regular' ORDER BY PermissionSet.Name")
	if err != nil {
		return nil, false, unlessNamed(err)
	}
	for _, row := range rows {
		var set permissionSet
		set.id, _ = row["PermissionSetId"].(string)
		of, _ := row["PermissionSet"].(map[string]any)
		set.name, _ = of["Name"].(string)
		out = append(out, set)
	}
	return out, true, nil
}

var salesforceID = regexp.MustCompile(`^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$`)

// show lets the users of a permission set see a field. Orgs may keep the permissions of what tasks and events share by Task and
// Event, each bringing the other along, or by Activity. Safe to repeat.
func (c *Connection) show(ctx context.Context, f ownField, by permissionSet) error {
	permit := func(object string) error {
		_, err := c.Salesforce.CreateRecord(ctx, "FieldPermissions", crm.Document{
			"ParentId": by.id, "SobjectType": object, "Field": object + "." + f.name, "PermissionsRead": true, "PermissionsEdit": f.writes,
		})
		if crm.KindOf(err) == crm.Duplicate {
			return nil
		}
		return err
	}
	for _, object := range f.shownOn {
		err := permit(object)
		if err != nil && object != f.object && unlessNamed(err) == nil {
			return permit(f.object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
