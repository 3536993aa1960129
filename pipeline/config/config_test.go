package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected texts under testdata")

// TestBad reads every file of testdata/bad and compares all that is said
// about it with the text beside it.
func TestBad(t *testing.T) {
	for _, file := range glob(t, "testdata/bad/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Check([]string{file}, testKinds())
			if err == nil {
				t.Fatal("no mistake was found")
			}
			golden(t, file, err.Error()+"\n")
		})
	}
}

// TestGood compares the effective configuration of every file of
// testdata/good, and the warnings, with the text beside it.
func TestGood(t *testing.T) {
	t.Setenv("TEST_HOST", "es")
	t.Setenv("TEST_NUMBER", "0123")
	for _, file := range glob(t, "testdata/good/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden(t, file, effective(t, file))
		})
	}
}

func effective(t *testing.T, uris ...string) string {
	t.Helper()
	cfg, err := Check(uris, testKinds())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, w := range cfg.Warnings {
		out.WriteString("# warning: " + w.Error() + "\n")
	}
	if err := Print(cfg, testKinds(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestPrintIsAConfiguration checks that what print-config shows can be used,
// but for the secrets.
func TestPrintIsAConfiguration(t *testing.T) {
	first := effective(t, "testdata/good/everything.yaml")
	file := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, effective(t, file)); diff != "" {
		t.Errorf("read back (-first +second):\n%s", diff)
	}
}

func TestLaterFilesWin(t *testing.T) {
	got := effective(t, "testdata/merged/base.yaml", "file:testdata/merged/node.yaml",
		"yaml:exporters::elasticsearch::workers: 9")
	golden(t, "testdata/merged/effective.yaml", got)
}

func TestMistakeIsReportedInTheFileThatMadeIt(t *testing.T) {
	_, err := Check([]string{"testdata/merged/base.yaml", "testdata/merged/wrong.yaml"}, testKinds())
	if err == nil || !strings.HasPrefix(err.Error(), "testdata/merged/wrong.yaml:3: exporters.elasticsearch.timeout: ") {
		t.Errorf("error %v does not name the second file's line 3", err)
	}
}

func TestConfigurationInAVariable(t *testing.T) {
	t.Setenv("TEST_CONFIG", "receivers: {pods: {}}\nexporters: {console: {typo: 1}}\n"+
		"service: {pipelines: {logs: {receivers: [pods], exporters: [console]}}}\n")
	_, err := Check([]string{"env:TEST_CONFIG"}, testKinds())
	if err == nil || !strings.HasPrefix(err.Error(), "env:TEST_CONFIG:2: exporters.console.typo: unknown key") {
		t.Errorf("error %v does not name the variable's line 2", err)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load([]string{"testdata/none.yaml"})
	const want = "there is no file testdata/none.yaml: write the right path"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestAPipeIsNoConfiguration: nobody may write to it ever, and then a reload
// would wait, and the end of the agent with it.
func TestAPipeIsNoConfiguration(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "config.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load([]string{pipe})
	if err == nil || !strings.Contains(err.Error(), pipe+" is a pipe") {
		t.Errorf("error %v does not say that it is a pipe", err)
	}
}

func TestDefaultIsValid(t *testing.T) {
	cfg := Default()
	if err := Validate(cfg, testKinds()); err != nil {
		t.Error(err)
	}
	if len(cfg.Warnings) > 0 {
		t.Error(cfg.Warnings)
	}
}

// TestDecodeKeepsDefaults checks that a section changes what it names and
// nothing else.
func TestDecodeKeepsDefaults(t *testing.T) {
	cfg, err := Load([]string{"testdata/merged/base.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	es := *testKinds().Exporters["elasticsearch"]().(*elasticsearchConfig)
	want := es
	want.Endpoints = []string{"https://base:9200", "https://base2:9200"}
	want.Timeout = 10e9
	if err := Decode(cfg.Exporters[ID{Type: "elasticsearch"}], &es); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, es, cmp.AllowUnexported(elasticsearchConfig{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestReference(t *testing.T) {
	var out bytes.Buffer
	if err := Reference(testKinds(), &out); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/reference.md", out.String())
}

// FuzzLoad checks that no text panics, and that a configuration that is
// accepted prints as one that is accepted.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "${") {
			t.Skip("references may name any file")
		}
		cfg, err := Check([]string{"yaml:" + text}, testKinds())
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Print(cfg, testKinds(), &out); err != nil {
			t.Fatal(err)
		}
		printed := strings.ReplaceAll(out.String(), "$", "$$")
		if _, err := Check([]string{"yaml:" + printed}, testKinds()); err != nil {
			t.Fatalf("printed configuration is refused: %v\n%s", err, out.String())
		}
	})
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

// golden compares got with the text beside file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	name := strings.TrimSuffix(file, ".yaml")
	name = strings.TrimSuffix(name, ".md") + ".txt"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
