package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhatTheRulesDoNotSayAboutLiveSyncIsTheDefault(t *testing.T) {
	r := parse(t, ids)
	assert.Equal(t, defaultDeletions, r.Contacts.Deletions)
	assert.Equal(t, defaultLive, r.Live)
	assert.Equal(t, defaultReviews, r.Reviews)
}

func TestEverySettingOfLiveSyncCanBeGiven(t *testing.T) {
	r := parse(t, ids+`
contacts:
  deletions:
    gohighlevel: mark
    salesforce: propagate
    mark_tag: gone
    mark_field: acme__Gone__c
    surge: {count: 0, share: 12.5%, window: 2d}
live:
  record_lane_max: 0
  sweeps: {fastest: 2m, slowest: 1h, gohighlevel_overlap: 15s, salesforce_overlap: 0s, margin: 1s, compare: 7d, stale_after: 1d12h}
  verify: {every: 1d}
  breaker: {writes: 3, window: 1m}
reviews: {remind_after: 1.5d, decide_after: 336h}
`)
	assert.Equal(t, Deletions{
		GoHighLevel: DeletionMark, Salesforce: DeletionPropagate, MarkTag: "gone", MarkField: "acme__Gone__c",
		Surge: Surge{Share: 0.125, Window: 48 * time.Hour},
	}, r.Contacts.Deletions)
	assert.Equal(t, Live{
		Sweeps: Sweeps{
			Fastest: 2 * time.Minute, Slowest: time.Hour, GoHighLevelOverlap: 15 * time.Second, Margin: time.Second,
			Compare: 7 * 24 * time.Hour, StaleAfter: 36 * time.Hour,
		},
		Verify:  Verify{Every: 24 * time.Hour},
		Breaker: Breaker{Writes: 3, Window: time.Minute},
	}, r.Live)
	assert.Equal(t, Reviews{RemindAfter: 36 * time.Hour, DecideAfter: 14 * 24 * time.Hour}, r.Reviews)
}

func TestLiveSyncCanBeAsFastAsATestNeedsIt(t *testing.T) {
	r := parse(t, `
gohighlevel: {location: abc, index_lag: 0s, allowance: {recheck: 100ms}}
salesforce: {org: 00D000000000001}
contacts: {deletions: {surge: {window: 100ms}}}
live:
  sweeps: {fastest: 100ms, slowest: 100ms, gohighlevel_overlap: 0, salesforce_overlap: 1ms, margin: 0s, compare: 100ms, stale_after: 100ms}
  breaker: {window: 100ms}
reviews: {remind_after: 100ms, decide_after: 101ms}
`)
	const tenth = 100 * time.Millisecond
	assert.Equal(t, Sweeps{Fastest: tenth, Slowest: tenth, SalesforceOverlap: time.Millisecond, Compare: tenth, StaleAfter: tenth}, r.Live.Sweeps)
	assert.Equal(t, Reviews{RemindAfter: tenth, DecideAfter: tenth + time.Millisecond}, r.Reviews)
}

func TestZeroTurnsOffWhatNeedNotBe(t *testing.T) {
	r := parse(t, ids+"live: {sweeps: {compare: 0}, breaker: {writes: 0}}\nreviews: {remind_after: 0, decide_after: 0s}\n")
	assert.Zero(t, r.Live.Sweeps.Compare)
	assert.Zero(t, r.Live.Breaker.Writes)
	assert.Zero(t, r.Reviews)

	noReminder := parse(t, ids+"reviews: {remind_after: 0, decide_after: 1h}\n")
	assert.Equal(t, Reviews{DecideAfter: time.Hour}, noReminder.Reviews)
	noDeadline := parse(t, ids+"reviews: {remind_after: 30d, decide_after: 0}\n")
	assert.Equal(t, Reviews{RemindAfter: 30 * 24 * time.Hour}, noDeadline.Reviews)
}

func TestAShareIsAPercentageOrAPartOfOne(t *testing.T) {
	for text, want := range map[string]float64{
		"5%": 0.05, "0.05": 0.05, "5 %": 0.05, "'5%'": 0.05, "2.5%": 0.025, "0": 0, "0%": 0, "1": 1, "100%": 1, "1.0": 1,
	} {
		r := parse(t, ids+"contacts: {deletions: {surge: {share: "+text+"}}}\n")
		assert.Equal(t, want, r.Contacts.Deletions.Surge.Share, text)
	}
}

