package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// checkDuplicateRules tells of the org's active duplicate rules on contacts. They keep nothing from working, but may refuse a
// contact; whether one blocks or alerts is something that no API of Salesforce's tells.
func (c *Connection) checkDuplicateRules(ctx context.Context, out *AccessReport) error {
	const purpose = "saving contacts past rules that alert"
	need := Need{Side: record.Salesforce, What: NeedDuplicateRule, Name: contactObject, For: purpose}
	rows, err := c.rows(ctx, "SELECT MasterLabel FROM DuplicateRule WHERE SobjectType = 'Contact' AND IsActive = true ORDER BY MasterLabel")
	if kind := crm.KindOf(err); kind == crm.NeedsAccess || kind.Class() == crm.Never {
		need.Granted = GrantedUnknown // it takes View Setup and Configuration, which nothing else needs
		out.Needs = append(out.Needs, need)
		return nil
	}
	if err != nil {
		return err
	}
	labels := make([]string, 0, len(rows))
	for _, row := range rows {
		label, _ := row["MasterLabel"].(string)
		labels = append(labels, label)
		need.Name, need.Granted = contactObject+": "+label, GrantedActive
		out.Needs = append(out.Needs, need)
	}
	if len(labels) == 0 {
		need.Granted = GrantedInactive
		out.Needs = append(out.Needs, need)
		return nil
	}
	if err := c.checkMatchingRules(ctx, out); err != nil {
		return err
	}
	does := "is saved where they only alert (salesforce.allow_duplicates)"
	if !c.Rules.Salesforce.AllowDuplicates {
		does = "is refused also where they only alert, for salesforce.allow_duplicates is false"
	}
	out.Notes = append(out.Notes, fmt.Sprintf("Salesforce has active duplicate rules on Contact: %s. A contact that they find a duplicate %s. "+
		"Where they block, its run fails as Duplicate, which `starter runs --failed --connection %s` lists: merge the two in Salesforce, or let the rule alert, and replay it.",
		strings.Join(labels, ", "), does, c.ID))
	return nil
}

// checkMatchingRules lists by which fields the duplicate rules find two contacts alike. The report does without where the org
// does not tell.
func (c *Connection) checkMatchingRules(ctx context.Context, out *AccessReport) error {
	rows, err := c.rows(ctx, "SELECT MatchingRule.MasterLabel, Field FROM MatchingRuleItem "+
		"WHERE MatchingRule.SobjectType = 'Contact' AND MatchingRule.RuleStatus = 'Active' ORDER BY MatchingRule.MasterLabel, SortOrder")
	if err != nil {
		return unlessNamed(err)
	}
	var labels []string
	compares := map[string][]string{}
	for _, row := range rows {
		rule, _ := row["MatchingRule"].(map[string]any)
		label, _ := rule["MasterLabel"].(string)
		field, _ := row["Field"].(string)
		if compares[label] == nil {
			labels = append(labels, label)
		}
		compares[label] = append(compares[label], field)
	}
	for _, label := range labels {
		out.Needs = append(out.Needs, Need{
			Side: record.Salesforce, What: NeedMatchingRule, Granted: GrantedActive, For: "what the duplicate rules compare",
			Name: fmt.Sprintf("%s: %s (%s)", contactObject, label, strings.Join(compares[label], ", ")),
		})
	}
	return nil
}
