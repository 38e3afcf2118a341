package store_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// matchModel says what Match must come to, record by record and without any regard for speed.
type matchModel struct {
	records []record.Staged
	links   map[int64]record.Link // before, and after
	fresh   []record.Link
	pending map[int64]bool
	reviews []modelReview
	counts  record.MatchCounts

	newOnly  bool
	link     map[int]int64 // record to the link that held it before
	whole    map[int]bool
	knew     map[int64]bool // links that were whole, or parted
	resolved map[int]bool
	pairs    [][2]int
	held     []modelReview
}

// modelReview is a group of records, named by side and id.
type modelReview struct {
	Reason  string
	Records []string
	members []int
}

// runModel changes links and pending in place.
func runModel(
	records []record.Staged, links map[int64]record.Link, listed map[int64]bool, pending map[int64]bool, tiers []record.MatchTier, newOnly bool,
) *matchModel {
	m := &matchModel{
		records: records, links: links, pending: pending,
		newOnly: newOnly, link: map[int]int64{}, whole: map[int]bool{}, knew: map[int64]bool{}, resolved: map[int]bool{},
	}
	for id, l := range links {
		half := l.GoHighLevelID == "" || l.SalesforceID == ""
		if half && l.State == record.LinkInReview && listed[id] && l.Base == nil && l.Intent == nil {
			delete(links, id)
			delete(pending, id)
		}
	}
	anyExcluded := false
	for i, r := range records {
		for id, l := range links {
			if l.RecordID(r.Side) == r.ID {
				m.link[i] = id
				m.whole[i] = l.RecordID(r.Side.Other()) != "" || l.State == record.LinkParted
			}
		}
		anyExcluded = anyExcluded || r.Excluded && !m.whole[i]
	}
	for _, tier := range tiers {
		m.group(tier, func(r record.Staged) bool { return !r.Excluded })
		if anyExcluded {
			m.group(tier, func(record.Staged) bool { return true })
		}
	}
	for _, side := range record.Sides {
		for _, g := range m.groups(record.MatchEmail, func(r record.Staged) bool { return r.Side == side && !r.Excluded }) {
			if len(g) > 1 {
				m.hold(record.ReviewAmbiguousMatch, g)
			}
		}
	}
	m.settle()
	return m
}

func keysOf(r record.Staged, tier record.MatchTier) []int64 {
	switch tier {
	case record.MatchExternalID:
		return r.Keys.External
	case record.MatchEmail:
		return r.Keys.Emails
	default:
		return r.Keys.PhoneNames
	}
}

// groups returns what is connected by shared keys among the records that still take part.
func (m *matchModel) groups(tier record.MatchTier, among func(record.Staged) bool) [][]int {
	root := map[int]int{}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	owner := map[int64]int{}
	for i, r := range m.records {
		if m.whole[i] || m.resolved[i] || !among(r) {
			continue
		}
		root[i] = i
		for _, k := range keysOf(r, tier) {
			if o, ok := owner[k]; ok {
				root[find(i)] = find(o)
			} else {
				owner[k] = i
			}
		}
	}
	members := map[int][]int{}
	for i := range root {
		members[find(i)] = append(members[find(i)], i)
	}
	return slices.Collect(maps.Values(members))
}

func (m *matchModel) group(tier record.MatchTier, among func(record.Staged) bool) {
	for _, g := range m.groups(tier, among) {
		var sides [2][]int
		included := false
		for _, i := range g {
			side := 0
			if m.records[i].Side == record.Salesforce {
				side = 1
			}
			sides[side] = append(sides[side], i)
			included = included || !m.records[i].Excluded
		}
		if len(sides[0]) == 0 || len(sides[1]) == 0 || !included {
			continue
		}
		if len(g) > 2 {
			m.hold(record.ReviewAmbiguousMatch, g)
			continue
		}
		a, b := m.records[sides[0][0]].Keys.FirstName, m.records[sides[1][0]].Keys.FirstName
		if tier == record.MatchPhoneAndName && a != 0 && b != 0 && a != b {
			m.hold(record.ReviewNamesakes, g)
			continue
		}
		m.pairs = append(m.pairs, [2]int{sides[0][0], sides[1][0]})
		m.resolved[sides[0][0]], m.resolved[sides[1][0]] = true, true
	}
}

