package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Uses are what the processes of a user have of the kernel's inotify limits.
type Uses struct{ Watches, Instances int }

// InotifyUses counts those of the processes below proc that run as a user, but
// for one: the kernel's limits are per user (inotify(7)). Processes that may not
// be looked at are left out.
func InotifyUses(proc string, uid, except int) (u Uses) {
	dirs, _ := filepath.Glob(filepath.Join(proc, "[0-9]*"))
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		st, statErr := os.Stat(dir)
		if err != nil || statErr != nil || pid == except {
			continue
		}
		if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) == uid {
			u.add(dir)
		}
	}
	return u
}

// add counts a process: each of its inotify descriptors has a line for each
// watch in its fdinfo (proc_pid_fdinfo(5)).
func (u *Uses) add(dir string) {
	fds, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, fd := range fds {
		what, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if err != nil || what != "anon_inode:inotify" {
			continue
		}
		info, err := os.ReadFile(filepath.Join(dir, "fdinfo", fd.Name()))
		if err != nil {
			continue
		}
		u.Instances++
		u.Watches += bytes.Count(append([]byte("\n"), info...), []byte("\ninotify "))
	}
}

// OpenDescriptors counts those of a process, -1 when it may not be looked at.
func OpenDescriptors(proc string, pid int) int {
	fds, err := os.ReadDir(filepath.Join(proc, strconv.Itoa(pid), "fd"))
	if err != nil {
		return -1
	}
	return len(fds)
}
