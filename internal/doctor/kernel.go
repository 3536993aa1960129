package doctor

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptors compares how many files there are with how many a process may
// open; 0 is this one.
func Descriptors(pid, files int) Finding {
	const check = "descriptors"
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		return fine(check, "the limit of process %d is not known: %v", pid, err).or(Warning, "ask as root")
	}
	// The Go runtime raises its soft limit to the hard one.
	f := fine(check, "%d log files, and %d descriptors", files, limit.Max)
	if n := OpenDescriptors("/proc", pid); pid > 0 && n >= 0 {
		f.Says += fmt.Sprintf(", of which the agent has %d", n)
	}
	switch {
	case limit.Max < 64:
		return f.or(Wrong, "raise the limit to 1024 at least (ulimit -n, LimitNOFILE=)")
	case uint64(files) > limit.Max/4*3:
		f.Says += "; idle files are closed and opened again when they grow"
		return f.or(Warning, "raise the limit (ulimit -n, LimitNOFILE=) to have all of them open")
	}
	return f
}

// Inotify is where the kernel keeps its limits (inotify(7)).
const Inotify = "/proc/sys/fs/inotify"

// Watches compares how many directories there are to be watched with the
// limits in a directory such as Inotify, of which other processes of the same
// user have their uses. Polled is how many directories a running agent has no
// watch for.
func Watches(limits string, directories, polled int, others Uses) Finding {
	const check, cure = "inotify", "sysctl fs.inotify.max_user_watches=%d fs.inotify.max_user_instances=512, and write it to /etc/sysctl.d"
	watches, err := number(limits + "/max_user_watches")
	if err != nil {
		return fine(check, "the kernel's limits are not known: %v", err).or(Warning, "mount /proc")
	}
	instances, _ := number(limits + "/max_user_instances")
	f := fine(check, "%d directories to watch, %d watches and %d instances allowed, of which other processes have %d and %d",
		directories, watches, instances, others.Watches, others.Instances)
	enough := fmt.Sprintf(cure, max(65536, 2*(directories+others.Watches)))
	directories += others.Watches
	switch {
	case polled > 0:
		f.Says += fmt.Sprintf("; the running agent has none for %d of them and looks at those again and again", polled)
		return f.or(Wrong, enough)
	case directories > watches || others.Instances >= instances:
		f.Says += "; the others are looked at again and again, and files in them found a little later"
		return f.or(Wrong, enough)
	case directories > watches/2:
		return f.or(Warning, enough)
	}
	return f
}

func number(name string) (int, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// earliest is before any time at which this can run.
var earliest = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Clock says whether the clock can be right: documents get their time from it
// when their lines have none.
func Clock(now time.Time) Finding {
	f := fine("clock", "%s", now.UTC().Format(time.RFC3339))
	if now.Before(earliest) {
		return f.or(Wrong, "set the clock; run a time service such as chrony")
	}
	// Whether the clock is synchronised is known only if the kernel is told
	// (adjtimex(2), STA_UNSYNC).
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err == nil && t.Status&unix.STA_UNSYNC != 0 {
		f.Says += ", not known to be synchronised"
		return f.or(Warning, "run a time service such as chrony or systemd-timesyncd")
	}
	return f
}
