package rules

import (
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// ContactKind returns a contacts' mapper as one kind among the others.
func ContactKind(m *Mapper) KindMapper { return contactKind{m} }

type contactKind struct{ *Mapper }

func (contactKind) Kind() record.Kind              { return record.Contact }
func (contactKind) Enabled() bool                  { return true }
func (contactKind) Creates(record.Side) bool       { return true }
func (contactKind) SalesforceObject() string       { return "Contact" }
func (k contactKind) Policies() []reconcile.Policy { return k.rules.Contacts.Policies() }

func (k contactKind) Write(to record.Side, c Change) Write {
	if to == record.Salesforce {
		return Write{Doc: k.ToSalesforce(c.Writes, c.create(), c.otherID())}
	}
	w := k.ToGoHighLevel(c.Writes, c.create(), c.otherID())
	return Write{Doc: w.Contact, AddTags: w.AddTags, RemoveTags: w.RemoveTags}
}
