// Package terminal knows whether somebody sits at the other end, and what an
// output can show.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Is says whether a reader or writer is a terminal, rather than a file or a pipe.
func Is(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// WantsColor says whether out is a terminal that shows colours, and its user
// has not declined them (https://no-color.org: by any value but the empty one).
func WantsColor(out io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && Is(out)
}
