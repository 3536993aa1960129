package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// Disk is what the journal needs of its directory.
type Disk struct {
	Directory string
	// MaxSize is how large the journal may get in bytes, Used how large it is,
	// MinFree the share of the file system, in percent, that stays free.
	MaxSize, Used int64
	MinFree       float64
}

// Check looks at the directory, its file system and how long an fsync takes.
func (d Disk) Check() []Finding {
	dir, err := d.writable()
	if err != nil {
		return []Finding{Failed("journal", err, "let the agent write there, or set service.journal.directory")}
	}
	return []Finding{fine("journal", "%s can be written", d.Directory), d.space(dir), fsyncs(dir)}
}

// writable is the directory, or where the agent will make it.
func (d Disk) writable() (string, error) {
	dir := d.Directory
	for {
		st, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			dir = filepath.Dir(dir)
		case err != nil:
			return "", err
		case !st.IsDir():
			return "", &fs.PathError{Op: "open", Path: dir, Err: unix.ENOTDIR}
		default:
			return dir, tryWriting(dir)
		}
	}
}

func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// volatile are the file systems on which a journal does not do what it is for
// (statfs(2), f_type).
var volatile = map[int64]string{
	unix.TMPFS_MAGIC:           "a tmpfs, in memory: nothing survives a restart of the node",
	unix.OVERLAYFS_SUPER_MAGIC: "an overlay, the container's own: nothing survives the container",
	unix.NFS_SUPER_MAGIC:       "on the network: its locks and fsyncs are only as good as the server's",
}

func (d Disk) space(dir string) Finding {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return Failed("disk", err, "check the file system")
	}
	block := float64(st.Bsize)
	total, free := float64(st.Blocks)*block, float64(st.Bavail)*block
	room := free + float64(d.Used) - total*d.MinFree/100
	f := fine("disk", "%s of %s are free, of which min_free keeps %s", size(free), size(total), size(total*d.MinFree/100))
	what, temporary := volatile[st.Type]
	switch {
	case free <= total*d.MinFree/100:
		f.Says += "; the journal shrinks to nothing and then stops reading"
		return f.or(Wrong, "free space on the file system, or lower service.journal.min_free")
	case room < float64(d.MaxSize):
		f.Says += "; max_size of " + size(float64(d.MaxSize)) + " cannot be reached"
		return f.or(Warning, "expect a journal of "+size(room)+", or free space")
	case temporary:
		f.Says += "; it is " + what
		return f.or(Warning, "put service.journal.directory on a disk of the node")
	}
	return f
}

func size(n float64) string { return humanize.IBytes(uint64(max(n, 0))) }

// slow is an fsync that makes lines late, stalled one that holds reading up.
const (
	slow    = 200 * time.Millisecond
	stalled = 2 * time.Second
	syncs   = 5
)

// fsyncs measures the slowest of some fsyncs of a small write.
func fsyncs(dir string) Finding {
	worst, err := slowest(dir)
	if err != nil {
		return Failed("fsync", err, "check the disk: dmesg says what the kernel makes of it")
	}
	f := fine("fsync", "the slowest of %d took %s", syncs, worst.Round(10*time.Microsecond))
	switch {
	case worst >= stalled:
		return f.or(Wrong, "use a faster disk, or one that others load less: every line waits for an fsync")
	case worst >= slow:
		return f.or(Warning, "use a faster disk if lines must be durable sooner")
	}
	return f
}

func slowest(dir string) (worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	for range syncs {
		if _, err := f.Write(make([]byte, 4<<10)); err != nil {
			return 0, err
		}
		start := time.Now()
		if err := f.Sync(); err != nil {
			return 0, err
		}
		worst = max(worst, time.Since(start))
	}
	return worst, nil
}
