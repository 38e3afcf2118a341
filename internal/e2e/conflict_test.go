package e2e

import (
	"sync"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// dispute lets both sides change the city of a contact to different ones, and returns the review.
func (s *office) dispute(t testing.TB, l record.Link, ghl, sf string) asked {
	t.Helper()
	s.inSF(t, l, map[string]any{"MailingCity": sf})
	s.inGHL(t, l, map[string]any{"city": ghl})
	return s.about(t, record.ReviewConflict, l)
}

func TestAConflictUnderAskWaitsForAPersonWhileEverythingElseGoesThrough(t *testing.T) {
	s := openOffice(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}},
		sandbox.People{Both: 12, Seed: 11}, func(r *sandbox.RulesOptions) {
			r.Fields = []string{"city: {conflict: ask}"}
			r.Extra += "  breaker: {writes: 4, window: 10m}\n"
		})

	t.Run("the contested field waits, another one arrives, and a decision is carried out once", func(t *testing.T) {
		l := s.pair(t, 0)
		s.inGHL(t, l, map[string]any{"address1": "12 Elm Street"})
		r := s.dispute(t, l, "Springfield", "Shelbyville")
		s.eventually(t, func() bool {
			row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
			return row["MailingStreet"] == "12 Elm Street"
		})
		if ghl, sf := s.city(t, l); ghl != "Springfield" || sf != "Shelbyville" {
			t.Errorf("the contested cities became %q and %q", ghl, sf)
		}
		if len(r.Fields) != 1 || r.Fields[0] != record.City {
			t.Errorf("the review is about %v", r.Fields)
		}
		t.Logf("reviews list:\n%s", s.run(t, "reviews", "list"))
		shown := s.run(t, "reviews", "show", connection, r.number())
		t.Logf("reviews show:\n%s", shown)
		contains(t, shown, "Springfield", "Shelbyville", "city", "gohighlevel", "salesforce")
		said := s.refused(t, "reviews", "decide", connection, r.number(), "--choose", "delete", "--by", "ann")
		contains(t, said, "gohighlevel", "salesforce")
		said = s.refused(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--field", "email=gohighlevel", "--by", "ann")
		contains(t, said, "email is not contested")
		s.run(t, "reviews", "decide", connection, r.number(), "--choose", "gohighlevel", "--by", "ann")
		s.cities(t, l, "Springfield")
		s.stands(t, l.ID, record.LinkInStep)
		again := s.run(t, "reviews", "decide", connection, r.number(), "--choose", "gohighlevel", "--by", "bob")
		contains(t, again, "already", "ann")
		contains(t, s.refused(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--by", "bob"), "decided", "ann")

		var told story
		s.decode(t, &told, "explain", connection, l.GoHighLevelID, "city")
		t.Logf("explain:\n%s", s.run(t, "explain", connection, l.GoHighLevelID, "city"))
		if len(told.Fields) != 1 || len(told.Fields[0].Writes) != 1 {
			t.Fatalf("explained: %+v", told)
		}
		f := told.Fields[0]
		w := f.Writes[0]
		if w.Side != record.Salesforce || w.Before.Text() != "Shelbyville" || w.After.Text() != "Springfield" {
			t.Errorf("the write is told as %+v", w)
		}
		if w.RunID == "" || w.RulesVersion != 1 || w.At.IsZero() || w.Cause != reconcile.CauseVerdict {
			t.Errorf("the write is told as %+v", w)
		}
		if f.GoHighLevel.Value.Text() != "Springfield" || f.GoHighLevel.Standing != "agreed" || f.Rule.Conflict != reconcile.Ask {
			t.Errorf("it stands as %+v", f)
		}
		if len(told.Reviews) != 1 || told.Reviews[0].DecidedBy != "ann" {
			t.Errorf("the reviews are told as %+v", told.Reviews)
		}
	})

	t.Run("two people who type the same value settle it by themselves", func(t *testing.T) {
		l := s.pair(t, 1)
		r := s.dispute(t, l, "Ogdenville", "Capital City")
		s.inGHL(t, l, map[string]any{"city": "Brockway"})
		s.inSF(t, l, map[string]any{"MailingCity": "Brockway"})
		s.ends(t, r.WorkflowID)
		s.stands(t, l.ID, record.LinkInStep)
		if now, over := s.decided(t, r.ID); !over || now.Choice != "" {
			t.Errorf("the review is %+v", now)
		}
	})

	t.Run("a review whose run was terminated is decided all the same", func(t *testing.T) {
		l := s.pair(t, 2)
		r := s.dispute(t, l, "Ogdenville", "Capital City")
		if err := s.temporal.TerminateWorkflow(t.Context(), r.WorkflowID, "", "by mistake"); err != nil {
			t.Fatal(err)
		}
		s.run(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--by", "ann")
		s.cities(t, l, "Capital City")
		s.stands(t, l.ID, record.LinkInStep)
	})

	t.Run("automations that rewrite each other are parked until a person lets them go on", func(t *testing.T) { s.pingPong(t, s.pair(t, 3)) })

	t.Run("people are reminded, and the deadline decides", func(t *testing.T) {
		l := s.pair(t, 4)
		s.apply(t, func(r *sandbox.RulesOptions) { r.Extra += "reviews: {remind_after: 1s, decide_after: 12s}\n" }, "--yes")
		r := s.dispute(t, l, "Ogdenville", "Capital City")
		s.eventually(t, func() bool {
			all := s.reviews(t)
			return len(all) == 1 && all[0].RemindedAt != nil
		})
		contains(t, s.run(t, "status"), "wait for longer than the rules like")
		s.cities(t, l, "Capital City")
		s.stands(t, l.ID, record.LinkInStep)
		if now, over := s.decided(t, r.ID); !over || now.DecidedBy != "deadline" || now.Choice != record.ChooseSalesforce {
			t.Errorf("the review is %+v", now)
		}
	})

	s.quiet(t)
	s.mustAgree(t)
}

// ends waits until a run is over, and holds that it completed.
func (s *office) ends(t testing.TB, id string) {
	t.Helper()
	if err := s.temporal.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil); err != nil {
		t.Errorf("the run %s ended with %v", id, err)
	}
}

// waits tells whether a run is still there.
func (s *office) waits(t testing.TB, id string) bool {
	t.Helper()
	d, err := s.temporal.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	return d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// story is what the starter explains.
type story struct {
	Fields []struct {
		Field  record.Field `json:"field"`
		Writes []struct {
			At           time.Time            `json:"at"`
			Side         record.Side          `json:"side"`
			Before       record.Value         `json:"before"`
			After        record.Value         `json:"after"`
			Cause        reconcile.Cause      `json:"cause"`
			Rule         reconcile.Resolution `json:"rule"`
			RulesVersion int                  `json:"rules_version"`
			RunID        string               `json:"run_id"`
		} `json:"writes"`
		Rule struct {
			Conflict reconcile.Resolution `json:"conflict"`
		} `json:"rule"`
		GoHighLevel struct {
			Value    record.Value `json:"value"`
			Standing string       `json:"standing"`
		} `json:"gohighlevel"`
		Salesforce struct {
			Value    record.Value `json:"value"`
			Standing string       `json:"standing"`
		} `json:"salesforce"`
	} `json:"fields"`
	Reviews []asked `json:"reviews"`
}

// pingPong lets an automation on each side insist on a value of its own.
func (s *office) pingPong(t *testing.T, l record.Link) {
	stop := make(chan struct{})
	var both sync.WaitGroup
	automation := func(look func() bool, insist func() error) {
		both.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond): // the pace of looking
				}
				if look() {
					if err := insist(); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	automation(func() bool {
		c, _ := s.Sandbox.GoHighLevel.Get(l.GoHighLevelID)
		return c.State != "CA"
	}, func() error {
		return s.Sandbox.GoHighLevel.Edit(l.GoHighLevelID, map[string]any{"state": "CA"})
	})
	automation(func() bool {
		row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
		return row["MailingState"] != "NY"
	}, func() error {
		return s.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, map[string]any{"MailingState": "NY"})
	})
	r := s.about(t, record.ReviewPingPong, l)
	close(stop)
	both.Wait()
	if len(r.Fields) != 1 || r.Fields[0] != record.State {
		t.Errorf("the review names %v", r.Fields)
	}
	shown := s.run(t, "reviews", "show", connection, r.number())
	t.Logf("reviews show:\n%s", shown)
	contains(t, shown, "state", "parked", "resume", "ignore")
	states := func() (ghl, sf any) {
		c, _ := s.Sandbox.GoHighLevel.Get(l.GoHighLevelID)
		row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
		return c.State, row["MailingState"]
	}
	if ghl, sf := states(); ghl == sf {
		t.Errorf("both sides hold %v, although the contact is parked", ghl)
	}
	s.run(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--by", "ann")
	s.eventually(t, func() bool {
		ghl, sf := states()
		return ghl == "NY" && sf == "NY"
	})
	s.stands(t, l.ID, record.LinkInStep)
	// Let go on, it is not parked again by what happened before.
	s.inGHL(t, l, map[string]any{"state": "TX"})
	s.eventually(t, func() bool {
		_, sf := states()
		return sf == "TX"
	})
	s.stands(t, l.ID, record.LinkInStep)
}
