package notetask

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tandem-sync/tandem/internal/rules"
)

// Directory is who can be given tasks, and how people are named.
type Directory struct {
	People []Person
	// GoHighLevelIDs is the user map: the GoHighLevel user of each Salesforce user, by their ids of 15 or 18 characters.
	GoHighLevelIDs map[string]string
	// Owner is the GoHighLevel user that the contact belongs to; "" for none.
	Owner string
	// Default is the GoHighLevel user for tasks that nobody else gets; "" leaves them to nobody.
	Default string
}

// Person is a user of GoHighLevel, of Salesforce, or of both. What is not known is "".
type Person struct {
	GoHighLevelID string
	SalesforceID  string
	Name          string
	Email         string
}

// AssignedBy is what made somebody a task's assignee.
type AssignedBy string

// What assigns. A task that nobody can be found for has "".
const (
	ByMention AssignedBy = "mention" // in the item
	ByHeading AssignedBy = "heading" // a mention in the heading above the item, or in the note's title
	ByAuthor  AssignedBy = "author"
	ByOwner   AssignedBy = "owner"
	ByDefault AssignedBy = "default"
)

// Assignee is whom a task goes to.
type Assignee struct {
	ID   string     `json:"id,omitempty"`   // of the GoHighLevel user; "" for nobody
	Name string     `json:"name,omitempty"` // where the directory has it
	By   AssignedBy `json:"by,omitempty"`
}

// assignee returns whom an item goes to. Mentions are searched in the item first and then in what stands above it.
func (s Setting) assignee(text string, above []string, author Author) Assignee {
	for _, source := range s.Rules.Assign {
		switch source {
		case rules.AssignMentioned:
			for _, m := range s.Directory.mentions(text) {
				if m.id != "" {
					return Assignee{ID: m.id, Name: m.name, By: ByMention}
				}
			}
			for _, heading := range above {
				for _, m := range s.Directory.mentions(heading) {
					if m.id != "" {
						return Assignee{ID: m.id, Name: m.name, By: ByHeading}
					}
				}
			}
		case rules.AssignAuthor:
			if id, name := s.Directory.author(author); id != "" {
				return Assignee{ID: id, Name: name, By: ByAuthor}
			}
		case rules.AssignOwner:
			if id := s.Directory.Owner; id != "" {
				return Assignee{ID: id, Name: s.Directory.nameOf(id), By: ByOwner}
			}
		}
	}
	if id := s.Directory.Default; id != "" {
		return Assignee{ID: id, Name: s.Directory.nameOf(id), By: ByDefault}
	}
	return Assignee{}
}

// author finds the GoHighLevel user of who wrote a note: by the user map, by the Salesforce id, the e-mail or the name.
func (d Directory) author(a Author) (id, name string) {
	if id := d.mapped(a.SalesforceID); id != "" {
		return id, d.nameOf(id)
	}
	for _, same := range []func(Person) bool{
		func(p Person) bool { return a.SalesforceID != "" && sameID(p.SalesforceID, a.SalesforceID) },
		func(p Person) bool { return a.Email != "" && strings.EqualFold(p.Email, a.Email) },
		func(p Person) bool { return a.Name != "" && fold(p.Name) == fold(a.Name) },
	} {
		var found []Person
		for _, p := range d.People {
			if same(p) && d.idOf(p) != "" {
				found = append(found, p)
			}
		}
		if len(found) > 0 && d.one(found) {
			return d.idOf(found[0]), found[0].Name
		}
	}
	return "", ""
}

// idOf returns a person's GoHighLevel user, "" for none.
func (d Directory) idOf(p Person) string {
	if p.GoHighLevelID != "" {
		return p.GoHighLevelID
	}
	return d.mapped(p.SalesforceID)
}

func (d Directory) mapped(salesforceID string) string {
	if id := d.GoHighLevelIDs[salesforceID]; id != "" || salesforceID == "" {
		return id
	}
	for known, id := range d.GoHighLevelIDs {
		if sameID(known, salesforceID) {
			return id
		}
	}
	return ""
}

