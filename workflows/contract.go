package workflows

import (
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// TaskQueue is where workers look for work.
const TaskQueue = "tandem"

// Scenarios, as the search attribute of that name holds them.
const (
	ScenarioOnboarding      = "onboarding"
	ScenarioBulkSync        = "bulk-sync"
	ScenarioContactSync     = "contact-sync"
	ScenarioTaskSync        = "task-sync"
	ScenarioNoteSync        = "note-sync"
	ScenarioAppointmentSync = "appointment-sync"
	ScenarioCheck           = "check"
	ScenarioSyncChanges     = "sync-changes"
	ScenarioReview          = "review"
	ScenarioSweep           = "sweep"
	ScenarioPlanRules       = "plan-rules"
	ScenarioExplain         = "explain"
	ScenarioTimeline        = "timeline"
	ScenarioNoteToTask      = "note-to-task"
	ScenarioPlanOnboarding  = "plan-onboarding"
	ScenarioMaintenance     = "maintenance"
	ScenarioVerify          = "verify"
)

// Search attributes. They are stored in clear and never hold personal data.
var (
	ConnectionID = temporal.NewSearchAttributeKeyKeyword("ConnectionId")
	Kind         = temporal.NewSearchAttributeKeyKeyword("Kind")
	Scenario     = temporal.NewSearchAttributeKeyKeyword("Scenario")
	ProblemKind  = temporal.NewSearchAttributeKeyKeyword("ProblemKind")
)

// SearchAttributes returns what a run of a scenario is started with.
func SearchAttributes(scenario, connection string) temporal.SearchAttributes {
	kind := record.Contact
	for _, k := range record.Kinds {
		if SyncScenarios[k] == scenario {
			kind = k
		}
	}
	if scenario == ScenarioNoteToTask {
		kind = record.Note
	}
	return SearchAttributesOf(kind, scenario, connection)
}

// SearchAttributesOf is SearchAttributes for a scenario that does not tell the kind, as BulkSync.
func SearchAttributesOf(kind record.Kind, scenario, connection string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		ConnectionID.ValueSet(connection), Kind.ValueSet(string(kind)), Scenario.ValueSet(scenario))
}

// QueryProgress is the query that Onboarding, BulkSync and Verify answer with a Progress.
const QueryProgress = "progress"

// The signals and the update that runs take.
const (
	// SignalRing wakes a SyncChanges: something is pending.
	SignalRing = "ring"
	// SignalChanged tells a ContactSync or a Review that waits for a person, or a NoteToTask that follows its tasks, that what
	// it waits about may have changed.
	SignalChanged = "changed"
	// SignalParked tells the run that started a ContactSync that it waits for a person from now on; its payload is the link.
	SignalParked = "parked"
	// UpdateDecide takes a person's record.Verdict. The same verdict twice is taken once.
	UpdateDecide = "decide"
)

// OnboardingInput starts an Onboarding.
type OnboardingInput struct {
	Connection string `json:"connection"`
}

// OnboardingID is the workflow id of a connection's onboarding.
func OnboardingID(connection string) string { return "onboarding/" + connection }

// PlanOnboardingID is the workflow id of the run that tells what a connection's onboarding would take.
func PlanOnboardingID(connection string) string { return "plan-onboarding/" + connection }

// Validate names everything that is wrong with the input.
func (in OnboardingInput) Validate() error { return needConnection(in.Connection) }

// OnboardingResult is the account of an onboarding: every contact of either side is in exactly one of the verified
// states.
type OnboardingResult struct {
	Connection string        `json:"connection"`
	Contacts   KindAccount   `json:"contacts"`
	Verify     VerifyAccount `json:"verify"`
	// Kinds are the accounts of what else the rules sync; what is in them is compared by Verify.
	Kinds map[record.Kind]KindAccount `json:"kinds,omitempty"`
	// BulkRuns and RecordRuns are the workflow ids of the runs that did the work, for counting what they cost.
	BulkRuns []string `json:"bulk_runs,omitempty"`
}

