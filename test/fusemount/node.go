package fusemount

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	gofs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/tailrace/tailrace/internal/vfs"
)

// node is a file or directory that the kernel knows.
type node struct {
	gofs.Inode
	fsys vfs.FS

	mu sync.Mutex
	// opened is the file as it was opened last, if it still is: it has a size
	// even when it has no name any more.
	opened vfs.File
}

var (
	_ gofs.NodeLookuper  = (*node)(nil)
	_ gofs.NodeGetattrer = (*node)(nil)
	_ gofs.NodeSetattrer = (*node)(nil)
	_ gofs.NodeOpener    = (*node)(nil)
	_ gofs.NodeCreater   = (*node)(nil)
	_ gofs.NodeReaddirer = (*node)(nil)
	_ gofs.NodeMkdirer   = (*node)(nil)
	_ gofs.NodeUnlinker  = (*node)(nil)
	_ gofs.NodeRmdirer   = (*node)(nil)
	_ gofs.NodeRenamer   = (*node)(nil)
	_ gofs.NodeFsyncer   = (*node)(nil)
	_ gofs.NodeStatfser  = (*node)(nil)
)

// errno is what a program is told.
func errno(err error) syscall.Errno {
	var code syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return code
	case errors.Is(err, fs.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, fs.ErrExist):
		return syscall.EEXIST
	case errors.Is(err, fs.ErrPermission):
		return syscall.EPERM
	}
	return syscall.EIO
}

func (n *node) path() string { return filepath.Join("/", n.Path(nil)) }

func (n *node) below(name string) string { return filepath.Join(n.path(), name) }

// describe fills attributes in.
func describe(info fs.FileInfo, out *fuse.Attr) {
	out.Mode, out.Size, out.Nlink = mode(info), uint64(info.Size()), 1
}

// mode is that of stat(2).
func mode(info fs.FileInfo) uint32 {
	if info.IsDir() {
		return syscall.S_IFDIR | uint32(info.Mode().Perm())
	}
	return syscall.S_IFREG | uint32(info.Mode().Perm())
}

// child is the node of a name: the one that the kernel knows already, or a new one.
func (n *node) child(ctx context.Context, name string, info fs.FileInfo, out *fuse.Attr) *gofs.Inode {
	describe(info, out)
	if known := n.GetChild(name); known != nil {
		return known
	}
	return n.NewInode(ctx, &node{fsys: n.fsys}, gofs.StableAttr{Mode: mode(info) & syscall.S_IFMT})
}

// Lookup implements fs.NodeLookuper.
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*gofs.Inode, syscall.Errno) {
	info, err := n.fsys.Stat(n.below(name))
	if err != nil {
		return nil, errno(err)
	}
	return n.child(ctx, name, info, &out.Attr), 0
}

// Getattr implements fs.NodeGetattrer.
func (n *node) Getattr(_ context.Context, f gofs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	file := n.latest(f)
	if file == nil {
		info, err := n.fsys.Stat(n.path())
		if err == nil {
			describe(info, &out.Attr)
		}
		return errno(err)
	}
	size, err := file.Size()
	out.Mode, out.Size, out.Nlink = syscall.S_IFREG|0o640, uint64(size), 1
	return errno(err)
}

// latest is a handle's file, or one of the node's own.
func (n *node) latest(f gofs.FileHandle) vfs.File {
	if h, ok := f.(*handle); ok {
		return h.File
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.opened
}

// Setattr implements fs.NodeSetattrer: only the size can be set.
func (n *node) Setattr(ctx context.Context, f gofs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if err := n.truncate(f, int64(size)); err != nil {
			return errno(err)
		}
	}
	return n.Getattr(ctx, f, out)
}

func (n *node) truncate(f gofs.FileHandle, size int64) error {
	if h, ok := f.(*handle); ok {
		return h.Truncate(size)
	}
	file, err := n.fsys.OpenFile(n.path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Close())
}

// Open implements fs.NodeOpener.
func (n *node) Open(_ context.Context, flags uint32) (gofs.FileHandle, uint32, syscall.Errno) {
	return n.open(n.path(), int(flags)&(os.O_WRONLY|os.O_RDWR|os.O_TRUNC))
}

func (n *node) open(name string, flags int) (gofs.FileHandle, uint32, syscall.Errno) {
	file, err := n.fsys.OpenFile(name, flags, 0o640)
	if err != nil {
		return nil, 0, errno(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.opened = file
	return &handle{file, n}, fuse.FOPEN_DIRECT_IO, 0
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*gofs.Inode, gofs.FileHandle, uint32, syscall.Errno) {
	made := &node{fsys: n.fsys}
	f, answer, code := made.open(n.below(name), int(flags)&(os.O_WRONLY|os.O_RDWR|os.O_EXCL)|os.O_CREATE)
	if code != 0 {
		return nil, nil, 0, code
	}
	out.Mode, out.Nlink = syscall.S_IFREG|0o640, 1
	return n.NewInode(ctx, made, gofs.StableAttr{Mode: syscall.S_IFREG}), f, answer, 0
}

// Readdir implements fs.NodeReaddirer.
func (n *node) Readdir(context.Context) (gofs.DirStream, syscall.Errno) {
	list, err := n.fsys.ReadDir(n.path())
	if err != nil {
		return nil, errno(err)
	}
	entries := make([]fuse.DirEntry, len(list))
	for i, e := range list {
		entries[i] = fuse.DirEntry{Name: e.Name(), Mode: syscall.S_IFREG}
		if e.IsDir() {
			entries[i].Mode = syscall.S_IFDIR
		}
	}
	return gofs.NewListDirStream(entries), 0
}

// Mkdir implements fs.NodeMkdirer.
func (n *node) Mkdir(ctx context.Context, name string, perm uint32, out *fuse.EntryOut) (*gofs.Inode, syscall.Errno) {
	if err := n.fsys.MkdirAll(n.below(name), fs.FileMode(perm)); err != nil {
		return nil, errno(err)
	}
	return n.Lookup(ctx, name, out)
}

// Unlink implements fs.NodeUnlinker.
func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return errno(n.fsys.Remove(n.below(name)))
}

// Rmdir implements fs.NodeRmdirer: vfs.FS has no such call.
func (n *node) Rmdir(context.Context, string) syscall.Errno { return syscall.ENOTSUP }

// Rename implements fs.NodeRenamer.
func (n *node) Rename(_ context.Context, name string, to gofs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	parent, ok := to.(*node)
	if !ok || flags != 0 {
		return syscall.EINVAL
	}
	return errno(n.fsys.Rename(n.below(name), parent.below(newName)))
}

// Fsync implements fs.NodeFsyncer, for files and directories.
func (n *node) Fsync(_ context.Context, f gofs.FileHandle, _ uint32) syscall.Errno {
	if h, ok := f.(*handle); ok {
		return errno(h.Sync())
	}
	return errno(n.fsys.SyncDir(n.path()))
}

// Statfs implements fs.NodeStatfser.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	free, total, err := n.fsys.Space("/")
	if err != nil {
		return errno(err)
	}
	const block = 4096
	out.Bsize, out.Frsize, out.NameLen = block, block, 255
	out.Blocks, out.Bfree, out.Bavail = total/block, free/block, free/block
	return 0
}
