package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// SalesforceFields returns the fields to select so that FromSalesforce finds everything it maps, sorted.
func (m *Mapper) SalesforceFields() []string {
	out := []string{"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp", "IsDeleted"}
	for _, rule := range m.rules.Contacts.Fields {
		out = append(out, rule.SalesforceField)
	}
	if f := m.rules.Salesforce.ExternalIDField; f != "" {
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// FromSalesforce reads a Contact document. A field whose key is missing is unknown; null is empty. It fails on a
// document without an Id.
func (m *Mapper) FromSalesforce(doc map[string]any) (record.Record, error) {
	id, _ := rawText(doc["Id"])
	if id == "" {
		return record.Record{}, missingID(record.Salesforce)
	}
	r := record.Record{
		Side: record.Salesforce, Kind: record.Contact, ID: id, Fields: make(record.Fields, len(m.rules.Contacts.Fields)),
		ModifiedAt: parseTime(doc["LastModifiedDate"]), CreatedAt: parseTime(doc["CreatedDate"]),
	}
	for _, rule := range m.rules.Contacts.Fields {
		raw, known := lookup(doc, rule.SalesforceField)
		if !known {
			continue
		}
		if rule.Field == record.Owner {
			m.owner(r.Fields, record.Salesforce, raw)
			continue
		}
		r.Fields[rule.Field] = m.values(rule, raw)
	}
	if f := m.rules.Salesforce.ExternalIDField; f != "" {
		r.ExternalID, _ = rawText(doc[f])
	}
	return r, nil
}

// lookup finds a field, through a relationship where its name has a dot. An empty relationship is an empty field.
func lookup(doc map[string]any, field string) (raw any, known bool) {
	relationship, nested, related := strings.Cut(field, ".")
	raw, known = doc[relationship]
	if !related || !known {
		return raw, known
	}
	if raw == nil {
		return nil, true
	}
	parent, ok := raw.(map[string]any)
	if !ok {
		return nil, false
	}
	return lookup(parent, nested)
}

// ToSalesforce returns the fields of a create (with the id of its GoHighLevel half, where the org has a field for it)
// or of an update.
func (m *Mapper) ToSalesforce(writes []reconcile.Write, create bool, goHighLevelID string) map[string]any {
	out := map[string]any{}
	for _, w := range writes {
		rule := m.fieldOf[w.Field]
		switch {
		case w.Field == record.Owner:
			out[rule.SalesforceField] = m.userIDs[record.Salesforce][w.After.Text()]
		case rule.Set && w.After.Empty():
			out[rule.SalesforceField] = nil
		case rule.Set:
			out[rule.SalesforceField] = strings.Join(w.After, ";")
		case w.Field == record.Country && !w.After.Empty():
			out[rule.SalesforceField] = record.CountryName(w.After.Text())
		case rule.Type == record.TypePhone && !w.After.Empty():
			out[rule.SalesforceField] = strings.Replace(w.After.Text(), ";ext=", " ext. ", 1)
		default:
			out[rule.SalesforceField] = typed(rule.Type, w.After)
		}
	}
	if f := m.rules.Salesforce.ExternalIDField; create && f != "" && goHighLevelID != "" {
		out[f] = goHighLevelID
	}
	return out
}
