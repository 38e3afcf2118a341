package activities_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

const goneField = "Gone_In_GHL__c"

// deleting is a world with one policy for deletions on either side.
func deleting(policy string) setting {
	return setting{
		editRules: contactsRules(fmt.Sprintf("  deletions: {gohighlevel: %s, salesforce: %s, mark_tag: gone in salesforce, mark_field: %s}\n", policy, policy, goneField)),
		prepare:   func(box *sandbox.Sandbox) { box.Salesforce.AddCustomField("Contact", goneField, "Checkbox") },
	}
}

// onEitherSide runs a test for deletions on each side, in both lanes.
func onEitherSide(t *testing.T, test func(t *testing.T, side record.Side, by lane)) {
	for _, side := range record.Sides {
		t.Run("in "+string(side), func(t *testing.T) {
			inBothLanes(t, func(t *testing.T, by lane) { test(t, side, by) })
		})
	}
}

// remove deletes one half of a couple, as a person would, and returns the mark that tells of it.
func (w *world) remove(side record.Side, g, s string) record.Mark {
	w.t.Helper()
	if side == record.GoHighLevel {
		require.NoError(w.t, w.ghl.Delete(g))
		return gone(inGoHighLevel(g))
	}
	require.NoError(w.t, w.sf.Delete("Contact", s))
	return gone(inSalesforce(s))
}

// counts are how many contacts either side holds.
func (w *world) counts() [2]int { return [2]int{w.ghl.Count(), w.sf.Count("Contact")} }

func TestADeletionIsPropagated(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, deleting("propagate"))
		g, s := w.couple("Lovelace", "ada@example.com")
		link := w.linkOf(side, map[record.Side]string{record.GoHighLevel: g, record.Salesforce: s}[side])
		mark := w.remove(side, g, s)
		w.hear(by, mark)
		require.Equal(t, [2]int{0, 0}, w.counts())
		after := w.linkOf(side, mark.RecordID)
		require.Equal(t, record.LinkDeleted, after.State)
		require.Empty(t, after.RecordID(side.Other()), "what was deleted for good is forgotten")
		require.Equal(t, link.Base, after.Base, "what was agreed on is kept")
		lost := w.lastWrite(link.ID, side.Other(), record.Email)
		require.Equal(t, record.Delete, lost.operation)
		require.Equal(t, reconcile.CauseDelete, lost.Cause)
		require.Equal(t, "ada@example.com", lost.Before.Text())
		require.True(t, lost.After.Empty())
		require.Equal(t, "Lovelace", w.lastWrite(link.ID, side.Other(), record.LastName).Before.Text())
		require.Empty(t, w.reviews())
		w.silent(by, gone(inGoHighLevel(g)), gone(inSalesforce(s)))
		require.Equal(t, record.LinkDeleted, w.linkOf(side, mark.RecordID).State)
	})
}

func TestADeletionThatIsIgnoredLeavesTheOtherHalfAlone(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, deleting("ignore"))
		g, s := w.couple("Lovelace", "ada@example.com")
		w.hear(by, w.remove(side, g, s))
		w.partedFrom(side, by, g, s)
	})
}

// partedFrom sees to it that one half of a couple is gone, that the other one stays, and that its edits lead to nothing.
func (w *world) partedFrom(side record.Side, by lane, g, s string) {
	w.t.Helper()
	want := [2]int{0, 1}
	if side == record.Salesforce {
		want = [2]int{1, 0}
	}
	require.Equal(w.t, want, w.counts())
	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(w.t, record.LinkParted, link.State)
	require.Equal(w.t, record.ProblemKept, link.Problem)
	require.Equal(w.t, s, link.SalesforceID)
	require.Empty(w.t, w.reviews())

	mark := inSalesforce(s)
	if side == record.Salesforce {
		mark = inGoHighLevel(g)
		require.NoError(w.t, w.ghl.Edit(g, map[string]any{"city": "York"}))
	} else {
		require.NoError(w.t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
	}
	w.silent(by, mark)
	require.Equal(w.t, want, w.counts())
	require.Equal(w.t, record.LinkParted, w.linkOf(record.GoHighLevel, g).State)
}

func TestADeletionLeavesAMark(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, deleting("mark"))
		g, s := w.couple("Lovelace", "ada@example.com")
		w.hear(by, w.remove(side, g, s))
		if side == record.GoHighLevel {
			require.Equal(t, true, w.row(s)[goneField])
		} else {
			require.Equal(t, []string{"gone in salesforce"}, w.contact(g).Tags)
		}
		link := w.linkOf(record.GoHighLevel, g)
		marks := 0
		for _, one := range w.journal(link.ID) {
			if one.Cause == reconcile.CauseDelete {
				require.Equal(t, side.Other(), one.side)
				require.Equal(t, record.Update, one.operation)
				marks++
			}
		}
		require.Equal(t, 1, marks)
		w.partedFrom(side, by, g, s)
	})
}

