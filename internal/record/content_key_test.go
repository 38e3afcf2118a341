package record_test

import (
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestRecordsThatSayTheSameOfTheSameContactHaveOneContentKey(t *testing.T) {
	f, err := record.NewFingerprinter(make([]byte, record.FingerprintKeySize))
	if err != nil {
		t.Fatal(err)
	}
	key := func(kind record.Kind, owner string, fields record.Fields) int64 {
		return f.ContentKey(record.Record{Kind: kind, Fields: fields}, owner)
	}
	call := record.Fields{record.Title: {"Call Ada"}, record.Due: {"2026-05-04"}, record.Body: {"one"}}
	same := record.Fields{record.Title: {"CALL  ada!"}, record.Due: {"2026-05-04"}, record.Body: {"another"}}
	later := record.Fields{record.Title: {"Call Ada"}, record.Due: {"2026-05-05"}}
	if key(record.Task, "7", call) != key(record.Task, "7", same) {
		t.Error("spelling and body tell tasks apart")
	}
	for name, other := range map[string]int64{
		"another day": key(record.Task, "7", later), "another contact": key(record.Task, "8", call),
		"another kind": key(record.Appointment, "7", call), "a note of that text": key(record.Note, "7", call),
	} {
		if other == key(record.Task, "7", call) || other == 0 {
			t.Errorf("%s has the same key", name)
		}
	}
	if key(record.Note, "7", nil) != 0 || key(record.Task, "", call) != 0 {
		t.Error("what says nothing has a key")
	}
}
