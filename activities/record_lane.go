package activities

import "context"

func (a *Contacts) steps() *steps { return &steps{a.Connections, a.Ledger} }

// ClaimContact takes one contact for this workflow; it fails with type Claimed while somebody else holds it. Safe to
// repeat: an earlier claim by the same workflow is taken over.
func (a *Contacts) ClaimContact(ctx context.Context, in ClaimRecordInput) (RecordClaim, error) {
	return a.steps().claim(ctx, in)
}

// DecideContact asks the merge what to do about one contact. Safe to repeat.
func (a *Contacts) DecideContact(ctx context.Context, in DecideRecordInput) (RecordDecision, error) {
	return a.steps().decide(ctx, in)
}

// SettleContact records the intent to create a contact, and looks first whether it is there already: made by an
// attempt whose outcome is unknown, or by somebody else. Safe to repeat.
func (a *Contacts) SettleContact(ctx context.Context, in SettleRecordInput) (SettledRecord, error) {
	return a.steps().settle(ctx, in)
}

// SettleAbsence finds out what became of a contact and what follows by the rules: it was merged, it was deleted, or it
// cannot be seen. Only a deletion that the vendor itself attests is followed by anything; more of them at once than the
// rules let pass are held and asked about together. Safe to repeat.
func (a *Contacts) SettleAbsence(ctx context.Context, in SettleAbsenceInput) (Absence, error) {
	return a.steps().settleAbsence(ctx, in)
}

// CommitContact records the outcome of one contact and lets go of it. Safe to repeat.
func (a *Contacts) CommitContact(ctx context.Context, in CommitRecordInput) (RecordCommitted, error) {
	return a.steps().commit(ctx, in)
}

// Records holds the steps of the record lane for tasks, notes and appointments, as Contacts does for contacts. Customer
// data enters and leaves sealed.
type Records struct {
	Connections Connections
	Ledger      Ledger
}

func (a *Records) steps() *steps { return &steps{a.Connections, a.Ledger} }

// ClaimRecord takes one link for this workflow, and finds the contact that it belongs to; it fails with type Claimed while
// somebody else holds it. Safe to repeat: an earlier claim by the same workflow is taken over.
func (a *Records) ClaimRecord(ctx context.Context, in ClaimRecordInput) (RecordClaim, error) {
	return a.steps().claim(ctx, in)
}

// DecideRecord asks the merge what to do about one link. Safe to repeat.
func (a *Records) DecideRecord(ctx context.Context, in DecideRecordInput) (RecordDecision, error) {
	return a.steps().decide(ctx, in)
}

// SettleRecord records the intent to create a record, and looks first whether the contact has it already: made by an
// attempt whose outcome is unknown, or by somebody else. Safe to repeat.
func (a *Records) SettleRecord(ctx context.Context, in SettleRecordInput) (SettledRecord, error) {
	return a.steps().settleRecord(ctx, in)
}

// SettleRecordAbsence finds out what became of a record and what follows by the rules. Only a deletion that the vendor
// itself attests is followed by anything; more of them at once than the rules let pass are held and asked about together.
// Safe to repeat.
func (a *Records) SettleRecordAbsence(ctx context.Context, in SettleAbsenceInput) (Absence, error) {
	return a.steps().settleAbsence(ctx, in)
}

// CommitRecord records the outcome of one link and lets go of it. Safe to repeat.
func (a *Records) CommitRecord(ctx context.Context, in CommitRecordInput) (RecordCommitted, error) {
	return a.steps().commit(ctx, in)
}
