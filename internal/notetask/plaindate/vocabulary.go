package plaindate

import (
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/rules"
)

// vocabulary is how a language speaks of days: regular expressions that find where a text may name one. What they find is
// read by the date library; these only keep it from what is no date ("12, may"), and hold what it does not know.
type vocabulary struct {
	months   string // names, and what they are cut down to
	maybe    string // of them, those that are other words as well, and count only next to a number
	weekdays string // names that count anywhere
	cut      string // what weekdays are cut down to; count only after a preposition, or before a date
	near     string // today, tomorrow
	notNear  string // what stands before near where it means something else: "am Morgen"
	within   string // what stands before a span of time: "in", "within"
	ahead    string // what stands behind one: "from now"
	units    string // of time
	numbers  map[string]string
	deadline string // what stands before a day by which something is due
	at       string // what else stands before a day, and makes a date of "12/5" or "March"
	past     string // what stands before a weekday that is over
	pastTail string // what stands behind one
	next     string // what stands before a weekday of the week after
	nextTail string
	this     string
	ordinal  string // what stands behind the day of the month
	of       string // what stands between day, month and year
	spans    map[string]span
}

// span is a time that the library does not know, named by a whole phrase.
type span int

const (
	endOfDay span = iota
	endOfWeek
	endOfNextWeek
	endOfMonth
	endOfNextMonth
	endOfQuarter
	endOfYear
	twoDays
)

