package gohighleveltest

import (
	"net/http"
	"unicode/utf8"
)

// noteObject is a note as the vendor shows it: nothing says when it was changed.
type noteObject struct {
	ID        string `json:"id"`
	Body      string `json:"body"`
	Title     string `json:"title,omitempty"`
	UserID    string `json:"userId,omitempty"`
	Color     string `json:"color,omitempty"`
	Pinned    bool   `json:"pinned"`
	DateAdded string `json:"dateAdded"`
	ContactID string `json:"contactId"`
}

func showNote(n *Note) noteObject {
	return noteObject{n.ID, n.Body, n.Title, n.UserID, n.Color, n.Pinned, iso(n.DateAdded.UnixMilli()), n.ContactID}
}

func (f *Fake) noteReply(status int, n *Note) reply {
	return ok(status, map[string]any{"note": showNote(n), "traceId": f.traces.uuid()})
}

func (f *Fake) listNotes(c *call) reply {
	out := []noteObject{}
	err := f.underContact(c.path[0], func(l *timeline) error {
		for _, n := range l.notes.of(c.path[0]) {
			out = append(out, showNote(n))
		}
		return nil
	})
	if err != nil {
		return f.notFound(c.path[0])
	}
	return ok(http.StatusOK, map[string]any{"notes": out, "traceId": f.traces.uuid()})
}

// withNote calls an operation with the note that the path names, under its lock.
func (f *Fake) withNote(c *call, do func(*Note) reply) (answer reply) {
	err := f.underContact(c.path[0], func(l *timeline) error {
		n, there := l.notes.under(c.path[0], c.path[1])
		if !there {
			return ErrNoRecord
		}
		answer = do(n)
		return nil
	})
	if err != nil {
		return f.missing(err, c.path[0], "Note", c.path[1])
	}
	return answer
}

func (f *Fake) getNote(c *call) reply {
	return f.withNote(c, func(n *Note) reply { return f.noteReply(http.StatusOK, n) })
}

// parseNote validates the body of a write into a change. Nothing can be null, and the body cannot be empty.
func parseNote(c *call, p presence) (change func(*Note), problems []string) {
	v := &validator{body: c.body}
	body, title, user, color := v.given("body"), v.given("title"), v.given("userId"), v.given("color")
	pinned := v.flag("pinned", optional)
	switch most := c.options.LongestNote; {
	case body == nil && p == required, body != nil && *body == "":
		v.fail("body should not be empty")
	case body != nil && most > 0 && utf8.RuneCountInString(*body) > most:
		v.fail("body must be shorter than or equal to %d characters", most)
	}
	v.only("body", "title", "userId", "color", "pinned")
	return func(n *Note) {
		set(&n.Body, body)
		set(&n.Title, title)
		set(&n.UserID, user)
		set(&n.Color, color)
		set(&n.Pinned, pinned)
	}, v.problems
}

func (f *Fake) createNote(c *call) reply {
	change, problems := parseNote(c, required)
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	n := Note{ContactID: c.path[0]}
	change(&n)
	x, err := f.prepareNote(n)
	if err != nil {
		return f.invalid(err.Error())
	}
	if f.underContact(c.path[0], func(*timeline) error { f.putNote(NoteCreate, x); return nil }) != nil {
		return f.notFound(c.path[0])
	}
	c.effect.notes.Created++
	return f.noteReply(http.StatusCreated, x)
}

func (f *Fake) updateNote(c *call) reply {
	change, problems := parseNote(c, optional)
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	return f.withNote(c, func(old *Note) reply {
		n := *old
		change(&n)
		f.putNote(NoteUpdate, &n)
		c.effect.notes.Updated++
		return f.noteReply(http.StatusOK, &n)
	})
}

func (f *Fake) deleteNote(c *call) reply {
	return f.withNote(c, func(n *Note) reply {
		f.removeNote(n)
		c.effect.notes.Deleted++
		return ok(http.StatusOK, succeeded(c, map[string]any{"traceId": f.traces.uuid()}))
	})
}
