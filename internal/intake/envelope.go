package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// envelope is all that is ever read of a webhook.
type envelope struct {
	Type       string
	LocationID string
	WebhookID  string
	AppID      string
	ID         string    // of the record
	ContactID  string    // whom it belongs to
	At         time.Time // zero where the vendor gives none that can be read
}

// wire is an envelope as it is sent. A value that is no text is taken as absent rather than as a reason to refuse the rest.
type wire struct {
	Type       word            `json:"type"`
	LocationID word            `json:"locationId"`
	WebhookID  word            `json:"webhookId"`
	AppID      word            `json:"appId"`
	ID         word            `json:"id"`
	ContactID  word            `json:"contactId"`
	Timestamp  word            `json:"timestamp"`
	Data       json.RawMessage `json:"data"`
	// An appointment is told of in a part of its own.
	Appointment json.RawMessage `json:"appointment"`
}

type word string

func (w *word) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) == nil {
		*w = word(s)
	}
	return nil
}

// parse reads a body: flat, as deliveries are, or with the record under "data", as HighLevel's guides show them. It
// tells whether the body can be made use of.
func parse(body []byte) (envelope, bool) {
	var flat, inner wire
	if json.Unmarshal(body, &flat) != nil {
		return envelope{}, false
	}
	if len(flat.Data) > 0 && flat.Data[0] == '{' && json.Unmarshal(flat.Data, &inner) != nil {
		return envelope{}, false
	}
	pick := func(outer, inner word) string {
		if outer != "" {
			return string(outer)
		}
		return string(inner)
	}
	e := envelope{
		Type: pick(flat.Type, inner.Type), LocationID: pick(flat.LocationID, inner.LocationID),
		WebhookID: pick(flat.WebhookID, inner.WebhookID), AppID: pick(flat.AppID, inner.AppID), ID: pick(flat.ID, inner.ID),
	}
	if len(flat.Data) > 0 && inner.ID != "" {
		e.ID = string(inner.ID) // the outer one is then the event's
	}
	e.ContactID = pick(flat.ContactID, inner.ContactID)
	for _, part := range []json.RawMessage{flat.Appointment, inner.Appointment} {
		var appointment wire
		if len(part) > 0 && part[0] == '{' && json.Unmarshal(part, &appointment) == nil && appointment.ID != "" {
			e.ID, e.ContactID = string(appointment.ID), string(appointment.ContactID)
			break
		}
	}
	e.At = moment(pick(flat.Timestamp, inner.Timestamp))
	return e, e.Type != ""
}

func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// longestID is far above the 20 characters of the vendor's ids.
const longestID = 128

// isID tells whether a text can be an id of the vendor's. What it lets through, the database takes.
func isID(s string) bool {
	if s == "" || len(s) > longestID {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// key is what deliveries of one event have in common. now is when it arrived.
func (e envelope) key(body []byte, now time.Time) (key [16]byte) {
	if e.WebhookID != "" {
		if id, ok := uuid(e.WebhookID); ok {
			return id
		}
		digest := sha256.Sum256([]byte(e.WebhookID))
		copy(key[:], digest[:])
		return key
	}
	digest := sha256.New()
	digest.Write(body)
	if e.At.IsZero() && !e.uninstall() {
		// Such a body looks the same when a contact changes to and fro, and then each change must be heard of. Hearing of
		// one twice costs one look. An uninstall is the other way round: the one that is not heard of shows by its tokens.
		_ = binary.Write(digest, binary.BigEndian, now.Unix()/60) // a digest takes everything
	}
	copy(key[:], digest.Sum(nil))
	return key
}

// uuid reads the usual form of 36 characters.
func uuid(s string) (id [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	n, err := hex.Decode(id[:], []byte(strings.ReplaceAll(s, "-", "")))
	return id, err == nil && n == len(id)
}