func TestAMarkMayBeAStandardCheckboxThatNoRuleUses(t *testing.T) {
	r := parse(t, ids+"contacts: {deletions: {mark_field: DoNotCall}}\n")
	assert.Equal(t, "DoNotCall", r.Contacts.Deletions.MarkField)
	r = parse(t, ids+"contacts: {deletions: {mark_field: ''}, fields: {do_not_call: {direction: both}}}\n")
	assert.Empty(t, r.Contacts.Deletions.MarkField)
}

func TestTheSecondWordOfNewestIsTheSideThatWinsATie(t *testing.T) {
	for text, want := range map[string]record.Side{
		"conflict: newest":                                record.Salesforce,
		"conflict: newest salesforce":                     record.Salesforce,
		"conflict: newest gohighlevel":                    record.GoHighLevel,
		"conflict: '  newest   gohighlevel '":             record.GoHighLevel,
		"conflict: newest, tie: gohighlevel":              record.GoHighLevel,
		"tie: gohighlevel":                                record.GoHighLevel,
		"conflict: newest gohighlevel, tie: gohighlevel":  record.GoHighLevel,
		"conflict: newest gohighlevel, tie: ":             record.GoHighLevel,
		"tie: salesforce, conflict: newest salesforce":    record.Salesforce,
		"conflict: newest gohighlevel, drift: ignore":     record.GoHighLevel,
		"direction: to_salesforce, tie: gohighlevel":      record.GoHighLevel,
		"salesforce: MobilePhone, conflict: newest":       record.Salesforce,
		"direction: both, conflict: 'newest gohighlevel'": record.GoHighLevel,
	} {
		rule := fieldRule(t, parse(t, ids+"contacts: {fields: {phone: {"+text+"}}}\n"), record.Phone)
		assert.Equal(t, reconcile.Newest, rule.Conflict, text)
		assert.Equal(t, want, rule.Tie, text)
	}
}

