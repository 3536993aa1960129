package demo

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open runs a shop for so long by the clock of a synctest bubble, then
// returns it.
func open(t *testing.T, s *Shop, length time.Duration) *Shop {
	t.Helper()
	s.Dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

// unrotated is a size that no log of a test reaches.
const unrotated = 1 << 30

var (
	podDir     = regexp.MustCompile(`^shop_[a-z0-9.-]+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	logName    = regexp.MustCompile(`^\d+\.log(\.\d{8}-\d{6})?$`)
	criLine    = regexp.MustCompile(`^\S+Z (stdout|stderr) ([PF]) `)
	anyTraceID = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
)

// written maps "pod/container" to its log files, in order of name: the live
// one first.
func written(t *testing.T, s *Shop) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Dir, "*", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	logs := map[string][]string{}
	for _, f := range files {
		rel, _ := filepath.Rel(s.Dir, f)
		dir, name := filepath.Split(rel)
		dir = strings.TrimSuffix(dir, "/")
		if !podDir.MatchString(filepath.Dir(dir)) || !logName.MatchString(name) {
			t.Errorf("%s is not a name of the kubelet's", rel)
		}
		logs[dir] = append(logs[dir], f)
	}
	return logs
}

func read(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestEveryLineIsCountedAndIsCRI(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated}, 20*time.Second)
	stats, total := s.Stats(), uint64(0)
	for dir, files := range written(t, s) {
		lines := read(t, files[0])
		for _, l := range lines {
			if m := criLine.FindString(l); m == "" || len(l)-len(m) > maxChunk+1 {
				t.Errorf("%s: not a CRI line: %.80q", dir, l)
			}
		}
		if got := stats.Files[dir].Lines; got != uint64(len(lines)) {
			t.Errorf("%s: %d lines in the file, %d counted", dir, len(lines), got)
		}
		total += uint64(len(lines))
	}
	if stats.Lines != total {
		t.Errorf("%d lines in all, %d counted", total, stats.Lines)
	}
}

func TestFirstRequestIsServedAtOnce(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated}, 100*time.Millisecond)
	if s.Stats().Requests == 0 {
		t.Error("no request was served within 100 ms")
	}
}

func TestRateIsKept(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated, Rate: 200}, 10*time.Second)
	if n := s.Stats().Requests; n < 1990 || n > 2010 {
		t.Errorf("%d requests in 10 s at 200/s", n)
	}
}

// TestOneTraceRunsThroughTheShop follows an order.
func TestOneTraceRunsThroughTheShop(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated}, 20*time.Second)
	id := s.Stats().TraceID
	var seen []string
	for dir, files := range written(t, s) {
		if slices.ContainsFunc(read(t, files[0]), func(l string) bool { return strings.Contains(l, id) }) {
			seen = append(seen, filepath.Base(dir))
		}
	}
	slices.Sort(seen)
	if got := strings.Join(seen, " "); got != "checkout inventory nginx payments" && got != "checkout edge inventory payments" {
		t.Errorf("trace %s is in %s", id, got)
	}
}

func TestEveryLineHasATrace(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated}, 20*time.Second)
	for dir, files := range written(t, s) {
		for _, l := range joined(t, files[0]) {
			if !anyTraceID.MatchString(l) && !stackLine.MatchString(l) {
				t.Errorf("%s: no trace id in %.300s", dir, l)
			}
		}
	}
}

var stackLine = regexp.MustCompile(`^(\t(at |\.\.\. )|Caused by: |com\.shop\.)`)

// TestStackTracesAreWritten looks for the lines of a trace one behind the other.
func TestStackTracesAreWritten(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated, Rate: 400}, 20*time.Second)
	for dir, files := range written(t, s) {
		if filepath.Base(dir) != "payments" {
			continue
		}
		text := strings.Join(joined(t, files[0]), "\n")
		if n := strings.Count(text, ": failed ("); n == 0 || n != strings.Count(text, "\ncom.shop.payments.BankTimeoutException: no answer from the bank after 3 attempts\n\tat ") {
			t.Errorf("%d payments failed, and not each with a trace", n)
		}
	}
}

// joined are the lines of a log as the container wrote them.
func joined(t *testing.T, file string) []string {
	t.Helper()
	var lines []string
	var whole strings.Builder
	for _, l := range read(t, file) {
		head := criLine.FindStringSubmatch(l)
		whole.WriteString(strings.TrimSuffix(l[len(head[0]):], "\n"))
		if head[2] == "F" {
			lines = append(lines, whole.String())
			whole.Reset()
		}
	}
	return lines
}

func TestJSONContainersWriteJSON(t *testing.T) {
	s := open(t, &Shop{RotateAt: unrotated, Rate: 400}, 60*time.Second)
	longest := 0
	for dir, files := range written(t, s) {
		if name := filepath.Base(dir); name != "edge" && name != "cart" && name != "checkout" {
			continue
		}
		for _, l := range joined(t, files[0]) {
			if !json.Valid([]byte(l)) {
				t.Fatalf("%s: not JSON: %.200s", dir, l)
			}
			longest = max(longest, len(l))
		}
	}
	if longest <= maxChunk {
		t.Errorf("the longest line has %d bytes: none was split", longest)
	}
}

func TestLogsRotateAsTheKubeletRotates(t *testing.T) {
	for _, rate := range []float64{8, 40} {
		half := open(t, &Shop{Rate: rate}, 30*time.Second)
		for _, want := range []string{"nginx", "inventory"} {
			if n := rotations(half, want); n == 0 {
				t.Errorf("%s did not rotate within 30 s at %v requests/s", want, rate)
			}
		}
	}
	long := open(t, &Shop{RotateAt: 8 << 10}, 3*time.Minute)
	for dir, files := range written(t, long) {
		if n := long.Stats().Files[dir].Rotations; n > 2*maxFiles && len(files) > n {
			t.Errorf("%s rotated %d times and still has %d files", dir, n, len(files))
		}
		if len(files) < maxFiles && long.Stats().Files[dir].Rotations >= maxFiles {
			t.Errorf("%s has only %d files left", dir, len(files))
		}
	}
}

func rotations(s *Shop, container string) int {
	for dir, f := range s.Stats().Files {
		if filepath.Base(dir) == container {
			return f.Rotations
		}
	}
	return 0
}

func TestUnusableDirectoryEndsTheShop(t *testing.T) {
	s := &Shop{Dir: filepath.Join(t.TempDir(), "file")}
	if err := os.WriteFile(s.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("no error where no directory can be made")
	}
}
