package fusemount

import (
	"context"
	"io"
	"syscall"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/tailrace/tailrace/internal/vfs"
)

// handle is a file that a program has open.
type handle struct {
	vfs.File
	node *node
}

var (
	_ gofs.FileReader    = (*handle)(nil)
	_ gofs.FileWriter    = (*handle)(nil)
	_ gofs.FileAllocater = (*handle)(nil)
	_ gofs.FileReleaser  = (*handle)(nil)
)

// Read implements fs.FileReader.
func (h *handle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n, err := h.ReadAt(dest, off)
	if err != nil && err != io.EOF {
		return nil, errno(err)
	}
	return fuse.ReadResultData(dest[:n]), 0
}

// Write implements fs.FileWriter. As with write(2), what stopped a short write
// is the answer to the next one.
func (h *handle) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	n, err := h.WriteAt(data, off)
	if n > 0 {
		return uint32(n), 0
	}
	return 0, errno(err)
}

// Allocate implements fs.FileAllocater, without any of the modes of
// fallocate(2).
func (h *handle) Allocate(_ context.Context, off, size uint64, mode uint32) syscall.Errno {
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	return errno(h.File.Allocate(int64(off + size)))
}

// Release implements fs.FileReleaser.
func (h *handle) Release(context.Context) syscall.Errno {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	if h.node.opened == h.File {
		h.node.opened = nil
	}
	return errno(h.Close())
}
