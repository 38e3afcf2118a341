package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func need(side record.Side, what, name string, granted activities.Granted, reason string) activities.Need {
	return activities.Need{Side: side, What: what, Name: name, Granted: granted, For: reason}
}

func TestACheckFoldsTheFieldsThatAreGrantedAndNoOthers(t *testing.T) {
	report := activities.AccessReport{
		Needs: []activities.Need{
			need(record.Salesforce, activities.NeedField, "Contact.Email", activities.GrantedYes, "email of contacts (read, write)"),
			need(record.Salesforce, activities.NeedField, "Contact.Plan__c", activities.GrantedNo, "custom.plan of contacts (read, write)"),
			need(record.GoHighLevel, activities.NeedScope, "contacts.write", activities.GrantedYes, "creating and changing contacts"),
			need(record.Salesforce, activities.NeedField, "Contact.Phone", activities.GrantedYes, "phone of contacts (read, write)"),
			need(record.Salesforce, activities.NeedField, "Task.Subject", activities.GrantedYes, "tasks (read, write)"),
			need(record.Salesforce, activities.NeedExternalID, "Contact.GHL_Id__c", activities.GrantedYes, "creating no contact twice"),
		},
		Allowances: map[record.Side]activities.Allowance{record.GoHighLevel: {Left: 7}, record.Salesforce: {Left: -1}},
	}
	rows, folded := accessRows(report, false)
	require.True(t, folded)
	require.Equal(t, [][]string{
		{"GoHighLevel", "scope", "contacts.write", "yes", "creating and changing contacts"},
		{"GoHighLevel", "allowance", "7 requests left today", "", ""},
		{"Salesforce", "field", "Contact: 2 fields", "yes", "contacts"},
		{"Salesforce", "field", "Contact.Plan__c", "no", "custom.plan of contacts (read, write)"},
		{"Salesforce", "field", "Task: 1 field", "yes", "tasks"},
		{"Salesforce", "external id", "Contact.GHL_Id__c", "yes", "creating no contact twice"},
	}, rows)

	rows, folded = accessRows(report, true)
	require.False(t, folded)
	require.Len(t, rows, len(report.Needs)+1)
	require.Contains(t, rows, []string{"Salesforce", "field", "Contact.Phone", "yes", "phone of contacts (read, write)"})
}
