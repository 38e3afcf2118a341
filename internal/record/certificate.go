package record

import "time"

// Verified counts what a comparison of both sides came to. Every link that holds a record, and every record that no link
// holds, is counted exactly once.
type Verified struct {
	InStep   int `json:"in_step"`
	InFlight int `json:"in_flight"` // known to have changed, or being worked on
	Held     int `json:"held"`      // waits for a person
	Excluded int `json:"excluded"`  // left out by the rules
	Failed   int `json:"failed"`    // a vendor refuses it; its run shows why
	Parted   int `json:"parted"`    // its other half is gone, and was to stay so
	Drift    int `json:"drift"`     // different, and nobody knew
}

// Total is how many were counted.
func (v Verified) Total() int {
	return v.InStep + v.InFlight + v.Held + v.Excluded + v.Failed + v.Parted + v.Drift
}

// Add counts another part.
func (v *Verified) Add(o Verified) {
	v.InStep += o.InStep
	v.InFlight += o.InFlight
	v.Held += o.Held
	v.Excluded += o.Excluded
	v.Failed += o.Failed
	v.Parted += o.Parted
	v.Drift += o.Drift
}

// KindCertificate is how the records of one kind stand.
type KindCertificate struct {
	Kind Kind `json:"kind"`
	// GoHighLevel and Salesforce are how many records were read there.
	GoHighLevel int `json:"gohighlevel"`
	Salesforce  int `json:"salesforce"`
	Verified
	// Repaired counts what had drifted and is in step again.
	Repaired int `json:"repaired,omitempty"`
	// Fingerprint is of all that both sides have agreed on: equal ones mean the same links with the same content. It tells
	// nothing of the content.
	Fingerprint string `json:"fingerprint"`
}

// Certificate says how a connection's two sides compared at a time. It holds counts alone, no data of customers.
type Certificate struct {
	Connection   string            `json:"connection"`
	RunID        string            `json:"run_id"` // of the Temporal run that compared
	StartedAt    time.Time         `json:"started_at"`
	FinishedAt   time.Time         `json:"finished_at"`
	RulesVersion int               `json:"rules_version"`
	Kinds        []KindCertificate `json:"kinds"`
	// Drift and Repaired are the sums over the kinds.
	Drift    int `json:"drift"`
	Repaired int `json:"repaired"`
}

// LastVerified is when a connection was compared last.
type LastVerified struct {
	Connection string
	// Age is how long ago that was, by the ledger's clock, or since when the connection is live where it never was.
	Age time.Duration
}
