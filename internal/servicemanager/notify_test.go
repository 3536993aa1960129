package servicemanager

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// systemd is a socket as systemd gives it to a service.
type systemd struct {
	t    *testing.T
	conn *net.UnixConn
	name string
}

func listen(t *testing.T, name string) *systemd {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &systemd{t, conn, name}
}

// told is the next message.
func (s *systemd) told() string {
	s.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := s.conn.Read(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b[:n])
}

func environment(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestSystemdIsToldOfEachStep(t *testing.T) {
	for name, socket := range map[string]string{
		"a path":  filepath.Join(t.TempDir(), "notify"),
		"no file": "@tailrace-" + strings.ReplaceAll(t.TempDir(), "/", "-"),
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, socket)
			m, err := FromEnvironment(environment(map[string]string{envSocket: socket}), 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range []struct {
				tell func() error
				want string
			}{{m.Ready, "READY=1"}, {m.Reloading, "RELOADING=1"}, {m.Ready, "READY=1"}, {m.Stopping, "STOPPING=1"}} {
				if err := step.tell(); err != nil {
					t.Fatal(err)
				}
				if got, _, _ := strings.Cut(s.told(), "\n"); got != step.want {
					t.Errorf("systemd was told %q, wanted %q", got, step.want)
				}
			}
		})
	}
}

// TestReloadingComesWithTheTime checks what systemd.service(5) asks for: the
// clock that systemd goes by, in microseconds, at the time of the message.
func TestReloadingComesWithTheTime(t *testing.T) {
	s := listen(t, filepath.Join(t.TempDir(), "notify"))
	monotonic := func() int64 {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		return now.Nano() / 1000
	}
	before := monotonic()
	if err := (Manager{socket: s.name}).Reloading(); err != nil {
		t.Fatal(err)
	}
	message := s.told()
	var usec int64
	for line := range strings.SplitSeq(message, "\n") {
		if value, ok := strings.CutPrefix(line, "MONOTONIC_USEC="); ok {
			usec, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	if usec < before || usec > monotonic() {
		t.Errorf("%d is not between %d and now: %q", usec, before, message)
	}
}

func TestNobodyIsToldWithoutSystemd(t *testing.T) {
	m, err := FromEnvironment(environment(nil), 7)
	if err == nil {
		err = errors.Join(m.Ready(), m.Stopping())
	}
	if err != nil {
		t.Error(err)
	}
	m.KeepAlive(t.Context(), slog.New(slog.DiscardHandler), func() error { return nil }) // It returns.
}

func TestASocketThatIsGoneIsAnError(t *testing.T) {
	m := Manager{socket: filepath.Join(t.TempDir(), "gone")}
	if err := m.Ready(); err == nil || !strings.Contains(err.Error(), "READY=1") {
		t.Errorf("the error is %v", err)
	}
}

func TestWatchdogIsReadFromTheEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		usec, pid string
		want      time.Duration
		wrong     bool
	}{
		"ours":        {"30000000", "7", 30 * time.Second, false},
		"anybody's":   {"30000000", "", 30 * time.Second, false},
		"another's":   {"30000000", "8", 0, false},
		"none":        {"", "", 0, false},
		"nonsense":    {"soon", "", 0, true},
		"never a sec": {"0", "", 0, true},
	} {
		m, err := FromEnvironment(environment(map[string]string{envSocket: "x", envWatchdog: c.usec, envWatchdogPID: c.pid}), 7)
		if m.watchdog != c.want || (err != nil) != c.wrong {
			t.Errorf("%s: %v, %v", name, m.watchdog, err)
		}
	}
}

// TestSignsOfLifeComeOnlyWhileTheAgentIsNotStuck counts, on a clock of the
// test's own, what systemd is told in four and a half seconds.
func TestSignsOfLifeComeOnlyWhileTheAgentIsNotStuck(t *testing.T) {
	for name, c := range map[string]struct {
		stuck error
		want  int
	}{
		"alive": {nil, 5},
		"stuck": {errors.New("a lane has made no progress for 2m0s"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := listen(t, filepath.Join(t.TempDir(), "notify"))
			m := Manager{socket: s.name, watchdog: 2 * time.Second}
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
				defer cancel()
				m.KeepAlive(ctx, slog.New(slog.DiscardHandler), func() error { return c.stuck })
			})
			if err := (Manager{socket: s.name}).send("END"); err != nil {
				t.Fatal(err)
			}
			beats := 0
			for s.told() == "WATCHDOG=1" {
				beats++
			}
			if beats != c.want {
				t.Errorf("%d signs of life, wanted %d", beats, c.want)
			}
		})
	}
}