// KindAccount counts the contacts of an onboarding, or its tasks, notes or appointments.
type KindAccount struct {
	GoHighLevel          int `json:"gohighlevel"` // read there at the start; of others than contacts those that are about one
	Salesforce           int `json:"salesforce"`  // read there, likewise
	Linked               int `json:"linked"`      // pairs that hold a record on both sides
	CreatedInGoHighLevel int `json:"created_in_gohighlevel"`
	CreatedInSalesforce  int `json:"created_in_salesforce"`
	UpdatedInGoHighLevel int `json:"updated_in_gohighlevel"`
	UpdatedInSalesforce  int `json:"updated_in_salesforce"`
	InReview             int `json:"in_review"` // wait for a person
	Failed               int `json:"failed"`    // their runs say why
	Excluded             int `json:"excluded"`  // by the rules, or because their contact is not in step
	// Drift counts those that are not in step though everything was done, and for which no run says why.
	Drift int `json:"drift"`
}

// VerifyAccount is what comparing everything at the end found.
type VerifyAccount struct {
	InStep   int `json:"in_step"`
	InReview int `json:"in_review"`
	Failed   int `json:"failed"`
	Excluded int `json:"excluded"`
	Parted   int `json:"parted,omitempty"` // one half is gone, the other stays by decision or by policy
	// Drift counts links that still differ after everything was done and nobody edits any more.
	Drift int `json:"drift"`
}

// Progress is how far a run has come.
type Progress struct {
	Phase string        `json:"phase"`
	Kinds []KindCounter `json:"kinds,omitempty"`
	// Child is the workflow that does the work of this phase and answers the same query; "" when there is none.
	Child      string                               `json:"child,omitempty"`
	Allowances map[record.Side]activities.Allowance `json:"allowances,omitempty"`
	// Paused says what the run waits for while an allowance is used up; "" while it works.
	Paused string `json:"paused,omitempty"`
}

// KindCounter is how much of something is done. Total is -1 while it is not known.
type KindCounter struct {
	What  string `json:"what"`
	Done  int    `json:"done"`
	Total int    `json:"total"`
}

// BulkSyncInput starts a BulkSync, or continues one.
type BulkSyncInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	Epoch      string      `json:"epoch"`
	Origin     string      `json:"origin"` // on whose behalf it writes
	Total      int         `json:"total"`  // expected, for progress
	// Stays lets the run wait while the connection is paused; without it the run ends, and what is pending stays pending.
	Stays bool `json:"stays,omitempty"`
	// Lanes is how many batches are under way at once; 0 means the usual number. Whoever names it looks again for what is
	// pending afterwards, so that the run ends with the first batch that is not full.
	Lanes int `json:"lanes,omitempty"`
	// LeavesSingle leaves what needs a run of its own to whoever started this one.
	LeavesSingle bool `json:"leaves_single,omitempty"`
	// Matched tells, of tasks, notes and appointments, that whatever is staged of them has been matched: then nothing is looked
	// for again before it is created.
	Matched bool `json:"matched,omitempty"`
	// MarkAll makes everything pending first that is kept in step, so that all of it is decided anew.
	MarkAll bool `json:"mark_all,omitempty"`
	// Next are the kinds whose turn is after this one's, likewise, by the same run continued.
	Next []record.Kind `json:"next,omitempty"`

	// Carried over when the run continues as a new one.
	Marked  int64          `json:"marked,omitempty"`  // the last link that was marked
	Batches int            `json:"batches,omitempty"` // begun so far
	Done    int            `json:"done,omitempty"`
	Failed  int            `json:"failed,omitempty"`
	Tried   map[int64]bool `json:"tried,omitempty"` // links whose own run has ended
	Before  BulkSyncResult `json:"before,omitzero"` // what the kinds before this one came to
}

// DecideAnew is the input of the run that decides all links of kinds anew, one kind after the other, under a version of the
// rules. What belongs to contacts goes by them: contacts come first.
func DecideAnew(connection string, kinds []record.Kind, version int) BulkSyncInput {
	origin := RulesOrigin(version)
	return BulkSyncInput{
		Connection: connection, Kind: kinds[0], Next: kinds[1:], Epoch: origin, Origin: origin, MarkAll: true, Stays: true,
	}
}

// BulkSyncID is the workflow id of a bulk sync.
func BulkSyncID(connection string, kind record.Kind, epoch string) string {
	return fmt.Sprintf("bulk/%s/%s/%s", connection, kind, epoch)
}

// Validate names everything that is wrong with the input.
func (in BulkSyncInput) Validate() error {
	err := needConnection(in.Connection)
	if !slices.Contains(record.Kinds, in.Kind) {
		err = errors.Join(err, fmt.Errorf("kind %q cannot be synced in bulk", in.Kind))
	}
	for _, kind := range in.Next {
		if !slices.Contains(record.Kinds, kind) {
			err = errors.Join(err, fmt.Errorf("kind %q cannot be synced in bulk", kind))
		}
	}
	if in.Epoch == "" {
		err = errors.Join(err, errors.New("epoch is missing"))
	}
	return err
}