func (m *matchModel) hold(reason string, g []int) {
	for _, i := range g {
		m.resolved[i] = true
	}
	m.held = append(m.held, modelReview{Reason: reason, members: g})
}

func (m *matchModel) settle() {
	put := func(l record.Link) {
		before, existed := m.links[l.ID]
		altered := !existed || before.State != l.State || before.GoHighLevelID != l.GoHighLevelID ||
			before.SalesforceID != l.SalesforceID
		out := l.State == record.LinkInReview || l.State == record.LinkExcluded || l.State == record.LinkParted
		waits := existed && m.knew[l.ID] && l.State != record.LinkExcluded // goes on hearing of changes
		due := !out && (altered || !m.newOnly)
		switch {
		case !existed:
			m.fresh = append(m.fresh, l)
		case out && waits:
		case out:
			delete(m.pending, l.ID)
		case due:
			m.pending[l.ID] = true
		}
		if existed {
			m.links[l.ID] = l
		}
		if due {
			m.counts.Pending++
		}
		m.account(l)
	}
	excluded := map[int64]bool{}
	for i, r := range m.records {
		if m.whole[i] {
			excluded[m.link[i]] = excluded[m.link[i]] || r.Excluded
		}
	}
	for id, out := range excluded {
		l := m.links[id]
		m.knew[id] = true
		switch {
		case l.State == record.LinkInReview, l.State == record.LinkParted:
		case out:
			l.State = record.LinkExcluded
		case l.State == record.LinkExcluded:
			l.State = record.LinkNew
		}
		put(l)
	}
	for _, p := range m.pairs {
		g, s := m.records[p[0]], m.records[p[1]]
		ofG, ofS := m.link[p[0]], m.link[p[1]]
		keep := cmp.Or(ofG, ofS)
		if ofG != 0 && ofS != 0 {
			if m.links[ofG].Intent == nil && m.links[ofS].Intent != nil {
				keep = ofS
			}
			gone := ofG + ofS - keep
			delete(m.links, gone)
			delete(m.pending, gone)
		}
		l := m.links[keep]
		l.GoHighLevelID, l.SalesforceID, l.State, l.Problem = g.ID, s.ID, record.LinkNew, ""
		if g.Excluded || s.Excluded {
			l.State = record.LinkExcluded
		}
		put(l)
	}
	single := func(i int) record.Link {
		l := m.links[m.link[i]]
		if m.records[i].Side == record.GoHighLevel {
			l.GoHighLevelID = m.records[i].ID
		} else {
			l.SalesforceID = m.records[i].ID
		}
		return l
	}
	for _, h := range m.held {
		for _, i := range h.members {
			l := single(i)
			l.State, l.Problem = record.LinkInReview, h.Reason
			put(l)
			h.Records = append(h.Records, string(m.records[i].Side)+":"+m.records[i].ID)
		}
		slices.Sort(h.Records)
		m.reviews = append(m.reviews, modelReview{Reason: h.Reason, Records: h.Records})
	}
	for i, r := range m.records {
		if m.whole[i] || m.resolved[i] {
			continue
		}
		l := single(i)
		switch {
		case r.Excluded:
			l.State = record.LinkExcluded
		case l.State == "", l.State == record.LinkExcluded, l.State == record.LinkInReview, l.State == record.LinkDeleted:
			l.State = record.LinkNew
		}
		if l.State != record.LinkFailed {
			l.Problem = ""
		}
		put(l)
	}
}

func (m *matchModel) account(l record.Link) {
	switch {
	case l.State == record.LinkInReview:
		m.counts.InReview++
	case l.State == record.LinkExcluded, l.State == record.LinkParted:
		m.counts.Excluded++
	case l.GoHighLevelID != "" && l.SalesforceID != "":
		m.counts.Linked++
	case l.GoHighLevelID != "":
		m.counts.OnlyGoHighLevel++
	default:
		m.counts.OnlySalesforce++
	}
}
