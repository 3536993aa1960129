package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// diskRetry is how often the state is tried to be opened again.
const diskRetry = time.Second

// opener is how parts of the state are opened. While the disk fails, it is
// waited for: an agent that ended would come back to the same disk. Whatever a
// person has to change for this agent, such as a permission, is not waited for:
// an agent that ends is what Kubernetes and systemd tell of, and they start it
// again.
type opener struct {
	log *slog.Logger
	// notReadOnly says that a read-only disk is none to wait for.
	notReadOnly bool
	// tell hears of each error that is waited out; nil for nobody.
	tell func(error)
}

// patiently opens a part of the state.
func patiently[T any](ctx context.Context, o *opener, open func() (T, error)) (T, error) {
	for said := ""; ; {
		part, err := open()
		if !o.waitsOut(err) {
			if err == nil && said != "" {
				o.log.Info("the agent's state can be opened again")
			}
			return part, withCure(err)
		}
		if said != err.Error() {
			o.log.Error("the agent's state cannot be opened, and nothing is read until it can; it is tried again every second",
				"error", err, "cure", journal.Cure(err))
			said = err.Error()
		}
		if o.tell != nil {
			o.tell(err)
		}
		select {
		case <-ctx.Done():
			return part, errors.Join(err, context.Cause(ctx))
		case <-time.After(diskRetry):
		}
	}
}

func (o *opener) waitsOut(err error) bool {
	return isPassing(err) && !(o.notReadOnly && errors.Is(err, syscall.EROFS))
}

// passing are the errors of a disk, or of the machine, which may be over without
// a change of anything that is this agent's. The last three are those of a file
// system behind a network or in another process.
var passing = []error{
	syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EUCLEAN,
	syscall.ENFILE, syscall.ENOMEM, syscall.ESTALE, syscall.ENOTCONN, syscall.ETIMEDOUT,
}

// isPassing says whether an error may pass.
func isPassing(err error) bool {
	return slices.ContainsFunc(passing, func(errno error) bool { return errors.Is(err, errno) })
}

// withCure adds to an error what a person has to change.
func withCure(err error) error {
	const elsewhere = "or name another service.journal.directory"
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; give the user that the agent runs as (uid %d) write access there, %s", err, os.Geteuid(), elsewhere)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w; raise the agent's limit of open files to 1024 at least (ulimit -n, LimitNOFILE=)", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w; remove the file that is in the place of a directory, %s", err, elsewhere)
	}
	return err
}
