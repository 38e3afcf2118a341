package notetask

// longestSignature is how many lines below a sign-off are taken for a signature, where nothing ends it before.
const longestSignature = 10

// skipped tells which lines are nobody's words to act on: quoted and pasted mails, signatures, and the line that says
// that a note's tasks are done.
func skipped(lines []line) []bool {
	out := make([]bool, len(lines))
	signature := 0 // how many more lines belong to one
	for i, l := range lines {
		switch {
		case threadStart.MatchString(l.text) || mailHeader.MatchString(l.text) && i+1 < len(lines) && mailHeader.MatchString(lines[i+1].text):
			for j := i; j < len(lines); j++ {
				out[j] = true
			}
			return out
		case l.quoted, IsDoneLine(l.text), sentFrom.MatchString(l.text):
			out[i] = true
		case signOffs.MatchString(l.text), signatureDash.MatchString(l.text):
			out[i], signature = true, longestSignature
		case signature > 0 && endsSignature(l):
			signature = 0
		case signature > 0:
			out[i] = true
			if !l.blank() {
				signature--
			}
		}
	}
	return out
}

// endsSignature tells whether a line is none of a signature's.
func endsSignature(l line) bool {
	if l.item() && !saysNothing(l.text) || isHeading(l) && sectionOf(l.text) != plainSection {
		return true
	}
	_, rest, ok := cutLabel(l.text)
	return ok && !saysNothing(rest)
}

// isHeading tells whether a line is a heading: it looks like one, or it is the name of a section that needs no colon.
func isHeading(l line) bool {
	return l.heading || !l.item() && !l.blank() && sectionOf(l.text) != plainSection && (actionHeadings[headingName(l.text)] || otherHeadings[headingName(l.text)])
}
