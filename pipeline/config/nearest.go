package config

import (
	"slices"
	"strings"
)

// leastPrefix is how much of a name says which one is meant.
const leastPrefix = 3

// nearest is the candidate that word was most probably meant to be, or "": the
// one that is spelt most alike, else the first that begins with it.
func nearest(word string, candidates []string) string {
	candidates = slices.Sorted(slices.Values(candidates))
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d < bestDistance && d < len(c) {
			best, bestDistance = c, d
		}
	}
	if best == "" && len(word) >= leastPrefix {
		i := slices.IndexFunc(candidates, func(c string) bool { return strings.HasPrefix(c, word) })
		if i >= 0 {
			best = candidates[i]
		}
	}
	return best
}

// distance is the Levenshtein distance: how many bytes to insert, delete or
// replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// didYouMean is the cure for an unknown word: the nearest known one, or all
// that are known.
func didYouMean(word string, known []string) string {
	if n := nearest(word, known); n != "" {
		return `; did you mean "` + n + `"?`
	}
	if len(known) == 0 {
		return ""
	}
	return "; known here: " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}
