package activities

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// contactField is a custom field of Salesforce's Contact that the rules name.
type contactField struct {
	name string
	// metadata is what it is made of; nil where its name or its type leaves something for a person to choose.
	metadata crm.Document
	writes   bool
}

// createInSalesforce creates the custom fields of Contact that are missing, and lets the connected user see them where that
// user has one permission set to do it by. A field that is there and hidden from the user is left alone: somebody hid it.
func (c *Connection) createInSalesforce(ctx context.Context, out *CreatedFields) error {
	wanted := c.contactFields()
	if len(wanted) == 0 {
		return nil
	}
	describe, err := c.Salesforce.DescribeObject(ctx, contactObject)
	if err != nil {
		return err
	}
	fields := fieldsOf(describe)
	note := func(f contactField, format string, args ...any) {
		out.Notes = append(out.Notes, fmt.Sprintf("Salesforce: Contact.%s ", f.name)+fmt.Sprintf(format, args...))
	}
	for _, f := range wanted {
		if fields[f.name] != nil {
			continue
		}
		if f.metadata == nil {
			note(f, "was not created: its name or its type leaves something for you to choose.")
			continue
		}
		err := c.Salesforce.CreateCustomField(ctx, contactObject, f.name, f.metadata)
		if class := crm.KindOf(err).Class(); class == crm.Retry || class == crm.Wait {
			return err
		}
		if crm.KindOf(err) == crm.Duplicate {
			note(f, "is there, and hidden from this user. %s", seeField(f))
			continue
		}
		if err != nil {
			note(f, "was not created: %v. It takes Customize Application, which nothing else needs: have an administrator create it instead.", err)
			return nil // what refused this one refuses the next
		}
		out.CreatedInSalesforce = append(out.CreatedInSalesforce, f.name)
		granted, err := c.grantContactField(ctx, f)
		if err != nil && unlessNamed(err) != nil {
			return err
		}
		if !granted {
			note(f, "was created, and nobody sees it yet. %s", seeField(f))
		}
	}
	return nil
}

func seeField(f contactField) string {
	ticks := "Read Access"
	if f.writes {
		ticks = "Read Access and Edit Access"
	}
	return fmt.Sprintf("Setup > Permission Sets > the connected user's > Object Settings > Contact > Edit: tick %s of %s.", ticks, f.name)
}

// grantContactField lets the connected user see a field, by the one permission set that an administrator made for that user;
// where there is none, or several, an administrator has to choose.
func (c *Connection) grantContactField(ctx context.Context, f contactField) (granted bool, err error) {
	if !salesforceID.MatchString(c.SalesforceUser) {
		return false, nil
	}
	sets, err := c.rows(ctx, "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '"+c.SalesforceUser+
		"' AND PermissionSet.IsOwnedByProfile = false AND PermissionSet.IsCustom = true AND PermissionSet.Type = 'Regular'")
	if err != nil || len(sets) != 1 {
		return false, err
	}
	_, err = c.Salesforce.CreateRecord(ctx, "FieldPermissions", crm.Document{
		"ParentId": sets[0]["PermissionSetId"], "SobjectType": contactObject, "Field": contactObject + "." + f.name,
		"PermissionsRead": true, "PermissionsEdit": f.writes,
	})
	return err == nil, err
}

var salesforceID = regexp.MustCompile(`^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$`)

// contactFields are the custom fields of Contact that the rules name, each once.
func (c *Connection) contactFields() (out []contactField) {
	seen := map[string]bool{}
	add := func(f contactField) {
		if strings.HasSuffix(f.name, "__c") && !seen[f.name] {
			seen[f.name] = true
			if label := fieldLabel(f.name); label == "" {
				f.metadata = nil
			} else if f.metadata != nil {
				f.metadata["label"] = label
			}
			out = append(out, f)
		}
	}
	add(contactField{name: c.Rules.Salesforce.ExternalIDField, writes: true, metadata: crm.Document{
		"type": "Text", "length": 255, "externalId": true, "unique": true, "caseSensitive": true,
		"description": "The id of the GoHighLevel contact that Tandem keeps in step with this one.",
	}})
	for _, rule := range c.Rules.Contacts.Fields {
		add(contactField{name: rule.SalesforceField, metadata: fieldMetadata(rule.Type), writes: writesRule(rule)})
	}
	return out
}

func writesRule(rule rules.FieldRule) bool {
	return rule.Direction.Allows(record.Salesforce) && !rule.Policy.Salesforce.ReadOnly
}

// fieldMetadata is what a custom field of a type is made of; nil where a person has to choose, as how many digits a number has.
func fieldMetadata(of record.Type) crm.Document {
	switch of {
	case record.TypeText:
		return crm.Document{"type": "LongTextArea", "length": 32768, "visibleLines": 3}
	case record.TypeLine, record.TypeCountry:
		return crm.Document{"type": "Text", "length": 255}
	case record.TypeEmail:
		return crm.Document{"type": "Email"}
	case record.TypePhone:
		return crm.Document{"type": "Phone"}
	case record.TypeURL:
		return crm.Document{"type": "Url"}
	case record.TypeDate:
		return crm.Document{"type": "Date"}
	case record.TypeBool:
		return crm.Document{"type": "Checkbox", "defaultValue": "false"}
	}
	return nil
}

var ownFieldName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)__c$`)

// fieldLabel is a label for a field, "GHL Id" for GHL_Id__c; "" where its name is a package's, or too long.
func fieldLabel(name string) string {
	parts := ownFieldName.FindStringSubmatch(name)
	if parts == nil || len(parts[1]) > 40 {
		return ""
	}
	return strings.ReplaceAll(parts[1], "_", " ")
}
