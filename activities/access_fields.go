package activities

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// activityObject is where the custom fields of tasks and events are defined, which the two share.
const activityObject = "Activity"

// ownField is a custom field of Salesforce's that the rules name.
type ownField struct {
	// object is where it is defined, and shownOn are the objects that have it: Task and Event have Activity's.
	object, name string
	shownOn      []string
	// metadata is what it is made of; nil where its name or its type leaves something for a person to choose.
	metadata crm.Document
	writes   bool
	// marks is the key of the rule by which it holds the other half's id; "" for a field of another use.
	marks string
}

func (f ownField) String() string { return f.object + "." + f.name }

// ownFields are the custom fields of an org that the rules name, each once.
type ownFields []ownField

func (l *ownFields) add(f ownField) {
	if !strings.HasSuffix(f.name, "__c") || strings.Contains(f.name, ".") {
		return
	}
	at := slices.IndexFunc(*l, func(have ownField) bool { return have.String() == f.String() })
	if at < 0 {
		if label := fieldLabel(f.name); label == "" {
			f.metadata = nil
		} else if f.metadata != nil {
			f.metadata["label"] = label
		}
		*l = append(*l, f)
		return
	}
	have := &(*l)[at]
	have.shownOn, have.writes = append(have.shownOn, f.shownOn...), have.writes || f.writes
	if have.marks == "" || f.marks == "" {
		have.metadata = nil // no field holds an id and something else as well
		return
	}
	have.marks += " and " + f.marks
}

func (l ownFields) named(name string) (ownField, bool) {
	at := slices.IndexFunc(l, func(f ownField) bool { return f.name == name })
	if at < 0 {
		return ownField{}, false
	}
	return l[at], true
}

// contactFields are those of Contact. It looks at the options of GoHighLevel's custom fields where one of them may have some.
func (c *Connection) contactFields(ctx context.Context) (out ownFields, err error) {
	contact := func(name string, writes bool, metadata crm.Document) ownField {
		return ownField{object: contactObject, name: name, shownOn: []string{contactObject}, writes: writes, metadata: metadata}
	}
	marker := contact(c.externalID(record.Contact), true, idMetadata("contact"))
	marker.marks = "salesforce.external_id_field"
	out.add(marker)
	choices, err := c.customFieldChoices(ctx)
	if err != nil {
		return nil, err
	}
	for _, rule := range c.Rules.Contacts.Fields {
		metadata := choices.metadata(rule)
		if metadata == nil {
			metadata = fieldMetadata(rule.Type)
		}
		out.add(contact(rule.SalesforceField, writesRule(rule), metadata))
	}
	return out, nil
}

// activityFields are those that the kinds name which Salesforce keeps as tasks and events.
func (c *Connection) activityFields() (out ownFields) {
	for _, kind := range c.others() {
		if kind == record.Note {
			continue
		}
		activity := func(name string, writes bool, metadata crm.Document) ownField {
			return ownField{
				object: activityObject, name: name, shownOn: []string{c.of(kind).SalesforceObject()}, writes: writes, metadata: metadata,
			}
		}
		marker := activity(c.externalID(kind), true, idMetadata("task or appointment"))
		marker.marks = string(kind) + "s.external_id_field"
		out.add(marker)
		if a := c.Rules.Appointments; kind == record.Appointment && a.ShowStatus == rules.StatusInField {
			shown := slices.ContainsFunc(a.Fields, func(p reconcile.Policy) bool { return p.Field == record.Status && writes(p) })
			out.add(activity(a.StatusField, shown, fieldMetadata(record.TypeLine)))
		}
	}
	return out
}

func writesRule(rule rules.FieldRule) bool {
	return rule.Direction.Allows(record.Salesforce) && !rule.Policy.Salesforce.ReadOnly
}

func idMetadata(of string) crm.Document {
	return crm.Document{
		"type": "Text", "length": 255, "externalId": true, "unique": true, "caseSensitive": true,
		"description": "The id of the GoHighLevel " + of + " that Tandem keeps in step with this one.",
	}
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