func TestEveryProblemOfLiveSyncIsReportedWithItsLineAndWhatToWriteInstead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"words mistyped": {ids + `contacts:
  deletions:
    gohighlevel: delete
    salesforce: asks
    mark-tag: gone
    surge: {counts: 1}
live:
  sweep: {}
  sweeps: {fastes: 1m}
  breaker: {write: 6}
review: {}
reviews: {remind: 72h}
`, []string{
			`5: contacts.deletions.gohighlevel: "delete" is not a way to treat deletions; use propagate, ignore, ask or mark`,
			`6: contacts.deletions.salesforce: "asks" is not a way to treat deletions; use propagate, ignore, ask or mark`,
			`7: contacts.deletions: "mark-tag" is not a key here; did you mean mark_tag?`,
			`8: contacts.deletions.surge: "counts" is not a key here; did you mean count?`,
			`10: live: "sweep" is not a key here; did you mean sweeps?`,
			`11: live.sweeps: "fastes" is not a key here; did you mean fastest?`,
			`12: live.breaker: "write" is not a key here; did you mean writes?`,
			`13: "review" is not a key here; did you mean reviews?`,
			`14: reviews: "remind" is not a key here; use remind_after or decide_after`,
		}},
		"values of the wrong kind": {ids + `contacts:
  deletions:
    mark_tag: 7
    mark_field: [Gone__c]
    surge: {count: 5%, share: few, window: 60}
live:
  record_lane_max: many
  sweeps: 1m
  breaker: [6]
reviews: {remind_after: 3, decide_after: 2 weeks}
`, []string{
			`5: contacts.deletions.mark_tag: must be text; write it in quotes: "7"`,
			`6: contacts.deletions.mark_field: must be text, but is a list`,
			`7: contacts.deletions.surge.count: must be a whole number, as 25, but is text`,
			`7: contacts.deletions.surge.share: "few" is not a share; write a percentage, as 5%`,
			`7: contacts.deletions.surge.window: must be a time span with its unit, as 1h, but is a number`,
			`9: live.record_lane_max: must be a whole number, as 10, but is text`,
			`10: live.sweeps: must be a group of keys, as fastest:, but is text`,
			`11: live.breaker: must be a group of keys, as writes:, but is a list`,
			`12: reviews.remind_after: must be a time span with its unit, as 3d, but is a number`,
			`12: reviews.decide_after: "2 weeks" is not a time span; write a number and its unit (ms, s, m, h or d), as 14d`,
		}},
		"values out of range": {`gohighlevel: {location: abc, allowance: {backfill_share: 0, recheck: 25h}}
salesforce: {org: 00D000000000001, allowance: {backfill_share: 101%, recheck: 0}}
contacts:
  deletions:
    surge: {count: -1, share: 5, window: 8d}
live:
  record_lane_max: 201
  sweeps: {fastest: 1ms, slowest: 25h, gohighlevel_overlap: -1s, salesforce_overlap: 2d, margin: 6m, compare: 10ms, stale_after: 31d}
  breaker: {writes: 2, window: 0s}
reviews: {remind_after: 1ms, decide_after: 366d}
`, []string{
			`1: gohighlevel.allowance.backfill_share: 0 is out of range; use a share from 1% to 100%`,
			`1: gohighlevel.allowance.recheck: 25h is out of range; use a time span from 100ms to 24h`,
			`2: salesforce.allowance.backfill_share: 101% is out of range; use a share from 1% to 100%`,
			`2: salesforce.allowance.recheck: 0 is out of range; use a time span from 100ms to 24h`,
			`5: contacts.deletions.surge.count: -1 is out of range; use a whole number from 0 to 1000000`,
			`5: contacts.deletions.surge.share: 5 is more than the whole; did you mean 5%?`,
			`5: contacts.deletions.surge.window: 8d is out of range; use a time span from 100ms to 7d`,
			`7: live.record_lane_max: 201 is out of range; use a whole number from 0 to 200`,
			`8: live.sweeps.fastest: 1ms is out of range; use a time span from 100ms to 24h`,
			`8: live.sweeps.slowest: 25h is out of range; use a time span from 100ms to 24h`,
			`8: live.sweeps.gohighlevel_overlap: -1s is out of range; use a time span from 0s to 24h`,
			`8: live.sweeps.salesforce_overlap: 2d is out of range; use a time span from 0s to 24h`,
			`8: live.sweeps.margin: 6m is out of range; use a time span from 0s to 5m`,
			`8: live.sweeps.compare: 10ms is out of range; use 0 for never, or a time span from 100ms to 90d`,
			`8: live.sweeps.stale_after: 31d is out of range; use a time span from 100ms to 30d`,
			`9: live.breaker.writes: 2 is out of range; fewer than 3 writes are no back and forth, so use 3 or more, or 0 to turn the breaker off`,
			`9: live.breaker.window: 0s is out of range; use a time span from 100ms to 7d`,
			`10: reviews.remind_after: 1ms is out of range; use 0 for never, or a time span from 100ms to 365d`,
			`10: reviews.decide_after: 366d is out of range; use 0 for never, or a time span from 100ms to 365d`,
		}},
		"retention": {ids + `retention: {journal: 23h, links: 8000d, all: 1d}
`, []string{
			`3: retention.journal: 23h is out of range; use 0 for never, or a time span from 24h to 7300d`,
			`3: retention.links: 8000d is out of range; use 0 for never, or a time span from 24h to 7300d`,
			`3: retention: "all" is not a key here; use journal or links`,
		}},
		"shares that are none": {ids + `contacts:
  deletions:
    surge:
      share: [5%]
live: {}
`, []string{`6: contacts.deletions.surge.share: must be a share, as 5%, but is a list`}},
		"a negative share":          {shareOf("-0.1"), []string{`3: contacts.deletions.surge.share: -0.1 is out of range; use a share from 0% to 100%`}},
		"a negative percentage":     {shareOf("-5%"), []string{`3: contacts.deletions.surge.share: "-5%" is not a share; write a percentage, as 5%`}},
		"a percentage with a comma": {shareOf("'2,5%'"), []string{`3: contacts.deletions.surge.share: "2,5%" is not a share; write a percentage, as 5%`}},
		"a share beyond all shares": {shareOf("250"), []string{`3: contacts.deletions.surge.share: 250 is out of range; use a share from 0% to 100%`}},
		"an endless share":          {shareOf(".inf"), []string{`3: contacts.deletions.surge.share: ".inf" is not a share; write a percentage, as 5%`}},
		"a share that is no number": {shareOf(".nan"), []string{`3: contacts.deletions.surge.share: ".nan" is not a share; write a percentage, as 5%`}},
		"a slowest sweep that is faster than the fastest": {ids + "live: {sweeps: {slowest: 30s, fastest: 40s}}\n", []string{
			`3: live.sweeps.fastest: 40s is longer than slowest, which is 30s; use a shorter time span, or raise slowest`,
		}},
		"a slowest sweep that is faster than the usual fastest": {ids + "live: {sweeps: {slowest: 30s}}\n", []string{
			`3: live.sweeps.slowest: 30s is shorter than fastest, which is 1m; use a longer time span, or lower fastest`,
		}},
		"sweeps that are stale by the next one": {ids + "live: {sweeps: {stale_after: 5m}}\n", []string{
			`3: live.sweeps.stale_after: 5m is shorter than slowest, which is 15m, so a connection would be called stale between two polls; use a longer time span, or lower slowest`,
		}},
		"sweeps that are slower than the usual staleness": {ids + "live: {sweeps: {slowest: 2h}}\n", []string{
			`3: live.sweeps.slowest: 2h is longer than stale_after, which is 1h, so a connection would be called stale between two polls; use a shorter time span, or raise stale_after`,
		}},
		"an index lag that the usual overlap does not cover": {"gohighlevel: {location: abc, index_lag: 6m}\nsalesforce: {org: 00D000000000001}\n", []string{
			`1: gohighlevel.index_lag: 6m is longer than live.sweeps.gohighlevel_overlap, which is 5m, and a change that becomes visible after the overlap would be missed; use a shorter time span, or raise gohighlevel_overlap`,
		}},
		"an overlap that does not cover the index lag": {ids + "live: {sweeps: {gohighlevel_overlap: 10s}}\n", []string{
			`3: live.sweeps.gohighlevel_overlap: 10s is shorter than gohighlevel.index_lag, which is 15s, and a change that becomes visible after the overlap would be missed; use a longer time span, or lower index_lag`,
		}},
		"a deadline before the reminder": {ids + "reviews: {remind_after: 2d, decide_after: 48h}\n", []string{
			`3: reviews.decide_after: 2d is not longer than remind_after, which is 2d, so nobody would be reminded in time; use a longer time span, or remind_after: 0 for no reminder`,
		}},
		"a reminder after the usual deadline": {ids + "reviews: {remind_after: 15d}\n", []string{
			`3: reviews.remind_after: 15d is not shorter than decide_after, which is 14d, so nobody would be reminded in time; use a shorter time span, or raise decide_after`,
		}},
		"what follows from a wrong value": {"gohighlevel: {location: abc, index_lag: 1h}\nsalesforce: {org: 00D000000000001}\n" +
			"live: {sweeps: {fastest: soon, slowest: 1s, gohighlevel_overlap: 1s}}\nreviews: {remind_after: later, decide_after: 1h}\n", []string{
			`1: gohighlevel.index_lag: 1h is out of range; use a time span from 0s to 10m`,
			`3: live.sweeps.fastest: "soon" is not a time span; write a number and its unit (ms, s, m, h or d), as 1m`,
			`4: reviews.remind_after: "later" is not a time span; write a number and its unit (ms, s, m, h or d), as 3d`,
		}},
		"an empty tag": {markedBy("mark_tag: ' '"), []string{
			`3: contacts.deletions.mark_tag: is empty; write a tag, as deleted in salesforce`,
		}},
		"two tags": {markedBy("mark_tag: 'gone, lost'"), []string{
			`3: contacts.deletions.mark_tag: "gone, lost" is not one tag; write it without commas, semicolons and line breaks, as deleted in salesforce`,
		}},
		"a tag in capitals": {markedBy("mark_tag: Deleted in Salesforce"), []string{
			`3: contacts.deletions.mark_tag: "Deleted in Salesforce" is not how a tag is kept, which is in lower case and without spaces around it; write "deleted in salesforce"`,
		}},
		"a mark that is no API name": {markedBy("mark_field: Deleted In GHL"), []string{
			`3: contacts.deletions.mark_field: "Deleted In GHL" is not the API name of a field of Contact; an API name has letters, digits and underscores, as MobilePhone, Plan__c or Account.Name`,
		}},
		"a mark on another record": {markedBy("mark_field: Account.Gone__c"), []string{
			`3: contacts.deletions.mark_field: Salesforce's Account.Gone__c cannot be written; name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out`,
		}},
		"a mark that only Salesforce sets": {markedBy("mark_field: IsDeleted"), []string{
			`3: contacts.deletions.mark_field: Salesforce's IsDeleted cannot be written; name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out`,
		}},
		"a mark that is no checkbox": {markedBy("mark_field: Description"), []string{
			`3: contacts.deletions.mark_field: Description is not a checkbox; name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out`,
		}},
		"a mark that a field uses": {ids + "contacts: {deletions: {mark_field: gone__c}, fields: {custom.gone: {type: bool, gohighlevel: contact.gone, salesforce: Gone__c}}}\n", []string{
			`3: contacts.deletions.mark_field: gone__c belongs to custom.gone already; name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out`,
		}},
		"a mark that holds the other id": {"gohighlevel: {location: abc}\nsalesforce: {org: 00D000000000001, external_id_field: GHL_Id__c}\ncontacts: {deletions: {mark_field: GHL_Id__c}}\n", []string{
			`3: contacts.deletions.mark_field: GHL_Id__c holds the GoHighLevel id, as salesforce.external_id_field says; name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out`,
		}},
		"conflicts settled in too many words": {ids + `contacts:
  fields:
    phone: {conflict: newest sales}
    email: {conflict: ask salesforce}
    city: {conflict: newest gohighlevel, tie: salesforce}
    state: {conflict: newest salesforce gohighlevel}
    country: {conflict: latest salesforce}
    street: {conflict: newest gohighlevel, tie: ghl}
`, []string{
			`5: contacts.fields.phone.conflict: "sales" is not a side; after newest use salesforce or gohighlevel`,
			`6: contacts.fields.email.conflict: ask takes no second word; use ask, or newest with the side that wins a tie, as newest gohighlevel`,
			`7: contacts.fields.city.tie: salesforce contradicts conflict, which says newest gohighlevel; keep one of them`,
			`8: contacts.fields.state.conflict: "salesforce gohighlevel" is not a side; after newest use salesforce or gohighlevel`,
			`9: contacts.fields.country.conflict: "latest salesforce" is not a way to settle a conflict; use newest, gohighlevel, salesforce or ask`,
			`10: contacts.fields.street.tie: "ghl" is not a side; use salesforce or gohighlevel`,
		}},
		"conflicts of sets": {ids + `contacts:
  fields:
    tags: {salesforce: GHL_Tags__c, conflict: ask}
    custom.a: {type: set, gohighlevel: contact.a, salesforce: A__c, conflict: newest gohighlevel}
    custom.b: {type: set, gohighlevel: contact.b, salesforce: B__c, tie: salesforce}
`, []string{
			`5: contacts.fields.tags.conflict: has no meaning for a set, which is merged element by element and so never conflicts; leave it out`,
			`6: contacts.fields.custom.a.conflict: has no meaning for a set, which is merged element by element and so never conflicts; leave it out`,
			`7: contacts.fields.custom.b.tie: has no meaning for a set, which is merged element by element and so never conflicts; leave it out`,
		}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, problemsOf(t, c.text)) })
	}
}

