package activities

import (
	"time"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Span is from the least to the most that something can come to.
type Span struct {
	Least int `json:"least"`
	Most  int `json:"most"`
}

func (s *Span) add(o Span) {
	s.Least += o.Least
	s.Most += o.Most
}

// RecordCount is how many records of a kind a side holds.
type RecordCount struct {
	Count int `json:"count"`
	// About tells that the count is worked out from a sample, and OrMore that counting stopped there.
	About  bool `json:"about,omitempty"`
	OrMore bool `json:"or_more,omitempty"`
}

// KindPlan is what an onboarding does about one kind, in calls of each side's API.
type KindPlan struct {
	Kind record.Kind `json:"kind"`
	// Records are what each side holds, and Linked how many of them are pairs already.
	Records map[record.Side]RecordCount `json:"records"`
	Linked  int                         `json:"linked"`
	// Calls are those that read, and those that write; how many pairs there are is known only once both sides are read.
	Calls map[record.Side]Span `json:"calls"`
}

// SidePlan is what an onboarding asks of one side's API in all.
type SidePlan struct {
	Calls Span `json:"calls"`
	// Day is how many calls the vendor allows in a day, 0 where it says nothing, and Share how much of it backfill may use.
	Day   int     `json:"day"`
	Share float64 `json:"share"`
	// Left is how many calls backfill has left of this day; -1 where that is not known or not limited.
	Left int `json:"left"`
	// Takes is how long the calls take at the least and at the most by what the vendor allows; how fast it answers, and how
	// fast this machine is, comes on top.
	TakesLeast time.Duration `json:"takes_least"`
	TakesMost  time.Duration `json:"takes_most"`
}

// OnboardingPlan is what an onboarding will take, as far as that can be told before it begins. Nothing was written.
type OnboardingPlan struct {
	Connection string `json:"connection"`
	// Problems must be mended by a person first, and Notes are good to know.
	Problems []string                 `json:"problems,omitempty"`
	Notes    []string                 `json:"notes,omitempty"`
	Kinds    []KindPlan               `json:"kinds,omitempty"`
	Sides    map[record.Side]SidePlan `json:"sides,omitempty"`
	// TakesLeast and TakesMost are the longer of both sides' times.
	TakesLeast time.Duration `json:"takes_least"`
	TakesMost  time.Duration `json:"takes_most"`
	// Pause tells that an allowance is used up, so that nothing was counted.
	Pause *Pause `json:"pause,omitempty"`
}

// pages is how many pages of a size hold so many.
func pages(n, size int) int { return (n + size - 1) / size }

// missing is how many records one side lacks of the other's: the fewer, the more of them turn out to be pairs.
func missing(here, there RecordCount, linked int) Span {
	own, others := max(0, here.Count-linked), max(0, there.Count-linked)
	if here.About || here.OrMore || there.About || there.OrMore {
		return Span{Most: others} // the difference of guesses says nothing
	}
	return Span{Least: max(0, others-own), Most: others}
}

// BulkLanes is how many batches of a kind are under way at once: while one waits for a vendor, another computes.
const BulkLanes = 3

// batches is how many batches so many pending links are at most: those that are under way at once may share what one could take.
func batches(pending int) int { return min(pending, pages(pending, salesforceBatch)+BulkLanes-1) }

// contactCalls are the calls of the contacts: all are read twice, before anything is matched and once more to compare. A
// GoHighLevel contact is written by a call of its own, also where it only learns who its other half is, and is read once
// before it is changed. Salesforce takes 200 at once, whether they are made or changed, and answers as many by id before they
// are changed.
func contactCalls(k *KindPlan) {
	g, s := k.Records[record.GoHighLevel], k.Records[record.Salesforce]
	toGoHighLevel, toSalesforce := missing(g, s, k.Linked), missing(s, g, k.Linked)
	k.Calls[record.GoHighLevel] = Span{
		Least: 2*pages(g.Count, goHighLevelPage) + toGoHighLevel.Least,
		Most:  2*pages(g.Count+toGoHighLevel.Most, goHighLevelPage) + 2*toGoHighLevel.Most,
	}
	k.Calls[record.Salesforce] = Span{
		Least: 2*pages(s.Count, salesforcePage) + pages(toSalesforce.Least, salesforceBatch),
		Most:  2*pages(s.Count+toSalesforce.Most, salesforcePage) + 3*batches(toGoHighLevel.Most+toSalesforce.Most),
	}
}

// belongingCalls are the calls of another kind, read being how many it takes to read each side. What is written to
// Salesforce is read back. All but notes are read once more to compare.
func belongingCalls(k *KindPlan, read map[record.Side]Span, t rules.Travel, callsPerBatch int) {
	g, s := k.Records[record.GoHighLevel], k.Records[record.Salesforce]
	toGoHighLevel, toSalesforce := missing(g, s, k.Linked), missing(s, g, k.Linked)
	if !t.Create.Allows(record.GoHighLevel) {
		toGoHighLevel = Span{}
	}
	if !t.Create.Allows(record.Salesforce) {
		toSalesforce = Span{}
	}
	calls := read[record.GoHighLevel]
	calls.add(toGoHighLevel)
	if k.Kind != record.Note {
		calls.add(read[record.GoHighLevel])
		calls.Most += pages(toGoHighLevel.Most, goHighLevelPage)
	}
	k.Calls[record.GoHighLevel] = calls
	calls = read[record.Salesforce]
	if k.Kind != record.Note {
		calls.add(read[record.Salesforce])
		calls.Most += pages(toSalesforce.Most, salesforcePage)
	}
	calls.add(Span{
		Least: callsPerBatch * pages(toSalesforce.Least, salesforceBatch),
		Most:  callsPerBatch * min(toSalesforce.Most, batches(toGoHighLevel.Most+toSalesforce.Most)),
	})
	k.Calls[record.Salesforce] = calls
}

// limits adds up a side's calls and says how long the vendor's limits make them take. left is what the vendor says is left
// of the day, -1 where it does not say.
func limits(kinds []KindPlan, side record.Side, a rules.Allowance, day, left int) SidePlan {
	p := SidePlan{Day: day, Share: a.BackfillShare, Left: -1}
	for _, k := range kinds {
		p.Calls.add(k.Calls[side])
	}
	if day > 0 {
		if left < 0 {
			left = day
		}
		p.Left = max(0, left-int(float64(day)*(1-a.BackfillShare)))
	}
	p.TakesLeast, p.TakesMost = p.takes(p.Calls.Least, a), p.takes(p.Calls.Most, a)
	return p
}

// takes is how long so many calls take: the pace that the window allows, or the days that they spread over.
func (p SidePlan) takes(calls int, a rules.Allowance) time.Duration {
	var paced time.Duration
	if a.Requests > 0 {
		paced = time.Duration(calls) * a.Window / time.Duration(a.Requests)
	}
	share := int(float64(p.Day) * p.Share)
	if p.Day == 0 || share == 0 || calls <= p.Left {
		return paced
	}
	return max(paced, time.Duration(pages(calls-p.Left, share))*24*time.Hour)
}
