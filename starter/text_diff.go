package main

import "strings"

// around is how many lines that stay are shown beside lines that change.
const around = 2

// diffLines returns the lines by which one text becomes another, marked - and +, with some of those around them; nothing
// where the two are the same.
func diffLines(before, after string) []string {
	a, b := strings.Split(strings.TrimSuffix(before, "\n"), "\n"), strings.Split(strings.TrimSuffix(after, "\n"), "\n")
	// common[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var all []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			all = append(all, "- "+a[i])
			i++
		default:
			all = append(all, "+ "+b[j])
			j++
		}
	}
	return nearChanges(all)
}

// nearChanges leaves out lines that stay and are far from any change.
func nearChanges(all []string) []string {
	shown := make([]bool, len(all))
	for i, line := range all {
		if line[0] == ' ' {
			continue
		}
		for k := max(0, i-around); k <= min(len(all)-1, i+around); k++ {
			shown[k] = true
		}
	}
	var out []string
	for i, line := range all {
		switch {
		case shown[i]:
			out = append(out, line)
		case i > 0 && shown[i-1]:
			out = append(out, "  ...")
		}
	}
	if n := len(out); n > 0 && out[n-1] == "  ..." {
		out = out[:n-1]
	}
	return out
}
