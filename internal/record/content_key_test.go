package record_test

import (
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestRecordsThatSayTheSameHaveOneContentKey(t *testing.T) {
	f, err := record.NewFingerprinter(make([]byte, record.FingerprintKeySize))
	if err != nil {
		t.Fatal(err)
	}
	key := f.ContentKey
	call := record.Fields{record.Title: {"Call Ada"}, record.Due: {"2026-05-04"}, record.Body: {"one"}}
	same := record.Fields{record.Title: {"CALL  ada!"}, record.Due: {"2026-05-04"}, record.Body: {"another"}}
	later := record.Fields{record.Title: {"Call Ada"}, record.Due: {"2026-05-05"}}
	if key(record.Task, call) != key(record.Task, same) {
		t.Error("spelling and body tell tasks apart")
	}
	for name, other := range map[string]int64{
		"another day": key(record.Task, later), "another kind": key(record.Appointment, call), "a note of that text": key(record.Note, call),
	} {
		if other == key(record.Task, call) || other == 0 {
			t.Errorf("%s has the same key", name)
		}
	}
	if key(record.Note, nil) != 0 {
		t.Error("what says nothing has a key")
	}
}
