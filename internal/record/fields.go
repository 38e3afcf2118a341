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

// ContactFields lists the contact's fields in the order in which everything prints them.
var ContactFields = []Field{
	FirstName, LastName, Email, Phone, Street, City, State, PostalCode, Country, Company, Website, BirthDate,
	DoNotDisturb, DoNotEmail, DoNotCall, Tags, Source, Owner,
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
	TypeEmail   Type = "email"   // case folded
	TypePhone   Type = "phone"   // E.164 where it can be parsed
	TypeCountry Type = "country" // ISO 3166 alpha-2 where it can be recognised
	TypeURL     Type = "url"     // scheme and host folded, no trailing slash
	TypeDate    Type = "date"    // 2006-01-02
	TypeBool    Type = "bool"    // "true", or empty for false
	TypeNumber  Type = "number"  // shortest decimal
	TypeSet     Type = "set"     // elements case folded, sorted, unique
)

// TypeOf returns the type of a contact's own field; TypeText for custom fields, whose type the rules give.
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
	case BirthDate:
		return TypeDate
	case DoNotDisturb, DoNotEmail, DoNotCall:
		return TypeBool
	case Tags:
		return TypeSet
	default:
		return TypeText
	}
}
