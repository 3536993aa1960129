package tail

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A container that puts something else in the place of its log is told so in
// the status, and nothing is read or waited for.
func TestHostileOpen(t *testing.T) {
	secret := t.TempDir() + "/secret"
	if err := os.WriteFile(secret, []byte("@01 stdout F secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, reason string
		put          func(path string) error
	}{
		{"symbolic link", "a symbolic link is in its path", func(path string) error { return os.Symlink(secret, path) }},
		{"FIFO", "not a regular file", func(path string) error { return unix.Mkfifo(path, 0o644) }},
		{"directory", "not a regular file", func(path string) error { return os.Mkdir(path, 0o755) }},
		{"hard link", "it has more than one hard link", func(path string) error { return os.Link(secret, path) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.append("good.log", []string{"@01 stdout F hello"}, true)
			if err := tt.put(w.path("bad.log")); err != nil {
				t.Skip(err)
			}
			w.look()
			if got, want := w.read(), "good gen=0 [0,35) stdout @01 \"hello\"\n"; got != want {
				t.Errorf("read %s, want %s", got, want)
			}
			want := "bad.log 0/0 refused: " + tt.reason + "\ngood.log 36/36 idle\n"
			if got := w.files(); got != want {
				t.Errorf("files:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// A link that takes the place of a file that is being read changes nothing:
// what is open is what was looked at.
func TestSwapMidRead(t *testing.T) {
	secret := t.TempDir() + "/secret"
	if err := os.WriteFile(secret, []byte("2026-03-05T10:11:01Z stdout F secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.append("a.log", []string{"@01 stdout F one"}, true)
	w.look()
	w.must(os.Rename(w.path("a.log"), w.path("a.log.1")))
	w.must(os.Symlink(secret, w.path("a.log")))
	w.append("a.log.1", []string{"@02 stdout F two"}, true)
	w.look()
	want := "a gen=0 [0,33) stdout @01 \"one\"\na gen=0 [34,67) stdout @02 \"two\"\n"
	if got := w.read(); got != want {
		t.Errorf("read %s, want %s", got, want)
	}
}

// One container's file that cannot be read does not keep the others waiting.
func TestUnreadableFile(t *testing.T) {
	w := newWorld(t)
	w.append("a.log", []string{"@01 stdout F one"}, true)
	w.append("b.log", []string{"@01 stdout F two"}, true)
	w.look()
	f := w.engine.chains["a"].files[0]
	// A descriptor that is open for writing only stands for a disk's EIO.
	fd, err := unix.Open(w.path("a.log"), unix.O_WRONLY, 0)
	w.must(err)
	good := f.fd
	f.fd = fd
	if got, want := w.read(), "b gen=0 [0,33) stdout @01 \"two\"\n"; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if got, want := w.files(), "a.log 0/34 failed: bad file descriptor\nb.log 34/34 idle\n"; got != want {
		t.Errorf("files:\n%s\nwant:\n%s", got, want)
	}
	f.fd = good
	w.must(unix.Close(fd))
	w.now = w.now.Add(time.Second)
	w.look()
	if got, want := w.read(), "a gen=0 [0,33) stdout @01 \"one\"\n"; got != want {
		t.Errorf("after a second: read %s, want %s", got, want)
	}
}