// next is the input for the next kind, for whoever has come to an end with this one's.
func (in BulkSyncInput) next(done BulkSyncResult) BulkSyncInput {
	return BulkSyncInput{
		Connection: in.Connection, Kind: in.Next[0], Next: in.Next[1:], Epoch: in.Epoch, Origin: in.Origin, Stays: in.Stays,
		Lanes: in.Lanes, LeavesSingle: in.LeavesSingle, Matched: in.Matched, MarkAll: true, Batches: in.Batches, Before: done,
	}
}

// BulkSyncResult counts what went through the bulk lane, and what of it failed for good in the record lane.
type BulkSyncResult struct {
	Done   int `json:"done"`
	Failed int `json:"failed"`
}

// RecordSyncInput starts a ContactSync, a TaskSync and so on: a record is named by its link, or by one half of it.
type RecordSyncInput struct {
	Connection string      `json:"connection"`
	LinkID     int64       `json:"link_id,omitempty"`
	Side       record.Side `json:"side,omitempty"`
	RecordID   string      `json:"record_id,omitempty"`
	// Origin is on whose behalf it writes, for the journal; "" means itself.
	Origin string `json:"origin,omitempty"`
}

// ContactSyncID is the workflow id of a contact's sync.
func ContactSyncID(in RecordSyncInput) string { return RecordSyncID(record.Contact, in) }

// RecordSyncID is the workflow id of the sync of one record of a kind.
func RecordSyncID(kind record.Kind, in RecordSyncInput) string {
	if in.LinkID != 0 {
		return fmt.Sprintf("%s/%s/%d", kind, in.Connection, in.LinkID)
	}
	return fmt.Sprintf("%s/%s/%s:%s", kind, in.Connection, in.Side, in.RecordID)
}

// SyncScenarios are the scenarios of the workflows that bring one record into step, by kind.
var SyncScenarios = map[record.Kind]string{
	record.Contact: ScenarioContactSync, record.Task: ScenarioTaskSync, record.Note: ScenarioNoteSync,
	record.Appointment: ScenarioAppointmentSync,
}

// Validate names everything that is wrong with the input.
func (in RecordSyncInput) Validate() error {
	err := needConnection(in.Connection)
	byRecord := in.Side != "" || in.RecordID != ""
	switch {
	case in.LinkID != 0 && byRecord:
		err = errors.Join(err, errors.New("name it by its link or by a record, not by both"))
	case in.LinkID == 0 && (in.RecordID == "" || in.Side != record.GoHighLevel && in.Side != record.Salesforce):
		err = errors.Join(err, errors.New("name it by its link, or by a side (gohighlevel or salesforce) and a record id"))
	}
	return err
}

// RecordSyncResult is what syncing one contact came to.
type RecordSyncResult struct {
	LinkID        int64             `json:"link_id"`
	GoHighLevelID string            `json:"gohighlevel_id,omitempty"`
	SalesforceID  string            `json:"salesforce_id,omitempty"`
	State         record.LinkState  `json:"state"`
	Problem       string            `json:"problem,omitempty"`
	Created       record.Side       `json:"created,omitempty"`
	Updated       []record.Side     `json:"updated,omitempty"`
	Fields        map[string]string `json:"fields,omitempty"` // field -> side written
}

// CheckConnectionInput starts a CheckConnection.
type CheckConnectionInput struct {
	Connection string `json:"connection"`
	// Fix creates the custom fields that are missing first, where the API lets it.
	Fix bool `json:"fix,omitempty"`
	// PermissionSet is the API name of the connected Salesforce user's permission set by which created fields are seen; ""
	// takes the only one, and none among several.
	PermissionSet string `json:"permission_set,omitempty"`
}

// CheckConnectionID is the workflow id of a connection's check.
func CheckConnectionID(connection string) string { return "check/" + connection }

func needConnection(connection string) error {
	if connection == "" {
		return errors.New("connection is missing")
	}
	return nil
}

// TypeInvalidInput is the error type of a run whose input cannot be worked with.
const TypeInvalidInput = "InvalidInput"

func invalidInput(err error) error {
	return temporal.NewNonRetryableApplicationError(err.Error(), TypeInvalidInput, nil)
}
