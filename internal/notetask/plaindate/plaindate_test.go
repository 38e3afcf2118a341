package plaindate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/rules"
)

// tuesday is when the texts were written: Tuesday, 28 April 2026.
var tuesday = time.Date(2026, 4, 28, 15, 30, 0, 0, time.UTC)

func finder(languages ...rules.NoteLanguage) *Finder { return New(languages, rules.DayFirst) }

func found(f *Finder, text string, at time.Time) string {
	var out []string
	for _, d := range f.Find(text, at) {
		mark := ""
		if d.Deadline {
			mark = "!"
		}
		out = append(out, fmt.Sprintf("%s%s=%s", text[d.Start:d.End], mark, d.Day))
	}
	return strings.Join(out, " & ")
}

func TestDaysAreFoundInPlainWords(t *testing.T) {
	for _, c := range []struct {
		language   rules.NoteLanguage
		text, want string
	}{
		{"en", "Send the contract by Friday", "by Friday!=2026-05-01"},
		{"en", "call back in two weeks", "in two weeks=2026-05-12"},
		{"en", "meeting on 3 May at the office", "on 3 May=2026-05-03"},
		{"en", "Ping Bob tomorrow", "tomorrow=2026-04-29"},
		{"en", "TOMORROW!", "TOMORROW=2026-04-29"},
		{"en", "next Tuesday call Bob", "next Tuesday=2026-05-05"},
		{"en", "next Friday", "next Friday=2026-05-08"},
		{"en", "this Tuesday", "this Tuesday=2026-04-28"},
		{"en", "Tuesday", "Tuesday=2026-05-05"},
		{"en", "by Tue", "by Tue!=2026-05-05"},
		{"en", "on Thurs.", "on Thurs=2026-04-30"},
		{"en", "pay by end of month", "by end of month!=2026-04-30"},
		{"en", "by the end of the week", "by the end of the week!=2026-05-01"},
		{"en", "EOD", "EOD=2026-04-28"},
		{"en", "by EOD Thursday", "by EOD Thursday!=2026-04-30"},
		{"en", "need quote by eod thurs", "by eod thurs!=2026-04-30"},
		{"en", "COB tomorrow", "COB tomorrow!=2026-04-29"},
		{"en", "before EOW please", "before EOW!=2026-05-01"},
		{"en", "next week", "next week=2026-05-08"},
		{"en", "end of Q2", ""},
		{"en", "by end of quarter", "by end of quarter!=2026-06-30"},
		{"en", "May 3rd, 2027", "May 3rd, 2027=2027-05-03"},
		{"en", "Mon, May 4", "Mon, May 4=2026-05-04"},
		{"en", "the 3rd of May", "the 3rd of May=2026-05-03"},
		{"en", "due 28 April", "due 28 April!=2026-04-28"},
		{"en", "by 27 April", "by 27 April!=2027-04-27"},
		{"en", "start in September", "in September=2026-09-30"},
		{"en", "by March 2027", "by March 2027!=2027-03-31"},
		{"en", "on 12/05/2026", "on 12/05/2026=2026-05-12"},
		{"en", "on 05/13/2026", "on 05/13/2026=2026-05-13"},
		{"en", "due 12/5", "due 12/5!=2026-05-12"},
		{"en", "2026-05-12", "2026-05-12=2026-05-12"},
		{"en", "in 3 days", "in 3 days=2026-05-01"},
		{"en", "in a couple of weeks", "in a couple of weeks=2026-05-12"},
		{"en", "within 5 business days", "within 5 business days=2026-05-05"},
		{"en", "2 weeks from now", "2 weeks from now=2026-05-12"},
		{"en", "in a month", "in a month=2026-05-28"},
		{"en", "after the meeting on Monday, send the deck by Wednesday", "on Monday=2026-05-04 & by Wednesday!=2026-04-29"},
		{"en", "day after tomorrow", "day after tomorrow=2026-04-30"},
		{"en", "by tmrw", "by tmrw!=2026-04-29"},
		{"en", "on Feb 29", "on Feb 29=2028-02-29"},

		{"de", "Angebot bis Freitag schicken", "bis Freitag!=2026-05-01"},
		{"de", "in zwei Wochen anrufen", "in zwei Wochen=2026-05-12"},
		{"de", "in vierzehn Tagen", "in vierzehn Tagen=2026-05-12"},
		{"de", "am 3. Mai Termin", "am 3. Mai=2026-05-03"},
		{"de", "nächsten Dienstag anrufen", "nächsten Dienstag=2026-05-05"},
		{"de", "morgen anrufen", "morgen=2026-04-29"},
		{"de", "übermorgen", "übermorgen=2026-04-30"},
		{"de", "am Morgen anrufen", ""},
		{"de", "Guten Morgen", ""},
		{"de", "bis 12.05.2026", "bis 12.05.2026!=2026-05-12"},
		{"de", "bis zum 12.05.", "bis zum 12.05.!=2026-05-12"},
		{"de", "bis Ende der Woche", "bis Ende der Woche!=2026-05-01"},
		{"de", "nächste Woche", "nächste Woche=2026-05-08"},
		{"de", "bis Monatsende", "bis Monatsende!=2026-04-30"},
		{"de", "bis spätestens Mittwoch", "bis spätestens Mittwoch!=2026-04-29"},
		{"de", "1. Juni 2026", "1. Juni 2026=2026-06-01"},
		{"de", "letzten Freitag telefoniert", ""},
		{"de", "am Fr. anrufen", "am Fr=2026-05-01"},

		{"es", "llamar mañana a Juan", "mañana=2026-04-29"},
		{"es", "por la mañana", ""},
		{"es", "enviar el contrato el viernes", "el viernes=2026-05-01"},
		{"es", "antes del viernes", "antes del viernes!=2026-05-01"},
		{"es", "en dos semanas", "en dos semanas=2026-05-12"},
		{"es", "dentro de 10 días", "dentro de 10 días=2026-05-08"},
		{"es", "el próximo martes", "el próximo martes=2026-05-05"},
		{"es", "para el 3 de mayo de 2027", "para el 3 de mayo de 2027!=2027-05-03"},
		{"es", "pasado mañana", "pasado mañana=2026-04-30"},
		{"es", "la semana que viene", "la semana que viene=2026-05-08"},
		{"es", "a fin de mes", "a fin de mes=2026-04-30"},
		{"es", "el viernes pasado", ""},
		{"es", "antes del 12/05", "antes del 12/05!=2026-05-12"},

		{"fr", "appeler demain", "demain=2026-04-29"},
		{"fr", "après-demain", "après-demain=2026-04-30"},
		{"fr", "envoyer avant vendredi", "avant vendredi!=2026-05-01"},
		{"fr", "dans deux semaines", "dans deux semaines=2026-05-12"},
		{"fr", "dans une quinzaine de jours", "dans une quinzaine de jours=2026-05-13"},
		{"fr", "le 3 mai", "le 3 mai=2026-05-03"},
		{"fr", "1er juin", "1er juin=2026-06-01"},
		{"fr", "mardi prochain", "mardi=2026-05-05"},
		{"fr", "vendredi dernier", ""},
		{"fr", "d’ici la fin du mois", "d’ici la fin du mois!=2026-04-30"},
		{"fr", "la semaine prochaine", "la semaine prochaine=2026-05-08"},
		{"fr", "pour le 15 août", "pour le 15 août!=2026-08-15"},
		{"fr", "aujourd'hui", "aujourd'hui=2026-04-28"},
	} {
		assert.Equal(t, c.want, found(finder(c.language), c.text, tuesday), "%s: %s", c.language, c.text)
	}
}

