package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// longestSubject is what Salesforce's Task and Event take.
const longestSubject = 255

// noLimit is for texts that have no parts: where they are too long, the vendor refuses them, and that shows.
const noLimit = 1 << 30

// TaskMapper is the mapping between GoHighLevel's tasks and Salesforce's Task. It is safe for concurrent use.
type TaskMapper struct {
	kindMapper
	rules      Tasks
	closed     map[string]bool // status -> whether it counts as completed
	completeAs string
	reopenAs   string
	openAs     string // what a new task is that is not completed
	priorities titleWords
}

var _ KindMapper = (*TaskMapper)(nil)

// TaskMapper returns the mapping of tasks under these rules.
func (r *Rules) TaskMapper(s Setting) *TaskMapper {
	m := &TaskMapper{
		kindMapper: r.kindMapper(record.Task, r.Tasks.Travel, s), rules: r.Tasks, closed: map[string]bool{},
		priorities: titleWords{words: append([]string{r.Tasks.Priority}, r.Tasks.ShowPriority...), plain: r.Tasks.Priority},
	}
	if len(r.Tasks.ShowPriority) == 0 {
		// GoHighLevel has none, so that there is nothing to agree on.
		m.travel.Fields = slices.DeleteFunc(slices.Clone(m.travel.Fields), func(p reconcile.Policy) bool { return p.Field == record.Priority })
	}
	for _, status := range s.TaskStatuses {
		m.closed[status.Name] = status.Closed
	}
	for name, completed := range r.Tasks.Statuses {
		m.closed[name] = completed
	}
	m.completeAs, m.openAs = m.usual(s.TaskStatuses, true, "Completed"), m.usual(s.TaskStatuses, false, "Not Started")
	m.reopenAs = m.openAs
	if name := r.Tasks.CompleteAs; name != "" {
		m.completeAs, m.closed[name] = name, true
	}
	if name := r.Tasks.ReopenAs; name != "" {
		m.reopenAs, m.closed[name] = name, false
	}
	return m
}

// usual returns the org's default among the statuses that count as completed, or as open; else the first of them; else the
// one that Salesforce ships.
func (m *TaskMapper) usual(statuses []OrgStatus, completed bool, shipped string) string {
	first := ""
	for _, status := range statuses {
		if m.closed[status.Name] != completed {
			continue
		}
		if status.Default {
			return status.Name
		}
		if first == "" {
			first = status.Name
		}
	}
	if first == "" {
		return shipped
	}
	return first
}

// MissingStatuses returns the statuses that the rules name and the org does not have, in the order of the rules' keys.
func (t Tasks) MissingStatuses(org []OrgStatus) []string {
	has := map[string]bool{}
	for _, status := range org {
		has[status.Name] = true
	}
	var out []string
	for _, name := range append([]string{t.CompleteAs, t.ReopenAs}, sortedKeys(t.Statuses)...) {
		if name != "" && !has[name] {
			out = append(out, name)
		}
	}
	return out
}

// Project tells what a side shows of the other side's field.
func (m *TaskMapper) Project(to record.Side, field record.Field, from *record.Record) record.Value {
	v := from.Fields[field]
	switch {
	case field == record.Title && to == record.Salesforce:
		return record.Scalar(record.Shorten(v.Text(), longestSubject))
	case field == record.Title && v.Empty():
		return titleStandIn(from, "Task")
	case field == record.Due && to == record.GoHighLevel:
		return m.projectDue(from, v)
	case field == record.Priority && to == record.GoHighLevel:
		if !m.shows(v.Text()) {
			return record.Scalar(m.priorities.plain)
		}
	case field == record.Assignee:
		return m.people.project(to, v)
	}
	return v
}

// projectDue returns the day that a task is due in GoHighLevel, which has no tasks without: some days after it was made.
// That day is the same whenever it is asked for.
func (m *TaskMapper) projectDue(from *record.Record, v record.Value) record.Value {
	date := v.Text()
	if v.Empty() && !from.CreatedAt.IsZero() {
		date = record.DueOn(from.CreatedAt.In(m.zone).AddDate(0, 0, m.rules.DueAfter), m.zone)
	}
	at, ok := record.DueAt(date, m.rules.DueHour, m.zone)
	if !ok {
		return nil
	}
	return record.Scalar(record.DueOn(at, m.zone)) // a day that the zone skipped is the next one
}

