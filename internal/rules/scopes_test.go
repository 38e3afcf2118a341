package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-sync/tandem/internal/record"
)

func scopesOf(r *Rules, side record.Side) string {
	var names []string
	for _, s := range r.Scopes() {
		if s.Side == side {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestAKindThatIsOffAsksForNoScope(t *testing.T) {
	const contacts = "contacts.readonly contacts.write locations.readonly"
	for text, want := range map[string]string{
		"": contacts,
		"contacts: {fields: {owner: {direction: both}}}\n":                                                  contacts + " users.readonly",
		"contacts: {fields: {custom.plan: {type: text, gohighlevel: contact.plan, salesforce: Plan__c}}}\n": contacts + " locations/customFields.readonly",
		"tasks: {enabled: true}\n":                                contacts + " users.readonly locations/tasks.readonly",
		"notes: {enabled: true}\n":                                contacts + " users.readonly",
		"notes: {enabled: true}\nnote_to_task: {enabled: true}\n": contacts + " users.readonly locations/tasks.readonly",
		"appointments: {enabled: true}\n":                         contacts + " users.readonly calendars.readonly calendars/events.readonly calendars/events.write",
	} {
		r := parse(t, ids+text)
		assert.Equal(t, want, scopesOf(r, record.GoHighLevel), text)
		assert.Equal(t, "api refresh_token", scopesOf(r, record.Salesforce), text)
	}
}

func TestNoScopeIsAskedForTwiceOrWithoutAReason(t *testing.T) {
	r := parse(t, ids+"tasks: {enabled: true}\nnotes: {enabled: true}\nappointments: {enabled: true}\nnote_to_task: {enabled: true}\n")
	seen := map[string]bool{}
	for _, s := range r.Scopes() {
		assert.False(t, seen[s.Name], s.Name)
		seen[s.Name] = true
		assert.NotEmpty(t, s.For, s.Name)
	}
	assert.False(t, seen[CustomFieldsScope], "creating fields is not what syncing needs")
}

func TestCustomFieldsOfBothKindsAreNamedOnce(t *testing.T) {
	r := parse(t, strings.Replace(ids, "ve9EPM428h8vShlRW1KT}", "ve9EPM428h8vShlRW1KT, external_id_field: contact.salesforce_id}", 1)+
		"contacts: {fields: {custom.plan: {type: text, gohighlevel: contact.plan, salesforce: Plan__c}}}\n")
	assert.Equal(t, []string{"contact.plan", "contact.salesforce_id"}, r.CustomFieldKeys())
}
