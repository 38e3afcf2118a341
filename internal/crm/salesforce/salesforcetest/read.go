package salesforcetest

import (
	"strconv"
	"strings"
	"time"
)

// content returns a field's value as text, "" for null; booleans are "true" or "false".
func (f *Fake) content(t *table, pos uint32, r *row, fl *field) string {
	switch fl.column {
	case columnID:
		return t.id(pos)
	case columnDeleted:
		return strconv.FormatBool(r.deleted)
	case columnCreated:
		return formatSeconds(r.created)
	case columnModified:
		return formatSeconds(r.modified)
	case columnStamp:
		return formatSeconds(r.stamp)
	case columnCreatedBy:
		return f.userID(r.createdBy)
	case columnModifiedBy:
		return f.userID(r.modifiedBy)
	case columnOwner:
		return f.userID(r.owner)
	case columnName:
		return fullName(t.object, r)
	case columnAddress:
		return ""
	case columnArchived:
		return strconv.FormatBool(t.object.archives(r, f.now()))
	case columnType:
		return t.object.name
	}
	if fl.kind == "boolean" {
		return strconv.FormatBool(r.get(fl.index) != "")
	}
	return r.get(fl.index)
}

func (f *Fake) userID(pos uint32) string { return f.table("User").id(pos) }

// fullName puts a person's name together as the org shows it.
func fullName(o *object, r *row) string {
	var b strings.Builder
	for _, part := range [...]string{"firstname", "middlename", "lastname", "suffix"} {
		if s := r.get(o.byName[part].index); s != "" {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(s)
		}
	}
	return b.String()
}

// appendValue writes a field's value as JSON.
func (f *Fake) appendValue(b []byte, t *table, pos uint32, r *row, fl *field) []byte {
	switch {
	case fl.column == columnAddress:
		return f.appendAddress(b, t, r, fl)
	case fl.kind == "boolean":
		return append(b, f.content(t, pos, r, fl)...)
	}
	s := f.content(t, pos, r, fl)
	switch {
	case s == "":
		return append(b, "null"...)
	case fl.isNumber():
		b = append(b, s...)
		if fl.kind != "int" && !strings.Contains(s, ".") {
			b = append(b, ".0"...)
		}
		return b
	}
	return appendString(b, s)
}

// appendAddress writes the compound field, null when each part is.
func (f *Fake) appendAddress(b []byte, t *table, r *row, fl *field) []byte {
	prefix := strings.TrimSuffix(fl.name, "Address")
	start, empty := len(b), true
	b = append(b, '{')
	for _, part := range [...]string{"City", "Country", "PostalCode", "State", "Street"} {
		s := r.get(t.object.field(prefix + part).index)
		b = append(b, '"')
		b = append(b, strings.ToLower(part[:1])...)
		b = append(b, part[1:]...)
		b = append(b, `":`...)
		if s == "" {
			b = append(b, "null,"...)
			continue
		}
		empty = false
		b = append(appendString(b, s), ',')
	}
	if empty {
		return append(b[:start], "null"...)
	}
	return append(b, `"geocodeAccuracy":null,"latitude":null,"longitude":null}`...)
}

// record returns a row's fields by name, with nil for null, for people and validation rules.
func (f *Fake) record(t *table, pos uint32, r *row) map[string]any {
	out := make(map[string]any, len(t.object.fields))
	for _, fl := range t.object.fields {
		s := f.content(t, pos, r, fl)
		switch {
		case fl.column == columnAddress:
		case fl.kind == "boolean":
			out[fl.name] = s == "true"
		case s == "":
			out[fl.name] = nil
		case fl.isNumber():
			out[fl.name], _ = strconv.ParseFloat(s, 64)
		default:
			out[fl.name] = s
		}
	}
	return out
}

// rlock locks the data for reading, after showing the late rows that are due by now.
func (f *Fake) rlock(now time.Time) {
	if due := f.nextVisible.Load(); due != 0 && due <= now.UnixNano() {
		f.mu.Lock()
		f.publishDue(now)
		f.mu.Unlock()
	}
	f.mu.RLock()
}

// publishDue shows the late rows that are due. The caller holds the write lock.
func (f *Fake) publishDue(now time.Time) {
	i := 0
	for ; i < len(f.lateRows) && !f.lateRows[i].Until.After(now); i++ {
		f.table(f.lateRows[i].Table).publish(f.lateRows[i].Pos, f.lateRows[i].Until)
	}
	f.lateRows = f.lateRows[i:]
	if len(f.lateRows) == 0 {
		f.lateRows = nil
		f.nextVisible.Store(0)
		return
	}
	f.nextVisible.Store(f.lateRows[0].Until.UnixNano())
}

// addLate remembers when a late row is due. The caller holds the write lock.
func (f *Fake) addLate(t *table, pos uint32, until time.Time) {
	f.lateRows = append(f.lateRows, latePosition{t.object.name, pos, until})
	if f.nextVisible.Load() == 0 {
		f.nextVisible.Store(until.UnixNano())
	}
}
