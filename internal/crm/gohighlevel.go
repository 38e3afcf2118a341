package crm

import "context"

// Document is one JSON object as a vendor sends or takes it. Numbers decode as json.Number.
type Document map[string]any

// GoHighLevel is what the client of one GoHighLevel location promises. Every method takes one API call unless it
// says otherwise, repeats nothing but one refused expired token, and fails with *Error. "Safe to repeat" means that
// a second call leaves the same state as one.
type GoHighLevel interface {
	// GetContact reads one contact. NotFound when it is gone. Safe to repeat.
	GetContact(ctx context.Context, id string) (Document, error)
	// ListContacts reads the deprecated list, ordered by date added. Safe to repeat.
	ListContacts(ctx context.Context, q ContactList) (ContactPage, error)
	// ListBusinessContacts reads the contacts of one business. Safe to repeat.
	ListBusinessContacts(ctx context.Context, businessID string, q BusinessContactList) (ContactPage, error)
	// SearchContacts reads one page of the search index, which lags behind writes by seconds: neither presence nor
	// absence in it proves anything about a record. Safe to repeat.
	SearchContacts(ctx context.Context, q ContactSearch) (ContactPage, error)
	// FindDuplicateContact looks a contact up by e-mail or phone as the vendor's own duplicate check does; nil when
	// there is none. Safe to repeat.
	FindDuplicateContact(ctx context.Context, q DuplicateLookup) (Document, error)
	// CreateContact creates a contact and returns it as stored. Duplicate, with ExistingID, where the location
	// refuses a second one. Not safe to repeat: settle first.
	CreateContact(ctx context.Context, contact Document) (Document, error)
	// UpdateContact changes the named fields and returns the contact as stored. Safe to repeat.
	UpdateContact(ctx context.Context, id string, changes Document) (Document, error)
	// UpsertContact creates or updates by the location's duplicate setting, and tells whether it created. It replaces
	// all tags when given any. Not safe to repeat where the location allows duplicates.
	UpsertContact(ctx context.Context, contact Document) (contactAsStored Document, created bool, err error)
	// DeleteContact deletes a contact. Deleting one that is gone succeeds. Safe to repeat.
	DeleteContact(ctx context.Context, id string) error
	// AddContactTags adds tags and returns the tags the vendor now lists. Safe to repeat.
	AddContactTags(ctx context.Context, id string, tags []string) ([]string, error)
	// RemoveContactTags removes tags and returns the tags the vendor now lists. Safe to repeat.
	RemoveContactTags(ctx context.Context, id string, tags []string) ([]string, error)
	// GetLocation reads the location with its settings. Safe to repeat.
	GetLocation(ctx context.Context) (Document, error)
	// ListCustomFields reads the location's contact custom fields. Safe to repeat.
	ListCustomFields(ctx context.Context) ([]Document, error)
	// ListUsers reads the location's users. Safe to repeat.
	ListUsers(ctx context.Context) ([]Document, error)
}

// ContactList pages through GET /contacts/. StartAfter (epoch milliseconds) and StartAfterID go together and come
// from the previous page's Next.
type ContactList struct {
	Limit        int // at most 100; 0 means 100
	StartAfter   int64
	StartAfterID string
	Query        string
}

// BusinessContactList pages through GET /contacts/business/{businessId} by offset.
type BusinessContactList struct {
	Limit int // 0 means 25
	Skip  int
	Query string
}

// ContactSearch is the body of POST /contacts/search, less the location.
type ContactSearch struct {
	PageLimit   int           `json:"pageLimit"` // at most 500
	SearchAfter []any         `json:"searchAfter,omitempty"`
	Filters     []SearchGroup `json:"filters,omitempty"`
	Sort        []SearchSort  `json:"sort,omitempty"`
	Query       string        `json:"query,omitempty"`
}

// SearchGroup is one filter {Field, Operator, Value}, or a group {Group: "AND" or "OR", Filters}.
type SearchGroup struct {
	Field    string        `json:"field,omitempty"`
	Operator string        `json:"operator,omitempty"`
	Value    any           `json:"value,omitempty"`
	Group    string        `json:"group,omitempty"`
	Filters  []SearchGroup `json:"filters,omitempty"`
}

// SearchSort orders a search; Direction is "asc" or "desc".
type SearchSort struct {
	Field     string `json:"field"`
	Direction string `json:"direction"`
}

// ContactPage is one page of contacts.
type ContactPage struct {
	Contacts []Document
	// Total is the vendor's count over all pages, -1 when it gives none.
	Total int
	// SearchAfter continues a SearchContacts; empty when the page was the last.
	SearchAfter []any
	// StartAfter and StartAfterID continue a ListContacts; zero when the page was the last.
	StartAfter   int64
	StartAfterID string
}

// DuplicateLookup names what to look for; at least one of the two must be set.
type DuplicateLookup struct {
	Email string
	Phone string // E.164
}
