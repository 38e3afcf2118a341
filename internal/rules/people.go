package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// people knows who is who. A person's canonical name is the e-mail address of their Salesforce user where no other one has
// it, else the user's id; of somebody who has no Salesforce user, likewise of their GoHighLevel user.
type people struct {
	names    map[record.Side]map[string]string // user id -> canonical name
	ids      map[record.Side]map[string]string // canonical name -> id of an active user
	defaults map[record.Side]string            // canonical names
	shown    map[record.Side]map[string]string // user id -> the name that people read
}

func newPeople(rules Users, s Setting) people {
	p := people{
		names:    map[record.Side]map[string]string{record.GoHighLevel: {}, record.Salesforce: {}},
		ids:      map[record.Side]map[string]string{record.GoHighLevel: {}, record.Salesforce: {}},
		shown:    map[record.Side]map[string]string{record.GoHighLevel: {}, record.Salesforce: {}},
		defaults: map[record.Side]string{},
	}
	salesforce, goHighLevel := inOrder(s.SalesforceUsers), inOrder(s.GoHighLevelUsers)
	twins := map[string]int{}
	for _, u := range salesforce {
		twins[email(u)]++
	}
	byEmail := map[string]string{}
	for _, u := range salesforce {
		name := shortID(u.ID)
		if e := email(u); e != "" && twins[e] == 1 {
			name = e
		}
		p.add(record.Salesforce, u, name)
		if _, first := byEmail[email(u)]; !first {
			byEmail[email(u)] = name
		}
	}
	for _, u := range goHighLevel {
		p.add(record.GoHighLevel, u, p.goHighLevelName(rules, u, byEmail))
	}
	for side, id := range map[record.Side]string{record.GoHighLevel: rules.GoHighLevel, record.Salesforce: rules.Salesforce} {
		if id != "" {
			p.defaults[side] = p.value(side, id).Text()
			if p.ids[side][p.defaults[side]] == "" {
				p.ids[side][p.defaults[side]] = id
			}
		}
	}
	return p
}

// inOrder puts active users first and fixes the order of the rest, so that twins always come out alike.
func inOrder(users []User) []User {
	users = slices.Clone(users)
	slices.SortFunc(users, func(a, b User) int {
		if a.Inactive != b.Inactive {
			if a.Inactive {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return users
}

func email(u User) string { return strings.ToLower(strings.TrimSpace(u.Email)) }

func (p *people) goHighLevelName(rules Users, u User, byEmail map[string]string) string {
	if id, mapped := rules.Map[u.ID]; mapped {
		return p.value(record.Salesforce, id).Text()
	}
	e := email(u)
	name, same := byEmail[e]
	switch {
	case e == "":
		return u.ID
	case same && rules.ByEmail:
		return name
	case same:
		return u.ID // another person, by the rules
	}
	return e
}

func (p *people) add(side record.Side, u User, name string) {
	id := u.ID
	if side == record.Salesforce {
		id = shortID(id)
	}
	p.names[side][id], p.shown[side][id] = name, cmp.Or(u.Name, u.Email)
	if _, first := p.ids[side][name]; !first && !u.Inactive {
		p.ids[side][name] = u.ID
	}
}

// value returns the canonical name of a user, whose id stands for a user that nobody knows; nil for no user.
func (p people) value(side record.Side, id string) record.Value {
	if side == record.Salesforce {
		id = shortID(id)
	}
	if name, known := p.names[side][id]; known {
		return record.Scalar(name)
	}
	return record.Scalar(id)
}

// display returns a user's name for people, "" where nobody knows it.
func (p people) display(side record.Side, id string) string {
	if side == record.Salesforce {
		id = shortID(id)
	}
	return p.shown[side][id]
}

// id returns the user of a side that stands behind a canonical name, "" for none.
func (p people) id(side record.Side, v record.Value) string { return p.ids[side][v.Text()] }

// project returns who a record belongs to on a side: the same person, or the side's default.
func (p people) project(to record.Side, v record.Value) record.Value {
	if p.id(to, v) != "" {
		return v
	}
	return record.Scalar(p.defaults[to])
}

// shortID returns the 15 characters of a Salesforce id that say it all.
func shortID(id string) string {
	const short = 15
	if len(id) == 18 {
		return id[:short]
	}
	return id
}