func shareOf(text string) string {
	return ids + "contacts: {deletions: {surge: {share: " + text + "}}}\n"
}

func markedBy(text string) string { return ids + "contacts: {deletions: {" + text + "}}\n" }

func TestATimeSpanThatAMessageNamesCanBeWrittenAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.Int64Range(0, int64(year)).Draw(t, "span"))
		span = span.Truncate(rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour, day}).Draw(t, "unit"))
		back, err := parseSpan(plain(span))
		require.NoError(t, err)
		require.Equal(t, span, back)
	})
}

func TestDaysStandInFrontOfTheRestOfATimeSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1d": day, "14d": 14 * day, "0d": 0, "0.5d": 12 * time.Hour, "1d12h": 36 * time.Hour, "2d0.5h10ms": 2*day + 30*time.Minute + 10*time.Millisecond,
		"72h": 3 * day, "99999999999999d": 100 * year, "99999999999999d2000000h": 200 * year,
	} {
		got, err := parseSpan(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"d", "1 d", "-1d", "1d-2h", "1h1d", "1d2d", "1.d", "1,5d", "1day", "1d1"} {
		_, err := parseSpan(text)
		assert.Error(t, err, text)
	}
}

func TestAShareThatAMessageNamesCanBeWrittenAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hundredths := rapid.IntRange(0, 10_000).Draw(t, "hundredths of a percent")
		share := float64(hundredths) / 10_000
		text := ids + fmt.Sprintf("contacts: {deletions: {surge: {share: %s}}}\n", percent(share))
		r, err := Parse("acme.yaml", []byte(text))
		require.NoError(t, err)
		require.InDelta(t, share, r.Contacts.Deletions.Surge.Share, 1e-12)
	})
}

func TestWhatIsOverIsKeptAsLongAsTheRulesSay(t *testing.T) {
	assert.Equal(t, Retention{Journal: 400 * 24 * time.Hour, Links: 90 * 24 * time.Hour}, parse(t, ids).Retention)
	assert.Equal(t, Retention{Journal: 36 * time.Hour}, parse(t, ids+"retention: {journal: 36h, links: 0}\n").Retention)
}