func TestWhatOnlyLooksLikeADayIsNone(t *testing.T) {
	for _, text := range []string{
		"we may call", "March on", "they sat in the sun", "suite 12, may be in 2 parts", "Order SKU 2024-05 now", "version 1.2.3", "room 12.05",
		"call 555-1234", "+49 30 12.05.20", "10:30", "at 5pm", "1/2 of the price", "24/7 support", "50% off", "$12.50", "in 2 parts", "in two minds",
		"last Friday", "since Monday", "two weeks ago", "yesterday", "Friday's call went well", "every Monday", "Wednesdays", "31/02/2026", "on 45/13",
		"IP 10.0.0.12", "file-2026-05-03-final", "on the march", "mondayish", "todays", "the second one", "now", "v12.5", "§ 3.5", "",
	} {
		assert.Empty(t, found(finder(rules.English, rules.German), text, tuesday), text)
	}
}

func TestDatesInDigitsFollowTheOrder(t *testing.T) {
	for _, c := range []struct {
		order      rules.DateOrder
		text, want string
	}{
		{rules.MonthFirst, "by 12/05/2026", "2026-12-05"},
		{rules.DayFirst, "by 12/05/2026", "2026-05-12"},
		{rules.MonthFirst, "by 5/7", "2026-05-07"},
		{rules.DayFirst, "by 5/7", "2026-07-05"},
		{rules.MonthFirst, "by 25/12/2026", "2026-12-25"},
		{rules.DayFirst, "by 12/25/2026", "2026-12-25"},
		{rules.MonthFirst, "by 12/05/26", "2026-12-05"},
		{rules.YearFirst, "by 26/05/12", "2026-05-12"},
		{rules.YearFirst, "by 2026/05/12", "2026-05-12"},
		{rules.MonthFirst, "by 12.05.2026", "2026-05-12"},
		{rules.MonthFirst, "by 2026-05-12", "2026-05-12"},
		{rules.DayFirst, "by 2026-05-12", "2026-05-12"},
	} {
		got := New([]rules.NoteLanguage{rules.English}, c.order).Find(c.text, tuesday)
		if assert.Len(t, got, 1, c.text) {
			assert.Equal(t, notetask.Day(c.want), got[0].Day, "%s %s", c.order, c.text)
		}
	}
}

