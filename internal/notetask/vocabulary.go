package notetask

import (
	"regexp"
	"strings"
	"unicode"
)

// section is what a heading says of the lines below it.
type section int

const (
	plainSection  section = iota
	actionSection         // its lines are things to do
	otherSection          // its lines are anything else: who was there, what was said
)

var actionHeadings = words(`
	action items|actions|action points|action plan|action steps|next actions|next steps|next step|todo|todos|to do|to-do|to dos|to-dos|
	to do list|todo list|tasks|task list|follow up|follow ups|follow-up|follow-ups|followups|open items|open points|open tasks|homework|
	what's next|whats next|deliverables|reminders|ai|ais|
	aufgaben|nächste schritte|naechste schritte|offene punkte|offene aufgaben|to-dos|maßnahmen|massnahmen|wiedervorlage|wiedervorlagen|
	weiteres vorgehen|zu erledigen|
	tareas|próximos pasos|proximos pasos|pendientes|acciones|seguimiento|siguientes pasos|por hacer|compromisos|
	à faire|a faire|prochaines étapes|prochaines etapes|actions à mener|tâches|taches|relances|suivi|suites à donner`)

var otherHeadings = words(`
	attendees|attendance|participants|present|who|people|agenda|topics|summary|recap|overview|background|context|notes|meeting notes|
	call notes|discussion|discussed|key points|key takeaways|takeaways|highlights|decisions|decided|facts|info|information|details|
	contact|contact details|contact info|contacts|links|resources|references|attachments|fyi|pros|cons|requirements|needs|pain points|
	budget|timeline|competitors|objections|questions|history|about|profile|products|pricing|done|completed|already done|finished|outcome|
	outcomes|result|results|status|feedback|impressions|interests|family|hobbies|wish list|wishlist|what we heard|situation|problem|
	teilnehmer|anwesend|agenda|themen|zusammenfassung|hintergrund|notizen|besprochen|besprochene punkte|entscheidungen|kontakt|ergebnis|
	ergebnisse|erledigt|status|anforderungen|fragen|
	asistentes|participantes|orden del día|resumen|antecedentes|notas|decisiones|temas|contacto|resultados|hecho|requisitos|preguntas|
	participants|présents|ordre du jour|résumé|resume|contexte|décisions|decisions|points abordés|coordonnées|résultats|fait|terminé|
	besoins|remarques`)

// nothings are items that say that there is nothing to do.
var nothings = words(`
	none|n/a|na|nil|nothing|no action|no actions|no action items|no action needed|no action required|no next steps|no follow up|
	no follow-up|no follow up needed|no follow-up needed|nothing to do|tbd|tba|-|--|…|...|
	keine|keiner|nichts|keine aufgaben|entfällt|ninguno|ninguna|nada|sin pendientes|aucun|aucune|rien|néant|sans objet`)

// labels are words that only say that something is to be done; what is to be done comes after them.
var labels = words(`
	todo|to do|to-do|action|action item|action point|ai|task|next step|next steps|reminder|follow up|follow-up|followup|aufgabe|
	nächster schritt|wiedervorlage|erinnerung|tarea|pendiente|por hacer|próximo paso|recordatorio|à faire|a faire|tâche|prochaine étape|
	rappel|relance|seguimiento`)

// bareLabels need no colon behind them: people say nothing else with them.
var bareLabels = words(`todo`)

// nounsAfter are the words that make an account out of what a line begins with: "call with Ann", "email from Ben".
var nounsAfter = words(`
	with|from|notes|note|summary|recap|log|went|was|is|has|had|were|ended|lasted|duration|outcome|outcomes|transcript|recording|details|
	thread|history|between|came|received|sent|dropped|answered|started|in|plan|required|taken|done|this|that|these|those|address|number|
	center|centre|find|see|value|items|points|campaign|sequence|template|list|mit|von|war|wurde|notiz|protokoll|con|de|fue|avec|du|était|
	we|i|they|he|she|it|are|attached|#`)

// nounsAfterFollowUp do the same after "follow up", which a verb often follows.
var nounsAfterFollowUp = words(`call|meeting|email|e-mail|visit|appointment|session|from|was|is|notes|note|sent|went|done|questions|mail|to|were`)

