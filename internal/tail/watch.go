package tail

import (
	"encoding/binary"
	"log/slog"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// watchMask asks for names that come and go. Writes are not asked for: a busy
// file would raise an event for each; files are measured instead.
const watchMask = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE |
	unix.IN_DELETE_SELF | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW

// watcher reports directories in which names came or went (inotify(7)).
// Without inotify it reports nothing and scanning at intervals has to do.
type watcher struct {
	// changed gets the directory's name; empty when events were lost.
	changed chan string

	log    *slog.Logger
	fd     int
	file   *os.File
	stop   chan struct{}
	closed sync.WaitGroup

	mu   sync.Mutex
	dirs map[string]int32
	wds  map[int32]string
	full bool
}

func newWatcher(log *slog.Logger) *watcher {
	w := &watcher{
		changed: make(chan string), stop: make(chan struct{}), log: log, fd: -1,
		dirs: make(map[string]int32), wds: make(map[int32]string),
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		log.Warn("directories are not watched; new log files are found by looking for them at intervals. "+
			"Raise fs.inotify.max_user_instances", "error", err)
		return w
	}
	w.fd, w.file = fd, os.NewFile(uintptr(fd), "inotify")
	w.closed.Go(w.run)
	return w
}

func (w *watcher) close() {
	close(w.stop)
	if w.file != nil {
		_ = w.file.Close()
	}
	w.closed.Wait()
}

// follow watches the directories that the providers looked into and reports
// whether there are new ones.
func (w *watcher) follow(providers []Provider) bool {
	if w.file == nil {
		return false
	}
	added := false
	wanted := make(map[string]bool)
	for _, p := range providers {
		for _, dir := range p.Watch() {
			wanted[dir] = true
			added = w.add(dir) || added
		}
	}
	w.drop(wanted)
	return added
}

func (w *watcher) add(dir string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.dirs[dir]; ok {
		return false
	}
	wd, err := unix.InotifyAddWatch(w.fd, dir, watchMask)
	if err != nil {
		w.complain(dir, err)
		return false
	}
	w.dirs[dir], w.wds[int32(wd)] = int32(wd), dir
	return true
}

// complain says once that watches have run out.
func (w *watcher) complain(dir string, err error) {
	if err == unix.ENOENT || err == unix.ENOTDIR || w.full {
		return
	}
	w.full = true
	w.log.Warn("some directories are not watched; log files in them are found by looking for them at intervals. "+
		"Raise fs.inotify.max_user_watches", "directory", quote(dir), "error", err)
}

// drop forgets directories that nobody looks into any more.
func (w *watcher) drop(wanted map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for dir, wd := range w.dirs {
		if !wanted[dir] {
			// It fails for a directory that is gone: then the kernel has dropped it.
			_, _ = unix.InotifyRmWatch(w.fd, uint32(wd))
			delete(w.dirs, dir)
			delete(w.wds, wd)
		}
	}
}

func (w *watcher) run() {
	buf := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buf)
		if err != nil {
			return
		}
		for dir := range w.parse(buf[:n]) {
			select {
			case w.changed <- dir:
			case <-w.stop:
				return
			}
		}
	}
}

// parse collects the directories of a batch of events, each once.
func (w *watcher) parse(p []byte) map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	dirs := make(map[string]bool)
	for len(p) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(p))
		mask := binary.NativeEndian.Uint32(p[4:])
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(p[12:]))
		dir, known := w.wds[wd]
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			dirs[""] = true
		case mask&unix.IN_IGNORED != 0 && known:
			delete(w.wds, wd)
			delete(w.dirs, dir)
		case known:
			dirs[dir] = true
		}
		p = p[min(size, len(p)):]
	}
	return dirs
}
