package slot

import (
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// TestEveryCallMayFail lets one call after the other fail while values of
// growing length are written, each again until it is durable. A value that was
// reported durable is never lost, and the last one is there in the end.
func TestEveryCallMayFail(t *testing.T) {
	for name, fault := range map[string]errfs.Fault{
		"once":            {Times: 1, Err: syscall.EIO},
		"twice":           {Times: 2, Err: syscall.EIO},
		"for a while":     {Times: 20, Err: syscall.EIO},
		"on a full disk":  {Calls: errfs.Needing(), Times: 3, Err: syscall.ENOSPC, Short: true},
		"read-only":       {Calls: errfs.Changing(), Times: 3, Err: syscall.EROFS},
		"no descriptors":  {Calls: []errfs.Call{errfs.OpenRead, errfs.OpenWrite, errfs.Create}, Times: 2, Err: syscall.EMFILE},
		"no directory":    {Calls: []errfs.Call{errfs.SyncDir}, Times: 1, Err: syscall.EIO},
		"renames refused": {Calls: []errfs.Call{errfs.Rename}, Times: 1, Err: syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			for hit := true; hit; fault.After++ {
				hit = persist(t, fault) > 0
			}
			if fault.After < 2 {
				t.Error("the fault never hit a call")
			}
		})
	}
}

// persist writes values through a fault and says how often it hit.
func persist(t *testing.T, fault errfs.Fault) int {
	t.Helper()
	disk := crashfs.New()
	f := create(t, disk, "0")
	fsys := errfs.New(disk)
	f.fsys = fsys
	if file, err := fsys.OpenFile(name, 2, 0); err == nil {
		f.file = file
	}
	trouble := fsys.Inject(fault)
	for n := 1; n <= 6; n++ {
		value := strings.Repeat("x", n*1500)
		for tries := 0; f.Write([]byte(value)) != nil || f.Sync() != nil; tries++ {
			if tries == 50 {
				t.Fatalf("after %d calls: value %d is never durable", fault.After, n)
			}
			if got := len(reopen(t, disk.Left(crashfs.LoseAll, 0)).Newest().Payload); got < (n-1)*1500 {
				t.Fatalf("after %d calls: the value is of %d bytes, and %d were durable", fault.After, got, (n-1)*1500)
			}
		}
		if got := len(reopen(t, disk.Left(crashfs.LoseAll, 0)).Newest().Payload); got != len(value) {
			t.Fatalf("after %d calls: value %d counts as durable, and power loss leaves one of %d bytes", fault.After, n, got)
		}
	}
	return trouble.Fired()
}
