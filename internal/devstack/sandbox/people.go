package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

// People says how many people to put into a sandbox.
type People struct {
	Both            int // on both sides, told differently
	OnlyGoHighLevel int
	OnlySalesforce  int
	// Messy adds what real data has: people without a last name or an address, shared addresses, namesakes, and
	// addresses that Salesforce refuses.
	Messy bool
	Seed  uint64
}

// person is somebody as they are, before two people typed them into two CRMs.
type person struct {
	first, last, email, phone, street, city, state, zip, company, birth, plan string
	tags                                                                      []string
}

// Fill puts people into both CRMs. The same seed gives the same people.
func (s *Sandbox) Fill(p People) {
	g := &generator{fake: gofakeit.New(p.Seed + 1), sandbox: s}
	now := time.Now().Add(-time.Hour)
	for i := range p.Both {
		who := g.person()
		g.inGoHighLevel(who, i, now.Add(-time.Duration(g.fake.IntN(90*24))*time.Hour))
		g.inSalesforce(who, i, now.Add(-time.Duration(g.fake.IntN(90*24))*time.Hour))
	}
	for range p.OnlyGoHighLevel {
		g.inGoHighLevel(g.person(), -1, now)
	}
	for range p.OnlySalesforce {
		g.inSalesforce(g.person(), -1, now)
	}
	if p.Messy {
		g.mess(now)
	}
	s.GoHighLevel.Load(g.contacts)
	s.Salesforce.Load("Contact", g.rows)
}

type generator struct {
	fake     *gofakeit.Faker
	sandbox  *Sandbox
	count    int
	contacts []gohighleveltest.Contact
	rows     []map[string]any
}

// accented are names that normalising has to get right.
var accented = []string{"José", "Zoë", "Søren", "Łukasz", "Chloé", "Nguyễn", "Jürgen", "Siân"}

var tagNames = []string{"newsletter", "vip", "webinar 2026", "lead", "past customer", "referral"}

func (g *generator) person() person {
	g.count++
	f := g.fake
	address := f.Address()
	p := person{
		first: f.FirstName(), last: f.LastName(), street: address.Street, city: address.City, state: address.State,
		zip: address.Zip, company: f.Company(), plan: f.RandomString([]string{"starter", "pro", "agency", ""}),
		birth: f.DateRange(time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2004, 1, 1, 0, 0, 0, 0, time.UTC)).Format(time.DateOnly),
	}
	if f.IntN(12) == 0 {
		p.first = f.RandomString(accented)
	}
	p.email = fmt.Sprintf("%s.%s%d@%s", strings.ToLower(ascii(p.first)), strings.ToLower(ascii(p.last)), g.count,
		f.RandomString([]string{"example.com", "example.org", "mail.example", "example.net"}))
	// One number per person: area code 201 to 989, and an exchange that is never 555 or N11.
	p.phone = fmt.Sprintf("+1%03d%03d%04d", 201+(g.count/7_000_000), 220+(g.count/10_000)%680, g.count%10_000)
	for _, tag := range tagNames {
		if f.IntN(4) == 0 {
			p.tags = append(p.tags, tag)
		}
	}
	return p
}

func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'z' {
			return -1
		}
		return r
	}, s)
}

// inGoHighLevel types a person into GoHighLevel the way marketing does. Of people on both sides (i >= 0), some lack a
// field, and some have one told otherwise.
func (g *generator) inGoHighLevel(p person, i int, updated time.Time) {
	c := gohighleveltest.Contact{
		FirstName: p.first, LastName: p.last, Email: p.email, Phone: p.phone, Address1: p.street, City: p.city,
		State: p.state, PostalCode: p.zip, Country: "US", CompanyName: p.company, DateOfBirth: p.birth, Tags: p.tags,
		DateAdded: updated.Add(-24 * time.Hour), DateUpdated: updated,
	}
	if p.plan != "" {
		c.CustomFields = []gohighleveltest.CustomValue{{ID: g.sandbox.planID, Value: p.plan}}
	}
	switch {
	case i < 0:
	case i%10 == 1:
		c.City, c.State = "", "" // Salesforce fills them
	case i%10 == 2:
		c.Email = strings.ToUpper(c.Email[:1]) + c.Email[1:]
	case i%10 == 3:
		c.Address1 = p.street + " Apt 4" // told otherwise
	case i%20 == 4:
		c.Email = "" // phone and last name must do
	}
	g.contacts = append(g.contacts, c)
}

// inSalesforce types a person into Salesforce the way sales does.
func (g *generator) inSalesforce(p person, i int, _ time.Time) {
	row := map[string]any{
		"FirstName": p.first, "LastName": p.last, "Email": p.email, "Phone": p.phone, "MailingStreet": p.street,
		"MailingCity": p.city, "MailingState": p.state, "MailingPostalCode": p.zip, "MailingCountry": "United States",
		"Birthdate": p.birth, PlanField: p.plan, TagsField: strings.Join(p.tags, ";"),
	}
	switch {
	case i < 0:
	case i%10 == 5:
		row["Phone"] = fmt.Sprintf("(%s) %s-%s", p.phone[2:5], p.phone[5:8], p.phone[8:])
	case i%10 == 6:
		row["Birthdate"], row["MailingStreet"] = nil, nil // GoHighLevel fills them
	case i%10 == 7:
		row["FirstName"] = "  " + p.first + " "
	case i%10 == 8:
		row["MailingCountry"] = "USA"
	case i%20 == 9:
		row[PlanField] = "enterprise" // told otherwise
	}
	g.rows = append(g.rows, row)
}

// mess adds the cases that connectors get wrong.
func (g *generator) mess(now time.Time) {
	// A contact without a last name, which Salesforce requires.
	g.contacts = append(g.contacts, gohighleveltest.Contact{FirstName: "Madonna", Email: "madonna@example.org", CompanyName: "Live Aid", Country: "US", DateAdded: now, DateUpdated: now})
	// Neither e-mail nor phone.
	g.rows = append(g.rows, map[string]any{"FirstName": "Walk", "LastName": "In"})
	// Two in Salesforce share the address of one in GoHighLevel: nobody may choose one at random.
	shared := g.person()
	shared.email = "the.martins@example.com"
	g.inGoHighLevel(shared, -1, now)
	for _, first := range []string{"Ann", "Paul"} {
		twin := g.person()
		twin.first, twin.last, twin.email = first, "Martin", shared.email
		g.inSalesforce(twin, -1, now)
	}
	// Same phone, same last name, another first name: a family, or one person told twice?
	father, daughter := g.person(), g.person()
	daughter.last, daughter.phone, father.email = father.last, father.phone, ""
	father.first, daughter.first = "Robert", "Emily"
	g.inGoHighLevel(father, -1, now)
	g.inSalesforce(daughter, -1, now)
	// Addresses that Salesforce refuses: each fails visibly, in a run of its own.
	for _, email := range []string{"no.at.sign.example.com", "two@@example.com"} {
		broken := g.person()
		broken.email = email
		g.inGoHighLevel(broken, -1, now)
	}
}
