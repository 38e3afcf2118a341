package activities

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// CreatedFields is what came of creating the custom fields that were missing.
type CreatedFields struct {
	Created []string `json:"created,omitempty"` // their keys in GoHighLevel
	// CreatedInSalesforce are Salesforce's by object and name, as Contact.GHL_Id__c; those of tasks and events are Activity's.
	CreatedInSalesforce []string `json:"created_in_salesforce,omitempty"`
	// Notes say which fields were not created or are not seen yet, and why.
	Notes []string `json:"notes,omitempty"`
}

// CreateFieldsInput names the connection whose missing custom fields are created.
type CreateFieldsInput struct {
	Connection string `json:"connection"`
	// PermissionSet is the API name of the connected Salesforce user's permission set that is to show the fields; "" is the
	// only one there is.
	PermissionSet string `json:"permission_set,omitempty"`
}

// CreateMissingFields creates the custom fields that the rules name and a side lacks, as far as their type and key leave no
// choice to a person, and lets the connected Salesforce user see those made there. It fails with kind Invalid, before anything
// is created, where the user has no such permission set. Safe to repeat: it looks first, and where it cannot tell whether a
// field was created it creates nothing more.
func (a *Contacts) CreateMissingFields(ctx context.Context, in CreateFieldsInput) (CreatedFields, error) {
	var out CreatedFields
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, unlessNamed(err)
	}
	g, err := c.grants(ctx, in.PermissionSet)
	if err != nil {
		return out, err
	}
	if err := unlessNamed(c.createInGoHighLevel(ctx, &out)); err != nil {
		return out, err
	}
	return out, unlessNamed(c.createInSalesforce(ctx, g, &out))
}

// unlessNamed drops an error that needs a person: the check names it.
func unlessNamed(err error) error {
	kind := crm.KindOf(err)
	if class := kind.Class(); kind != "" && (class == crm.Person || class == crm.Never) {
		return nil
	}
	return err
}

func (c *Connection) createInGoHighLevel(ctx context.Context, out *CreatedFields) error {
	_, missing, err := c.customFields(ctx)
	if err != nil {
		return err
	}
	for _, key := range missing {
		name, known := fieldNameOf(key), customFieldTypes[c.customFieldType(key)]
		if name == "" || known == "" {
			out.Notes = append(out.Notes, fmt.Sprintf("GoHighLevel: %s was not created: its key or its type leaves something for you to choose.", key))
			continue
		}
		created, err := c.createField(ctx, key, name, known)
		if crm.KindOf(err).Class() == crm.Retry || crm.KindOf(err).Class() == crm.Wait {
			return err
		}
		if err != nil {
			out.Notes = append(out.Notes, fmt.Sprintf("GoHighLevel: %s was not created: %v", key, err))
			return nil // what refused this one refuses the next
		}
		if created != key {
			out.Notes = append(out.Notes, fmt.Sprintf("GoHighLevel made a field %q with the key %s instead of %s; name that one in the rules, or delete it.", name, created, key))
			return nil
		}
		out.Created = append(out.Created, key)
	}
	return nil
}

// createField creates one custom field and returns its key. A create that died under way is looked for at once: the vendor
// numbers a second field of the same name instead of refusing it.
func (c *Connection) createField(ctx context.Context, key, name, dataType string) (string, error) {
	field, err := c.GoHighLevel.CreateCustomField(ctx, crm.Document{"name": name, "dataType": dataType, "model": "contact"})
	if err == nil {
		created, _ := field["fieldKey"].(string)
		return created, nil
	}
	if crm.KindOf(err) != crm.Ambiguous {
		return "", err
	}
	_, missing, lookErr := c.customFields(ctx)
	if lookErr == nil && !slices.Contains(missing, key) {
		return key, nil
	}
	return "", fault(record.GoHighLevel, crm.Rejected, "create custom field",
		"it is not known whether it was created: look under Settings > Custom Fields, and check again")
}

// customFields returns the keys of the custom fields that the rules name, and those that the location lacks.
func (c *Connection) customFields(ctx context.Context) (wanted, missing []string, err error) {
	wanted = c.Rules.CustomFieldKeys()
	if len(wanted) == 0 {
		return nil, nil, nil
	}
	fields, err := c.GoHighLevel.ListCustomFields(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range wanted {
		if !slices.ContainsFunc(fields, func(f crm.Document) bool { return f["fieldKey"] == key }) {
			missing = append(missing, key)
		}
	}
	return wanted, missing, nil
}

// customFieldTypes are GoHighLevel's types of the canonical ones; of those that are not named a person chooses the options.
var customFieldTypes = map[record.Type]string{
	record.TypeText: "LARGE_TEXT", record.TypeLine: "TEXT", record.TypeEmail: "TEXT", record.TypePhone: "PHONE", record.TypeURL: "TEXT", record.TypeCountry: "TEXT",
	record.TypeDate: "DATE", record.TypeNumber: "NUMERICAL",
}

func (c *Connection) customFieldRule(key string) (rules.FieldRule, bool) {
	for _, f := range c.Rules.Contacts.Fields {
		if f.GoHighLevelKey == customFieldPath+key {
			return f, true
		}
	}
	return rules.FieldRule{}, false
}

// customFieldType is the type of a custom field; ids are lines.
func (c *Connection) customFieldType(key string) record.Type {
	if f, mapped := c.customFieldRule(key); mapped {
		return f.Type
	}
	return record.TypeLine
}

func (c *Connection) customFieldUse(key string) string {
	if f, mapped := c.customFieldRule(key); mapped {
		return fmt.Sprintf("%s of contacts", f.Field)
	}
	return "showing the Salesforce id"
}

// customFieldForm says what to choose in the vendor's form.
func (c *Connection) customFieldForm(key string) string {
	form := ""
	if dataType := customFieldTypes[c.customFieldType(key)]; dataType != "" {
		form += ", type " + dataType
	}
	if name := fieldNameOf(key); name != "" {
		form += ", name " + name
	}
	return form
}

var plainKey = regexp.MustCompile(`^contact\.[a-z0-9]+(_[a-z0-9]+)*$`)

// fieldNameOf is a name of which GoHighLevel makes the key, "Salesforce Id" for contact.salesforce_id; "" where there is none
// that surely does.
func fieldNameOf(key string) string {
	if !plainKey.MatchString(key) {
		return ""
	}
	words := strings.Split(strings.TrimPrefix(key, "contact."), "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
