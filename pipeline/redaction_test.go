package pipeline

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// A pipeline that names no processor takes secrets out all the same: they are
// neither with the exporter nor in any file below the state directory.
func TestSecretsAreNeverOnDisk(t *testing.T) {
	n := newNode(t)
	n.write(`{"msg":"login","password":"hunter2hunter2"}`, `GET /?access_token=hunter2hunter2`,
		`{"msg":"failed","err":{"type":"Error","message":"x","stack":"Error: x\n    at f (postgres://app:hunter2hunter2@db/shop)"}}`,
		`{"msg":"headers","request":{"headers":{"Authorization":["Basic hunter2hunter2"]}}}`,
		`of no format at all: Bearer hunter2hunter2hunter2`,
		`-----BEGIN PRIVATE KEY-----`, strings.Repeat("hunter2", 9), `hunter2hunter2`, `-----END PRIVATE KEY-----`,
		`the last one`)
	_, stop := n.start("{console: {}}")
	n.until("the last line to come", func() bool { return strings.Contains(n.out.String(), "the last one") })
	stop()
	if out := n.out.String(); strings.Contains(out, "hunter2") || strings.Count(out, "REDACTED") < 7 {
		t.Error(out)
	}
	found := false
	err := filepath.WalkDir(filepath.Join(n.dir, "state"), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			// A segment is room for more members than it has.
			plain, _ := io.ReadAll(z)
			data = append(data, plain...)
		}
		found = found || bytes.Contains(data, []byte("REDACTED"))
		if bytes.Contains(data, []byte("hunter2")) {
			t.Errorf("%s has the secret", name)
		}
		return nil
	})
	if err != nil || !found {
		t.Error("the journal was not looked at", err)
	}
}
