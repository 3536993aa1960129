package redact

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// atEveryPlace is what find finds if it tries anchors at every byte.
func atEveryPlace(text []byte) []match {
	s := &scanner{table: secretsTable()}
	s.begin(text, false)
	for at := 0; at+headSize <= len(text); at++ {
		if at >= s.done {
			s.anchor(at)
		}
	}
	return s.matches
}

// byTable is what find finds by looking up pairs.
func byTable(text []byte) []match {
	s := &scanner{table: secretsTable()}
	s.begin(text, false)
	s.secrets(s.suspect(text))
	return s.matches
}

// piecesOfLines are secrets and parts of them, keys, and what stands around.
func piecesOfLines(r *rand.Rand) []string {
	all := slices.Concat(hostile, clean)
	for _, m := range marked {
		all = append(all, unmark.Replace(m.line))
	}
	for i := range tokens {
		all = append(all, tokens[i].example(r))
	}
	for _, a := range anchorsOfSecrets() {
		all = append(all, a.text+"=", strings.ToUpper(a.text)+`":"Zq7aB3dE9xK"`, a.text+": Zq7aB3dE9xK")
	}
	return all
}

func TestLookingUpPairsFindsWhatTryingEveryPlaceFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pieces, found := piecesOfLines(r), 0
	for range 15_000 {
		var line []byte
		for range 1 + r.IntN(5) {
			p := pieces[r.IntN(len(pieces))]
			switch r.IntN(6) {
			case 0:
				p = p[r.IntN(len(p)):]
			case 1:
				p = p[:r.IntN(len(p))]
			}
			line = append(append(line, p...), []string{"", "", " ", "x", `"`, "=", "Zq7aB3dE9xK", ","}[r.IntN(8)]...)
		}
		want, got := atEveryPlace(line), byTable(line)
		if !slices.Equal(got, want) {
			t.Fatalf("%q\n got %v\nwant %v", line, got, want)
		}
		found += len(want)
	}
	if found < 5_000 {
		t.Errorf("only %d secrets were in the lines", found)
	}
}

// Few rounds of a line without secrets have a pair that needs a second look:
// these are what makes such lines expensive.
func TestFewRoundsOfCleanLinesAreLookedAtTwice(t *testing.T) {
	rounds, twice := 0, 0
	for _, line := range corpusLines(t) {
		for rest := []byte(line); len(rest) >= roundSize; rest = rest[round:] {
			rounds++
			if len(secretsTable().pass(rest[:roundSize])) == roundSize {
				twice++
			}
		}
	}
	if share := float64(twice) / float64(rounds); share > 0.3 {
		t.Errorf("%.2f of %d rounds are looked at twice", share, rounds)
	}
}
