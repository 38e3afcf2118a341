package activities

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// customFieldChoices are GoHighLevel's custom fields that have options, by key.
type customFieldChoices map[string]choice

type choice struct {
	options []string
	several bool
}

// choiceTypes are GoHighLevel's types of fields with options; true where several can be chosen.
var choiceTypes = map[string]bool{"SINGLE_OPTIONS": false, "RADIO": false, "MULTIPLE_OPTIONS": true, "CHECKBOX": true}

// customFieldChoices looks for options where a rule of a custom field on both sides may have some. It returns none where
// GoHighLevel refuses access, which the check names.
func (c *Connection) customFieldChoices(ctx context.Context) (customFieldChoices, error) {
	if !slices.ContainsFunc(c.Rules.Contacts.Fields, mayChoose) {
		return nil, nil
	}
	fields, err := c.GoHighLevel.ListCustomFields(ctx)
	if err != nil {
		return nil, unlessNamed(err)
	}
	out := customFieldChoices{}
	for _, f := range fields {
		key, _ := f["fieldKey"].(string)
		dataType, _ := f["dataType"].(string)
		several, chooses := choiceTypes[dataType]
		if options := optionsOf(f["picklistOptions"], several); chooses && options != nil {
			out[key] = choice{options, several}
		}
	}
	return out, nil
}

// mayChoose tells whether the Salesforce field of a rule could be a picklist of GoHighLevel's options: what a transform makes
// of a value is not among them.
func mayChoose(rule rules.FieldRule) bool {
	return strings.HasSuffix(rule.SalesforceField, "__c") && strings.HasPrefix(rule.GoHighLevelKey, customFieldPath) &&
		(rule.Type == record.TypeText || rule.Type == record.TypeSet) && rule.ToSalesforce == nil
}

const customFieldPath = "customFields."

// metadata is what a picklist with a rule's options is made of; nil where they are not known. It is not restricted: whoever
// adds an option in GoHighLevel must not keep contacts from being saved.
func (l customFieldChoices) metadata(rule rules.FieldRule) crm.Document {
	of, known := l[strings.TrimPrefix(rule.GoHighLevelKey, customFieldPath)]
	if !known || !mayChoose(rule) || of.several != (rule.Type == record.TypeSet) {
		return nil
	}
	values := make([]any, len(of.options))
	for i, option := range of.options {
		values[i] = map[string]any{"fullName": option, "label": option, "default": false}
	}
	out := crm.Document{"type": "Picklist", "valueSet": map[string]any{
		"restricted": false, "valueSetDefinition": map[string]any{"sorted": false, "value": values},
	}}
	if of.several {
		out["type"], out["visibleLines"] = "MultiselectPicklist", 4
	}
	return out
}

// optionsOf returns options as a picklist takes them; nil where one of them does not fit into one.
func optionsOf(given any, several bool) []string {
	const most, longest = 500, 255
	list, _ := given.([]any)
	if len(list) == 0 || len(list) > most {
		return nil
	}
	seen := map[string]bool{}
	var out []string
	for _, item := range list {
		text, _ := item.(string)
		option := record.OneLine(text)
		folded := strings.ToLower(option)
		// Several values stand in one text, and are told apart by these.
		parted := several && strings.ContainsAny(option, ";,")
		if option == "" || option != strings.TrimSpace(text) || len(option) > longest || seen[folded] || parted {
			return nil
		}
		seen[folded] = true
		out = append(out, option)
	}
	return out
}
