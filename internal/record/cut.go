package record

import "strings"

// continued begins a piece that goes on from the one before without a line end in between. What follows it is the text as
// it was: with a space where the cut was between words, with a line end where the next line begins with this very sign.
const continued = "↪"

// cut divides a canonical text into pieces that cost at most room each, between lines if it can, else between words, else
// anywhere. Room must be more than the deepest indentation. uncut gives the text back.
func cut(text string, room int, cost Cost) []string {
	room -= cost.of(continued + " ")
	var out []string
	prefix := ""
	for {
		end := reach(text, room, cost)
		out = append(out, prefix+text[:end])
		if end == len(text) {
			return out
		}
		text = text[end:]
		if rest, line := strings.CutPrefix(text, "\n"); line && !strings.HasPrefix(rest, continued) {
			prefix, text = "", rest
		} else {
			prefix = continued
		}
	}
}

// reach returns where a piece ends. No piece ends in white space, which vendors trim.
func reach(text string, room int, cost Cost) int {
	line, word, used := 0, 0, 0
	for i, r := range text {
		if i > 0 && used <= room {
			switch before := text[i-1]; {
			case r == '\n' && before != '\n':
				line = i
			case r == ' ' && before != ' ' && before != '\n':
				word = i
			}
		}
		if used += cost(r); used > room && i > 0 {
			switch {
			case line > 0:
				return line
			case word > 0:
				return word
			}
			return i
		}
	}
	return len(text)
}

// uncut puts pieces together again.
func uncut(pieces []string) string {
	var b strings.Builder
	for i, piece := range pieces {
		rest, goesOn := strings.CutPrefix(piece, continued)
		switch {
		case i == 0:
			b.WriteString(piece)
		case goesOn:
			b.WriteString(rest)
		default:
			b.WriteString("\n" + piece)
		}
	}
	return b.String()
}
