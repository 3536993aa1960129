package confine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// explain turns the kernel's refusals into reasons that a user understands.
func explain(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ELOOP):
		return &Refused{SymbolicLink}
	case errors.Is(err, unix.EXDEV):
		return &Refused{Outside}
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		// A socket, or a device without a driver.
		return &Refused{NotRegular}
	default:
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
}

// irregular says what stands in the place of a file.
func irregular(st *unix.Stat_t) error {
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return &Refused{SymbolicLink}
	}
	return &Refused{NotRegular}
}
