package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// NoteParts is what is to be written to the parts of a note beyond the first.
type NoteParts struct {
	// Held are the ids of those that there are.
	Held []string `json:"held,omitempty"`
	// Further are the documents: the first for the first of Held, and so on; those beyond are created.
	Further []Sealed `json:"further,omitempty"`
	// Whole tells that nothing is left for those of Held that have no document: they are deleted.
	Whole bool `json:"whole,omitempty"`
}

// sealParts seals the further parts of a write; nil where the note has none and is to have none.
func (c *Connection) sealParts(side record.Side, w rules.Write, current *record.Record) (*NoteParts, error) {
	out := &NoteParts{Whole: w.Whole}
	if current != nil && len(current.Parts) > 1 {
		out.Held = current.Parts[1:]
	}
	for _, doc := range w.Further {
		sealed, err := c.seal(side, purposeHistory, doc)
		if err != nil {
			return nil, err
		}
		out.Further = append(out.Further, sealed)
	}
	if len(out.Held) == 0 && len(out.Further) == 0 {
		return nil, nil
	}
	return out, nil
}

// furtherPart tells whether a link holds nothing but a part of a note that is another link's: it was announced like any
// other. The note itself is made pending, because the part may have been edited.
func (a *steps) furtherPart(ctx context.Context, claim RecordClaim, r *record.Record) (bool, error) {
	if r == nil || r.ID == claim.recordID(r.Side) || !slices.Contains(r.Parts, claim.recordID(r.Side)) || claim.recordID(r.Side.Other()) != "" {
		return false, nil
	}
	whole, err := a.Ledger.FindLink(ctx, claim.Connection, record.Note, r.Side, r.ID)
	if err != nil || whole == nil {
		return true, err // it will be announced itself
	}
	return true, a.Ledger.MarkPending(ctx, claim.Connection, record.Note, []int64{whole.ID})
}

// mended takes a note out of what is left out that lacks a part while its other half is whole, and returns its side: it is
// to be written again. "" for none.
func mended(ghl, sf *record.Record) record.Side {
	if ghl == nil || sf == nil || ghl.Has(record.TraitIncompletePart) == sf.Has(record.TraitIncompletePart) {
		return ""
	}
	broken := ghl
	if sf.Has(record.TraitIncompletePart) {
		broken = sf
	}
	broken.Traits = slices.DeleteFunc(slices.Clone(broken.Traits), func(t record.Trait) bool { return t == record.TraitIncompletePart })
	return broken.Side
}

// mend adds to a decision that a text is written again of which a part is missing, unless it may not travel there.
func (c *Connection) mend(kind rules.KindMapper, d *reconcile.Decision, side record.Side, other *record.Record) {
	for _, p := range kind.Policies() {
		if p.Field != record.Body || !p.Direction.Allows(side) {
			continue
		}
		body := kind.Project(side, record.Body, other)
		write := []reconcile.Write{{Field: record.Body, After: body, Cause: reconcile.CauseRestore}}
		if side == record.GoHighLevel {
			d.GoHighLevel = append(d.GoHighLevel, write...)
		} else {
			d.Salesforce = append(d.Salesforce, write...)
		}
		d.Next = reconcile.Stored(d.Next, side, record.Fields{record.Body: body}, write, c.Fingerprints.Value)
		d.Next = reconcile.Stored(d.Next, other.Side, other.Fields, write, c.Fingerprints.Value)
	}
}