func TestDaysCountFromTheDayInTheZoneOfWriting(t *testing.T) {
	late := time.Date(2026, 4, 29, 3, 0, 0, 0, time.UTC)
	losAngeles, tokyo := zone(t, "America/Los_Angeles"), zone(t, "Asia/Tokyo")
	assert.Equal(t, "tomorrow=2026-04-29", found(finder("en"), "tomorrow", late.In(losAngeles)))
	assert.Equal(t, "tomorrow=2026-04-30", found(finder("en"), "tomorrow", late.In(tokyo)))
}

func TestADayBeforeAChangeOfTheClocksIsNotMoved(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	beforeChange := time.Date(2026, 10, 24, 23, 30, 0, 0, berlin) // the clocks go back in the night
	assert.Equal(t, "tomorrow=2026-10-25", found(finder("en"), "tomorrow", beforeChange))
	assert.Equal(t, "in 2 days=2026-10-26", found(finder("en"), "in 2 days", beforeChange))
	assert.Equal(t, "in a week=2026-10-31", found(finder("en"), "in a week", beforeChange))
}

func TestTheWeekAndTheYearEnd(t *testing.T) {
	saturday := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
	assert.Equal(t, "this week=2026-05-03", found(finder("en"), "this week", saturday))
	assert.Equal(t, "next week=2026-05-08", found(finder("en"), "next week", saturday))
	newYearsEve := time.Date(2026, 12, 31, 9, 0, 0, 0, time.UTC)
	assert.Equal(t, "tomorrow=2027-01-01", found(finder("en"), "tomorrow", newYearsEve))
	assert.Equal(t, "by end of next month!=2027-01-31", found(finder("en"), "by end of next month", newYearsEve))
	assert.Equal(t, "on 3 May=2027-05-03", found(finder("en"), "on 3 May", newYearsEve))
}

func TestWhatIsFoundLiesInTheTextAndIsTheSameEveryTime(t *testing.T) {
	f := finder(rules.English, rules.German, rules.Spanish, rules.French)
	piece := rapid.SampledFrom([]string{"by ", "Friday", "bis ", "morgen", " mañana ", "3", ".", " mai", "/", "12", "2026", "-", " in ", "zwei", " weeks", "İ", "ß", "\xff", "é", " end of ", "month", "le "})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "text"), "")
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC()
		first, end := f.Find(text, at), 0
		for _, d := range first {
			if d.Start < 0 || d.End > len(text) || d.Start >= d.End || d.End <= end {
				t.Fatalf("%q: %+v", text, first)
			}
			end = d.End
			if _, err := time.Parse(time.DateOnly, string(d.Day)); err != nil {
				t.Fatal(err)
			}
		}
		assert.Equal(t, first, f.Find(text, at))
	})
}

func FuzzFind(f *testing.F) {
	for _, text := range []string{"by Friday", "12/05/2026", "le 3 mai", "in 999 years", "am 31. Februar", "0/0/00"} {
		f.Add(text)
	}
	all := finder(rules.English, rules.German, rules.Spanish, rules.French)
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range all.Find(text, tuesday) {
			if d.Start < 0 || d.Start >= d.End || d.End > len(text) {
				t.Fatalf("%q: %+v", text, d)
			}
		}
	})
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
