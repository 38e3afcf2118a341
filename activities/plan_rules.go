package activities

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// PlanRulesInput is one slice of the links, and the rules to decide them by as well.
type PlanRulesInput struct {
	Connection string `json:"connection"`
	Rules      string `json:"rules"` // the text of a rules file
	After      int64  `json:"after"` // link id
	Size       int    `json:"size"`  // at most 200
	Samples    int    `json:"samples"`
}

// PlanRulesResult is what the slice would come to.
type PlanRulesResult struct {
	Last       int64                     `json:"last"` // continue after this link; 0 when there are no more
	Found      RulesDifference           `json:"found"`
	Allowances map[record.Side]Allowance `json:"allowances,omitempty"`
}

// PlanRules reads both sides of a slice of the links, decides each under the rules in force and under the given ones, and
// counts where the two differ. It goes after everything else that needs API calls, and writes nothing, neither to a CRM nor
// to the ledger. Safe to repeat. It fails with kind Invalid where the rules do not load.
func (a *Contacts) PlanRules(ctx context.Context, in PlanRulesInput) (PlanRulesResult, error) {
	ctx = crm.WithLane(ctx, crm.LaneVerify)
	now, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return PlanRulesResult{}, err
	}
	then, err := a.Connections.OpenWith(ctx, in.Connection, in.Rules)
	if err != nil {
		return PlanRulesResult{}, err
	}
	work, err := a.Ledger.Links(ctx, in.Connection, record.Contact, in.After, in.Size)
	if err != nil {
		return PlanRulesResult{}, err
	}
	out := PlanRulesResult{Found: RulesDifference{Looked: len(work)}}
	if len(work) == in.Size {
		out.Last = work[len(work)-1].Link.ID
	}
	var weighed []*weighing
	for _, w := range work {
		if comparable(w.Link) {
			weighed = append(weighed, &weighing{link: w.Link})
		}
	}
	if err := readWeighed(ctx, now, then, weighed); err != nil {
		return PlanRulesResult{}, err
	}
	for _, w := range weighed {
		if w.gone {
			continue
		}
		before, err := w.rule(now)
		if err != nil {
			return PlanRulesResult{}, err
		}
		after, err := w.rule(then)
		if err != nil {
			return PlanRulesResult{}, err
		}
		out.Found.note(w.link.ID, differences(before, after), in.Samples)
	}
	out.Allowances = now.allowances()
	return out, nil
}

// comparable tells whether rules decide about a link: not about one that is left alone, or that waits for a person to say
// who it is.
func comparable(l record.Link) bool {
	switch l.State {
	case record.LinkDeleted, record.LinkParted:
		return false
	case record.LinkInReview:
		return l.Problem == record.ReviewConflict
	default:
		return true
	}
}

// weighing is one link with what both sides hold of it.
type weighing struct {
	link     record.Link
	ghl, sf  crm.Document
	searched bool // the GoHighLevel document comes from a search
	gone     bool // a record that the link names is not to be found
}

// readWeighed reads what both rules need of every link: one call per side, and one more for each contact that
// GoHighLevel's search does not show.
func readWeighed(ctx context.Context, now, then *Connection, all []*weighing) error {
	var inGoHighLevel, inSalesforce []*weighing
	for _, w := range all {
		if w.link.GoHighLevelID != "" {
			inGoHighLevel = append(inGoHighLevel, w)
		}
		if w.link.SalesforceID != "" {
			inSalesforce = append(inSalesforce, w)
		}
	}
	if len(inSalesforce) > 0 {
		fields := append(slices.Clone(now.Mapper.SalesforceFields()), then.Mapper.SalesforceFields()...)
		slices.Sort(fields)
		ids := make([]string, len(inSalesforce))
		for i, w := range inSalesforce {
			ids[i] = w.link.SalesforceID
		}
		docs, err := now.Salesforce.RetrieveRecords(ctx, contactObject, ids, slices.Compact(fields))
		if err != nil {
			return err
		}
		for i, w := range inSalesforce {
			w.sf, w.gone = docs[i], w.gone || docs[i] == nil
		}
	}
	return readWeighedGoHighLevel(ctx, now, inGoHighLevel)
}

func readWeighedGoHighLevel(ctx context.Context, c *Connection, all []*weighing) error {
	for chunk := range slices.Chunk(all, goHighLevelPage) {
		byID, ids := map[string]*weighing{}, make([]string, len(chunk))
		for i, w := range chunk {
			ids[i], byID[w.link.GoHighLevelID] = w.link.GoHighLevelID, w
		}
		page, err := c.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{
			PageLimit: goHighLevelPage, Filters: []crm.SearchGroup{{Field: "id", Operator: "eq", Value: ids}},
		})
		// Where the vendor refuses to search by a list of ids, each contact is read by itself.
		if kind := crm.KindOf(err); err != nil && kind != crm.Invalid && kind != crm.Rejected {
			return err
		}
		for _, doc := range page.Contacts {
			id, _ := doc["id"].(string)
			if w := byID[id]; w != nil {
				w.ghl, w.searched = doc, true
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(goHighLevelWriters)
	for _, w := range all {
		if w.ghl != nil {
			continue
		}
		group.Go(func() error {
			doc, err := c.GoHighLevel.GetContact(ctx, w.link.GoHighLevelID)
			if crm.KindOf(err) == crm.NotFound {
				w.gone = true
				return nil
			}
			w.ghl = doc
			return err
		})
	}
	return group.Wait()
}

// rule decides the link under the rules of c.
func (w *weighing) rule(c *Connection) (ruling, error) {
	var ghl, sf *record.Record
	for side, doc := range map[record.Side]crm.Document{record.GoHighLevel: w.ghl, record.Salesforce: w.sf} {
		if doc == nil {
			continue
		}
		r, err := c.read(side, doc, side == record.GoHighLevel && w.searched)
		if err != nil {
			return ruling{}, err
		}
		included, err := c.Mapper.Included(r)
		if err != nil || !included {
			return ruling{excluded: true}, err
		}
		if side == record.GoHighLevel {
			ghl = &r
		} else {
			sf = &r
		}
	}
	if ghl == nil && sf == nil {
		return ruling{}, nil
	}
	d, err := c.decide(c.of(record.Contact), w.link.Base, ghl, sf, nil)
	if err != nil {
		return ruling{}, err
	}
	out := ruling{fields: map[record.Field]fieldRuling{}}
	for _, side := range record.Sides {
		for _, write := range d.Writes(side) {
			f := out.fields[write.Field]
			out.fields[write.Field] = f.with(side, write.After)
		}
	}
	for _, field := range d.Contested() {
		out.fields[field] = fieldRuling{asks: true}
	}
	return out, nil
}
