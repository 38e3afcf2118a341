package spectest

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// exception is one known defect of the description: what the document says, what the wire does instead, and the change
// that makes the document say the latter.
type exception struct {
	app    string
	schema string
	says   string
	mend   func(*openapi3.Schema)
}

// exceptions is the whole list of places where the description is not taken at its word. Beyond it: a success status
// that is not documented is checked against the one that is, since HighLevel mixes 200 and 201; requests of version v3
// are not checked, since the documents describe the dated versions; and the answers of the two operations without a
// schema (contact search, duplicate lookup) are checked against the schemas of undocumented.
var exceptions = []exception{
	{"contacts", "CreateContactDto", "dateOfBirth is an object; it is text", textProperty("dateOfBirth")},
	{"contacts", "UpdateContactDto", "dateOfBirth is an object; it is text", textProperty("dateOfBirth")},
	{"contacts", "UpsertContactDto", "dateOfBirth is an object; it is text", textProperty("dateOfBirth")},
	{"contacts", "CreateContactDto", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "UpdateContactDto", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "UpsertContactDto", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "TagsDTO", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "TextField", "field_value cannot be cleared; null clears it, as far as is known", textProperty("field_value")},
	{"contacts", "NumericField", "field_value is an object; it is a number", numberProperty("field_value")},
	{"contacts", "MonetoryField", "field_value is an object; it is a number", numberProperty("field_value")},
	{"contacts", "CustomFieldSchema", "value is always text; it has the field's own type", anyProperty("value")},
	{"contacts", "GetContectByIdSchema", "attachments is text; it is a list", anyProperty("attachments")},
	{"contacts", "CreateContactSchema", "attachments is text; it is a list", anyProperty("attachments")},
	{"contacts", "SearchBodyV2DTO", "the search takes nothing", searchBody},
	{"contacts", "CreateTaskParams", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "UpdateTaskBody", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "UpdateTaskStatusParams", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "NotesDTO", "unknown properties are allowed; HighLevel refuses them", closed},
	{"contacts", "UpdateNoteDTO", "unknown properties are allowed; HighLevel refuses them", closed},
	{"locations", "TaskSearchParamsDto", "pages are reached by skip; searchAfter leads further, and unknown properties are refused", taskSearchBody},
	{"locations", "LocationTaskListSuccessfulResponseDto", "tasks is a list of lists; it is a list of rows", taskRows},
	{"calendars", "AppointmentCreateSchema", "unknown properties are allowed; HighLevel refuses them", closed},
	{"calendars", "AppointmentEditSchema", "unknown properties are allowed; HighLevel refuses them", closed},
	{"calendars", "CalendarEventDTO", "startTime is an object; it is text", requiredText("startTime")},
	{"calendars", "CalendarEventDTO", "endTime is an object; it is text", requiredText("endTime")},
	{"calendars", "CalendarEventDTO", "dateAdded is an object; it is text", requiredText("dateAdded")},
	{"calendars", "CalendarEventDTO", "dateUpdated is an object; it is text", requiredText("dateUpdated")},
	{"users", "UserSchema", "scopes is one scope; it is a list", anyProperty("scopes")},
}

func mend(app string, document *openapi3.T) error {
	for _, e := range exceptions {
		if e.app != app {
			continue
		}
		found := document.Components.Schemas[e.schema]
		if found == nil || found.Value == nil {
			return fmt.Errorf("the exception for schema %s (%s) has nothing to mend", e.schema, e.says)
		}
		e.mend(found.Value)
	}
	if app != "contacts" {
		return nil
	}
	for _, u := range undocumented {
		operation := document.Paths.Value(u.path).GetOperation(u.method)
		answer := operation.Responses.Status(200).Value
		if len(answer.Content) > 0 {
			return fmt.Errorf("%s %s has a response schema by now", u.method, u.path)
		}
		answer.Content = openapi3.NewContentWithJSONSchema(u.schema(document))
	}
	return nil
}

