package main

import (
	"strings"
	"testing"
)

const stream = `
{"Action":"output","Package":"p","Test":"TestGood","Output":"    a_test.go:1: RESULT kills=3\n"}
{"Action":"pass","Package":"p","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    a_test.go:2: wrong figure\n"}
{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestOff","Output":"=== RUN TestOff\n"}
{"Action":"output","Package":"p","Test":"TestOff","Output":"    a_test.go:3: needs a GPU\n"}
{"Action":"output","Package":"p","Test":"TestOff","Output":"--- SKIP: TestOff (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestOff"}
{"Action":"run","Package":"p","Test":"TestLong"}
{"Action":"output","Package":"p","Test":"TestLong","Output":"    a_test.go:4: still waiting\n"}
{"Action":"run","Package":"p","Test":"TestLater"}
{"Action":"pause","Package":"p","Test":"TestLater"}
{"Action":"fail","Package":"p","Elapsed":0.4}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: syntax error\n"}
{"ImportPath":"q","Action":"build-fail"}
`

func TestSummarySaysWhatHappened(t *testing.T) {
	var out strings.Builder
	s := newSummary(&out)
	if err := s.read(strings.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	s.print()
	for _, want := range []string{
		"1 tests passed, 2 failed, 1 skipped in 1 packages",
		"wrong figure",
		"TestGood: kills=3",
		"skipped p TestOff: a_test.go:3: needs a GPU",
		"q.go:1: syntax error",
		"FAILED q",
		"FAILED p",
		"still waiting",
		"DID NOT END p TestLong",
		"100ms  p TestGood",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "TestLater") {
		t.Errorf("a test that waited for its turn is blamed:\n%s", out.String())
	}
}
