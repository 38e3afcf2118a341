package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// listing is the kind of deeds on Salesforce notes that become tasks.
const listing record.Kind = "list"

// list is a Salesforce note that lists things to do.
type list struct {
	note  string
	items []string
}

// listed is in everything that comes of lists: other deeds leave that alone.
const listed = "listed item"

// tryList does what is done to lists.
func (d *doers) tryList(x deed) error {
	if x.what == "create" {
		return d.createList(d.one(record.Contact, record.Salesforce, x.other), x.nth)
	}
	if len(d.lists) == 0 {
		return errNobody
	}
	l := d.lists[x.who%len(d.lists)]
	if x.what == "add to" {
		l.items = append(l.items, fmt.Sprintf("%s %dd", listed, x.nth))
		return d.tapes[record.Salesforce].person(func() error {
			return d.Sandbox.Salesforce.Edit("ContentNote", l.note, map[string]any{"Content": bullets(l.items)})
		})
	}
	return d.completeListed(x.side, l.items[x.other%len(l.items)])
}

func (d *doers) createList(contact string, nth int) error {
	l := &list{}
	for _, letter := range "abc" {
		l.items = append(l.items, fmt.Sprintf("%s %d%c", listed, nth, letter))
	}
	err := d.tapes[record.Salesforce].person(func() error {
		if _, there := d.Sandbox.Salesforce.Get("Contact", contact); !there {
			return errNobody
		}
		l.note = d.Sandbox.Salesforce.Create("ContentNote", map[string]any{"Title": fmt.Sprintf("List %d", nth), "Content": bullets(l.items)})
		return d.Sandbox.Salesforce.LinkNote(l.note, contact)
	})
	if err == nil {
		d.lists = append(d.lists, l)
	}
	return err
}

func bullets(items []string) string {
	return "<ul><li>" + strings.Join(items, "</li><li>") + "</li></ul>"
}

// completeListed completes the task that an item became, on either side.
func (d *doers) completeListed(side record.Side, item string) error {
	return d.tapes[side].person(func() error {
		for id, fields := range d.tapes[side].last[record.Task] {
			switch {
			case !strings.Contains(fields["title"], item) || fields["status"] == "completed":
			case side == record.GoHighLevel:
				return d.Sandbox.GoHighLevel.CompleteTask(id)
			default:
				return d.Sandbox.Salesforce.Edit("Task", id, map[string]any{"Status": "Completed"})
			}
		}
		return errNobody
	})
}

// ofLists tells whether a note is a list, or a task came of one: what leaves a list and comes back is asked for anew.
func ofLists(fields map[string]string) bool {
	return strings.Contains(fields["body"], listed) || strings.Contains(fields["title"], listed) || strings.HasSuffix(fields["title"], " done)")
}

// itemsOf returns what a note lists.
func itemsOf(note map[string]string) []string {
	return slices.DeleteFunc(strings.Split(note["body"], "\n"), func(line string) bool { return !strings.HasPrefix(line, listed) })
}