var vocabularies = map[rules.NoteLanguage]vocabulary{
	rules.English: {
		months:   `january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec`,
		maybe:    `may|march|mar|jan|jun|dec|sep|august`,
		weekdays: `monday|tuesday|wednesday|thursday|friday|saturday|sunday`,
		cut:      `mon|tues|tue|wed|thurs|thur|thu|fri|sat|sun`,
		near:     `day after tomorrow|tomorrow|today|tonight|tmrw|tmw|tmr`,
		within:   `in|within`, ahead: `from now|from today`,
		units: `days?|weeks?|wks?|months?|years?|business days?|working days?`,
		numbers: map[string]string{
			"a": "1", "an": "1", "one": "1", "two": "2", "a couple of": "2", "a couple": "2", "couple of": "2", "a few": "3", "few": "3", "three": "3",
			"four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "fourteen": "14", "thirty": "30",
		},
		deadline: `by|eod|cob|end of day|close of business|due(?: date)?(?: by| on| is)?:?|until|till|til|before|no later than|not later than|latest|deadline:?(?: is| on)?|on or before`,
		at:       `on|for|this|next|coming|the|of|from|starting|around|in|early|mid|late|end of`,
		past:     `last|previous|past|since|every|each|every other`,
		next:     `next`, this: `this|this coming|coming`, ordinal: `st|nd|rd|th`, of: `of|,`,
		spans: map[string]span{
			`(?:the )?end of (?:the |this )?day|eod|cob|close of (?:business|play)`: endOfDay,
			`(?:the )?end of (?:the |this )?week|eow|this week|later this week`:     endOfWeek,
			`(?:the )?end of next week|next week|early next week|mid next week`:     endOfNextWeek,
			`(?:the )?end of (?:the |this )?month|month[- ]end|eom|this month`:      endOfMonth,
			`(?:the )?end of next month|next month`:                                 endOfNextMonth,
			`(?:the )?end of (?:the |this )?quarter|quarter[- ]end|eoq`:             endOfQuarter,
			`(?:the )?end of (?:the |this )?year|year[- ]end|eoy`:                   endOfYear,
		},
	},
	rules.German: {
		months:   `januar|jänner|februar|feber|märz|maerz|april|mai|juni|juli|august|september|oktober|november|dezember|jan|feb|mär|apr|jun|jul|aug|sept|sep|okt|nov|dez`,
		maybe:    `mai|jan|märz|august`,
		weekdays: `montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag`,
		cut:      `mo|di|mi|do|fr|sa|so\.`,
		near:     `übermorgen|uebermorgen|morgen|heute`, notNear: `am|guten|jeden|diesen|dieser|gestern|heute|vom|gegen|schönen`,
		within: `in|binnen|innerhalb von|innerhalb`, ahead: `ab heute`,
		units: `tage?n?|wochen?|monate?n?|jahre?n?|werktage?n?|arbeitstage?n?`,
		numbers: map[string]string{
			"einem": "1", "einer": "1", "ein": "1", "eine": "1", "eines": "1", "zwei": "2", "ein paar": "3", "paar": "3", "drei": "3", "vier": "4", "fünf": "5",
			"sechs": "6", "sieben": "7", "acht": "8", "neun": "9", "zehn": "10", "vierzehn": "14", "dreißig": "30",
		},
		deadline: `bis(?: zum| spätestens(?: am)?)?|spätestens(?: am| bis)?|vor|vor dem|fällig(?: am| bis)?:?|frist:?|deadline:?`,
		at:       `am|im|ab|ab dem|für|den|der|zum|vom|anfang|mitte|ende|nächsten|nächste|nächster|kommenden|kommende|kommender|diesen|diese|dieser`,
		past:     `letzten|letzter|letzte|vergangenen|vorigen|seit|jeden|vom`,
		this:     `diesen|dieser|diese`, ordinal: `\.|ten|te`, of: `\.`,
		spans: map[string]span{
			`ende (?:der|dieser) woche|diese woche|wochenende`:                                        endOfWeek,
			`(?:anfang |mitte |ende )?(?:nächste|nächster|kommende|kommender|der nächsten) woche`:     endOfNextWeek,
			`ende (?:des|dieses) monats|monatsende|ende monat|diesen monat`:                           endOfMonth,
			`(?:ende )?(?:nächsten|nächstes|kommenden) monats?|ende (?:des )?(?:nächsten) monats`:     endOfNextMonth,
			`ende (?:des|dieses) quartals|quartalsende`:                                               endOfQuarter,
			`ende (?:des|dieses) jahres|jahresende`:                                                   endOfYear,
			`feierabend|ende (?:des|dieses) tages|tagesende|heute abend|heute noch|noch heute|abends`: endOfDay,
		},
	},
	rules.Spanish: {
		months:   `enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|ene|feb|abr|may|jun|jul|ago|sept|sep|oct|nov|dic`,
		weekdays: `lunes|martes|miércoles|miercoles|jueves|viernes|sábado|sabado|domingo`,
		near:     `mañana|hoy`, notNear: `la|esta|por la|de la|cada|una`,
		within: `en|dentro de`, units: `días?|dias?|semanas?|mes(?:es)?|años?`,
		numbers: map[string]string{
			"un": "1", "una": "1", "uno": "1", "un par de": "2", "dos": "2", "unos": "3", "unas": "3", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6",
			"siete": "7", "ocho": "8", "nueve": "9", "diez": "10", "quince": "15", "treinta": "30",
		},
		deadline: `antes del?|para(?: el| este)?|hasta(?: el)?|a más tardar(?: el)?|vence(?: el)?:?|fecha límite:?(?: el)?|no más tarde del?`,
		at:       `el|en|este|próximo|proximo|desde el|del|a partir del|a principios de|a mediados de|a finales de|finales de`,
		past:     `pasado|el pasado|desde|cada|todos los`, pastTail: `pasado`,
		this: `este`, nextTail: "", ordinal: `º|°|ro`, of: `de|del`,
		spans: map[string]span{
			`pasado mañana`: twoDays,
			`fin(?:al)?(?:es)? de (?:la |esta )?semana|esta semana`:                              endOfWeek,
			`(?:la )?(?:próxima|proxima) semana|(?:la )?semana que viene|(?:la )?semana próxima`: endOfNextWeek,
			`(?:a )?(?:fin|final|finales) (?:de(?:l)? )(?:este )?mes|este mes`:                   endOfMonth,
			`(?:el )?(?:próximo|proximo) mes|(?:el )?mes que viene`:                              endOfNextMonth,
			`(?:a )?(?:fin|final|finales) (?:de(?:l)? )(?:este )?trimestre`:                      endOfQuarter,
			`(?:a )?(?:fin|final|finales) (?:de(?:l)? )(?:este )?año`:                            endOfYear,
			`(?:al )?(?:fin|final) del día|esta tarde|esta noche`:                                endOfDay,
		},
	},
	rules.French: {
		months:   `janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|décembre|decembre|janv|févr|fév|avr|juil|sept|oct|nov|déc`,
		maybe:    `mars|mai`,
		weekdays: `lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche`,
		near:     `après-demain|après demain|apres-demain|demain|aujourd['’]hui|aujourdhui`,
		within:   `dans|d['’]ici|sous|en`, units: `jours?|semaines?|mois|ans?|jours ouvrés`,
		numbers: map[string]string{
			"un": "1", "une": "1", "deux": "2", "quelques": "3", "trois": "3", "quatre": "4", "cinq": "5", "six": "6", "sept": "7", "huit": "8",
			"neuf": "9", "dix": "10", "quinze": "15", "trente": "30", "une quinzaine de": "15",
		},
		deadline: `avant(?: le)?|d['’]ici(?: au| le)?|jusqu['’]au|au plus tard(?: le)?|pour(?: le)?|échéance:?(?: le| au)?|date limite:?`,
		at:       `le|en|ce|du|au|à partir du|dès|début|mi|fin`,
		past:     `depuis|chaque|tous les`, pastTail: `derniers?|passé|dernière`,
		this: `ce`, nextTail: "", ordinal: `er|ᵉʳ|e`, of: `de`,
		spans: map[string]span{
			`(?:la )?fin de (?:la |cette )?semaine|cette semaine`:           endOfWeek,
			`(?:la )?semaine prochaine|(?:la )?fin de la semaine prochaine`: endOfNextWeek,
			`(?:la )?fin du mois|fin de mois|fin de ce mois|ce mois-ci`:     endOfMonth,
			`(?:le )?mois prochain|(?:la )?fin du mois prochain`:            endOfNextMonth,
			`(?:la )?fin du trimestre|fin de trimestre`:                     endOfQuarter,
			`(?:la )?fin de l['’]année|fin d['’]année`:                      endOfYear,
			`(?:la )?fin de (?:la )?journée|ce soir|cet après-midi`:         endOfDay,
		},
	},
}

// numberWords returns the number words as alternatives.
func (v vocabulary) numberWords() string {
	return strings.Join(slices.Sorted(maps.Keys(v.numbers)), "|")
}