// genericTitles say nothing of a note.
var genericTitles = words(`untitled note|untitled|new note|note|notes|notiz|notizen|neue notiz|nota|notas|nota sin título|note sans titre|sans titre|ohne titel|sin título`)

// signOffs are the lines after which a signature comes.
var signOffs = regexp.MustCompile(`(?i)^(?:(?:with |many |my )?(?:best|kind|kindest|warm|warmest)(?: regards| wishes)?|regards|thanks(?: (?:again|so much|a lot|and regards|in advance))?|thank you(?: (?:again|so much))?|many thanks|cheers|sincerely(?: yours)?|yours(?: sincerely| truly| faithfully)?|br|rgds|all the best|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|(?:viele|beste|liebe|herzliche|sch(?:ö|oe)ne) gr(?:ü|ue)(?:ß|ss)e|(?:freundliche|beste) gr(?:ü|ue)(?:ß|ss)e|mfg|lg|vg|danke|saludos(?: cordiales)?|un (?:cordial )?saludo|atentamente|gracias|cordialement|bien (?:à vous|cordialement)|salutations(?: distinguées)?|merci(?: d'avance)?)\s*[,.!]?$`)

// mailHeader is a line of a pasted e-mail's head.
var mailHeader = regexp.MustCompile(`(?i)^\*?(?:from|sent|to|cc|bcc|subject|date|reply-to|von|gesendet|an|betreff|datum|de|enviado(?: el)?|para|asunto|fecha|envoyé|à|objet)\s?:\*?\s+\S`)

// threadStart is a line below which a pasted thread comes.
var threadStart = regexp.MustCompile(`(?i)^(?:on\s.{5,120}\swrote:|am\s.{5,120}\sschrieb.{0,80}:|el\s.{5,120}\sescribió:|le\s.{5,120}\sa écrit\s?:|-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|mensaje original|mensaje reenviado|message d'origine|message transféré).*|begin forwarded message:)$`)

var signatureDash = regexp.MustCompile(`^(?:--|—|__)$`)

var sentFrom = regexp.MustCompile(`(?i)^(?:sent from my|get outlook for|gesendet von mein|von meinem .{1,30} gesendet|enviado desde mi|envoyé de mon)`)

// contactData is a line, or what comes after "E-mail:" in one, that only says how somebody can be reached.
var contactData = regexp.MustCompile(`(?i)^(?:\(?(?:e-?mail|mail|call|phone|tel|telephone|mobile|cell|fax|web|website|url|office|direct|m|t|e|p|w|telefon|mobil|correo|teléfono|móvil|tél|téléphone|portable|linkedin)\)?\s?[:.|]\s?)?(?:\+?[\d\s()./-]{6,}(?:\s?(?:ext|x)\.?\s?\d+)?|[^\s@]+@[^\s@]+\.[a-z]{2,}|(?:https?://|www\.)\S+)$`)

// words reads a list of words that are parted by bars.
func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, word := range strings.Split(list, "|") {
		out[strings.TrimSpace(word)] = true
	}
	return out
}

// sectionOf returns what a heading says of the lines below it.
func sectionOf(heading string) section {
	name := headingName(heading)
	switch {
	case actionHeadings[name]:
		return actionSection
	case otherHeadings[name]:
		return otherSection
	}
	// "Action items for Ann", "Next steps (by Friday)", "Who attended"
	for known := range actionHeadings {
		if rest, ok := strings.CutPrefix(name, known); ok && len(known) > 3 && strings.HasPrefix(rest, " ") {
			return actionSection
		}
	}
	return plainSection
}

// headingName is a heading as it is looked up.
func headingName(heading string) string {
	name := strings.ToLower(strings.TrimSpace(heading))
	name = strings.TrimFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ')' && r != '(' })
	name = strings.ReplaceAll(name, "’", "'")
	return strings.Join(strings.Fields(name), " ")
}

// saysNothing tells whether an item says that there is nothing to do, or only how somebody can be reached.
func saysNothing(text string) bool {
	bare := strings.ToLower(strings.TrimRight(strings.TrimSpace(text), ".!"))
	return bare == "" || nothings[bare] || contactData.MatchString(strings.TrimSpace(text)) || !strings.ContainsFunc(text, unicode.IsLetter)
}
