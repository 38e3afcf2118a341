package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// gone and there tell whether a contact is on a side.
func (s *office) there(l record.Link, side record.Side) bool {
	if side == record.GoHighLevel {
		_, found := s.Sandbox.GoHighLevel.Get(l.GoHighLevelID)
		return found
	}
	row, found := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
	return found && row["IsDeleted"] != true
}

// remove deletes contacts on a side as a person would.
func (s *office) remove(t testing.TB, side record.Side, all ...record.Link) {
	t.Helper()
	for _, l := range all {
		err := error(nil)
		if side == record.GoHighLevel {
			err = s.Sandbox.GoHighLevel.Delete(l.GoHighLevelID)
		} else {
			err = s.Sandbox.Salesforce.Delete("Contact", l.SalesforceID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pairs returns contacts that are in step.
func (s *office) pairs(t testing.TB, n int) []record.Link {
	t.Helper()
	all := make([]record.Link, n)
	for i := range all {
		all[i] = s.pair(t, i)
	}
	return all
}

func TestWhatIsDeletedOrMergedFollowsThePolicyOfItsSide(t *testing.T) {
	surge := func(count string) string { return "surge: {count: " + count + ", share: 0%, window: 1h}" }
	policies := func(goHighLevel, salesforce, count string) func(*sandbox.RulesOptions) {
		return func(r *sandbox.RulesOptions) {
			r.Contacts = []string{"deletions: {gohighlevel: " + goHighLevel + ", salesforce: " + salesforce + ", " + surge(count) + "}"}
		}
	}
	s := openOffice(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}},
		sandbox.People{Both: 50, Seed: 12}, policies("propagate", "propagate", "3"))

	t.Run("a wave asks once for all of it", func(t *testing.T) {
		for _, c := range []struct {
			side   record.Side
			choose record.Choice
			state  record.LinkState
		}{
			{record.GoHighLevel, record.ChooseKeep, record.LinkParted},
			{record.Salesforce, record.ChooseDelete, record.LinkDeleted},
		} {
			wave := s.pairs(t, 12) // more than go one by one
			s.run(t, "connections", "pause", connection)
			s.remove(t, c.side, wave...)
			s.run(t, "connections", "resume", connection)
			var asks []asked
			s.eventually(t, func() bool {
				asks = s.reviews(t, "--reason", record.ReviewDeletionWave)
				return len(asks) == 1 && len(asks[0].Links) == len(wave)
			})
			t.Logf("the wave:\n%s", s.run(t, "reviews", "show", connection, asks[0].number()))
			for _, l := range wave {
				if !s.there(l, c.side.Other()) {
					t.Errorf("%d was deleted in %s before anybody said so", l.ID, c.side.Other())
				}
			}
			s.run(t, "reviews", "decide", connection, "--all", "--reason", record.ReviewDeletionWave, "--choose", string(c.choose), "--yes", "--by", "ann")
			for _, l := range wave {
				s.stands(t, l.ID, c.state)
				if there := s.there(l, c.side.Other()); there != (c.choose == record.ChooseKeep) {
					t.Errorf("after %s, that the other half of %d is in %s is %v", c.choose, l.ID, c.side.Other(), there)
				}
			}
		}
	})

	t.Run("propagate deletes the other half and keeps what it held", func(t *testing.T) {
		s.apply(t, policies("propagate", "propagate", "1000"), "--yes")
		two := s.pairs(t, 2)
		s.remove(t, record.GoHighLevel, two[0])
		s.remove(t, record.Salesforce, two[1])
		for i, side := range []record.Side{record.Salesforce, record.GoHighLevel} {
			s.stands(t, two[i].ID, record.LinkDeleted)
			if s.there(two[i], side) {
				t.Errorf("%d is still in %s", two[i].ID, side)
			}
			var told story
			s.decode(t, &told, "explain", connection, two[i].RecordID(side.Other()))
			lost := 0
			for _, f := range told.Fields {
				for _, w := range f.Writes {
					if w.Side == side && w.After.Empty() && !w.Before.Empty() {
						lost++
					}
				}
			}
			if lost < 5 {
				t.Errorf("the journal has %d fields of what was lost in %s: %+v", lost, side, told)
			}
		}
	})

	t.Run("an edit on the other side beats the deletion", func(t *testing.T) {
		two := s.pairs(t, 2)
		s.run(t, "connections", "pause", connection)
		s.inSF(t, two[0], map[string]any{"MailingCity": "Edited"})
		s.inGHL(t, two[1], map[string]any{"city": "Edited"})
		s.remove(t, record.GoHighLevel, two[0])
		s.remove(t, record.Salesforce, two[1])
		s.run(t, "connections", "resume", connection)
		for i, side := range []record.Side{record.GoHighLevel, record.Salesforce} {
			s.eventually(t, func() bool {
				now := s.link(t, two[i].ID)
				return now.State == record.LinkInStep && now.RecordID(side) != two[i].RecordID(side) && s.there(now, side)
			})
			s.cities(t, s.link(t, two[i].ID), "Edited")
		}
	})

	t.Run("a merge ties the contact to the survivor, whose other half stays", func(t *testing.T) {
		// The survivor has no other half of its own yet: it is the loser's.
		four := s.pairs(t, 4)
		s.run(t, "connections", "pause", connection)
		lone := s.Sandbox.Salesforce.Create("Contact", map[string]any{"FirstName": "Sur", "LastName": "Vivor", "Phone": "+12015550123", "Email": "sur.vivor@example.com"})
		if err := s.Sandbox.Salesforce.Merge(lone, four[0].SalesforceID); err != nil {
			t.Fatal(err)
		}
		c, _ := s.Sandbox.GoHighLevel.Get(four[1].GoHighLevelID)
		winner := s.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Phone: c.Phone, Country: c.Country})
		if err := s.Sandbox.GoHighLevel.Merge(winner, four[1].GoHighLevelID); err != nil {
			t.Fatal(err)
		}
		s.run(t, "connections", "resume", connection)
		s.eventually(t, func() bool {
			l := s.find(t, record.Salesforce, lone)
			return l.GoHighLevelID == four[0].GoHighLevelID && l.State == record.LinkInStep
		})
		s.eventually(t, func() bool {
			l := s.find(t, record.GoHighLevel, winner)
			return l.SalesforceID == four[1].SalesforceID && l.State == record.LinkInStep
		})
		// Both are linked: nobody but a person may say what becomes of the loser's other half.
		if err := s.Sandbox.Salesforce.Merge(four[2].SalesforceID, four[3].SalesforceID); err != nil {
			t.Fatal(err)
		}
		r := s.about(t, record.ReviewMerged, four[3])
		t.Logf("merged:\n%s", s.run(t, "reviews", "show", connection, r.number()))
		if !s.there(four[3], record.GoHighLevel) || !s.there(four[2], record.GoHighLevel) {
			t.Error("a half was deleted before anybody said so")
		}
		s.run(t, "reviews", "decide", connection, r.number(), "--choose", "delete", "--by", "ann")
		s.stands(t, four[3].ID, record.LinkDeleted)
		if s.there(four[3], record.GoHighLevel) || !s.there(four[2], record.GoHighLevel) {
			t.Error("not the loser's other half was deleted")
		}
		s.stands(t, four[2].ID, record.LinkInStep)
	})

	t.Run("mark and ignore leave the other half", func(t *testing.T) {
		s.apply(t, policies("ignore", "mark", "1000"), "--yes")
		two := s.pairs(t, 2)
		s.remove(t, record.GoHighLevel, two[0])
		s.remove(t, record.Salesforce, two[1])
		s.stands(t, two[0].ID, record.LinkParted)
		s.stands(t, two[1].ID, record.LinkParted)
		if !s.there(two[0], record.Salesforce) {
			t.Error("what was to be ignored was deleted")
		}
		if c, there := s.Sandbox.GoHighLevel.Get(two[1].GoHighLevelID); !there || !slices.Contains(c.Tags, "deleted in salesforce") {
			t.Errorf("the contact is there: %v, with tags %s", there, strings.Join(c.Tags, ", "))
		}
		// Out of the bin again, it is synced again.
		if err := s.Sandbox.Salesforce.Undelete("Contact", two[1].SalesforceID); err != nil {
			t.Fatal(err)
		}
		s.stands(t, two[1].ID, record.LinkInStep)
		s.inSF(t, two[1], map[string]any{"MailingCity": "Undeleted"})
		s.cities(t, two[1], "Undeleted")
	})

	t.Run("ask asks, and each choice is carried out", func(t *testing.T) {
		s.apply(t, policies("ask", "ask", "1000"), "--yes")
		six := s.pairs(t, 6)
		for i, choose := range []record.Choice{record.ChooseKeep, record.ChooseDelete, record.ChooseRestore} {
			for j, side := range record.Sides {
				l := six[2*i+j]
				s.remove(t, side, l)
				r := s.about(t, record.ReviewDeletion, l)
				if r.Side != side || !s.there(l, side.Other()) {
					t.Errorf("the review is %+v, and the other half is there: %v", r, s.there(l, side.Other()))
				}
				s.run(t, "reviews", "decide", connection, r.number(), "--choose", string(choose), "--by", "ann")
				s.stands(t, l.ID, map[record.Choice]record.LinkState{
					record.ChooseKeep: record.LinkParted, record.ChooseDelete: record.LinkDeleted, record.ChooseRestore: record.LinkInStep,
				}[choose])
				now := s.link(t, l.ID)
				if s.there(l, side.Other()) != (choose != record.ChooseDelete) || s.there(now, side) != (choose == record.ChooseRestore) {
					t.Errorf("after %s of what was deleted in %s, it is there on that side: %v, on the other: %v", choose, side, s.there(now, side), s.there(l, side.Other()))
				}
			}
		}
	})
	s.quiet(t)
}