// undocumented are the operations without a response schema, and what they are known to answer.
var undocumented = []struct {
	method, path string
	schema       func(*openapi3.T) *openapi3.Schema
}{
	{"POST", "/contacts/search", func(document *openapi3.T) *openapi3.Schema {
		row := openapi3.NewObjectSchema().
			WithProperty("id", openapi3.NewStringSchema().WithMinLength(1)).
			WithProperty("searchAfter", openapi3.NewArraySchema().WithItems(openapi3.NewSchema())).
			WithRequired([]string{"id", "searchAfter"})
		row.AllOf = openapi3.SchemaRefs{document.Components.Schemas["ContactsSearchSchema"]}
		return openapi3.NewObjectSchema().
			WithProperty("contacts", openapi3.NewArraySchema().WithItems(row)).
			WithProperty("total", openapi3.NewIntegerSchema()).
			WithProperty("traceId", openapi3.NewStringSchema()).
			WithRequired([]string{"contacts", "total"})
	}},
	{"GET", "/contacts/search/duplicate", func(document *openapi3.T) *openapi3.Schema {
		contact := openapi3.NewObjectSchema().WithNullable()
		contact.AllOf = openapi3.SchemaRefs{{Value: nullable(document.Components.Schemas["GetContectByIdSchema"].Value)}}
		return openapi3.NewObjectSchema().WithPropertyRef("contact", &openapi3.SchemaRef{Value: contact})
	}},
}

func nullable(schema *openapi3.Schema) *openapi3.Schema {
	changed := *schema
	changed.Nullable = true
	return &changed
}

func textProperty(name string) func(*openapi3.Schema) {
	return replaceProperty(name, func() *openapi3.Schema { return openapi3.NewStringSchema().WithNullable() })
}

func requiredText(name string) func(*openapi3.Schema) {
	return replaceProperty(name, openapi3.NewStringSchema)
}

func numberProperty(name string) func(*openapi3.Schema) {
	return replaceProperty(name, openapi3.NewFloat64Schema)
}

func anyProperty(name string) func(*openapi3.Schema) {
	return replaceProperty(name, func() *openapi3.Schema { return openapi3.NewSchema().WithNullable() })
}

func replaceProperty(name string, by func() *openapi3.Schema) func(*openapi3.Schema) {
	return func(s *openapi3.Schema) { s.Properties[name] = openapi3.NewSchemaRef("", by()) }
}

func closed(s *openapi3.Schema) {
	none := false
	s.AdditionalProperties = openapi3.AdditionalProperties{Has: &none}
}

func searchBody(s *openapi3.Schema) {
	*s = *openapi3.NewObjectSchema().
		WithProperty("locationId", openapi3.NewStringSchema().WithMinLength(1)).
		WithProperty("pageLimit", openapi3.NewIntegerSchema().WithMin(1).WithMax(500)).
		WithProperty("page", openapi3.NewIntegerSchema().WithMin(1)).
		WithProperty("searchAfter", openapi3.NewArraySchema().WithItems(openapi3.NewSchema())).
		WithProperty("filters", openapi3.NewArraySchema().WithItems(openapi3.NewObjectSchema())).
		WithProperty("sort", openapi3.NewArraySchema().WithItems(openapi3.NewObjectSchema())).
		WithProperty("query", openapi3.NewStringSchema().WithMaxLength(75)).
		WithRequired([]string{"locationId", "pageLimit"})
	closed(s)
}

func taskSearchBody(s *openapi3.Schema) {
	s.WithProperty("searchAfter", openapi3.NewArraySchema().WithItems(openapi3.NewSchema()))
	s.Properties["limit"].Value.WithMin(1).WithMax(500)
	closed(s)
}

func taskRows(s *openapi3.Schema) {
	text := openapi3.NewStringSchema
	row := openapi3.NewObjectSchema().
		WithProperty("_id", text().WithMinLength(1)).WithProperty("title", text()).WithProperty("body", text()).
		WithProperty("assignedTo", text()).WithProperty("contactId", text()).WithProperty("locationId", text()).
		WithProperty("dueDate", text()).WithProperty("completed", openapi3.NewBoolSchema()).
		WithProperty("deleted", openapi3.NewBoolSchema()).WithProperty("dateAdded", text()).WithProperty("dateUpdated", text()).
		WithProperty("searchAfter", openapi3.NewArraySchema().WithItems(openapi3.NewSchema())).
		WithRequired([]string{"_id", "title", "contactId", "completed", "searchAfter"})
	s.WithProperty("tasks", openapi3.NewArraySchema().WithItems(row))
	s.Required = []string{"tasks"}
}
