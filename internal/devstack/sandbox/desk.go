package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// Card is a contact as a person sees it on the screen of one CRM, in that CRM's own spelling. A tag stands beside the next
// one after a comma. It holds names, e-mail, phone, street, city,
// birth date, tags and Plan, and no other field.
type Card map[record.Field]string

// Name is the contact's first and last name.
func (c Card) Name() string {
	return strings.TrimSpace(strings.TrimSpace(c[record.FirstName]) + " " + strings.TrimSpace(c[record.LastName]))
}

// Plan is the custom field that both CRMs of a sandbox have.
var Plan = record.Custom("plan")

// deskFields are what each CRM calls the fields that people see on a card.
var deskFields = map[record.Field]struct{ goHighLevel, salesforce string }{
	record.FirstName: {"firstName", "FirstName"},
	record.LastName:  {"lastName", "LastName"},
	record.Email:     {"email", "Email"},
	record.Phone:     {"phone", "Phone"},
	record.Street:    {"address1", "MailingStreet"},
	record.City:      {"city", "MailingCity"},
	record.BirthDate: {"dateOfBirth", "Birthdate"},
	record.Tags:      {"tags", TagsField},
	Plan:             {"", PlanField},
}

// Look returns a contact as it is now; false when there is none, or it was deleted.
func (s *Sandbox) Look(side record.Side, id string) (Card, bool) {
	if side == record.GoHighLevel {
		c, there := s.GoHighLevel.Get(id)
		return s.goHighLevelCard(c), there
	}
	row, there := s.Salesforce.Get("Contact", id)
	if !there || row["IsDeleted"] == true {
		return nil, false
	}
	return salesforceCard(row), true
}

func (s *Sandbox) goHighLevelCard(c gohighleveltest.Contact) Card {
	card := Card{
		record.FirstName: c.FirstName, record.LastName: c.LastName, record.Email: c.Email, record.Phone: c.Phone,
		record.Street: c.Address1, record.City: c.City, record.BirthDate: c.DateOfBirth, record.Tags: strings.Join(c.Tags, ","),
	}
	for _, v := range c.CustomFields {
		if v.ID == s.planID {
			card[Plan] = fmt.Sprint(v.Value)
		}
	}
	return card
}

func salesforceCard(row map[string]any) Card {
	card := Card{}
	for field, names := range deskFields {
		if text, is := row[names.salesforce].(string); is {
			card[field] = text
		}
	}
	card[record.Tags] = strings.ReplaceAll(card[record.Tags], ";", ",")
	return card
}

// Find returns the id of a contact that has an e-mail address; false when there is none.
func (s *Sandbox) Find(side record.Side, email string) (id string, there bool) {
	if side == record.GoHighLevel {
		for c := range s.GoHighLevel.All() {
			if c.Email != "" && strings.EqualFold(c.Email, email) {
				return c.ID, true
			}
		}
		return "", false
	}
	for _, row := range s.Salesforce.All("Contact") {
		if text, _ := row["Email"].(string); text != "" && strings.EqualFold(text, email) {
			id, _ = row["Id"].(string)
			return id, true
		}
	}
	return "", false
}

// Change changes fields of a contact as a person does; "" clears. It fails where there is no such contact.
func (s *Sandbox) Change(side record.Side, id string, changes Card) error {
	if side == record.GoHighLevel {
		return s.GoHighLevel.Edit(id, s.inGoHighLevel(changes))
	}
	return s.Salesforce.Edit("Contact", id, inSalesforce(changes))
}

// Add creates a contact as a person does, and returns its id.
func (s *Sandbox) Add(side record.Side, card Card) (id string) {
	if side == record.Salesforce {
		return s.Salesforce.Create("Contact", inSalesforce(card))
	}
	c := gohighleveltest.Contact{
		FirstName: card[record.FirstName], LastName: card[record.LastName], Email: card[record.Email], Phone: card[record.Phone],
		Address1: card[record.Street], City: card[record.City], DateOfBirth: card[record.BirthDate], Tags: tagsOf(card[record.Tags]), Country: "US",
	}
	if plan := card[Plan]; plan != "" {
		c.CustomFields = []gohighleveltest.CustomValue{{ID: s.planID, Value: plan}}
	}
	return s.GoHighLevel.Create(c)
}

// Remove deletes a contact as a person does. It fails where there is no such contact.
func (s *Sandbox) Remove(side record.Side, id string) error {
	if side == record.GoHighLevel {
		return s.GoHighLevel.Delete(id)
	}
	return s.Salesforce.Delete("Contact", id)
}

func (s *Sandbox) inGoHighLevel(card Card) map[string]any {
	out := map[string]any{}
	for field, text := range card {
		switch field {
		case Plan:
			out["customFields"] = map[string]any{s.planID: text}
		case record.Tags:
			out["tags"] = tagsOf(text)
		default:
			out[deskFields[field].goHighLevel] = text
		}
	}
	return out
}

func inSalesforce(card Card) map[string]any {
	out := map[string]any{}
	for field, text := range card {
		if field == record.Tags {
			text = strings.Join(tagsOf(text), ";")
		}
		out[deskFields[field].salesforce] = nil
		if text != "" {
			out[deskFields[field].salesforce] = text
		}
	}
	return out
}

func tagsOf(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(tag string) bool { return tag == "" })
}
