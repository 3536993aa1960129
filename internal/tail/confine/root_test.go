package confine

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// tree is a root with one honest file, and a secret beside it.
func tree(t *testing.T) (root, outside string) {
	t.Helper()
	base := t.TempDir()
	root, outside = filepath.Join(base, "root"), filepath.Join(base, "outside")
	for _, dir := range []string{filepath.Join(root, "pod"), outside} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{filepath.Join(root, "pod", "0.log"), filepath.Join(outside, "secret")} {
		if err := os.WriteFile(name, []byte("line\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, outside
}

// both runs a test with openat2 and with the walk that stands in for it.
func both(t *testing.T, test func(t *testing.T, r *Root, outside string)) {
	for name, walk := range map[string]bool{"openat2": false, "walk": true} {
		t.Run(name, func(t *testing.T) {
			root, outside := tree(t)
			r, err := OpenRoot(root)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			r.walk = walk
			test(t, r, outside)
		})
	}
}

func TestOpen(t *testing.T) {
	both(t, func(t *testing.T, r *Root, _ string) {
		fd, st, err := r.Open("pod/0.log")
		if err != nil || st.Size != 5 {
			t.Fatalf("size %d, %v", st.Size, err)
		}
		if err := unix.Close(fd); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Open("pod/1.log"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
	})
}

// Whoever can write below the root can put anything there.
func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, open, reason string
		put                func(root, outside string) error
	}{
		{"link to a file outside", "pod/x", SymbolicLink, func(root, outside string) error {
			return os.Symlink(outside+"/secret", root+"/pod/x")
		}},
		{"link to a file inside", "pod/x", SymbolicLink, func(root, _ string) error {
			return os.Symlink("0.log", root+"/pod/x")
		}},
		{"link in place of a directory", "link/secret", SymbolicLink, func(root, outside string) error {
			return os.Symlink(outside, root+"/link")
		}},
		{"link to /dev/zero", "pod/x", SymbolicLink, func(root, _ string) error {
			return os.Symlink("/dev/zero", root+"/pod/x")
		}},
		{"link through /proc", "pod/x/root/etc/passwd", SymbolicLink, func(root, _ string) error {
			return os.Symlink("/proc/self", root+"/pod/x")
		}},
		{"hard link", "pod/x", HardLink, func(root, outside string) error {
			return os.Link(outside+"/secret", root+"/pod/x")
		}},
		{"FIFO", "pod/x", NotRegular, func(root, _ string) error {
			return unix.Mkfifo(root+"/pod/x", 0o644)
		}},
		{"directory", "pod", NotRegular, func(string, string) error { return nil }},
		{"socket", "pod/x", NotRegular, func(root, _ string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: root + "/pod/x", Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}},
		{"dots", "../outside/secret", Outside, func(string, string) error { return nil }},
		{"dots in the middle", "pod/../../outside/secret", Outside, func(string, string) error { return nil }},
		{"absolute name", "/etc/passwd", Outside, func(string, string) error { return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, r *Root, outside string) {
				if err := tt.put(r.Path(), outside); err != nil {
					t.Skip(err)
				}
				fd, _, err := r.Open(tt.open)
				var refused *Refused
				if !errors.As(err, &refused) || refused.Reason != tt.reason {
					t.Errorf("descriptor %d, %v, want refused: %s", fd, err, tt.reason)
				}
			})
		})
	}
}

func TestOpenRefusesOtherDevices(t *testing.T) {
	both(t, func(t *testing.T, r *Root, _ string) {
		r.dev++
		_, _, err := r.Open("pod/0.log")
		var refused *Refused
		if !errors.As(err, &refused) || refused.Reason != OtherDevice {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpenRefusesDeviceFiles(t *testing.T) {
	both(t, func(t *testing.T, r *Root, _ string) {
		// 1:5 is /dev/zero (Linux allocated devices).
		if err := unix.Mknod(r.Path()+"/zero", unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))); err != nil {
			t.Skip("device files cannot be made here: ", err)
		}
		_, _, err := r.Open("zero")
		var refused *Refused
		if !errors.As(err, &refused) || refused.Reason != NotRegular {
			t.Errorf("got %v", err)
		}
	})
}

func TestReadDir(t *testing.T) {
	both(t, func(t *testing.T, r *Root, outside string) {
		entries, err := r.ReadDir("pod", 10)
		if err != nil || len(entries) != 1 || entries[0].Name() != "0.log" {
			t.Errorf("%v, %v", entries, err)
		}
		if err := os.Symlink(outside, r.Path()+"/link"); err != nil {
			t.Fatal(err)
		}
		var many *TooMany
		if entries, err := r.ReadDir(".", 1); len(entries) != 1 || !errors.As(err, &many) || many.Limit != 1 {
			t.Errorf("of a directory with several entries one is asked for: %v, %v", entries, err)
		}
		var refused *Refused
		if entries, err := r.ReadDir("link", 10); !errors.As(err, &refused) {
			t.Errorf("listed %v through a link, %v", entries, err)
		}
	})
}