func TestAPersonIsAskedAboutADeletionAndDecides(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		for _, choice := range []record.Choice{record.ChooseDelete, record.ChooseKeep, record.ChooseRestore} {
			t.Run(string(choice), func(t *testing.T) {
				w := newWorld(t, deleting("ask"))
				g, s := w.couple("Lovelace", "ada@example.com")
				link := w.linkOf(record.GoHighLevel, g)
				w.ghl.ResetStats()
				w.sf.ResetStats()
				mark := w.remove(side, g, s)
				w.hear(by, mark)
				require.Zero(t, w.writes())
				review := w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewDeletion)
				require.Equal(t, side, review.Side)
				require.Equal(t, fmt.Sprintf("contact/acme/%d", link.ID), review.WorkflowID)
				require.False(t, review.DueAt.IsZero())

				w.decideContact(link.ID, record.Verdict{Choice: choice})
				require.Empty(t, w.reviews())
				switch choice {
				case record.ChooseDelete:
					require.Equal(t, [2]int{0, 0}, w.counts())
					require.Equal(t, record.LinkDeleted, w.linkOf(side, mark.RecordID).State)
				case record.ChooseKeep:
					w.partedFrom(side, by, g, s)
				case record.ChooseRestore:
					require.Equal(t, [2]int{1, 1}, w.counts())
					w.oneEach(1)
					w.silent(by, mark, inGoHighLevel(w.onlyContact().ID))
				}
			})
		}
	})
}

func TestAnEditSinceTheBaseWinsOverADeletion(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, deleting("propagate"))
		g, s := w.couple("Lovelace", "ada@example.com")
		mark := w.remove(side, g, s)
		if side == record.GoHighLevel {
			require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "York"}))
		} else {
			require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
		}
		w.hear(by, mark)
		require.Equal(t, [2]int{1, 1}, w.counts())
		w.oneEach(1)
		made := w.onlyContact()
		require.Equal(t, "York", made.City)
		if side == record.GoHighLevel {
			require.NotEqual(t, g, made.ID)
			require.Equal(t, s, w.linkOf(record.GoHighLevel, made.ID).SalesforceID)
		} else {
			link := w.linkOf(record.GoHighLevel, g)
			require.NotEqual(t, s, link.SalesforceID)
			require.Equal(t, "York", w.row(link.SalesforceID)["MailingCity"])
		}
		w.silent(by, mark, inGoHighLevel(made.ID), inSalesforce(w.linkOf(record.GoHighLevel, made.ID).SalesforceID))
		require.Equal(t, [2]int{1, 1}, w.counts())
	})
}

// veil hides a Salesforce record from the user, as a change of sharing does: every word of it is read as of another one
// that there never was.
type veil struct{ hidden atomic.Pointer[string] }

const nobody = "003000000000zzzAAA"

func (v *veil) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if id := v.hidden.Load(); id != nil {
			r.URL.Path = strings.ReplaceAll(r.URL.Path, *id, nobody)
			r.URL.RawPath = ""
			r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, *id, nobody)
			body, _ := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(*id), []byte(nobody))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.RequestURI = ""
		}
		next.ServeHTTP(rw, r)
	})
}

func TestARecordThatIsHiddenIsNotDeleted(t *testing.T) {
	var v veil
	s := deleting("propagate")
	s.betweenSalesforce = v.handler
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	v.hidden.Store(&sf)
	w.ghl.ResetStats()
	w.sf.ResetStats()

	// The bulk lane looks again, later, for what may only be late.
	w.announce(gone(inSalesforce(sf)))
	w.plan()
	_, err := w.trySync()
	require.Equal(t, crm.Busy, kindOf(t, err))
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
	_, err = w.db.Exec(t.Context(), "UPDATE pending SET claimed_until = clock_timestamp() - interval '1 second'")
	require.NoError(t, err)

	w.hear(recordLane)
	review := w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewGone)
	require.Equal(t, record.Salesforce, review.Side)
	require.Zero(t, w.writes())

	// It shows again: then nothing was the matter.
	v.hidden.Store(nil)
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
	w.hear(recordLane, inGoHighLevel(g))
	require.Equal(t, "York", w.row(sf)["MailingCity"])
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
	require.Empty(t, w.reviews())
}

