package multiline

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// joined calls use with each line that goes on with the one before it.
func joined(text []byte, use func(before, line []byte)) (lines int) {
	var m Machine
	var before []byte
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if v := m.Next(line); v == Continue || v == Trace && IsError(before) {
			use(before, line)
		}
		before = line
		lines++
	}
	return lines
}

// TestLinesOfLoggersAreRecordsOfTheirOwn gives the machine the lines that real
// programs wrote in all formats, errors among them: none goes on with another, but
// what is indented.
func TestLinesOfLoggersAreRecordsOfTheirOwn(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/formats/*/*.log")
	if err != nil || len(files) < 40 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		joined(text, func(before, line []byte) {
			if len(line) > 0 && kinds[line[0]] != indent {
				t.Errorf("%s: taken for one record:\n%s\n%s", file, before, line)
			}
		})
	}
}

// negativeLines is how many lines of code and prose are tried.
const negativeLines = 120_000

// TestCodeAndProseAreNoTraces gives the machine the sources of Go and what is beside
// them without their indentation, which joins lines in any log: none goes on with
// another, but in what quotes a trace.
func TestCodeAndProseAreNoTraces(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(root)), "src"), func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || lines > negativeLines {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte("goroutine ")) || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		var plain []byte
		for line := range bytes.Lines(text) {
			plain = append(plain, bytes.TrimLeft(line, " \t")...)
		}
		lines += joined(plain, func(before, line []byte) {
			if len(line) > 0 {
				t.Errorf("%s: taken for one record:\n%s\n%s", file, before, line)
			}
		})
		return nil
	})
	if err != nil || lines < negativeLines {
		t.Error(lines, err)
	}
}
