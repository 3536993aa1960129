package tail

import (
	"encoding/binary"
	"log/slog"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// watchMask asks for names that come and go. Writes are not asked for: a busy
// file would raise an event for each; files are measured instead.
const watchMask = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE |
	unix.IN_DELETE_SELF | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW

// watcher reports directories in which names came or went (inotify(7)). Those
// that the kernel has no watches for are looked at now and then instead.
type watcher struct {
	// changed is ready when take has something.
	changed chan struct{}

	log    *slog.Logger
	fd     int
	file   *os.File
	closed sync.WaitGroup

	mu      sync.Mutex
	dirs    map[string]int32
	wds     map[int32]string
	pending area

	// What follows is the engine's, but for the counts.
	polled map[string]stamp
	next   int64
	// exhausted says that the kernel had no watch for a directory, told that a
	// user was told so.
	exhausted, told  bool
	watches, polling atomic.Int64
}

// area is a set of directories with everything below them; the empty name is
// everything.
type area map[string]bool

func newArea(dirs []string) area {
	a := make(area, len(dirs))
	for _, dir := range dirs {
		a[dir] = true
	}
	return a
}

// has says whether a path is below one of the directories.
func (a area) has(path string) bool {
	if a[""] {
		return true
	}
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		if a[path[:i]] {
			return true
		}
	}
	return a["/"]
}

func newWatcher(log *slog.Logger) *watcher {
	return &watcher{
		changed: make(chan struct{}, 1), log: log, fd: -1,
		dirs: make(map[string]int32), wds: make(map[int32]string), pending: make(area),
		polled: make(map[string]stamp),
	}
}

func (w *watcher) close() {
	if w.file != nil {
		_ = w.file.Close()
	}
	w.closed.Wait()
}

// start asks for an inotify instance unless there is one.
func (w *watcher) start() error {
	if w.file != nil {
		return nil
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return err
	}
	w.fd, w.file = fd, os.NewFile(uintptr(fd), "inotify")
	w.closed.Go(w.run)
	return nil
}

// follow watches the directories that the providers looked into, and returns
// those that are watched from now on. Watches that were not to be had are asked
// for again when retry is set.
func (w *watcher) follow(providers []Provider, retry bool) []string {
	w.exhausted = w.exhausted && !retry
	wanted := make(map[string]bool)
	var added []string
	for _, p := range providers {
		for _, dir := range p.Watch() {
			wanted[dir] = true
			if w.add(dir) {
				added = append(added, dir)
			}
		}
	}
	w.drop(wanted)
	if w.told && len(w.polled) == 0 {
		w.told = false
		w.log.Info("all directories are watched again")
	}
	return added
}

// add reports whether the directory was not watched before and is now.
func (w *watcher) add(dir string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if wd, ok := w.dirs[dir]; ok {
		// The string that the provider has, so that not both are kept.
		w.dirs[dir], w.wds[wd] = wd, dir
		return false
	}
	wd, err := w.watch(dir)
	if err != nil {
		w.poll(dir)
		return false
	}
	delete(w.polled, dir)
	w.dirs[dir], w.wds[int32(wd)] = int32(wd), dir
	return true
}

func (w *watcher) watch(dir string) (int, error) {
	if w.exhausted {
		return -1, unix.ENOSPC
	}
	if err := w.start(); err != nil {
		w.exhaust(err, "Raise fs.inotify.max_user_instances (sysctl), or the limit of open files")
		return -1, err
	}
	wd, err := unix.InotifyAddWatch(w.fd, dir, watchMask)
	if err == unix.ENOSPC || err == unix.ENOMEM {
		w.exhaust(err, "Raise fs.inotify.max_user_watches (sysctl)")
	}
	return wd, err
}

// exhaust says once what is missing.
func (w *watcher) exhaust(err error, cure string) {
	w.exhausted = true
	if !w.told {
		w.told = true
		w.log.Warn("not all directories can be watched; new and rotated log files in the others are found a little later, "+
			"by looking at them again and again. "+cure, "error", err)
	}
}

// drop forgets directories that nobody looks into any more, and counts the
// others.
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
	maps.DeleteFunc(w.polled, func(dir string, _ stamp) bool { return !wanted[dir] })
	w.watches.Store(int64(len(w.dirs)))
	w.polling.Store(int64(len(w.polled)))
}

// few is how many directories are cheaper to look into one by one than all are
// to look through, or fewShare of them all.
const (
	few      = 256
	fewShare = 4
)

// fewOrAll is everything when that is cheaper than to look into so many.
func (w *watcher) fewOrAll(dirs []string) []string {
	watched := int(w.watches.Load() + w.polling.Load())
	if len(dirs) > max(few, watched/fewShare) || slices.Contains(dirs, "") {
		return []string{""}
	}
	return dirs
}

func (w *watcher) run() {
	buf := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buf)
		if err != nil {
			return
		}
		w.parse(buf[:n])
	}
}

// take returns the directories in which something changed since it was asked
// last.
func (w *watcher) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	dirs := slices.Collect(maps.Keys(w.pending))
	clear(w.pending)
	return dirs
}

// note adds a directory in which something changed. The caller holds mu.
func (w *watcher) note(dir string) {
	w.pending[dir] = true
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// parse takes a batch of events.
func (w *watcher) parse(p []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(p) >= unix.SizeofInotifyEvent {
		size := min(len(p), unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(p[12:])))
		w.event(int32(binary.NativeEndian.Uint32(p)), binary.NativeEndian.Uint32(p[4:]), p[unix.SizeofInotifyEvent:size])
		p = p[size:]
	}
}

func (w *watcher) event(wd int32, mask uint32, name []byte) {
	dir, known := w.wds[wd]
	switch {
	case mask&unix.IN_Q_OVERFLOW != 0:
		// The kernel has dropped events: anything may have changed.
		w.note("")
	case mask&unix.IN_IGNORED != 0 && known:
		delete(w.wds, wd)
		delete(w.dirs, dir)
	case known && mask&unix.IN_ISDIR != 0 && name != nil:
		// A directory came or went; its siblings need not be looked into.
		w.note(path.Join(dir, unix.ByteSliceToString(name)))
	case known:
		w.note(dir)
	}
}
