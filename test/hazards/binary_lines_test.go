package hazards

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// anything is a line of arbitrary bytes behind a number that makes it unlike
// the others: NULs, escape sequences, broken UTF-8, everything but a newline.
func anything(r *rand.Rand, n int) string {
	b := fmt.Appendf(nil, "#%d ", n)
	for range r.IntN(300) {
		switch c := byte(r.IntN(256)); r.IntN(8) {
		case 0:
			b = append(b, `\x00 "\\"`...)
		case 1:
			b = append(b, 0, 0x1b, '[', '3', '1', 'm', '\r')
		case 2:
			b = append(b, "größe\u2028日本🚀\ufffd"...)
		default:
			if c != '\n' {
				b = append(b, c)
			}
		}
	}
	return string(b)
}

// Whatever bytes a line has, in whatever file: it is one document, from which
// the bytes can be had back, and the agent goes on.
func TestBinaryLinesCanBeHadBack(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	r := rand.New(rand.NewPCG(28, 1))
	var want []document
	plain, cri := n.Path("plain", "binary.log"), n.podLog("binary")
	for i := range 300 {
		text := anything(r, i)
		writeFile(t, plain, text+"\n")
		writeFile(t, cri, "2026-03-05T10:11:12Z stderr F "+text+"\n")
		want = append(want, document{text: text}, document{text: text, stream: "stderr"})
	}
	// A line of nothing but NULs is what a crashed file system leaves.
	zeros := strings.Repeat("\x00", 5000)
	writeFile(t, plain, zeros+"\n\n")
	want = append(want, document{text: zeros}, document{})

	agent := n.start()
	n.compare(agent, want)
	agent.Stop()
}

// What a container runtime never writes is recorded as it stands, and the
// lines around it are what they were.
func TestMalformedRuntimeLinesAreKeptAsTheyStand(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	log := n.podLog("malformed")
	malformed := []string{
		"2026-13-05T10:11:12Z stdout F a month that is none",
		"2026-02-30T10:11:12Z stdout F a day that is none",
		"2026-03-05T10:61:12Z stdout F a minute that is none",
		"2026-03-05T10:11:12.1234567890Z stdout F ten digits",
		"10000-03-05T10:11:12Z stdout F a year too far",
		"1950-03-05T10:11:12Z stdout F a year too long ago",
		"2026-03-05T10:11:12 stdout F no zone",
		"2026-03-05T10:11:12Z stdin F no such stream",
		"2026-03-05T10:11:12Z stdout X no such tag",
		"2026-03-05T10:11:12Z",
		"\x00\x00\x00\x002026-03-05T10:11:12Z stdout F behind a hole",
		"",
		"{",
		`{"log":"cut off`,
		`{"log":"no time\n","stream":"stdout"}`,
		"\xff\xfe garbage",
	}
	var want []document
	for i, line := range malformed {
		good := fmt.Sprint("line ", i)
		writeFile(t, log, "2026-03-05T10:11:12Z stdout F "+good+"\n"+line+"\n")
		want = append(want, document{text: good, stream: "stdout"}, document{text: line, marks: "malformed"})
	}
	agent := n.start()
	n.compare(agent, want)
	agent.Stop()
}

// Pieces of two streams that alternate, cut anywhere, in the middle of
// characters too, make the lines that were written.
func TestInterleavedPiecesMakeTheirLines(t *testing.T) {
	t.Parallel()
	n := newLinesNode(t)
	r := rand.New(rand.NewPCG(28, 2))
	var want []document
	var rest [2]string
	streams := [2]string{"stdout", "stderr"}
	log, docker := n.podLog("pieces"), dockerLog(t, n.Path("docker", "aaa"))
	for i := 0; i < 100 || rest[0]+rest[1] != ""; {
		which := r.IntN(2)
		if rest[which] == "" && i < 100 {
			rest[which] = anything(r, i)
			want = append(want, document{text: rest[which], stream: streams[which]})
			// Docker makes valid characters of what is none, and cuts between them.
			valid := []rune(rest[which])
			want = append(want, document{text: string(valid), stream: streams[which]})
			at := r.IntN(len(valid))
			writeFile(t, docker, dockerPiece(t, string(valid[:at]), streams[which])+dockerPiece(t, string(valid[at:])+"\n", streams[which]))
			i++
		}
		if piece := rest[which]; piece != "" {
			at := r.IntN(len(piece) + 1)
			rest[which] = piece[at:]
			tag := "P"
			if rest[which] == "" {
				tag = "F"
			}
			writeFile(t, log, fmt.Sprintf("2026-03-05T10:11:12Z %s %s %s\n", streams[which], tag, piece[:at]))
		}
	}
	agent := n.start()
	n.compare(agent, want)
	agent.Stop()
}

func dockerLog(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir + "/aaa-json.log"
}

// dockerPiece is a line of Docker's json-file driver.
func dockerPiece(t *testing.T, text, stream string) string {
	t.Helper()
	log, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"log":%s,"stream":%q,"time":"2026-03-05T10:11:12.5Z"}`+"\n", log, stream)
}
