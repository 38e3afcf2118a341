package record

import (
	"strings"
	"testing"
)

func TestVerdictsAreTheSameWhoeverMadeThem(t *testing.T) {
	v := Verdict{ReviewID: 1, Choice: ChooseSalesforce, Fields: map[Field]Side{City: GoHighLevel}, By: "ada"}
	same := v
	same.By, same.Fields = "grace", map[Field]Side{City: GoHighLevel}
	if !v.Same(same) {
		t.Error("the same verdict of somebody else is another one")
	}
	for what, change := range map[string]func(*Verdict){
		"review":      func(w *Verdict) { w.ReviewID = 2 },
		"choice":      func(w *Verdict) { w.Choice = ChooseGoHighLevel },
		"field":       func(w *Verdict) { w.Fields = map[Field]Side{Phone: GoHighLevel} },
		"side":        func(w *Verdict) { w.Fields = map[Field]Side{City: Salesforce} },
		"no field":    func(w *Verdict) { w.Fields = nil },
		"GoHighLevel": func(w *Verdict) { w.GoHighLevelID = "g" },
		"Salesforce":  func(w *Verdict) { w.SalesforceID = "s" },
	} {
		w := v
		if change(&w); v.Same(w) || w.Same(v) {
			t.Errorf("another %s makes no other verdict", what)
		}
	}
}

// A run that is replayed must refuse for the reason that it gave.
func TestAVerdictWithSeveralFaultsIsAlwaysRefusedForTheSameOne(t *testing.T) {
	r := Review{Reason: ReviewConflict, Fields: []Field{Phone}}
	v := Verdict{Choice: ChooseSalesforce, Fields: map[Field]Side{City: Salesforce, Email: Salesforce, FirstName: Salesforce, LastName: Salesforce}}
	for range 100 {
		if got := r.Problem(v); !strings.HasPrefix(got, string(City)+" ") {
			t.Fatalf("it was refused since %s", got)
		}
	}
}
