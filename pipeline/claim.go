package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// claim makes the agent's directory and takes its lock, unless this process has
// it already.
func (a *Agent) claim(ctx context.Context, fs vfs.FS, dir string) (err error) {
	if _, err := patiently(ctx, a.opener, func() (string, error) { return dir, fs.MkdirAll(dir, 0o700) }); err != nil {
		return fmt.Errorf("cannot make the journal's directory: %w", err)
	}
	if a.hold.lock == nil {
		if a.hold.lock, err = a.waitForLock(ctx, fs, dir); err != nil {
			return err
		}
	}
	a.owner, err = patiently(ctx, a.opener, func() (owner.Record, error) {
		found, err := owner.Take(fs, dir, a.node, time.Now())
		a.introduce(dir, &found)
		return found.Record, err
	})
	return err
}

// introduce says what there is to say about a directory that is not simply this
// node's own.
func (a *Agent) introduce(dir string, f *owner.Finding) {
	if f.NewCopy {
		a.log.Warn("the state directory is a copy, or was restored from one: how far files were read and what was delivered may be old",
			"directory", dir, "effect", "files are read on from the positions in it; what is in them by now counts as maybe delivered before, which exporters check",
			"cure", "none if that was meant; if it is a copy of another node's, stop the agent and remove it")
	}
	if f.NewNode {
		a.log.Warn("the state directory was another node's", "was", f.Before, "is", f.Node, "directory", dir,
			"effect", "frames in the journal are delivered as that node's; a file is read on where its content proves the position, and its lines from there are this node's",
			"cure", "none if the node was given another name (in Kubernetes set NODE_NAME from spec.nodeName, or every new pod is another node); else stop the agent and remove the directory, unless what it holds is to be delivered from here")
	}
}

// positionsBehind says whether more may have been delivered than the positions
// tell.
func (a *Agent) positionsBehind() bool { return a.inMemory() || a.owner.Behind(a.started) }

// adopt makes the positions in the checkpoint this node's own. While they may be
// behind, they stay as they are: what is read again must have the ids that it was
// delivered under.
func (a *Agent) adopt() {
	if a.positionsBehind() {
		return
	}
	if n := a.checkpoint.Adopt(a.node); n > 0 {
		a.log.Info("positions that were another node's are this node's from here on", "files", n)
	}
}

// adoptRanges gives ranges of files the ids by which the engine knows the files.
func (a *Agent) adoptRanges(ranges []frame.Missing) {
	if a.positionsBehind() {
		return
	}
	for i := range ranges {
		r := &ranges[i]
		r.From.ID, r.To.ID = r.From.Identity.IDOn(a.node), r.To.Identity.IDOn(a.node)
	}
}

// heldBy names the process that has a lock.
func heldBy(err error) string {
	if locked := new(vfs.LockedError); errors.As(err, &locked) {
		return locked.Holder.String()
	}
	return err.Error()
}

// OwnerOf is what a report says of whose a state directory is.
func OwnerOf(r *owner.Record, now time.Time) status.Owner {
	o := status.Owner{Copies: r.Copies}
	if r.Behind(now) {
		o.Copied = time.Unix(0, r.Copied)
	}
	if r.JustMoved(now) {
		o.Before, o.Moved = r.Before, time.Unix(0, r.Moved)
	}
	return o
}
