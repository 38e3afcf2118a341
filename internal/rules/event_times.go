package rules

import (
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// times reads when an event is.
func (m *AppointmentMapper) times(r *record.Record, doc map[string]any) {
	startRaw, known := doc["StartDateTime"]
	if !known {
		return
	}
	text, _ := rawText(startRaw)
	start, ok := record.ParseInstant(text, time.UTC)
	if !ok {
		r.Fields[record.Start], r.Fields[record.End] = nil, nil
		return
	}
	minutes := time.Duration(number(doc, "DurationInMinutes")) * time.Minute
	endText, _ := rawText(doc["EndDateTime"])
	end, ended := record.ParseInstant(endText, time.UTC)
	if flag(doc, "IsAllDayEvent") {
		r.Traits = append(r.Traits, record.TraitAllDay)
		days := max(1, int(minutes/day))
		if ended {
			days = int(end.Sub(start)/day) + 1 // the last day counts
		}
		start, _ = record.DueAt(start.Format(time.DateOnly), 0, m.zone)
		last := start.In(m.zone).AddDate(0, 0, days).Format(time.DateOnly)
		end, ended = record.DueAt(last, 0, m.zone)
	} else if !ended && minutes > 0 {
		end, ended = start.Add(minutes), true
	}
	r.Fields[record.Start] = record.Scalar(record.Instant(start))
	if ended {
		r.Fields[record.End] = record.Scalar(record.Instant(end))
	}
}

// number returns a whole number of a document, 0 for none.
func number(doc map[string]any, key string) int {
	text, _ := rawText(doc[key])
	n := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' || n > 1_000_000 {
			return 0
		}
		n = 10*n + int(digit-'0')
	}
	return n
}

// span returns the times after the change; ok is false where there is no start. An end that is not after the start is no
// end.
func (m *AppointmentMapper) span(c Change) (start, end time.Time, ok bool) {
	start, ok = record.ParseInstant(c.after(record.Start).Text(), m.zone)
	end, ended := record.ParseInstant(c.after(record.End).Text(), m.zone)
	if !ended || end.Before(start) {
		end = start.Add(m.rules.Duration)
	}
	return start, end, ok
}