func TestALogOfDeletionsThatCannotBeReadProvesNothing(t *testing.T) {
	var v veil
	s := deleting("propagate")
	s.betweenSalesforce = func(next http.Handler) http.Handler {
		next = v.handler(next)
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/sobjects/Contact/deleted/") {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(rw, `[{"errorCode":"INVALID_REPLICATION_DATE","message":"startDate is before the log begins"}]`)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	v.hidden.Store(&sf)
	w.hear(recordLane, gone(inSalesforce(sf)))
	w.waits(w.linkOf(record.GoHighLevel, g), record.ReviewGone)
	require.Equal(t, [2]int{1, 1}, w.counts())
}

func TestARecordThatBecameInvisibleAfterItWasPartedStaysParted(t *testing.T) {
	var v veil
	s := deleting("ignore")
	s.betweenSalesforce = v.handler
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	w.hear(recordLane, w.remove(record.Salesforce, g, sf))
	require.Equal(t, record.LinkParted, w.linkOf(record.GoHighLevel, g).State)
	v.hidden.Store(&sf) // as after the days for which the vendor remembers deletions
	w.partedFrom(record.Salesforce, recordLane, g, sf)
	w.partedFrom(record.Salesforce, bulkLane, g, sf)
}

func TestAPurgedRecordIsProvenByTheLogOfDeletions(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		_, s := w.couple("Lovelace", "ada@example.com")
		require.NoError(t, w.sf.Purge("Contact", s))
		w.hear(by, gone(inSalesforce(s)))
		require.Equal(t, [2]int{0, 0}, w.counts())
		require.Equal(t, record.LinkDeleted, w.linkOf(record.Salesforce, s).State)
	})
}

func TestAHalfWhoseOnlyRecordIsGoneIsDropped(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		w.goLive()
		g := w.ghl.Create(contact("Lovelace", "ada@example.com"))
		s := w.sf.Create("Contact", row("Hopperfield", "grace@example.com"))
		require.NoError(t, w.ghl.Delete(g))
		require.NoError(t, w.sf.Delete("Contact", s))
		w.hear(by, inGoHighLevel(g), inSalesforce(s))
		require.Empty(t, w.links())
		require.Equal(t, [2]int{0, 0}, w.counts())
	})
}

func TestACoupleThatIsGoneOnBothSidesIsKeptAsDeleted(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("ask"))
		g, s := w.couple("Lovelace", "ada@example.com")
		w.hear(by, w.remove(record.GoHighLevel, g, s), w.remove(record.Salesforce, g, s))
		link := w.linkOf(record.Salesforce, s)
		require.Equal(t, record.LinkDeleted, link.State)
		require.NotEmpty(t, link.Base)
		require.Empty(t, w.reviews())
	})
}

func TestWhatIsTakenOutOfTheBinComesBackToGoHighLevel(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, deleting("propagate"))
		g, s := w.couple("Lovelace", "ada@example.com")
		w.hear(by, w.remove(record.Salesforce, g, s))
		require.Equal(t, [2]int{0, 0}, w.counts())

		require.NoError(t, w.sf.Undelete("Contact", s))
		w.hear(by, inSalesforce(s))
		require.Equal(t, [2]int{1, 1}, w.counts())
		made := w.onlyContact()
		require.NotEqual(t, g, made.ID)
		require.Equal(t, "ada@example.com", made.Email)
		w.oneEach(1)
		w.silent(by, inSalesforce(s), inGoHighLevel(made.ID), gone(inGoHighLevel(g)))
		require.Equal(t, [2]int{1, 1}, w.counts())
		require.Equal(t, record.LinkInStep, w.linkOf(record.Salesforce, s).State)

		// A later deletion is one again.
		w.hear(by, w.remove(record.Salesforce, made.ID, s))
		require.Equal(t, [2]int{0, 0}, w.counts())
	})
}
