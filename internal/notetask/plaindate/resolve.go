package plaindate

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	dateparser "github.com/markusmobius/go-dateparser"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/rules"
)

// resolve turns a match into a day; false where there is no such day.
func (f *Finder) resolve(m match, written time.Time) (notetask.Day, bool) {
	// Days are reckoned without a zone: none has a day of its own length then.
	today := time.Date(written.Year(), written.Month(), written.Day(), 0, 0, 0, 0, time.UTC)
	switch m.kind {
	case ofSpan:
		return notetask.DayOf(m.span.end(today)), true
	case ofISO:
		return parse("en", dateparser.YMD, strings.NewReplacer("/", "-", ".", "-").Replace(m.text), today)
	case ofDigits, ofShort:
		return f.digits(m, today)
	case ofDayMonth:
		// The day of writing is still to come, so the search for the next one begins before it.
		return parse(m.language.code, dateparser.DMY, m.language.named.ReplaceAllString(m.text, ""), today.AddDate(0, 0, -1))
	case ofMonth:
		return parse(m.language.code, dateparser.DMY, m.text, today.AddDate(0, 0, -today.Day()))
	case ofRelative:
		return m.language.relative(m.text, today)
	case ofNear:
		return parse(m.language.code, dateparser.DMY, near(m.text), today)
	case ofWeekday:
		return m.weekday(today)
	}
	return "", false
}

// parse asks the date library for the day that a text names and that comes after another one.
func parse(language string, order dateparser.DateOrder, text string, after time.Time) (notetask.Day, bool) {
	date, err := dateparser.Parse(&dateparser.Configuration{
		Languages: []string{language}, DateOrder: order, CurrentTime: after, DefaultTimezone: time.UTC,
		PreferredDateSource: dateparser.Future, PreferredDayOfMonth: dateparser.Last,
	}, text)
	if err != nil || date.IsZero() {
		return "", false
	}
	const furthest = 50 // years; what is further off is a number that only looks like a date
	if years := date.Time.Year() - after.Year(); years > furthest || years < -furthest {
		return "", false
	}
	return notetask.DayOf(date.Time), true
}

// digits reads a date in digits, in the finder's order or, where it cannot be, in the other one.
func (f *Finder) digits(m match, today time.Time) (notetask.Day, bool) {
	text := strings.NewReplacer(".", "/", "-", "/", " ", "").Replace(strings.TrimRight(m.text, ". "))
	parts := strings.Split(text, "/")
	if len(parts) == 2 && !dayAndMonth(parts) {
		return "", false
	}
	after := today.AddDate(0, 0, -1)
	orders := []dateparser.DateOrder{dateparser.DMY, dateparser.MDY}
	switch {
	case strings.Contains(m.text, "."): // nobody writes the month first with dots
	case f.order == rules.MonthFirst:
		orders = []dateparser.DateOrder{dateparser.MDY, dateparser.DMY}
	case f.order == rules.YearFirst && len(parts) == 3 && len(parts[2]) == 2:
		orders = append([]dateparser.DateOrder{dateparser.YMD}, orders...)
	case f.order == rules.YearFirst:
		orders = []dateparser.DateOrder{dateparser.MDY, dateparser.DMY}
	}
	for _, order := range orders {
		if day, ok := parse("en", order, text, after); ok {
			return day, true
		}
	}
	return "", false
}

// dayAndMonth tells whether two numbers can be a day and a month, in either order.
func dayAndMonth(parts []string) bool {
	const days, months = 31, 12
	a, err := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err == nil && err2 == nil && min(a, b) >= 1 && min(a, b) <= months && max(a, b) <= days
}

var (
	workingDays = regexp.MustCompile(`business days?|working days?|werktage?n?|arbeitstage?n?|jours ouvrés`)
	quantity    = regexp.MustCompile(`\d{1,3}\s.*`)
	weeksInFull = strings.NewReplacer("wks", "weeks", "wk", "week")
)

// relative reads "in two weeks". The library does not know all the words for numbers in all languages.
func (l *language) relative(text string, today time.Time) (notetask.Day, bool) {
	for _, n := range l.numbers {
		if n.re.MatchString(text) {
			text = n.re.ReplaceAllString(text, "${1}"+n.digits+" ")
			break
		}
	}
	amount := quantity.FindString(text)
	if workingDays.MatchString(text) {
		digits, _, _ := strings.Cut(amount, " ")
		n, err := strconv.Atoi(digits)
		return notetask.DayOf(addWorkingDays(today, n)), err == nil
	}
	if l.ahead != nil {
		amount = l.ahead.ReplaceAllString(amount, "")
	}
	lead := "in "
	switch l.code {
	case "es":
		lead = "en "
	case "fr":
		lead = "dans "
	}
	return parse(l.code, dateparser.DMY, lead+weeksInFull.Replace(amount), today)
}

func addWorkingDays(day time.Time, n int) time.Time {
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			n--
		}
	}
	return day
}

// weekdaysInShort are cut down to what the library knows.
var weekdaysInShort = strings.NewReplacer("thursday", "thursday", "thurs", "thu", "thur", "thu", "tuesday", "tuesday", "tues", "tue")

func near(text string) string {
	switch text {
	case "tonight":
		return "today"
	case "tmrw", "tmw", "tmr":
		return "tomorrow"
	case "uebermorgen":
		return "übermorgen"
	case "après demain", "apres-demain":
		return "après-demain"
	case "aujourdhui", "aujourd’hui":
		return "aujourd'hui"
	}
	return text
}

func (m match) weekday(today time.Time) (notetask.Day, bool) {
	after := today
	switch {
	case m.next:
		after = endOfWeekDay(today) // the Sunday that ends this week
	case m.this:
		after = today.AddDate(0, 0, -1)
	}
	return parse(m.language.code, dateparser.DMY, weekdaysInShort.Replace(strings.TrimSuffix(m.text, ".")), after)
}

func endOfWeekDay(today time.Time) time.Time {
	return today.AddDate(0, 0, (7-int(today.Weekday()))%7)
}

// end returns the day on which a span ends.
func (s span) end(today time.Time) time.Time {
	friday := endOfWeekDay(today).AddDate(0, 0, -2)
	switch s {
	case endOfDay:
		return today
	case twoDays:
		return today.AddDate(0, 0, 2)
	case endOfWeek:
		if friday.Before(today) {
			return endOfWeekDay(today)
		}
		return friday
	case endOfNextWeek:
		return friday.AddDate(0, 0, 7)
	case endOfMonth:
		return lastOfMonth(today, 0)
	case endOfNextMonth:
		return lastOfMonth(today, 1)
	case endOfQuarter:
		return lastOfMonth(today, 2-(int(today.Month())-1)%3)
	default:
		return time.Date(today.Year(), time.December, 31, 0, 0, 0, 0, time.UTC)
	}
}

func lastOfMonth(today time.Time, ahead int) time.Time {
	return time.Date(today.Year(), today.Month()+time.Month(ahead)+1, 0, 0, 0, 0, 0, time.UTC)
}
