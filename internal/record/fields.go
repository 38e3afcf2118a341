package record

import "strings"

// Field names one canonical field. The names are the ones that rules files, the journal and the CLI use.
type Field string

// The contact's fields.
const (
	FirstName     Field = "first_name"
	LastName      Field = "last_name"
	Email         Field = "email"
	Phone         Field = "phone"
	Street        Field = "street"
	City          Field = "city"
	State         Field = "state"
	PostalCode    Field = "postal_code"
	Country       Field = "country"
	Company       Field = "company"
	Website       Field = "website"
	BirthDate     Field = "birth_date"
	DoNotDisturb  Field = "do_not_disturb"
	DoNotEmail    Field = "do_not_email"
	DoNotCall     Field = "do_not_call"
	Tags          Field = "tags"
	Source        Field = "source"
	Owner         Field = "owner"
	customFieldNS       = "custom."
)

// The fields of tasks, notes and appointments. Each kind has some of them.
const (
	Title    Field = "title"
	Body     Field = "body"
	Status   Field = "status"
	Due      Field = "due" // a civil date, in the location's zone
	Priority Field = "priority"
	Assignee Field = "assignee"
	Start    Field = "start"
	End      Field = "end"
	Address  Field = "address" // where an appointment is
)

// ContactFields lists the contact's fields in the order in which everything prints them.
var ContactFields = []Field{
	FirstName, LastName, Email, Phone, Street, City, State, PostalCode, Country, Company, Website, BirthDate,
	DoNotDisturb, DoNotEmail, DoNotCall, Tags, Source, Owner,
}

// TaskFields, NoteFields and AppointmentFields list the fields of the other kinds, likewise.
var (
	TaskFields        = []Field{Title, Body, Status, Due, Priority, Assignee}
	NoteFields        = []Field{Title, Body}
	AppointmentFields = []Field{Title, Body, Status, Start, End, Address, Assignee}
)

// FieldsOf lists a kind's own fields in the order in which everything prints them; nil for an unknown kind.
func FieldsOf(k Kind) []Field {
	switch k {
	case Contact:
		return ContactFields
	case Task:
		return TaskFields
	case Note:
		return NoteFields
	case Appointment:
		return AppointmentFields
	}
	return nil
}

// Custom returns the field name of a custom field that the rules call name.
func Custom(name string) Field { return Field(customFieldNS + name) }

// IsCustom tells whether the field is a custom field.
func (f Field) IsCustom() bool { return strings.HasPrefix(string(f), customFieldNS) }

// Type says how a field's raw content becomes a normalised value.
type Type string

// The types of field.
const (
	TypeText    Type = "text"    // one line, or several: NFC, trimmed, line ends as \n
	TypeLine    Type = "line"    // one line: white space collapsed
	TypeRich    Type = "rich"    // text that may have been HTML: see PlainText
	TypeInstant Type = "instant" // RFC 3339 in UTC, to the second
	TypeEmail   Type = "email"   // case folded
	TypePhone   Type = "phone"   // E.164 where it can be parsed
	TypeCountry Type = "country" // ISO 3166 alpha-2 where it can be recognised
	TypeURL     Type = "url"     // scheme and host folded, no trailing slash
	TypeDate    Type = "date"    // 2006-01-02
	TypeBool    Type = "bool"    // "true", or empty for false
	TypeNumber  Type = "number"  // shortest decimal
	TypeSet     Type = "set"     // elements case folded, sorted, unique
)

// TypeOf returns the type of a kind's own field; TypeText for custom fields, whose type the rules give.
func TypeOf(f Field) Type {
	switch f {
	case Email:
		return TypeEmail
	case Phone:
		return TypePhone
	case Country:
		return TypeCountry
	case Website:
		return TypeURL
	case BirthDate, Due:
		return TypeDate
	case DoNotDisturb, DoNotEmail, DoNotCall:
		return TypeBool
	case Tags:
		return TypeSet
	case Title, Status, Priority, Assignee, Address:
		return TypeLine
	case Body:
		return TypeRich
	case Start, End:
		return TypeInstant
	default:
		return TypeText
	}
}