func (d Directory) nameOf(id string) string {
	for _, p := range d.People {
		if d.idOf(p) == id && p.Name != "" {
			return p.Name
		}
	}
	return ""
}

// one tells whether several entries are of one GoHighLevel user.
func (d Directory) one(people []Person) bool {
	for _, p := range people[1:] {
		if d.idOf(p) != d.idOf(people[0]) {
			return false
		}
	}
	return true
}

// sameID compares Salesforce ids: the last three of 18 characters only guard the first 15.
func sameID(a, b string) bool {
	const significant = 15
	return len(a) >= significant && len(b) >= significant && a[:significant] == b[:significant]
}

// mention is a name behind an @.
type mention struct {
	start, end int // with the @
	text       string
	id, name   string // "" where the directory has nobody of that name, or several
}

var (
	mentionedAddress = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`)
	mentionedName    = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}_'’-]|\.[\p{L}\p{N}])*`)
	mentionedInside  = regexp.MustCompile(`^\[([^\]\n]{1,80})\]|^"([^"\n]{1,80})"|^\(([^)\n]{1,80})\)`)
)

// mostNames is how many words a name has at most.
const mostNames = 4

// mentions returns the mentions of a text in their order. A name of several words is taken whole where the directory
// knows it.
func (d Directory) mentions(text string) []mention {
	var out []mention
	for at := 0; at < len(text); at++ {
		if text[at] != '@' || at > 0 && partOfWord(text[:at]) {
			continue
		}
		m := d.mentionAt(text, at)
		if m.end > at+1 {
			out = append(out, m)
			at = m.end - 1
		}
	}
	return out
}

func (d Directory) mentionAt(text string, at int) mention {
	rest := text[at+1:]
	found := func(length int, called string) mention {
		id, name := d.called(called)
		return mention{start: at, end: at + 1 + length, text: called, id: id, name: name}
	}
	if m := mentionedAddress.FindString(rest); m != "" {
		return found(len(m), m)
	}
	if m := mentionedInside.FindStringSubmatch(rest); m != nil {
		return found(len(m[0]), m[1]+m[2]+m[3])
	}
	var ends []int
	for length := 0; len(ends) < mostNames; {
		word := mentionedName.FindString(rest[length:])
		if word == "" {
			break
		}
		length += len(word)
		ends = append(ends, length)
		if length >= len(rest) || rest[length] != ' ' {
			break
		}
		length++
	}
	for i := len(ends) - 1; i >= 0; i-- {
		if m := found(ends[i], rest[:ends[i]]); m.id != "" || i == 0 {
			return m
		}
	}
	return mention{start: at, end: at}
}

func partOfWord(before string) bool {
	r := []rune(before[max(0, len(before)-4):])
	last := r[len(r)-1]
	return unicode.IsLetter(last) || unicode.IsDigit(last) || strings.ContainsRune("._%+-@", last)
}

// called finds who goes by a name: an e-mail address, its front, a full name with or without spaces, or a first or last
// name that only one person has.
func (d Directory) called(name string) (id, full string) {
	wanted := fold(name)
	if wanted == "" {
		return "", ""
	}
	for _, same := range []func(Person) bool{
		func(p Person) bool { return strings.Contains(name, "@") && strings.EqualFold(p.Email, name) },
		func(p Person) bool { return fold(p.Name) == wanted },
		func(p Person) bool { local, _, _ := strings.Cut(p.Email, "@"); return fold(local) == wanted },
		func(p Person) bool {
			for _, part := range strings.Fields(p.Name) {
				if fold(part) == wanted {
					return true
				}
			}
			return false
		},
	} {
		var found []Person
		for _, p := range d.People {
			if same(p) && d.idOf(p) != "" {
				found = append(found, p)
			}
		}
		if len(found) > 0 {
			if d.one(found) {
				return d.idOf(found[0]), found[0].Name
			}
			return "", "" // several have it, and none is meant more than another
		}
	}
	return "", ""
}

// fold is a name without what people leave out when they type it: case, accents, spaces and dots.
func fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}
