// Package workflows orchestrates the sync scenarios in ids, cursors and counts; customer data never passes through it in
// clear. The map:
//
//	Onboarding       onboarding/<connection>            starts BulkSync, once per pass
//	BulkSync         bulk/<connection>/<kind>/<epoch>   starts ContactSync, TaskSync, ... for what the bulk lane hands over
//	ContactSync      contact/<connection>/<link>        one contact, one activity per API call
//	Sweep            sweep/<shard>-<time>               finds what no webhook told of; started by a Schedule
//	CheckConnection  check/<connection>                 what a connection lacks, without writing anything
//	Explain          explain/<connection>/<link>        what both sides hold of a contact, for a person
//	PlanRules        plan-rules/<connection>            what other rules would decide otherwise, without writing anything
//
// Ids are made of what the work is about, so that the same work cannot run twice at once.
package workflows
