package notetask

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// likeness is from when on two items are the same one, reworded: 1 is the same words, 0 nothing in common.
const likeness = 0.6

// carryKeys gives each task the key of the previous plan's that it is most like, one to one, and new keys to the others.
// Tasks that read the same are matched in their order; the most alike come first after them.
func (p *Plan) carryKeys(previous Plan) {
	type pair struct {
		from, to int
		score    float64
	}
	var pairs []pair
	before, now := make([]wording, len(previous.Tasks)), make([]wording, len(p.Tasks))
	for i, t := range previous.Tasks {
		before[i] = wordingOf(t.Text)
	}
	for j, t := range p.Tasks {
		now[j] = wordingOf(t.Text)
		for i := range previous.Tasks {
			if score := before[i].like(now[j]); score >= likeness {
				pairs = append(pairs, pair{i, j, score})
			}
		}
	}
	apart := func(x pair) int { return max(x.from-x.to, x.to-x.from) }
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(apart(a), apart(b)), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	taken := make([]bool, len(previous.Tasks))
	for _, x := range pairs {
		if !taken[x.from] && p.Tasks[x.to].Key == "" {
			taken[x.from], p.Tasks[x.to].Key = true, previous.Tasks[x.from].Key
		}
	}
	for j := range p.Tasks {
		if p.Tasks[j].Key == "" {
			p.Tasks[j].Key = p.nextKey()
		}
	}
}

// wording is what an item is compared by.
type wording struct {
	text  string
	words map[string]int
	pairs map[string]int // of neighbouring characters
}

func wordingOf(text string) wording {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	w := wording{text: strings.Join(fields, " "), words: map[string]int{}, pairs: map[string]int{}}
	for _, f := range fields {
		w.words[f]++
	}
	runes := []rune(w.text)
	for i := 1; i < len(runes); i++ {
		w.pairs[string(runes[i-1:i+1])]++
	}
	return w
}

// like tells how much two wordings have in common, by words and by characters. One that has all the words of the other, and
// at least two, is the same item said at more length.
func (w wording) like(o wording) float64 {
	if w.text == o.text {
		return 1
	}
	common, mine, others := overlap(w.words, o.words)
	score := (share(common, mine, others) + share(overlap(w.pairs, o.pairs))) / 2
	if fewer := min(mine, others); fewer >= 2 && common == fewer {
		score = max(score, likeness)
	}
	return min(score, 0.999)
}

func overlap(a, b map[string]int) (common, inA, inB int) {
	for key, n := range a {
		inA += n
		common += min(n, b[key])
	}
	for _, n := range b {
		inB += n
	}
	return common, inA, inB
}

// share is Dice's coefficient.
func share(common, inA, inB int) float64 {
	if inA+inB == 0 {
		return 0
	}
	return 2 * float64(common) / float64(inA+inB)
}
