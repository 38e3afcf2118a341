package rules

import "time"

func parseLive(v value, indexLag placedSpan) Live {
	s := v.section("record_lane_max", "sweeps", "verify", "breaker")
	return Live{
		RecordLaneMax: s.get("record_lane_max").integer(defaultLive.RecordLaneMax, 0, 200),
		Sweeps:        parseSweeps(s.get("sweeps"), indexLag),
		Verify:        parseVerify(s.get("verify")),
		Breaker:       parseBreaker(s.get("breaker")),
	}
}

func parseSweeps(v value, indexLag placedSpan) Sweeps {
	s := v.section("fastest", "slowest", "gohighlevel_overlap", "salesforce_overlap", "margin", "compare", "stale_after")
	usual := defaultLive.Sweeps
	fastest := s.get("fastest").placedSpan(usual.Fastest, shortestSpan, day)
	slowest := s.get("slowest").placedSpan(usual.Slowest, shortestSpan, day)
	staleAfter := s.get("stale_after").placedSpan(usual.StaleAfter, shortestSpan, 30*day)
	overlap := s.get("gohighlevel_overlap").placedSpan(usual.GoHighLevelOverlap, 0, day)
	checkInterval(fastest, slowest, staleAfter)
	checkIndexLag(indexLag, overlap)
	return Sweeps{
		Fastest: fastest.span, Slowest: slowest.span,
		GoHighLevelOverlap: overlap.span,
		SalesforceOverlap:  s.get("salesforce_overlap").duration(usual.SalesforceOverlap, 0, day),
		Margin:             s.get("margin").duration(usual.Margin, 0, 5*time.Minute),
		Compare:            s.get("compare").durationOrZero(usual.Compare, shortestSpan, 90*day),
		StaleAfter:         staleAfter.span,
	}
}

// checkInterval reports bounds of the polls' interval that are no bounds, or that let a healthy connection look stale.
func checkInterval(fastest, slowest, staleAfter placedSpan) {
	if fastest.longerThan(slowest) {
		if fastest.given() {
			fastest.problem("%s is longer than slowest, which is %s; use a shorter time span, or raise slowest", plain(fastest.span), plain(slowest.span))
		} else {
			slowest.problem("%s is shorter than fastest, which is %s; use a longer time span, or lower fastest", plain(slowest.span), plain(fastest.span))
		}
	}
	if slowest.longerThan(staleAfter) {
		if staleAfter.given() {
			staleAfter.problem("%s is shorter than slowest, which is %s, so a connection would be called stale between two polls; use a longer time span, or lower slowest",
				plain(staleAfter.span), plain(slowest.span))
		} else {
			slowest.problem("%s is longer than stale_after, which is %s, so a connection would be called stale between two polls; use a shorter time span, or raise stale_after",
				plain(slowest.span), plain(staleAfter.span))
		}
	}
}

// checkIndexLag reports an index lag that the polls do not reach back behind.
func checkIndexLag(lag, overlap placedSpan) {
	if !lag.longerThan(overlap) {
		return
	}
	const why = "a change that becomes visible after the overlap would be missed"
	if overlap.given() {
		overlap.problem("%s is shorter than gohighlevel.index_lag, which is %s, and %s; use a longer time span, or lower index_lag",
			plain(overlap.span), plain(lag.span), why)
	} else {
		lag.problem("%s is longer than live.sweeps.gohighlevel_overlap, which is %s, and %s; use a shorter time span, or raise gohighlevel_overlap",
			plain(lag.span), plain(overlap.span), why)
	}
}

func parseVerify(v value) Verify {
	s := v.section("every")
	return Verify{Every: s.get("every").durationOrZero(defaultLive.Verify.Every, time.Hour, 90*day)}
}

func parseBreaker(v value) Breaker {
	const fewestWrites = 3 // there, back, and there again
	s := v.section("writes", "window")
	writes := s.get("writes")
	out := Breaker{
		Writes: writes.integer(defaultLive.Breaker.Writes, 0, 1000),
		Window: s.get("window").duration(defaultLive.Breaker.Window, shortestSpan, 7*day),
	}
	if out.Writes > 0 && out.Writes < fewestWrites {
		writes.problem("%d is out of range; fewer than %d writes are no back and forth, so use %d or more, or 0 to turn the breaker off",
			out.Writes, fewestWrites, fewestWrites)
	}
	return out
}

func parseReviews(v value) Reviews {
	s := v.section("remind_after", "decide_after")
	remind := placedSpan{s.get("remind_after"), s.get("remind_after").durationOrZero(defaultReviews.RemindAfter, shortestSpan, year)}
	decide := placedSpan{s.get("decide_after"), s.get("decide_after").durationOrZero(defaultReviews.DecideAfter, shortestSpan, year)}
	if remind.span != 0 && decide.span != 0 && !decide.longerThan(remind) && remind.sound() && decide.sound() {
		if decide.given() {
			decide.problem("%s is not longer than remind_after, which is %s, so nobody would be reminded in time; use a longer time span, or remind_after: 0 for no reminder",
				plain(decide.span), plain(remind.span))
		} else {
			remind.problem("%s is not shorter than decide_after, which is %s, so nobody would be reminded in time; use a shorter time span, or raise decide_after",
				plain(remind.span), plain(decide.span))
		}
	}
	return Reviews{RemindAfter: remind.span, DecideAfter: decide.span}
}

func parseRetention(v value) Retention {
	s := v.section("journal", "links")
	return Retention{
		Journal: s.get("journal").durationOrZero(defaultRetention.Journal, day, 20*year),
		Links:   s.get("links").durationOrZero(defaultRetention.Links, day, 20*year),
	}
}