func (m *TaskMapper) shows(priority string) bool {
	for _, shown := range m.rules.ShowPriority {
		if shown == priority {
			return true
		}
	}
	return false
}

// titleStandIn returns what stands in for a title that a side requires.
func titleStandIn(from *record.Record, placeholder string) record.Value {
	first, _, _ := strings.Cut(from.Fields[record.Body].Text(), "\n")
	if first = record.OneLine(first); first == "" {
		first = placeholder
	}
	return record.Scalar(record.Shorten(first, 80))
}

// FromGoHighLevel reads a task, as read by id or as a row of the location's search, which spells its id otherwise.
func (m *TaskMapper) FromGoHighLevel(doc map[string]any, partial bool) (record.Record, error) {
	id := rawID(doc, "id", "_id")
	if id == "" {
		return record.Record{}, missingID(record.GoHighLevel)
	}
	r := record.Record{
		Side: record.GoHighLevel, Kind: record.Task, ID: id, Fields: record.Fields{},
		ModifiedAt: vendorTime(doc, "dateUpdated", "updatedAt"), CreatedAt: vendorTime(doc, "dateAdded", "createdAt"),
	}
	details, _ := doc["contactDetails"].(map[string]any)
	if contact := rawID(doc, "contactId"); contact != "" {
		r.ContactIDs = []string{contact}
	} else if contact := rawID(details, "_id", "id"); contact != "" {
		r.ContactIDs = []string{contact}
	}
	m.field(r.Fields, record.Title, doc, "title", partial)
	if title, known := r.Fields[record.Title]; known && len(m.rules.ShowPriority) > 0 {
		word, rest := m.priorities.split(title.Text())
		r.Fields[record.Title], r.Fields[record.Priority] = record.Scalar(rest), record.Scalar(word)
	}
	if raw, present := doc["body"]; present || !partial {
		text, _ := rawText(raw)
		m.body(&r, record.MarkupText(text), longestSubject)
	}
	if raw, present := doc["completed"]; present || !partial {
		text, _ := rawText(raw)
		r.Fields[record.Status] = record.Scalar(statusWord(text == "true"))
	}
	if raw, present := doc["dueDate"]; present || !partial {
		text, _ := rawText(raw)
		r.Fields[record.Due] = m.due(text)
	}
	m.assignee(r.Fields, record.GoHighLevel, doc, "assignedTo", partial)
	if flag(doc, "deleted") {
		r.Traits = append(r.Traits, record.TraitDeleted)
	}
	return r, nil
}

// due returns the local day of an instant.
func (m *TaskMapper) due(raw string) record.Value {
	if at, ok := record.ParseInstant(raw, m.zone); ok {
		return record.Scalar(record.DueOn(at, m.zone))
	}
	return m.normaliser.Normalise(record.TypeDate, raw)
}

// FromSalesforce reads a Task.
func (m *TaskMapper) FromSalesforce(doc map[string]any) (record.Record, error) {
	r, err := m.activity(doc)
	if err != nil {
		return r, err
	}
	r.Kind = record.Task
	m.field(r.Fields, record.Due, doc, "ActivityDate", true)
	m.field(r.Fields, record.Priority, doc, "Priority", true)
	if status, known := doc["Status"]; known {
		r.VendorStatus, _ = rawText(status)
		completed, told := m.closed[r.VendorStatus]
		if _, org := doc["IsClosed"]; !told && org {
			completed, told = flag(doc, "IsClosed"), true
		}
		if told {
			r.Fields[record.Status] = record.Scalar(statusWord(completed))
		}
	}
	switch subtype, _ := rawText(doc["TaskSubtype"]); subtype {
	case "", "Task":
	case "Email", "ListEmail":
		r.Traits = append(r.Traits, record.TraitEmail)
	case "Call":
		r.Traits = append(r.Traits, record.TraitCall)
	default:
		r.Traits = append(r.Traits, record.TraitOtherActivity)
	}
	m.subject(&r, doc, nil)
	if keepsNote(r) {
		r.Traits = append(r.Traits, record.TraitOtherKind)
	}
	return r, nil
}

// SalesforceObject is Task.
func (m *TaskMapper) SalesforceObject() string { return "Task" }

// SalesforceFields returns the fields to select of a Task.
func (m *TaskMapper) SalesforceFields() []string {
	return m.activityFields("Status", "IsClosed", "Priority", "TaskSubtype")
}
