package record

import (
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normaliser turns raw field contents into normalised values, so that two spellings of the same content are equal and
// a vendor's own rewriting of what was written is never a change. Content that cannot be understood as its type is
// kept as text, so nothing is lost.
type Normaliser struct {
	// Region is the ISO 3166 alpha-2 country that phones without a country code belong to; "" knows none.
	Region string
	// Zone is where instants without a zone happen; nil means UTC.
	Zone *time.Location
}

// Normalise returns the value of one raw scalar.
func (n Normaliser) Normalise(t Type, raw string) Value {
	if t == TypeRich {
		return Scalar(PlainText(raw))
	}
	text := cleanText(raw)
	if text == "" {
		return nil
	}
	switch t {
	case TypeEmail:
		return Scalar(fold(text))
	case TypePhone:
		return Scalar(n.phone(text))
	case TypeCountry:
		return Scalar(CountryCode(text))
	case TypeURL:
		return Scalar(normaliseURL(text))
	case TypeDate:
		return Scalar(normaliseDate(text))
	case TypeBool:
		return normaliseBool(text)
	case TypeNumber:
		return Scalar(normaliseNumber(text))
	case TypeLine:
		return Scalar(OneLine(text))
	case TypeInstant:
		return Scalar(n.instant(text))
	case TypeSet:
		return n.NormaliseSet(strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' }))
	default:
		return Scalar(text)
	}
}

// NormaliseSet returns the value of a set.
func (n Normaliser) NormaliseSet(raw []string) Value {
	var out Value
	for _, element := range raw {
		if element = fold(cleanText(element)); element != "" {
			out = append(out, element)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cleanText brings text to NFC with \n line ends, without control characters, and without white space at the ends of
// lines and of the text. Vendors trim and rewrite line ends by themselves, so these are no differences.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\u00a0':
			return ' '
		case unicode.IsControl(r) || r == '\u200b' || r == '\ufeff':
			return -1
		}
		return r
	}, s)
	s = norm.NFC.String(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// fold also lowers what folding turns to upper case (Cherokee), so that folding twice changes nothing.
func fold(s string) string { return norm.NFC.String(strings.ToLower(cases.Fold().String(s))) }

// FoldName returns a name in the form in which names are compared for matching: case folded, accents and punctuation
// dropped, white space collapsed.
func FoldName(s string) string {
	s = norm.NFKD.String(fold(cleanText(s)))
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// longestPhone is more than any real phone with an extension takes; longer text is not worth parsing.
const longestPhone = 64

// plainNumberOfNorthAmerica is what most phones look like once they are normalised: parsing them again changes nothing.
var plainNumberOfNorthAmerica = regexp.MustCompile(`^\+1[2-9][0-9]{2}[2-9][0-9]{6}$`)

func (n Normaliser) phone(s string) string {
	if len(s) > longestPhone || plainNumberOfNorthAmerica.MatchString(s) {
		return s
	}
	region := n.Region
	if region == "" {
		region = "ZZ"
	}
	number, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return s
	}
	out := phonenumbers.Format(number, phonenumbers.E164)
	if ext := number.GetExtension(); ext != "" {
		out += ";ext=" + ext
	}
	return out
}

func normaliseURL(s string) string {
	withScheme := s
	if !strings.Contains(s, "://") {
		withScheme = "https://" + s
	}
	u, err := url.Parse(withScheme)
	if err != nil || u.Host == "" || u.User != nil {
		return s
	}
	u.Scheme = strings.ToLower(u.Scheme)
	u.Host = strings.ToLower(u.Host)
	if u.Path == "/" {
		u.Path = ""
	}
	return u.String()
}

// dateLayouts are the civil dates that the two vendors send or take, most specific first. Slashes mean the American
// order, as in the vendors' own forms.
var dateLayouts = []string{
	"2006-01-02", "2006/01/02", "2006.01.02", "2006_01_02", "01/02/2006", "01-02-2006", "01.02.2006", "01_02_2006",
	"1/2/2006", time.RFC3339Nano, "2006-01-02T15:04:05.000-0700", "2006-01-02T15:04:05.000Z0700", "2006-01-02 15:04:05",
}

var epochMillis = regexp.MustCompile(`^-?\d{9,14}$`)

// normaliseDate reads a civil date. A date never moves: where an instant is given, its own zone's day counts, and
// midnight UTC is how the vendors spell a day without a time.
func normaliseDate(s string) string {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	if epochMillis.MatchString(s) {
		if ms, ok := new(big.Int).SetString(s, 10); ok && ms.IsInt64() {
			return time.UnixMilli(ms.Int64()).UTC().Format(time.DateOnly)
		}
	}
	return s
}

func normaliseBool(s string) Value {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "y", "on", "active", "permanent":
		return Value{"true"}
	}
	return nil
}

var plainNumber = regexp.MustCompile(`^[+-]?(\d{1,30}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,2})?$`)

func normaliseNumber(s string) string {
	if !plainNumber.MatchString(s) {
		return s
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	out := r.FloatString(20)
	out = strings.TrimRight(out, "0")
	out = strings.TrimSuffix(out, ".")
	if out == "-0" || out == "" {
		return "0"
	}
	return out
}
