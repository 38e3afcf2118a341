package salesforcetest

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

const previewLength = 255

// contentNoteObject is a note of the enhanced kind. It has no SystemModstamp: LastModifiedDate is all that tells.
func contentNoteObject() *object {
	var system []*field
	for _, f := range systemFields() {
		switch f.name {
		case "SystemModstamp":
			continue
		case "LastModifiedDate":
			f.column = columnStamp
		}
		system = append(system, f)
	}
	title := text("Title", 255)
	title.required = true
	o := bareObject("ContentNote", "Note", "069", true, append(system,
		title,
		typed("Content", "base64", 0),
		derived(text("TextPreview", previewLength)),
		derived(text("FileType", 20)),
		derived(text("FileExtension", 40)),
		derived(typed("ContentSize", "int", 0)),
		derived(typed("ContentModifiedDate", "datetime", 0)),
		derived(typed("IsReadOnly", "boolean", 0)),
		peopleOnly(owner()),
	)...)
	o.refuses = noUndelete | noReplication | noCustomFields
	o.shape, o.created = shapeContentNote, linkToOwner
	return o
}

func shapeContentNote(d *draft) *apiError {
	if d.w.person {
		d.byDefault("Title", "Untitled Note")
	}
	if d.isNew() {
		d.set("FileType", "SNOTE")
		d.set("FileExtension", "snote")
	}
	if sent := d.get("Content"); d.gives("Content") && sent != "" {
		if !d.w.person {
			decoded, err := base64.StdEncoding.DecodeString(sent)
			if err != nil {
				return fail("INVALID_BASE64_CHARACTERS", "The supplied string is not in base64 format", "Content")
			}
			if sent = string(decoded); !acceptable(sent) {
				return failWith(500, "UNKNOWN_EXCEPTION",
					"Note can't be saved because it contains HTML tags or unescaped characters that are not allowed in a Note.")
			}
		}
		d.set("Content", rewritten(sent))
	}
	if d.isNew() || d.gives("Title", "Content") {
		content := d.get("Content")
		d.set("TextPreview", preview(content))
		d.set("ContentSize", strconv.Itoa(len(content)))
		d.set("ContentModifiedDate", d.modified())
	}
	return nil
}

// linkToOwner makes the link that every note has.
func linkToOwner(w *writer, notes *table, pos uint32) {
	links := w.f.table("ContentDocumentLink")
	now := notes.rows[pos].stamp
	r := &row{created: now, modified: now, stamp: now, createdBy: w.user, modifiedBy: w.user, owner: w.user}
	d := &draft{w: w, t: links, r: r}
	d.set("ContentDocumentId", notes.id(pos))
	d.set("LinkedEntityId", w.f.userID(notes.rows[pos].owner))
	d.set("ShareType", "I")
	d.set("Visibility", "AllUsers")
	w.put(links, links.grow(), r)
}

// contentDocumentObject is what a note is among the org's files.
func contentDocumentObject() *object {
	o := newObject("ContentDocument", "Content Document", "069", false,
		text("Title", 255),
		text("FileType", 20),
		text("FileExtension", 40),
		typed("ContentSize", "int", 0),
		typed("ContentModifiedDate", "datetime", 0),
		owner(),
	)
	o.refuses = noUpdate | noUndelete | noCustomFields
	return o
}

func contentDocumentLinkObject() *object {
	var system []*field
	for _, f := range systemFields() {
		if f.name == "Id" || f.name == "IsDeleted" || f.name == "SystemModstamp" {
			system = append(system, f)
		}
	}
	share := fixed(picklist("ShareType", "V", "C", "I"))
	share.required = true
	document := createOnly(reference("ContentDocumentId", "ContentDocument", "ContentDocument"))
	entity := createOnly(polymorphic("LinkedEntityId", "LinkedEntity", "Contact", "Account", "Lead", "User", "Task", "Event"))
	document.required, document.indexed, entity.required = true, true, true
	o := bareObject("ContentDocumentLink", "Content Document Link", "06A", true, append(system,
		document, entity, share, fixed(picklist("Visibility", "AllUsers", "InternalUsers", "SharedUsers")))...)
	o.refuses = noUndelete | noReplication | noCustomFields
	o.filterBy = []string{"Id", "ContentDocumentId", "LinkedEntityId"}
	o.shape, o.keeps = shapeLink, keepsOwnersLink
	return o
}

func shapeLink(d *draft) *apiError {
	d.byDefault("Visibility", "AllUsers")
	if d.w.person {
		d.byDefault("ShareType", "V")
	}
	document, entity := d.get("ContentDocumentId"), d.get("LinkedEntityId")
	if d.isNew() && d.w.f.link(document, entity) >= 0 {
		return fail("DUPLICATE_VALUE", "Document with ID: "+document+" is already linked with the entity with ID: "+entity, "LinkedEntityId")
	}
	return nil
}

// keepsOwnersLink refuses to unlink a note from its owner.
func keepsOwnersLink(w *writer, links *table, r *row) *apiError {
	documents := w.f.table("ContentDocument")
	pos, ok := documents.find(r.get(links.object.field("ContentDocumentId").index)[:15])
	if ok && documents.rows[pos] != nil && w.f.userID(documents.rows[pos].owner) == r.get(links.object.field("LinkedEntityId").index) {
		return readOnly()
	}
	return nil
}

// link returns where the link of a document to a record is; -1 for none.
func (f *Fake) link(document, entity string) int64 {
	links := f.table("ContentDocumentLink")
	to := links.object.field("LinkedEntityId").index
	for _, pos := range links.match(links.object.field("ContentDocumentId"), document) {
		if links.rows[pos].get(to) == entity {
			return int64(pos)
		}
	}
	return -1
}

// LinkNote shows a note on a record, as a person does who adds it there. Of the note nothing changes. It returns an
// error when it is there already.
func (f *Fake) LinkNote(note, entity string) error {
	_, err := f.create("ContentDocumentLink", map[string]any{"ContentDocumentId": note, "LinkedEntityId": entity})
	misuse(err)
	return err
}

// UnlinkNote takes a note off a record. Of the note nothing changes. It returns an error when it is not there.
func (f *Fake) UnlinkNote(note, entity string) error {
	return f.byPerson(func(w *writer) error {
		note15, ok := parseID(note)
		entity15, same := parseID(entity)
		if !ok || !same {
			return errGone
		}
		pos := f.link(id18(note15), id18(entity15))
		if pos < 0 {
			return errGone
		}
		if err := w.remove(f.table("ContentDocumentLink"), uint32(pos)); err != nil {
			return errors.New(strings.ToLower(err.message))
		}
		return nil
	})
}

// classicNoteObject is a note of the old kind, of plain text on one record.
func classicNoteObject() *object {
	title, parent := text("Title", 80), createOnly(polymorphic("ParentId", "Parent", "Contact", "Account", "Lead"))
	title.required, parent.required = true, true
	o := newObject("Note", "Note", "002", true,
		title, parent, typed("Body", "textarea", 32000), typed("IsPrivate", "boolean", 0), owner())
	o.refuses = noCustomFields
	return o
}
